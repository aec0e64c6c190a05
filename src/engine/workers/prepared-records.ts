/**
 * What workers say to the thread that keeps state: for each record that matters to it, in the order of the input, either the event with
 * all that could be told of it without state, or what the record says of a process, or where in the record stands what correlations read.
 * The last two are many and small: they travel as columns of numbers and bytes.
 */
import { type FactBatch, FactReader, FactWriter } from '../../state/process/fact-batch.ts';
import type { ProcessFact } from '../../state/process/process-fact.ts';
import type { TextStore } from '../../state/process/text-store.ts';
import { type MatchBatch, MatchBatchReader, MatchWriter } from '../../state/correlation/match-batch.ts';
import type { MatchedRecord } from '../../state/correlation/matched-record.ts';
import type { PreparedEvent } from '../detector.ts';

export interface PreparedRecords {
  readonly events: readonly PreparedEvent[];
  readonly processes?: ToldProcesses;
  readonly matches?: ToldMatches;
}

/** Records that only correlations hear of, as they stand. */
export interface ToldMatches {
  readonly batch: MatchBatch;
  /** Number of events in front of each. */
  readonly before: Uint32Array;
  /** Number of processes in front of each. */
  readonly afterFacts: Uint32Array;
}

export interface ToldProcesses {
  readonly facts: FactBatch;
  /** Number of events in front of each. */
  readonly before: Uint32Array;
}

/** Lines and records of a file in front of a range of it, which counts its own from 0. */
export interface LinesBefore {
  readonly lines: number;
  readonly records: number;
}

export const NOTHING_PREPARED: PreparedRecords = Object.freeze({ events: Object.freeze([]) });

export class PreparedCollector {
  #events: PreparedEvent[] = [];
  #before: number[] = [];
  #facts: FactWriter | undefined;
  readonly #matches = new MatchWriter();
  #beforeMatches: number[] = [];
  #afterFacts: number[] = [];

  addEvent(event: PreparedEvent): void {
    this.#events.push(event);
  }

  /** A fact that stands on `texts`, the same for all. */
  addFact(fact: ProcessFact, texts: TextStore, arrivalMs: number): void {
    this.#facts ??= new FactWriter(texts);
    this.#facts.add(fact, arrivalMs);
    this.#before.push(this.#events.length);
  }

  /** A record that these rules hold for, and that only correlations hear of. */
  addMatch(record: MatchedRecord, rules: Uint32Array): void {
    this.#matches.add(record, rules);
    this.#beforeMatches.push(this.#events.length);
    this.#afterFacts.push(this.#before.length);
  }

  take(): PreparedRecords {
    const events = this.#events;
    const before = this.#before;
    const beforeMatches = this.#beforeMatches;
    if (events.length + before.length + beforeMatches.length === 0) return NOTHING_PREPARED;
    this.#events = [];
    this.#before = [];
    const afterFacts = Uint32Array.from(this.#afterFacts);
    this.#beforeMatches = [];
    this.#afterFacts = [];
    const facts = before.length === 0 ? undefined : this.#facts?.take();
    return {
      events,
      ...(facts !== undefined && { processes: { facts, before: Uint32Array.from(before) } }),
      ...(beforeMatches.length > 0 && {
        matches: { batch: this.#matches.take(), before: Uint32Array.from(beforeMatches), afterFacts },
      }),
    };
  }
}

/**
 * All of them in their order, a fact or match as the reader that has just read it, facts on `texts`; `before` is added to what records of a
 * range say of their place.
 */
export function* eachPrepared(
  { events, processes, matches }: PreparedRecords,
  texts: TextStore | undefined,
  before: LinesBefore = { lines: 0, records: 0 },
): Generator<PreparedEvent | FactReader | MatchBatchReader, void> {
  const told = processes === undefined || texts === undefined ? undefined : new FactReader(processes.facts, texts);
  const matched = matches === undefined ? undefined : new MatchBatchReader(matches.batch);
  let next = 0;
  let nextMatch = 0;
  for (let i = 0; i <= events.length; i++) {
    for (;;) {
      const isMatch = matches?.before[nextMatch] === i;
      const isFact = processes?.before[next] === i && (!isMatch || next < (matches.afterFacts[nextMatch] ?? 0));
      if (isFact && told !== undefined) {
        told.read(next++);
        yield told;
      } else if (isMatch && matched !== undefined) {
        matched.read(before.lines, before.records);
        nextMatch++;
        yield matched;
      } else break;
    }
    const prepared = events[i];
    if (prepared !== undefined) yield before.lines === 0 ? prepared : moved(prepared, before);
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
