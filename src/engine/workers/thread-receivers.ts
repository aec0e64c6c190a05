/**
 * The sockets of workers, seen from the main thread: opened one after the other on one port, counted together, and handed from one
 * generation to the next at a reload. The new workers' sockets are opened first; then the former ones let nothing more in, and end when
 * all that waited in their buffers is settled. What the new ones find waits until the new generation is in use.
 */
import { diagnostic, FlintError } from '../../errors/diagnostic.ts';
import { openReceiver } from '../../inputs/datagram-input.ts';
import type { DatagramTask, InputContext, OpenReceivers, ReceiverThreads } from '../../inputs/input.ts';
import { assertFree, knowsReusePort } from '../../inputs/shared-port.ts';
import type { ComponentSnapshot } from '../../telemetry/component-counters.ts';
import type { Generation } from '../generation.ts';
import type { ReceivedBatch, ReceiverMessage } from './receiver-messages.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface ThreadReceiversOptions {
  /** As in `ListenCommand`. */
  readonly pressure: SharedArrayBuffer;
  /** Resolves when what came of the batch is settled. */
  readonly deliver: (generation: Generation, received: ReceivedBatch, input: string) => Promise<void>;
  /** Version of Node.js. */
  readonly version?: string;
  readonly onFailed: (input: string, records: number, reason: string) => void;
}

interface Listener {
  readonly number: number;
  /** With the port that was given, once it is known. */
  task: DatagramTask;
  readonly context: InputContext;
  sockets: readonly Socket[];
}

interface Socket {
  readonly port: number;
  /** Lets nothing more in; resolves when everything that had come is settled. */
  stop(): Promise<void>;
}

const ALIVE_MS = 60_000;
/** Of gauges that are the sum over all sockets; of others the greatest counts. */
const SUMMED: ReadonlySet<string> = new Set(['kernel_queue_bytes', 'chunk_bytes']);

export class ThreadReceivers implements ReceiverThreads {
  readonly #options: ThreadReceiversOptions;
  readonly #listeners = new Set<Listener>();
  #generation: Generation;
  #numbers = 0;

  constructor(generation: Generation, options: ThreadReceiversOptions) {
    this.#generation = generation;
    this.#options = options;
  }

  async open(task: DatagramTask, context: InputContext): Promise<OpenReceivers | undefined> {
    if (this.#generation.pool === undefined || !knowsReusePort(this.#options.version)) return undefined;
    await assertFree(task.host, task.port);
    const listener: Listener = { number: this.#numbers++, task, context, sockets: [] };
    try {
      listener.sockets = await this.#openAll(listener, this.#generation, Promise.resolve());
    } catch (error) {
      if (!(error instanceof RefusedError) || error.reason !== 'ENOTSUP') throw error;
      context.report(
        'ENV_NO_SHARED_PORT',
        `sockets cannot share port ${task.port} on this system: one thread receives`,
      );
      return undefined;
    }
    this.#listeners.add(listener);
    return {
      port: listener.task.port,
      stop: async () => {
        this.#listeners.delete(listener);
        await Promise.all(listener.sockets.map((socket) => socket.stop()));
      },
    };
  }

  /**
   * Goes over to the workers of another generation. Resolves when the former ones receive nothing any more, with what is to be called
   * when the generation is in use. Rejects with FlintError when a socket cannot be had: then nothing has changed.
   */
  async move(next: Generation): Promise<() => void> {
    let begin = (): void => undefined;
    const inUse = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const opened: (readonly [Listener, readonly Socket[]])[] = [];
    try {
      for (const listener of this.#listeners) opened.push([listener, await this.#openAll(listener, next, inUse)]);
    } catch (error) {
      begin();
      await Promise.all(opened.flatMap(([, sockets]) => sockets.map((socket) => socket.stop())));
      throw error;
    }
    this.#generation = next;
    for (const [listener, sockets] of opened) {
      await Promise.all(listener.sockets.map((socket) => socket.stop()));
      listener.sockets = sockets;
    }
    return begin;
  }

  async #openAll(listener: Listener, generation: Generation, inUse: Promise<void>): Promise<readonly Socket[]> {
    const sockets: Socket[] = [];
    const { pool } = generation;
    try {
      if (pool === undefined) sockets.push(await openHere(listener));
      for (let worker = 0; worker < (pool?.size ?? 0); worker++) {
        const socket = new WorkerSocket(worker, listener, generation, inUse, this.#options);
        await socket.open(pool as WorkerPool);
        sockets.push(socket);
        // The port that the first was given is that of all.
        listener.task = { ...listener.task, port: socket.port };
      }
    } catch (error) {
      await Promise.all(sockets.map((socket) => socket.stop()));
      throw error;
    }
    return sockets;
  }
}

/** No workers any more: this thread takes its place among the sockets of the port. */
async function openHere({ task, context }: Listener): Promise<Socket> {
  const receiver = await openReceiver(task, context, true);
  return { port: receiver.port, stop: () => receiver.drain() };
}

class RefusedError extends FlintError {
  readonly reason: string;

  constructor(reason: string, message: string) {
    const code = reason === 'EADDRINUSE' ? 'ENV_ADDRESS_IN_USE' : 'ENV_CANNOT_LISTEN';
    super([diagnostic(code, 'error', message)]);
    this.reason = reason;
  }
}

class WorkerSocket implements Socket {
  port = 0;
  readonly #worker: number;
  readonly #listener: Listener;
  readonly #generation: Generation;
  readonly #inUse: Promise<void>;
  readonly #options: ThreadReceiversOptions;
  #pool: WorkerPool | undefined;
  /** Of the socket alone: a listener's number is used again by the workers of another generation. */
  #last: ComponentSnapshot | undefined;
  #answer: ((message: ReceiverMessage) => void) | undefined;

  constructor(
    worker: number,
    listener: Listener,
    generation: Generation,
    inUse: Promise<void>,
    options: ThreadReceiversOptions,
  ) {
    this.#worker = worker;
    this.#listener = listener;
    this.#generation = generation;
    this.#inUse = inUse;
    this.#options = options;
  }

  async open(pool: WorkerPool): Promise<void> {
    this.#pool = pool;
    const { number, task, context } = this.#listener;
    pool.onReceiver(this.#worker, number, (message) => this.#take(message));
    const source = { ...task.source, id: `${task.source.id}/${pool.id}.${this.#worker}` };
    const answered = this.#answered();
    pool.listen(this.#worker, {
      listener: number,
      task: { ...task, source },
      instanceId: context.instanceId,
      pressure: this.#options.pressure,
    });
    const answer = await answered;
    if (answer.kind === 'refused') throw new RefusedError(answer.code, answer.message);
    if (answer.kind === 'listening') this.port = answer.port;
  }

  async stop(): Promise<void> {
    const stopped = this.#answered();
    this.#pool?.command(this.#worker, { kind: 'stop', listener: this.#listener.number });
    await stopped;
    this.#pool?.onReceiver(this.#worker, this.#listener.number, undefined);
  }

  /** An idle worker does not keep the process alive: until it answers, this does. */
  #answered(): Promise<ReceiverMessage> {
    const alive = setInterval(() => undefined, ALIVE_MS);
    return new Promise((resolve) => {
      this.#answer = (message) => {
        clearInterval(alive);
        resolve(message);
      };
    });
  }

  #take(message: ReceiverMessage): void {
    const { context, task, number } = this.#listener;
    const { input } = task.source;
    switch (message.kind) {
      case 'received':
        void this.#inUse
          .then(() => this.#options.deliver(this.#generation, message, input))
          .then(() => this.#pool?.command(this.#worker, { kind: 'settled', listener: number, batch: message.batch }));
        return;
      case 'failed':
        this.#options.onFailed(input, message.records, message.reason);
        return;
      case 'report':
        context.report(message.code, message.message, message.sample);
        return;
      case 'counted':
        this.#count(message.snapshot);
        return;
      default:
        this.#answer?.(message);
    }
  }

  /** Adds what the worker has counted since its last word. */
  #count(snapshot: ComponentSnapshot): void {
    const { counters } = this.#listener.context;
    const last = this.#last;
    this.#last = snapshot;
    for (const [what, count] of Object.entries(snapshot.counts)) counters.add(what, count - (last?.counts[what] ?? 0));
    for (const [why, count] of Object.entries(snapshot.dropped)) counters.drop(why, count - (last?.dropped[why] ?? 0));
    for (const [code, count] of Object.entries(snapshot.errors))
      counters.error(code, count - (last?.errors[code] ?? 0));
    for (const [what, value] of Object.entries(snapshot.gauges)) counters.set(what, this.#gauge(what, value));
  }

  #gauge(what: string, value: number): number {
    const others = this.#listener.sockets.flatMap((socket) =>
      socket instanceof WorkerSocket && socket !== this ? [socket.#last?.gauges[what] ?? 0] : [],
    );
    if (SUMMED.has(what)) return others.reduce((sum, other) => sum + other, value);
    return Math.max(value, ...others);
  }
}
