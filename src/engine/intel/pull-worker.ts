/** Thread entry: pulls sources, several at a time, so that parsing what servers send never holds up matching. */
import { parentPort } from 'node:worker_threads';
import { systemSurroundings } from '../../intel/http/polite-client.ts';
import { pullSource } from '../../intel/pull-source.ts';
import type { PullAnswer, PullTask } from './pull-thread.ts';

const port = parentPort;
if (port === null) throw new Error('pull-worker is the entry of a thread and nothing else');
/** What a long pull has so far goes live this often. */
const TELL_EVERY_MS = 300_000;
/** The schedule comes back sooner or later; meanwhile a server that does not answer must not keep others waiting. */
const PATIENCE = { maxTries: 3, maxWaitMs: 30_000 };
const running = new Map<number, AbortController>();

port.on('message', (task: PullTask) => {
  if (task.kind === 'abort') running.get(task.id)?.abort();
  else void run(task).then((answer) => port.postMessage(answer));
});

async function run({ id, source, folder }: PullTask & { readonly kind: 'pull' }): Promise<PullAnswer> {
  const stop = new AbortController();
  running.set(id, stop);
  try {
    let toldMs = Date.now();
    const progress = (): void => {
      if (Date.now() - toldMs < TELL_EVERY_MS) return;
      toldMs = Date.now();
      port?.postMessage({ id, kind: 'progress' } satisfies PullAnswer);
    };
    const outcome = await pullSource(source, {
      folder,
      signal: stop.signal,
      surroundings: systemSurroundings,
      patience: PATIENCE,
      progress,
    });
    return { id, kind: 'done', outcome };
  } catch (error) {
    return { id, kind: 'failed', error: error instanceof Error ? error.message : String(error) };
  } finally {
    running.delete(id);
  }
}
