/**
 * Matching on several threads. Tables lie in shared memory once; each worker has a work area of its own in the scanner memory,
 * into which the main thread writes the bytes of a batch before it posts the task. A worker has one task at a time; tasks wait
 * in the order they were given. A worker that dies fails its task and the pool: that is a bug, not a condition.
 */
import { Worker } from 'node:worker_threads';
import type { ScannerBlock } from '../../scan/indicator-scanner.ts';
import type { ListenCommand, ReceiverCommand, ReceiverMessage, WorkerCounts } from './receiver-messages.ts';
import type {
  SwapMessage,
  TaskResult,
  WorkerAnswer,
  WorkerStart,
  WorkerSwapped,
  WorkerTask,
} from './worker-messages.ts';

export type PoolStart = Omit<WorkerStart, 'scanner'> & { readonly scanners: readonly ScannerBlock[] };

interface PoolWorker {
  readonly worker: Worker;
  /** The worker's scanner input, shared with it. */
  input: Uint8Array;
  readonly ready: Promise<void>;
  busy: boolean;
  settle: ((answer: WorkerAnswer) => void) | undefined;
  /** Called one by one as the worker goes over to new bases. */
  readonly swaps: (() => void)[];
  last: WorkerCounts | undefined;
  /** Where batches are written once the worker receives by itself. */
  staging: SharedArrayBuffer | undefined;
  /** By number of the listener. */
  readonly receivers: Map<number, (message: ReceiverMessage) => void>;
}

interface Waiting {
  readonly task: WorkerTask;
  readonly bytes: Uint8Array | undefined;
  readonly resolve: (result: TaskResult) => void;
  readonly reject: (error: Error) => void;
}

let pools = 0;

export class WorkerPool {
  /** Different for each pool of a process. */
  readonly id = pools++;
  readonly #workers: readonly PoolWorker[];
  readonly #waiting: Waiting[] = [];
  readonly #idle: (() => void)[] = [];
  #failure: Error | undefined;

  private constructor(workers: readonly PoolWorker[]) {
    this.#workers = workers;
  }

  static async open(start: PoolStart): Promise<WorkerPool> {
    const { scanners, ...shared } = start;
    const pool = new WorkerPool(scanners.map((scanner) => openWorker({ ...shared, scanner })));
    for (const worker of pool.#workers) worker.worker.on('error', (error) => pool.#fail(error));
    await Promise.all(pool.#workers.map((worker) => worker.ready));
    return pool;
  }

  get size(): number {
    return this.#workers.length;
  }

  /** Largest batch that fits a worker's input. */
  get inputBytes(): number {
    return this.#workers[0]?.input.length ?? 0;
  }

  /** The last known counts of each worker. */
  get results(): readonly WorkerCounts[] {
    return this.#workers.flatMap(({ last }) => (last === undefined ? [] : [last]));
  }

  /** `bytes` is copied into the worker's input when its turn comes: it must not change until the promise settles. */
  run(task: WorkerTask, bytes?: Uint8Array): Promise<TaskResult> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ task, bytes, resolve, reject });
      this.#next();
    });
  }

  /** Tells every worker of a change of the indicators: batches given after this call see it. */
  tellRows(entry: Uint8Array): void {
    for (const { worker } of this.#workers) worker.postMessage({ kind: 'rows', entry });
  }

  /**
   * Every worker goes over to a new base, with a scanner each; batches given after this call see it. Resolves when none uses the
   * former one any more.
   */
  async tellSwap(swap: Omit<SwapMessage, 'kind' | 'scanner'>, scanners: readonly ScannerBlock[]): Promise<void> {
    await Promise.all(
      this.#workers.map((entry, i) => {
        const scanner = scanners[i];
        if (scanner === undefined) throw new Error('a scanner for each worker is needed');
        entry.worker.postMessage({ kind: 'swap', ...swap, scanner } satisfies SwapMessage);
        if (entry.staging === undefined) entry.input = inputOf(scanner);
        return new Promise<void>((resolve) => entry.swaps.push(resolve));
      }),
    );
  }

  /** The worker opens a socket of its own. */
  listen(worker: number, command: Omit<ListenCommand, 'kind' | 'staging'>): void {
    const entry = this.#workers[worker];
    if (entry === undefined) return;
    entry.staging ??= new SharedArrayBuffer(entry.input.length);
    entry.input = new Uint8Array(entry.staging);
    this.command(worker, { kind: 'listen', staging: entry.staging, ...command });
  }

  command(worker: number, command: ReceiverCommand): void {
    this.#workers[worker]?.worker.postMessage(command);
  }

  /** Who hears what a worker says of a listener; undefined: nobody any more. */
  onReceiver(worker: number, listener: number, take: ((message: ReceiverMessage) => void) | undefined): void {
    const receivers = this.#workers[worker]?.receivers;
    if (take === undefined) receivers?.delete(listener);
    else receivers?.set(listener, take);
  }

  /** Resolves when all tasks given so far are done and the threads have ended. */
  async close(): Promise<void> {
    await this.#drained();
    await Promise.all(this.#workers.map(({ worker }) => worker.terminate()));
  }

  #next(): void {
    for (const worker of this.#workers) {
      if (worker.busy) continue;
      const waiting = this.#waiting.shift();
      if (waiting === undefined) break;
      this.#give(worker, waiting);
    }
    if (!this.#workers.some(({ busy }) => busy)) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #drained(): Promise<void> {
    if (!this.#workers.some(({ busy }) => busy)) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #give(worker: PoolWorker, { task, bytes, resolve, reject }: Waiting): void {
    worker.busy = true;
    // Only a busy worker keeps the process alive.
    worker.worker.ref();
    if (bytes !== undefined) worker.input.set(bytes);
    worker.settle = (answer) => {
      worker.busy = false;
      worker.settle = undefined;
      worker.worker.unref();
      if (answer.ok) {
        worker.last = answer.result;
        resolve(answer.result);
      } else reject(new Error(answer.error));
      this.#next();
    };
    worker.worker.postMessage(task);
  }

  #fail(error: Error): void {
    this.#failure = error;
    for (const worker of this.#workers) worker.settle?.({ ok: false, error: error.stack ?? error.message });
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

function openWorker(start: WorkerStart): PoolWorker {
  const worker = new Worker(new URL('./match-worker.js', import.meta.url), { workerData: start });
  let began = (): void => undefined;
  const ready = new Promise<void>((resolve, reject) => {
    began = resolve;
    worker.once('error', reject);
  });
  const entry: PoolWorker = {
    worker,
    input: inputOf(start.scanner),
    ready,
    busy: false,
    settle: undefined,
    swaps: [],
    last: undefined,
    staging: undefined,
    receivers: new Map(),
  };
  worker.once('message', () => {
    worker.on('message', (answer: WorkerAnswer | WorkerSwapped | ReceiverMessage) => {
      if ('listener' in answer) {
        if (answer.kind === 'counted') entry.last = answer;
        entry.receivers.get(answer.listener)?.(answer);
      } else if ('swapped' in answer) entry.swaps.shift()?.();
      else entry.settle?.(answer);
    });
    began();
    worker.unref();
  });
  return entry;
}

function inputOf({ memory, input, inputBytes }: ScannerBlock): Uint8Array {
  return new Uint8Array(memory.buffer, input, inputBytes);
}
