/**
 * Record: the unit that is scanned, decoded and matched; one or more byte ranges of a chunk, given by a framer.
 *
 * A batch owns no text: ranges point into `bytes`, so that records which match nothing are never turned into strings.
 */

/** Where records come from. One object per file, connection or socket; shared by all its batches. */
export interface RecordSource {
  /** Name of the configured input, for counters and alerts. */
  readonly input: string;
  /** File path, or `udp://sender:port`, `tcp://…`; shown in alerts, never opened. */
  readonly path: string;
  /**
   * Stable id of a source that can be replayed (file fingerprint, topic and partition), or of this receiver instance.
   * With the position it is the event key of design section 5.
   */
  readonly id: string;
  /** True when `id` + position name the same record after a restart. */
  readonly replayable: boolean;
  /** IANA zone or `Z` for times that carry none. */
  readonly timezone: string;
  /** Decoder to use; absent means by content. */
  readonly decoder?: string;
  /** Log source pinned by configuration (`product/category/service`), absent means by content. */
  readonly logsource?: string;
}

/** Where one record stands in its source. */
export interface RecordOrigin {
  readonly source: RecordSource;
  /** Byte offset in a file, sequence number in a receiver; with `source.id` unique for ever. */
  readonly position: number;
  /** Line of the record's first byte, from 1; 0 when the source has no lines. */
  readonly line: number;
  /** Ordinal of the record in its source, from 0. */
  readonly record: number;
  /** Ordinal inside a record that holds several events (`Records[]`), else 0. */
  readonly part: number;
  readonly arrivalMs: number;
}

export interface RecordBatch {
  readonly source: RecordSource;
  /** The chunk. Valid until the promise of `Intake.push` settles; the receiver must copy what it keeps. */
  readonly bytes: Uint8Array;
  readonly count: number;
  /** Two numbers per record, start and end (exclusive) in `bytes`. */
  readonly ranges: Uint32Array;
  /** Position of record i: `positions[i]`, else `basePosition + ranges[2 * i]` (a file chunk). */
  readonly positions?: Float64Array;
  readonly basePosition: number;
  /** Line number of record i: `lines[i]`; absent means the source has none. */
  readonly lines?: Float64Array;
  readonly baseRecord: number;
  readonly arrivalMs: number;
}

/** What `Intake.push` may return when nothing is left to wait for: its caller need not wait. */
export const SETTLED: Promise<void> = Promise.resolve();

/** What an input hands its records to; given by the engine. */
export interface Intake {
  /** 0 (idle) to 1 (full). Inputs that can refuse or wait do so at 1; UDP drops and counts. */
  readonly pressure: number;
  /**
   * Takes a batch. Resolves when every record of it is matched and each alert of it is delivered, or stands in a durable
   * queue, or was counted as dropped: only then may the input acknowledge. `SETTLED` when that
   * is so already. Never rejects for bad data.
   */
  push(batch: RecordBatch): Promise<void>;
}

/** Origin of record `index` of a batch. */
export function originOf(batch: RecordBatch, index: number, part = 0): RecordOrigin {
  return {
    source: batch.source,
    position: positionOf(batch, index),
    line: batch.lines?.[index] ?? 0,
    record: batch.baseRecord + index,
    part,
    arrivalMs: batch.arrivalMs,
  };
}

/** Position of record `index` of a batch in its source. */
export function positionOf({ positions, basePosition, ranges }: RecordBatch, index: number): number {
  return positions?.[index] ?? basePosition + (ranges[2 * index] ?? 0);
}
