/** Thread entry: a matching worker. Builds its Processor from shared tables, then answers one task after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import { changePatterns, createMatching, mergePatterns, useScanner } from '../matching-parts.ts';
import type { Finding } from '../../alerts/finding.ts';
import { scanUnit } from '../files/scan-unit.ts';
import { rowsOf } from '../../intel/store/store-entry.ts';
import { tableOf } from '../intel/shared-intel.ts';
import { AlertBlockWriter, transfersOf } from './alert-block.ts';
import { Credits } from './credits.ts';
import type { ReceiverCommand } from './receiver-messages.ts';
import type { WorkerReceivers } from './worker-receivers.ts';
import type {
  BatchTask,
  ProblemSample,
  ScanTask,
  TaskResult,
  WorkerAnswer,
  WorkerNews,
  WorkerPiece,
  WorkerStart,
  WorkerSwapped,
  WorkerTask,
} from './worker-messages.ts';

const port = parentPort;
if (port === null) throw new Error('match-worker is the entry of a thread and nothing else');
const start = workerData as WorkerStart;
/** Pieces of a task that are told and not taken: the file waits for its turn then. */
const MAX_PIECES = 4;
/** Samples of one task; more of the same are only counted by the components. */
const MAX_PROBLEMS = 100;

const alerts = new AlertBlockWriter(start.withEvents);
let problems: ProblemSample[] = [];
const { processor, live, rules } = createMatching(
  {
    indicators: tableOf(start.indicators),
    benign: tableOf(start.benign),
    urls: start.urls,
    scanner: start.scanner,
  },
  start.settings,
  (code, input, sample) => {
    if (problems.length < MAX_PROBLEMS) problems.push({ code, input, sample });
  },
  {
    isWorker: true,
    patterns: start.patterns,
    sigma: start.sigma,
    ...(start.sieve !== undefined && { sieve: start.sieve }),
  },
);

/** Where the main thread writes batches; undefined: into the scanner's input. */
let staging: Uint8Array | undefined;
const pieces = new Credits(MAX_PIECES);
/** One task at a time: what they find goes into one block. */
let working = Promise.resolve();
let receivers: Promise<WorkerReceivers> | undefined;

port.on('message', (task: WorkerTask | WorkerNews | ReceiverCommand) => {
  if (task.kind === 'listen' || task.kind === 'settled' || task.kind === 'stop') {
    if (task.kind === 'listen') staging = new Uint8Array(task.staging);
    receivers ??= openReceivers();
    void receivers.then((all) => all.do(task));
  } else if (task.kind === 'rows') {
    const { patterns, ...rows } = rowsOf(task.entry);
    live.apply(rows);
    if (patterns !== undefined && task.layer !== undefined) changePatterns({ rules, processor }, patterns, task.layer);
    if (rows.renewed !== undefined) rules.patternSet.renew(rows.renewed);
  } else if (task.kind === 'patterns') changePatterns({ rules, processor }, task, task.layer);
  else if (task.kind === 'merge-patterns') {
    mergePatterns({ rules, processor }, task.merge);
    port.postMessage({ swapped: true } satisfies WorkerSwapped);
  } else if (task.kind === 'swap') {
    const { indicators, benign, urls, since } = task;
    live.swap({ indicators: tableOf(indicators), benign: tableOf(benign), urls }, since.map(rowsOf));
    useScanner({ rules, processor }, task.scanner, task.literals);
    port.postMessage({ swapped: true } satisfies WorkerSwapped);
  } else if (task.kind === 'more') pieces.taken();
  else
    working = working
      .then(() => answer(task))
      .then((message) => port.postMessage(message, message.ok ? transfersOf(message.result) : []));
});
port.postMessage({ ok: true });

/** Most workers receive nothing: what that takes is loaded when it is needed. */
async function openReceivers(): Promise<WorkerReceivers> {
  const { WorkerReceivers } = await import('./worker-receivers.ts');
  return new WorkerReceivers({
    processor,
    resultOf: result,
    post: (message) => port?.postMessage(message, message.kind === 'received' ? transfersOf(message.result) : []),
  });
}

async function answer(task: WorkerTask): Promise<WorkerAnswer> {
  try {
    return { ok: true, result: task.kind === 'batch' ? matchBatch(task) : await scanTask(task) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { ok: false, error: text, ...(typeof code === 'string' && { code }) };
  }
}

function matchBatch(task: BatchTask): TaskResult {
  const input = staging ?? processor.input;
  if (input === undefined) throw new Error('a worker needs a scanner');
  return result(processor.process({ ...task, bytes: input.subarray(0, task.byteLength) }, task.arrivalMs));
}

async function scanTask(task: ScanTask): Promise<TaskResult> {
  const end = await scanUnit(processor, alerts, task, async (piece) => {
    port?.postMessage({ piece } satisfies WorkerPiece, transfersOf(piece));
    await pieces.given();
  });
  return { ...result([]), end };
}

function result(found: readonly Finding[]): TaskResult {
  alerts.add(found);
  const samples = problems;
  problems = [];
  const prepared = processor.takePrepared();
  const { totals: counts, detector } = processor;
  return { found: alerts.take(), prepared, problems: samples, counts, detectorCounts: detector.counts };
}
