/** The thread that pulls sources, as the main thread sees it: begun with the first pull, asked to stop at the end. */
import { Worker } from 'node:worker_threads';
import type { IntelSource } from '../../intel/intel-source.ts';
import type { PullOutcome } from '../../intel/pull-source.ts';

export type PullTask =
  | { readonly kind: 'pull'; readonly id: number; readonly source: IntelSource; readonly folder: string }
  | { readonly kind: 'abort'; readonly id: number };

export type PullAnswer =
  | { readonly id: number; readonly kind: 'done'; readonly outcome: PullOutcome }
  /** Now and then during a long pull: what it has so far is on disk. */
  | { readonly id: number; readonly kind: 'progress' }
  | { readonly id: number; readonly kind: 'failed'; readonly error: string };

interface Waiting {
  readonly resolve: (outcome: PullOutcome) => void;
  readonly reject: (error: Error) => void;
  readonly progress: () => void;
}

export class PullThread {
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #next = 0;

  /** Rejects when aborted, when the disk fails, or when the thread died of a bug; the next pull begins another. */
  pull(source: IntelSource, folder: string, signal: AbortSignal, progress: () => void): Promise<PullOutcome> {
    const worker = this.#running();
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const abort = (): void => worker.postMessage({ kind: 'abort', id } satisfies PullTask);
      const settled = (): void => {
        signal.removeEventListener('abort', abort);
        this.#waiting.delete(id);
        // Only a pull under way keeps the process alive.
        if (this.#waiting.size === 0) worker.unref();
      };
      this.#waiting.set(id, {
        progress,
        resolve: (outcome) => {
          settled();
          resolve(outcome);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      });
      signal.addEventListener('abort', abort, { once: true });
      worker.ref();
      worker.postMessage({ kind: 'pull', id, source, folder } satisfies PullTask);
    });
  }

  /** Call it when the pulls under way have been aborted and have settled. */
  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #running(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(new URL('./pull-worker.js', import.meta.url));
    worker.on('message', (answer: PullAnswer) => {
      const waiting = this.#waiting.get(answer.id);
      if (answer.kind === 'done') waiting?.resolve(answer.outcome);
      else if (answer.kind === 'failed') waiting?.reject(new Error(answer.error));
      else waiting?.progress();
    });
    const died = (error: Error): void => {
      if (this.#worker === worker) this.#worker = undefined;
      for (const { reject } of [...this.#waiting.values()]) reject(error);
    };
    worker.on('error', died);
    worker.on('exit', () => died(new Error('the thread that pulls has ended')));
    this.#worker = worker;
    return worker;
  }
}
