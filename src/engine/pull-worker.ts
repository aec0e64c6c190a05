/** Thread entry: pulls sources, several at a time, so that parsing what servers send never holds up matching. */
import { parentPort } from 'node:worker_threads';
import { systemSurroundings } from '../intel/http/polite-client.ts';
import { pullSource } from '../intel/pull-source.ts';
import type { PullAnswer, PullTask } from './pull-thread.ts';

const port = parentPort;
if (port === null) throw new Error('pull-worker is the entry of a thread and nothing else');
const running = new Map<number, AbortController>();

port.on('message', (task: PullTask) => {
  if (task.kind === 'abort') running.get(task.id)?.abort();
  else void run(task).then((answer) => port.postMessage(answer));
});

async function run({ id, source, folder }: PullTask & { readonly kind: 'pull' }): Promise<PullAnswer> {
  const stop = new AbortController();
  running.set(id, stop);
  try {
    const outcome = await pullSource(source, { folder, signal: stop.signal, surroundings: systemSurroundings });
    return { id, ok: true, outcome };
  } catch (error) {
    return {
      id,
      ok: false,
      aborted: stop.signal.aborted,
      error: error instanceof Error ? error.message : String(error),
    };
  } finally {
    running.delete(id);
  }
}
