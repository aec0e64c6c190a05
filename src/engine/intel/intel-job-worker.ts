/** Thread entry: one job of the store (`intel-jobs.ts`), then the end. */
import { parentPort, workerData } from 'node:worker_threads';
import { type IntelJob, type IntelJobs, runHere } from './intel-jobs.ts';

const port = parentPort;
if (port === null) throw new Error('intel-job-worker is the entry of a thread and nothing else');
const { kind, request } = workerData as { kind: IntelJob; request: IntelJobs[IntelJob]['request'] };
void runHere(kind, request as never).then((result) => port.postMessage(result));
