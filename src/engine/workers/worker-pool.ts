/**
 * Matching on several threads. Tables lie in shared memory once; each worker has a work area of its own in the scanner memory,
 * into which the main thread writes the bytes of a batch before it posts the task: a worker has one batch at a time, and batches wait
 * in the order they were given. Of files it is given the next before it is done with one. A worker that dies fails its tasks and the
 * pool: that is a bug, not a condition.
 */
import { Worker } from 'node:worker_threads';
import type { ScannerBlock } from '../../scan/indicator-scanner.ts';
import type { ListenCommand, ReceiverCommand, ReceiverMessage, WorkerCounts } from './receiver-messages.ts';
import type { Piece, UnitEnd } from '../files/scan-jobs.ts';
import type { PortableLayer } from '../rules/pattern-layer.ts';
import type { LayerMerge } from '../rules/pattern-layers.ts';
import { NOTHING_PREPARED } from './prepared-records.ts';
import type {
  BatchTask,
  MoreMessage,
  ScanTask,
  SwapMessage,
  TaskResult,
  WorkerAnswer,
  WorkerNews,
  WorkerPiece,
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
  isReady: boolean;
  /** Told what comes of each task that it has, in their order. */
  readonly tasks: TaskListener[];
  /** Called one by one as the worker goes over to new bases, and to layers of patterns. */
  readonly swaps: (() => void)[];
  last: WorkerCounts | undefined;
  /** Where batches are written once the worker receives by itself. */
  staging: SharedArrayBuffer | undefined;
  /** By number of the listener. */
  readonly receivers: Map<number, (message: ReceiverMessage) => void>;
}

interface TaskListener {
  readonly settle: (answer: WorkerAnswer) => void;
  /** Resolves when the piece is taken. */
  readonly take?: (piece: Piece) => Promise<void>;
}

interface Waiting {
  readonly task: BatchTask;
  readonly bytes: Uint8Array;
  readonly resolve: (result: TaskResult) => void;
  readonly reject: (error: Error) => void;
}

/** Units of a scan that a worker has at a time. */
const MAX_UNITS = 2;
const MORE: MoreMessage = { kind: 'more' };

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
    const pool = WorkerPool.begin(start);
    await pool.ready;
    return pool;
  }

  /** Begins to open the workers. */
  static begin({ scanners, ...shared }: PoolStart): WorkerPool {
    const pool = new WorkerPool(scanners.map((scanner) => openWorker({ ...shared, scanner })));
    for (const worker of pool.#workers) worker.worker.on('error', (error) => pool.#fail(error));
    return pool;
  }

  /** Resolves when all workers can take tasks; rejects when one cannot be had. */
  get ready(): Promise<void> {
    return Promise.all(this.#workers.map((worker) => worker.ready)).then(() => undefined);
  }

  get isReady(): boolean {
    return this.#workers.every(({ isReady }) => isReady);
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
  run(task: BatchTask, bytes: Uint8Array): Promise<TaskResult> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ task, bytes, resolve, reject });
      this.#next();
    });
  }

  /** True when a worker can be given one more unit of a scan: the next is there when one is done, and few wait behind a long one. */
  get hasRoom(): boolean {
    return this.#workers.some(({ tasks }) => tasks.length < MAX_UNITS);
  }

  /** `take` is told what comes of the unit in pieces, in their order, and resolves when it has taken one. */
  scan(task: ScanTask, take: (piece: Piece) => Promise<void>): Promise<UnitEnd> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const worker = this.#workers.reduce((least, other) => (other.tasks.length < least.tasks.length ? other : least));
    return new Promise((resolve, reject) => {
      const done = async ({ end, found, prepared }: TaskResult): Promise<void> => {
        if (end === undefined) throw new Error('a worker answered a file with a batch');
        if (found !== undefined || prepared !== NOTHING_PREPARED) void take({ found, prepared });
        resolve(end);
      };
      this.#post(worker, task, { resolve: (result) => void done(result).catch(reject), reject, take });
    });
  }

  /** Tells every worker of a change of the indicators: batches given after this call see it. */
  tellRows(entry: Uint8Array, layer?: PortableLayer): void {
    this.#tell({ kind: 'rows', entry, ...(layer !== undefined && { layer }) });
  }

  /** The same of patterns alone. */
  tellPatterns(removed: readonly string[], layer: PortableLayer): void {
    this.#tell({ kind: 'patterns', removed, layer });
  }

  /** Resolves when no worker uses the layers any more that have become one. */
  async tellMerge(merge: LayerMerge): Promise<void> {
    this.#tell({ kind: 'merge-patterns', merge });
    await Promise.all(this.#workers.map(({ swaps }) => new Promise<void>((resolve) => swaps.push(resolve))));
  }

  #tell(news: WorkerNews): void {
    for (const { worker } of this.#workers) worker.postMessage(news);
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
      if (worker.tasks.length > 0) continue;
      const waiting = this.#waiting.shift();
      if (waiting === undefined) break;
      worker.input.set(waiting.bytes);
      this.#post(worker, waiting.task, waiting);
    }
    if (this.#isIdle) for (const resolve of this.#idle.splice(0)) resolve();
  }

  get #isIdle(): boolean {
    return this.#workers.every(({ tasks }) => tasks.length === 0);
  }

  #drained(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #post(
    worker: PoolWorker,
    task: WorkerTask,
    { resolve, reject, take }: Pick<Waiting, 'resolve' | 'reject'> & Pick<TaskListener, 'take'>,
  ): void {
    // Only a busy worker keeps the process alive.
    worker.worker.ref();
    const settle = (answer: WorkerAnswer): void => {
      worker.tasks.shift();
      if (worker.tasks.length === 0) worker.worker.unref();
      if (answer.ok) {
        worker.last = answer.result;
        resolve(answer.result);
      } else reject(Object.assign(new Error(answer.error), answer.code !== undefined && { code: answer.code }));
      this.#next();
    };
    worker.tasks.push({ settle, ...(take !== undefined && { take }) });
    worker.worker.postMessage(task);
  }

  #fail(error: Error): void {
    this.#failure = error;
    const text = error.stack ?? error.message;
    for (const { tasks } of this.#workers) while (tasks.length > 0) tasks[0]?.settle({ ok: false, error: text });
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
    isReady: false,
    tasks: [],
    swaps: [],
    last: undefined,
    staging: undefined,
    receivers: new Map(),
  };
  worker.once('message', () => {
    worker.on('message', (answer: WorkerAnswer | WorkerPiece | WorkerSwapped | ReceiverMessage) => {
      if ('listener' in answer) {
        if (answer.kind === 'counted') entry.last = answer;
        entry.receivers.get(answer.listener)?.(answer);
      } else if ('swapped' in answer) entry.swaps.shift()?.();
      else if ('piece' in answer) void entry.tasks[0]?.take?.(answer.piece).then(() => worker.postMessage(MORE));
      else entry.tasks[0]?.settle(answer);
    });
    entry.isReady = true;
    began();
    worker.unref();
  });
  return entry;
}

function inputOf({ memory, input, inputBytes }: ScannerBlock): Uint8Array {
  return new Uint8Array(memory.buffer, input, inputBytes);
}
