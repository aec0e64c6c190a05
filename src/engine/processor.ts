/**
 * Processor: a batch of records in, alerts out. The scanner says which records could match, the detector decides; records that
 * are no candidates are counted and never decoded. Without a scanner every record is a candidate.
 */
import type { Alert } from '../core/alert.ts';
import { buildAlerts } from '../alerts/build-alert.ts';
import type { Event } from '../core/event.ts';
import type { Match } from '../core/match.ts';
import { originOf, type RecordBatch } from '../core/record.ts';
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
  /** Matches of one event beyond the limit of alerts. */
  omitted: number;
}

export interface ProcessorOptions {
  readonly keepOriginal: boolean;
}

export class Processor {
  readonly counts: ProcessorCounts = { records: 0, bytes: 0, candidates: 0, omitted: 0 };
  readonly detector: Detector;
  readonly #options: ProcessorOptions;

  constructor(detector: Detector, options: ProcessorOptions) {
    this.detector = detector;
    this.#options = options;
  }

  process(batch: RecordBatch, nowMs: number): FoundAlert[] {
    const found: FoundAlert[] = [];
    for (let i = 0; i < batch.count; i++) this.#examine(batch, i, nowMs, found);
    return found;
  }

  #examine(batch: RecordBatch, index: number, nowMs: number, found: FoundAlert[]): void {
    const start = batch.ranges[2 * index] ?? 0;
    const end = batch.ranges[2 * index + 1] ?? start;
    this.counts.records++;
    this.counts.bytes += end - start;
    this.counts.candidates++;
    for (const { event, matches } of this.detector.examine(batch.bytes, start, end, originOf(batch, index))) {
      const { alerts, omitted } = buildAlerts(matches, event, { nowMs, keepOriginal: this.#options.keepOriginal });
      this.counts.omitted += omitted;
      for (const [i, alert] of alerts.entries()) found.push({ alert, event, match: matches[i] as Match });
    }
  }
}
