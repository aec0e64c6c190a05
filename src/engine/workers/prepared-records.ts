/**
 * What workers say to the thread that keeps state: for each record that matters to it, in the order of the input, either the event with
 * all that could be told of it without state, or what the record says of a process. Processes are many and small: they travel as one
 * JSON text, which costs the owner a third of what as many objects cost.
 */
import type { ProcessEvent } from '../../state/process/process-event.ts';
import type { PreparedEvent } from '../detector.ts';

export interface PreparedRecords {
  readonly events: readonly PreparedEvent[];
  /** JSON of [number of events before it, arrival, what is said], in order; empty: none. */
  readonly processes: string;
}

export interface ToldProcess {
  readonly process: ProcessEvent;
  readonly arrivalMs: number;
}

/** Lines and records of a file in front of a range of it, which counts its own from 0. */
export interface LinesBefore {
  readonly lines: number;
  readonly records: number;
}

export const NOTHING_PREPARED: PreparedRecords = Object.freeze({ events: Object.freeze([]), processes: '' });

type SavedProcess = readonly [eventsBefore: number, arrivalMs: number, process: ProcessEvent];

export class PreparedCollector {
  #events: PreparedEvent[] = [];
  #processes: SavedProcess[] = [];

  addEvent(event: PreparedEvent): void {
    this.#events.push(event);
  }

  addProcess(process: ProcessEvent, arrivalMs: number): void {
    this.#processes.push([this.#events.length, arrivalMs, process]);
  }

  take(): PreparedRecords {
    const events = this.#events;
    const processes = this.#processes;
    if (events.length + processes.length === 0) return NOTHING_PREPARED;
    this.#events = [];
    this.#processes = [];
    return { events, processes: processes.length === 0 ? '' : JSON.stringify(processes) };
  }
}

/** All of them in their order; `before` is added to what events of a range say of their place. */
export function* eachPrepared(
  { events, processes }: PreparedRecords,
  before: LinesBefore = { lines: 0, records: 0 },
): Generator<PreparedEvent | ToldProcess, void> {
  const told = processes === '' ? [] : (JSON.parse(processes) as SavedProcess[]);
  let next = 0;
  for (let i = 0; i <= events.length; i++) {
    for (let saved = told[next]; saved !== undefined && saved[0] === i; saved = told[++next])
      yield { process: saved[2], arrivalMs: saved[1] };
    const prepared = events[i];
    if (prepared !== undefined) yield before.lines === 0 ? prepared : moved(prepared, before);
  }
}

function moved(prepared: PreparedEvent, { lines, records }: LinesBefore): PreparedEvent {
  const { event, rules } = prepared;
  const { origin } = event;
  const there = { ...event, origin: { ...origin, line: origin.line + lines, record: origin.record + records } };
  if (rules === undefined || rules.patterns.facts.length === 0) return { ...prepared, event: there };
  const facts = rules.patterns.facts.map((fact) => ({ ...fact, event: { ...fact.event, event: there } }));
  return { ...prepared, event: there, rules: { ...rules, patterns: { ...rules.patterns, facts } } };
}
