/**
 * What workers say to the thread that keeps state: for each record that matters to it, in the order of the input, either the event with
 * all that could be told of it without state, or what the record says of a process. Processes are many and small: they travel as
 * columns of numbers and the bytes of their texts.
 */
import { type FactBatch, FactReader, FactWriter } from '../../state/process/fact-batch.ts';
import type { ProcessFact } from '../../state/process/process-fact.ts';
import type { TextStore } from '../../state/process/text-store.ts';
import type { PreparedEvent } from '../detector.ts';

export interface PreparedRecords {
  readonly events: readonly PreparedEvent[];
  readonly processes?: ToldProcesses;
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

  addEvent(event: PreparedEvent): void {
    this.#events.push(event);
  }

  /** A fact that stands on `texts`, the same for all. */
  addFact(fact: ProcessFact, texts: TextStore, arrivalMs: number): void {
    this.#facts ??= new FactWriter(texts);
    this.#facts.add(fact, arrivalMs);
    this.#before.push(this.#events.length);
  }

  take(): PreparedRecords {
    const events = this.#events;
    const before = this.#before;
    if (events.length + before.length === 0) return NOTHING_PREPARED;
    this.#events = [];
    this.#before = [];
    if (this.#facts === undefined || before.length === 0) return { events };
    return { events, processes: { facts: this.#facts.take(), before: Uint32Array.from(before) } };
  }
}

/**
 * All of them in their order, a fact as the reader that has just read it, on `texts`; `before` is added to what events of a range say
 * of their place.
 */
export function* eachPrepared(
  { events, processes }: PreparedRecords,
  texts: TextStore | undefined,
  before: LinesBefore = { lines: 0, records: 0 },
): Generator<PreparedEvent | FactReader, void> {
  const told = processes === undefined || texts === undefined ? undefined : new FactReader(processes.facts, texts);
  let next = 0;
  for (let i = 0; i <= events.length; i++) {
    for (; told !== undefined && next < told.count && processes?.before[next] === i; next++) {
      told.read(next);
      yield told;
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
