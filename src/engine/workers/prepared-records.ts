/**
 * What workers say to the thread that keeps state: for each record that matters to it, in the order of the input, either the event with
 * all that could be told of it without state, or what the record says of a process, or where in the record stands what correlations read,
 * or the record as it stands where its kind is not known yet. All but events are many and small: they travel as columns of numbers and bytes.
 */
import { type FactBatch, FactReader, FactWriter } from '../../state/process/fact-batch.ts';
import type { ProcessFact } from '../../state/process/process-fact.ts';
import type { TextStore } from '../../state/process/text-store.ts';
import { type MatchBatch, MatchBatchReader, MatchWriter } from '../../state/correlation/match-batch.ts';
import type { MatchedRecord } from '../../state/correlation/matched-record.ts';
import type { RecordOrigin } from '../../core/record.ts';
import type { PreparedEvent } from '../detector.ts';
import { type LeftBatch, type LeftRecord, LeftWriter, leftRecord } from './left-records.ts';

export interface PreparedRecords {
  readonly events: readonly PreparedEvent[];
  /** What records say of processes. */
  readonly facts?: FactBatch;
  /** Records that only correlations hear of, as they stand. */
  readonly matches?: MatchBatch;
  /** Records of which nothing is known yet. */
  readonly left?: LeftBatch;
  /** Of all in their order, which of these each is (`EVENT` and so on); absent: events alone. */
  readonly order?: Uint8Array;
}

/** Lines and records of a file in front of a range of it, which counts its own from 0. */
export interface LinesBefore {
  readonly lines: number;
  readonly records: number;
}

const EVENT = 0;
const FACT = 1;
const MATCH = 2;
const LEFT = 3;
const NOTHING_BEFORE: LinesBefore = { lines: 0, records: 0 };

export const NOTHING_PREPARED: PreparedRecords = Object.freeze({ events: Object.freeze([]) });

export class PreparedCollector {
  #events: PreparedEvent[] = [];
  #facts: FactWriter | undefined;
  #matches: MatchWriter | undefined;
  #left: LeftWriter | undefined;
  #order: number[] = [];

  addEvent(event: PreparedEvent): void {
    this.#events.push(event);
    this.#order.push(EVENT);
  }

  /** A fact that stands on `texts`, the same for all. */
  addFact(fact: ProcessFact, texts: TextStore, arrivalMs: number): void {
    this.#facts ??= new FactWriter(texts);
    this.#facts.add(fact, arrivalMs);
    this.#order.push(FACT);
  }

  /** A record that these rules hold for, and that only correlations hear of. */
  addMatch(record: MatchedRecord, rules: Uint32Array): void {
    this.#matches ??= new MatchWriter();
    this.#matches.add(record, rules);
    this.#order.push(MATCH);
  }

  /** A record that only the thread that learns can tell anything of. */
  addLeft(bytes: Uint8Array, start: number, end: number, origin: RecordOrigin): void {
    this.#left ??= new LeftWriter();
    this.#left.add(bytes, start, end, origin);
    this.#order.push(LEFT);
  }

  take(): PreparedRecords {
    if (this.#order.length === 0) return NOTHING_PREPARED;
    const order = Uint8Array.from(this.#order);
    const events = this.#events;
    const facts = order.includes(FACT) ? this.#facts?.take() : undefined;
    const matches = order.includes(MATCH) ? this.#matches?.take() : undefined;
    const left = this.#left?.take();
    this.#events = [];
    this.#order = [];
    return {
      events,
      ...(facts !== undefined && { facts }),
      ...(matches !== undefined && { matches }),
      ...(left !== undefined && { left }),
      ...(order.length > events.length && { order }),
    };
  }
}

/**
 * All of them in their order, a fact or match as the reader that has just read it, facts on `texts`; `before` is added to what records of a
 * range say of their place.
 */
export function* eachPrepared(
  { events, facts, matches, left, order }: PreparedRecords,
  texts: TextStore | undefined,
  before: LinesBefore = NOTHING_BEFORE,
): Generator<PreparedEvent | FactReader | MatchBatchReader | LeftRecord, void> {
  const told = facts === undefined || texts === undefined ? undefined : new FactReader(facts, texts);
  const matched = matches === undefined ? undefined : new MatchBatchReader(matches);
  const next = [0, 0, 0, 0];
  const count = order?.length ?? events.length;
  for (let i = 0; i < count; i++) {
    const kind = order?.[i] ?? EVENT;
    const place = next[kind] as number;
    next[kind] = place + 1;
    if (kind === EVENT) {
      const prepared = events[place] as PreparedEvent;
      yield before.lines === 0 ? prepared : moved(prepared, before);
    } else if (kind === FACT && told !== undefined) {
      told.read(place);
      yield told;
    } else if (kind === MATCH && matched !== undefined) {
      matched.read(before.lines, before.records);
      yield matched;
    } else if (kind === LEFT && left !== undefined) yield leftRecord(left, place, before);
  }
  told?.close();
}

function moved(prepared: PreparedEvent, { lines, records }: LinesBefore): PreparedEvent {
  const { event, rules } = prepared;
  const { origin } = event;
  const there = { ...event, origin: { ...origin, line: origin.line + lines, record: origin.record + records } };
  if (rules === undefined || rules.patterns.facts.length === 0) return { ...prepared, event: there };
  const facts = rules.patterns.facts.map((fact) => ({ ...fact, event: { ...fact.event, event: there } }));
  return { ...prepared, event: there, rules: { ...rules, patterns: { ...rules.patterns, facts } } };
}
