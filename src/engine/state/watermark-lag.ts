/**
 * How far event time is behind the arrival clock, for each input. Records that match nothing are never decoded, so the time of one
 * record is read from a batch now and then; the watermark is the latest time seen.
 */
import { originOf, type RecordBatch } from '../../core/record.ts';

/** Between two samples of one input. */
const SAMPLE_MS = 250;
/** Inputs are named in the configuration, so there are few. */
const MAX_INPUTS = 10_000;

/** Event time of one record, milliseconds since the epoch; undefined when it has none. */
export type TimeOfRecord = (
  bytes: Uint8Array,
  start: number,
  end: number,
  origin: ReturnType<typeof originOf>,
) => number | undefined;

interface Watermark {
  sampledMs: number;
  /** Undefined: no record had a time of its own. */
  latest: { readonly eventMs: number; readonly lagMs: number } | undefined;
}

export class WatermarkLag {
  readonly #inputs = new Map<string, Watermark>();

  sample(batch: RecordBatch, timeOf: TimeOfRecord): void {
    const { input } = batch.source;
    const known = this.#inputs.get(input);
    if (batch.count === 0 || (known !== undefined && batch.arrivalMs - known.sampledMs < SAMPLE_MS)) return;
    const last = batch.count - 1;
    const start = batch.ranges[2 * last] ?? 0;
    const eventMs = timeOf(batch.bytes, start, batch.ranges[2 * last + 1] ?? start, originOf(batch, last));
    if (known === undefined && this.#inputs.size >= MAX_INPUTS) return;
    const sampledMs = batch.arrivalMs;
    // Records without a time are as dear to read as others: the next is looked at later, too.
    const greatest = eventMs === undefined ? undefined : Math.max(known?.latest?.eventMs ?? eventMs, eventMs);
    const latest = greatest === undefined ? known?.latest : { eventMs: greatest, lagMs: sampledMs - greatest };
    this.#inputs.set(input, { sampledMs, latest });
  }

  /** Milliseconds, negative when events come from the future; undefined when no time was seen yet. */
  of(input: string): number | undefined {
    return this.#inputs.get(input)?.latest?.lagMs;
  }
}
