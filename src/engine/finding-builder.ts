/**
 * FindingBuilder: from what was detected to findings, of which alerts are made: at most so many for an event, or the one that STIX Spark would
 * choose, with the text of the record as it came where its bytes need no text to be made for that.
 */
import type { AlertOptions } from '../alerts/build-alert.ts';
import { EventTexts, type KeptOriginal } from '../alerts/event-texts.ts';
import { Finding } from '../alerts/finding.ts';
import type { Event } from '../core/event.ts';
import type { Match } from '../core/match.ts';
import type { RecordOrigin } from '../core/record.ts';
import type { Detection } from './detector.ts';
import { firstHit } from './first-hit.ts';

export interface FindingOptions {
  readonly keepOriginal: boolean;
  /** Alerts of one event; further matches are counted. */
  readonly maxAlerts: number;
  /** One alert per event, chosen as STIX Spark would. */
  readonly firstHit: boolean;
}

/** A record in memory. */
export interface ExaminedRecord {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly origin: RecordOrigin;
}

/** Bytes of a record as a JSON text; undefined where that takes more than to copy them. */
export type EscapeRecord = (bytes: Uint8Array, start: number, end: number) => KeptOriginal | undefined;

export class FindingBuilder {
  readonly #options: FindingOptions;
  readonly #counts: { omitted: number };
  readonly #escape: EscapeRecord;

  constructor(options: FindingOptions, counts: { omitted: number }, escapeRecord: EscapeRecord) {
    this.#options = options;
    this.#counts = counts;
    this.#escape = escapeRecord;
  }

  /** Adds to `found`. `record`: what was examined last; its bytes stand as they did. */
  add(detections: readonly Detection[], nowMs: number, found: Finding[], record?: ExaminedRecord): void {
    const { keepOriginal, maxAlerts, firstHit: onlyFirst } = this.#options;
    for (const { event, matches: all, tree } of detections) {
      const matches = onlyFirst ? firstHit(all) : all;
      const options: AlertOptions = tree === undefined ? { nowMs, keepOriginal } : { nowMs, keepOriginal, tree };
      const count = Math.min(matches.length, maxAlerts);
      this.#counts.omitted += matches.length - count;
      const texts = new EventTexts(event, tree, keepOriginal ? this.#escaped(event, record) : undefined);
      for (let i = 0; i < count; i++) found.push(new Finding(matches[i] as Match, event, options, texts));
    }
  }

  #escaped({ origin, original }: Event, record: ExaminedRecord | undefined): KeptOriginal | undefined {
    // Of records of several events each event says the same.
    if (record === undefined || origin !== record.origin) return undefined;
    const { bytes, start, end } = record;
    return original.length === end - start ? this.#escape(bytes, start, end) : undefined;
  }
}
