/**
 * A worker's own sockets: it receives, frames and matches. Of a batch that nothing came of the main thread hears only in the counters,
 * once a second; else it is told what was found or prepared, and the batch waits until that is settled.
 */
import { type Intake, type RecordBatch, SETTLED } from '../../core/record.ts';
import { FlintError } from '../../errors/diagnostic.ts';
import { type OpenReceiver, openReceiver } from '../../inputs/datagram-input.ts';
import { ComponentCounters } from '../../telemetry/component-counters.ts';
import type { Finding } from '../../alerts/finding.ts';
import type { Processor } from '../processor.ts';
import { WatermarkLag } from '../state/watermark-lag.ts';
import { NOTHING_PREPARED } from './prepared-records.ts';
import type { ListenCommand, ReceiverCommand, ReceiverMessage } from './receiver-messages.ts';
import type { TaskResult } from './worker-messages.ts';

export interface WorkerReceiversOptions {
  readonly processor: Processor;
  /** All that came of the records examined since the last call. */
  readonly resultOf: (found: readonly Finding[]) => TaskResult;
  readonly post: (message: ReceiverMessage) => void;
}

interface Receiver {
  readonly counters: ComponentCounters;
  readonly lag: WatermarkLag;
  readonly waiting: Map<number, () => void>;
  readonly pressure: Int32Array;
  open: OpenReceiver | undefined;
  timer: NodeJS.Timeout | undefined;
  nextBatch: number;
  reports: number;
}

const COUNT_MS = 1000;
/** Bad records told one by one in a second; more are only counted. */
const MAX_REPORTS = 100;

export class WorkerReceivers {
  readonly #options: WorkerReceiversOptions;
  readonly #receivers = new Map<number, Receiver>();

  constructor(options: WorkerReceiversOptions) {
    this.#options = options;
  }

  async do(command: ReceiverCommand): Promise<void> {
    if (command.kind === 'listen') return this.#listen(command);
    const receiver = this.#receivers.get(command.listener);
    if (command.kind === 'stop') return this.#stop(command.listener, receiver);
    receiver?.waiting.get(command.batch)?.();
    receiver?.waiting.delete(command.batch);
  }

  async #listen({ listener, task, instanceId, pressure }: ListenCommand): Promise<void> {
    const { post } = this.#options;
    const { input } = task.source;
    const receiver: Receiver = {
      counters: new ComponentCounters('input', input),
      lag: new WatermarkLag(),
      waiting: new Map(),
      pressure: new Int32Array(pressure),
      ...{ open: undefined, timer: undefined, nextBatch: 0, reports: 0 },
    };
    this.#receivers.set(listener, receiver);
    const context = {
      name: input,
      intake: this.#intakeOf(listener, receiver),
      counters: receiver.counters,
      instanceId,
      now: Date.now,
      report: (code: string, message: string, sample?: Uint8Array) => {
        if (++receiver.reports > MAX_REPORTS) receiver.counters.error(code);
        else
          post({
            listener,
            kind: 'report',
            code,
            message,
            ...(sample !== undefined && { sample: new Uint8Array(sample) }),
          });
      },
    };
    try {
      receiver.open = await openReceiver(task, context, true);
    } catch (error) {
      if (!(error instanceof FlintError)) throw error;
      const { code = '' } = (error.cause ?? {}) as NodeJS.ErrnoException;
      post({ listener, kind: 'refused', code, message: error.message });
      return;
    }
    receiver.timer = setInterval(() => this.#count(listener, receiver), COUNT_MS);
    post({ listener, kind: 'listening', port: receiver.open.port });
  }

  async #stop(listener: number, receiver: Receiver | undefined): Promise<void> {
    if (receiver?.open !== undefined) {
      await receiver.open.drain();
      clearInterval(receiver.timer);
      this.#count(listener, receiver);
    }
    this.#receivers.delete(listener);
    this.#options.post({ listener, kind: 'stopped' });
  }

  #intakeOf(listener: number, receiver: Receiver): Intake {
    return {
      get pressure() {
        return Atomics.load(receiver.pressure, 0) / 1000;
      },
      push: (batch) => this.#take(listener, receiver, batch),
    };
  }

  #take(listener: number, receiver: Receiver, batch: RecordBatch): Promise<void> {
    const { processor, resultOf, post } = this.#options;
    let result: TaskResult;
    try {
      receiver.lag.sample(batch, (...record) => processor.detector.events.timeOf(...record));
      result = resultOf(processor.process(batch, batch.arrivalMs));
    } catch (error) {
      // A bug while matching: the batch is counted as failed, the stream goes on.
      post({ listener, kind: 'failed', records: batch.count, reason: String(error) });
      return SETTLED;
    }
    const { found, prepared, problems } = result;
    if (found === undefined && problems.length === 0 && prepared === NOTHING_PREPARED) return SETTLED;
    const number = receiver.nextBatch++;
    const settled = new Promise<void>((resolve) => receiver.waiting.set(number, resolve));
    const { arrivalMs } = batch;
    post({ listener, kind: 'received', batch: number, bytes: batch.bytes.byteLength, arrivalMs, result });
    return settled;
  }

  #count(listener: number, receiver: Receiver): void {
    receiver.reports = 0;
    const { counters, lag } = receiver;
    const lagMs = lag.of(counters.name);
    if (lagMs !== undefined) counters.set('watermark_lag_ms', lagMs);
    const { processor, post } = this.#options;
    const { counts, detector } = processor;
    post({ listener, kind: 'counted', snapshot: counters.snapshot(), counts, detectorCounts: detector.counts });
  }
}
