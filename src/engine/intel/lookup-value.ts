/**
 * What is known of one value: as every kind that it can be (`intel/lookup.ts`), and beside that whatever a record would hit that
 * holds the value and nothing else, so that hosts and prefixes of URLs are answered as the engine does; and the benign list's opinion.
 */
import { decayedAt, hasFaded } from '../../core/confidence-decay.ts';
import type { Event } from '../../core/event.ts';
import type { IndicatorDetails, IndicatorKind, Semantics } from '../../core/indicator.ts';
import { findRow } from '../../core/indicator-rows.ts';
import { describeDetails } from '../../core/indicator-table.ts';
import type { LayeredTable } from '../../core/layered-table.ts';
import type { Observed } from '../../core/observed.ts';
import { validityAt } from '../../core/validity.ts';
import type { ValueNote } from '../../core/indicator-value.ts';
import type { RowHit } from '../detector.ts';
import { observe } from '../../fields/observables.ts';
import type { BenignReason } from '../../intel/benign-set.ts';
import { type KnownTables, lookup } from '../../intel/lookup.ts';
import { MAX_FOUND, searchPrefix } from '../../intel/prefix-search.ts';
import { IndicatorMatcher } from '../../match/indicator-matcher.ts';
import { guessValue } from '../../rules/lists/value-kind.ts';

export type Validity = 'valid' | 'not yet valid' | 'expired';

export interface KnownSource extends IndicatorDetails {
  readonly feed: string;
  readonly validity: Validity;
}

export interface KnownIndicator {
  readonly kind: IndicatorKind;
  readonly value: string;
  readonly semantics: Semantics;
  /** How the value meets it: `exact`, `subdomain`, `network`, `prefix`, … */
  readonly how: string;
  /** The highest confidence first. */
  readonly sources: readonly KnownSource[];
}

export interface LookupAnswer {
  /** As asked. */
  readonly value: string;
  /** Absent when the text looks like none that has a look; it is then sought as it stands. */
  readonly kind?: IndicatorKind;
  readonly canonical?: string;
  /** What was understood although it was written otherwise: `refanged`, … */
  readonly notes: readonly ValueNote[];
  readonly benign?: BenignReason;
  readonly indicators: readonly KnownIndicator[];
}

export interface PrefixAnswer {
  readonly prefix: string;
  /** All that begin so, those shown and those not. */
  readonly total: number;
  /** By value. */
  readonly indicators: readonly KnownIndicator[];
}

type Match = (observed: Observed) => readonly RowHit[];

/** One look-up after another in the same tables. */
export class ValueLookup {
  readonly #set: KnownTables;
  readonly #match: Match;
  readonly #nowMs: number;

  /** `match`: of somebody who matches the same tables already; absent: made here. */
  constructor(set: KnownTables, nowMs: number, match?: Match) {
    this.#set = set;
    this.#nowMs = nowMs;
    if (match !== undefined) this.#match = match;
    else {
      const matcher = new IndicatorMatcher(set.indicators);
      this.#match = (observed) => matcher.match(observed);
    }
  }

  /** Indicators whose value begins with the text. */
  search(table: LayeredTable, prefix: string, limit = MAX_FOUND): PrefixAnswer {
    const { rows, total } = searchPrefix(table, prefix, limit);
    return { prefix, total, indicators: rows.map((row) => this.#known(row, 'prefix')) };
  }

  lookup(text: string): LookupAnswer {
    const guessed = guessValue(text);
    const hows = new Map<number, string>();
    for (const { kind, value, semantics, relation } of lookup(this.#set, text))
      hows.set(findRow(this.#set.indicators, kind, value, semantics), relation);
    for (const sought of new Set([guessed?.value ?? text, text])) {
      for (const { row, how } of this.#match(observe(lineOf(sought)))) if (!hows.has(row)) hows.set(row, how);
    }
    const benign = guessed === undefined ? undefined : this.#set.benign.reason(guessed.kind, guessed.value);
    return {
      value: text,
      ...(guessed !== undefined && { kind: guessed.kind, canonical: guessed.value }),
      notes: guessed?.notes ?? [],
      ...(benign !== undefined && { benign }),
      indicators: [...hows].map(([row, how]) => this.#known(row, how)),
    };
  }

  #known(row: number, how: string): KnownIndicator {
    const { indicators } = this.#set;
    const [kind, value] = [indicators.kindAt(row), indicators.valueAt(row)];
    const sources = indicators
      .sayingsAt(row)
      .map(({ feed, said }) => {
        const details = decayedAt(describeDetails(said, kind, value), this.#nowMs);
        return { ...details, feed, validity: validityOf(details, this.#nowMs) };
      })
      .sort((a, b) => (b.confidence ?? -1) - (a.confidence ?? -1));
    return {
      kind,
      value,
      semantics: indicators.semanticsAt(row),
      how,
      sources,
    };
  }
}

/** `details` with the confidence of now. */
function validityOf(details: IndicatorDetails, nowMs: number): Validity {
  const validity = validityAt(details, nowMs);
  if (validity === 'before') return 'not yet valid';
  return validity === 'after' || hasFaded(details) ? 'expired' : 'valid';
}

/** A record with one field that holds the value. */
function lineOf(text: string): Event {
  const source = { input: 'lookup', path: 'lookup', id: '', replayable: false, timezone: 'Z' };
  const origin = { source, position: 0, line: 0, record: 0, part: 0, arrivalMs: 0 };
  return { fields: { value: text }, original: text, format: 'json', timeMs: 0, timeOrigin: 'arrival', origin };
}
