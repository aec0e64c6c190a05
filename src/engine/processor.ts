/**
 * Processor: a batch of records in, alerts out. The scanner says which records could match, the detector decides; records that
 * are no candidates are counted and never decoded. Without a scanner every record is a candidate.
 */
import { buildAlerts } from '../alerts/build-alert.ts';
import type { Alert } from '../core/alert.ts';
import type { Event } from '../core/event.ts';
import type { Match } from '../core/match.ts';
import { originOf, type RecordBatch, type RecordOrigin } from '../core/record.ts';
import type { Scanner } from '../scan/scanner.ts';
import type { Detector } from './detector.ts';

export interface FoundAlert {
  readonly alert: Alert;
  readonly event: Event;
  readonly match: Match;
}

export interface ProcessorCounts {
  records: number;
  bytes: number;
  /** Records that the scanner let pass to the detector. */
  candidates: number;
  /** Candidates that the exact path had to see for encoding reasons alone. */
  encodingOnly: number;
  /** Matches of one event beyond the limit of alerts. */
  omitted: number;
}

export interface ProcessorOptions {
  readonly keepOriginal: boolean;
  /** Alerts of one event; further matches are counted. */
  readonly maxAlerts: number;
}

export class Processor {
  readonly counts: ProcessorCounts = { records: 0, bytes: 0, candidates: 0, encodingOnly: 0, omitted: 0 };
  readonly detector: Detector;
  /** Its input memory is written by `process` and by whoever reads files straight into it, one at a time. */
  readonly scanner: Scanner | undefined;
  readonly #options: ProcessorOptions;

  constructor(detector: Detector, scanner: Scanner | undefined, options: ProcessorOptions) {
    this.detector = detector;
    this.scanner = scanner;
    this.#options = options;
  }

  process(batch: RecordBatch, nowMs: number): FoundAlert[] {
    const found: FoundAlert[] = [];
    this.counts.records += batch.count;
    for (let i = 0; i < batch.count; i++)
      this.counts.bytes += (batch.ranges[2 * i + 1] ?? 0) - (batch.ranges[2 * i] ?? 0);
    const { scanner } = this;
    if (scanner === undefined || batch.bytes.length > scanner.input.length) {
      for (let i = 0; i < batch.count; i++) this.#examineRange(batch, i, nowMs, found);
      return found;
    }
    scanner.input.set(batch.bytes);
    const result = scanner.scanRecords(batch.ranges, batch.count);
    this.counts.encodingOnly += result.encodingOnly;
    for (let i = 0; i < result.candidateCount; i++) this.#examineRange(batch, result.ordinals[i] ?? 0, nowMs, found);
    return found;
  }

  /** One candidate record; its alerts are added to `found`. */
  examine(
    bytes: Uint8Array,
    start: number,
    end: number,
    origin: RecordOrigin,
    nowMs: number,
    found: FoundAlert[],
  ): void {
    this.counts.candidates++;
    for (const { event, matches } of this.detector.examine(bytes, start, end, origin)) {
      const { alerts, omitted } = buildAlerts(matches, event, { nowMs, ...this.#options });
      this.counts.omitted += omitted;
      for (const [i, alert] of alerts.entries()) found.push({ alert, event, match: matches[i] as Match });
    }
  }

  #examineRange(batch: RecordBatch, index: number, nowMs: number, found: FoundAlert[]): void {
    const start = batch.ranges[2 * index] ?? 0;
    const end = batch.ranges[2 * index + 1] ?? start;
    this.examine(batch.bytes, start, end, originOf(batch, index), nowMs, found);
  }
}
