/** Thread entry: one job of the store (`intel-jobs.ts`), then what its result need not wait for, then the end. */
import { parentPort, workerData } from 'node:worker_threads';
import { type IntelJob, type IntelJobs, runJob } from './intel-jobs.ts';

const port = parentPort;
if (port === null) throw new Error('intel-job-worker is the entry of a thread and nothing else');
const { kind, request } = workerData as { kind: IntelJob; request: IntelJobs[IntelJob]['request'] };
const left: (() => Promise<void>)[] = [];
void runJob(kind, request, (work) => void left.push(work)).then(async (result) => {
  port.postMessage(result);
  for (const work of left) await work();
});
