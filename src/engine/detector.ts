/**
 * Detector: one compiled generation of everything Flint looks for. It takes the bytes of one candidate record and returns the
 * events of it that match something, with their matches. The scanner in front of it decides which records are candidates; what
 * it lets pass needlessly is found here to match nothing.
 *
 * Immutable after construction but for its counters: a reload builds a new one beside it.
 */
import type { Event } from '../core/event.ts';
import type { IndicatorRows } from '../core/indicator-rows.ts';
import type { IndicatorMatch, Match, MatchedField, RuleMatch } from '../core/match.ts';
import type { Observed } from '../core/observed.ts';
import type { ProcessTree } from '../core/process-tree.ts';
import type { RecordOrigin, RecordSource } from '../core/record.ts';
import { observe } from '../fields/observables.ts';
import type { MatchedRecord } from '../state/correlation/matched-record.ts';
import type { EventLog } from '../state/event-log.ts';
import type { ProcessFact } from '../state/process/process-fact.ts';
import { EventReader, type EventReaderCounts, type EventReaderOptions, type ReportProblem } from './event-reader.ts';
import { ruleInForce, sourcesInForce, type ValidityMode } from './in-force.ts';
import type { RulesPart } from './rules/rules-part.ts';
import type { MatchReader } from './state/match-reader.ts';
import type { FedValues, ProcessFeeder } from './state/process-feeder.ts';

/** One indicator value found in one place of an event. */
export interface RowHit {
  /** Row of the indicator table. */
  readonly row: number;
  readonly field: string;
  readonly seen: string;
  readonly how: string;
}

/** What the detector needs of the loaded intelligence. */
export interface IndicatorLookup {
  readonly table: IndicatorRows;
  match(observed: Observed): readonly RowHit[];
  /** True when the value is on a benign list: its hits are suppressed and counted. */
  isBenign(row: number): boolean;
}

/** Rules that events are given to: Sigma rules, flux specifications, STIX patterns. */
export interface EventRules {
  /** `sigma`: the Sigma rules that may hold, when that is known; the record then holds this one event. */
  match(event: Event, sigma?: Iterable<number>): readonly RuleMatch[];
  /** Matches of rules that span events, found by now; each with the event it is about. */
  drain(): readonly { readonly event: Event; readonly match: RuleMatch }[];
  /** End of a batch: events that were held back to be handled together are handled. Throws, after all of them, when one failed. */
  flush?(): void;
  /** The half of `match` that needs no state, for a worker; undefined when the event does not matter to anything. */
  prepare?(event: Event, sigma?: Iterable<number>): RulesPart | undefined;
  /** The other half, of events in their order. */
  complete?(event: Event, part: RulesPart): readonly RuleMatch[];
  /** Reads what records say of processes from their listed values; undefined where nobody remembers processes. */
  readonly feeder?: ProcessFeeder | undefined;
  /** Remembers what a record says of a process; the fact stands on the texts of the feeder. True: `drain` may have something. */
  tell?(fact: ProcessFact, arrivalMs: number): boolean;
  /** Whether one of the listed rules, which only the parent of the process decides, may hold; the fact was told. */
  mayHoldByParent?(fact: ProcessFact, values: FedValues): boolean;
  /** Keeps an event that no rule holds for, which is made for it, until its ancestors are known. True: `drain` may have something. */
  waitFor?(fact: ProcessFact, eventOf: () => Event, bytes: number, arrivalMs: number): boolean;
  /** Events so far of which no Sigma rule could be tried, because nothing tells their log source. */
  readonly unrecognised?: number;
  /** The ancestors of the event's process, where they are remembered. */
  treeOf?(event: Event): ProcessTree | undefined;
  /** What reads records that only correlations hear of. */
  readonly matchReader?: MatchReader | undefined;
  /** Whether the rules that hold for a record are for correlations only. */
  areWatchedOnly?(values: FedValues): boolean;
  /** Takes what was read of a record that these rules hold for. True: something has fired. */
  takeRecord?(record: MatchedRecord, sigma: Uint32Array): boolean;
  /** Where such records are kept until an alert shows them. */
  readonly shownEvents?: EventLog | undefined;
}

export interface DetectorOptions extends EventReaderOptions {
  readonly validity: ValidityMode;
}

export interface DetectorCounts extends EventReaderCounts {
  /** Records that correlations were told of without decoding them. */
  fromBytes: number;
  benign: number;
  expired: number;
  /** Events of no known log source: no Sigma rule was tried on them. */
  unrecognised: number;
}

export interface Detection {
  readonly event: Event;
  readonly matches: readonly Match[];
  /** The ancestors of the process that the event is about. */
  readonly tree?: ProcessTree;
}

/** An event of which something is left to be said by the thread that keeps state; plain data. */
export interface PreparedEvent {
  readonly event: Event;
  readonly indicators: readonly IndicatorMatch[];
  /** Absent: the rules have nothing to do with the event. */
  readonly rules?: RulesPart;
}

/** What the scanner could not rule out for a record. */
export interface Wanted {
  readonly indicators: boolean;
  readonly rules: boolean;
  /** Positions of the Sigma rules that may hold; absent: any may. */
  readonly sigma?: Iterable<number>;
  /** The record was seen to be one JSON object and nothing else. */
  readonly isRead?: boolean;
}

const NO_BYTES = new Uint8Array(0);
const NOTHING: readonly Detection[] = Object.freeze([]);
const EVERYTHING: Wanted = { indicators: true, rules: true };

export class Detector {
  readonly counts: DetectorCounts = {
    candidates: 0,
    events: 0,
    fromBytes: 0,
    benign: 0,
    expired: 0,
    timeFromArrival: 0,
    timeClamped: 0,
    unrecognised: 0,
  };
  readonly #indicators: IndicatorLookup;
  readonly #rules: readonly EventRules[];
  readonly #options: DetectorOptions;
  readonly #report: ReportProblem;
  /** What may be told of records by their bytes; undefined where all must be decoded. */
  readonly #fed: EventRules | undefined;
  /** Where the last event that was examined came from. */
  #lastInput = '';
  /** Decodes, and counts that in `counts`. */
  readonly events: EventReader;

  constructor(
    indicators: IndicatorLookup,
    rules: readonly EventRules[],
    options: DetectorOptions,
    report: ReportProblem,
  ) {
    this.#indicators = indicators;
    this.#rules = rules;
    this.#options = options;
    this.#report = report;
    this.events = new EventReader(options, this.counts, report);
    this.#fed = rules.length === 1 && this.events.isLiteral ? rules[0] : undefined;
    for (const { shownEvents } of rules)
      if (shownEvents !== undefined) shownEvents.eventOf = (record) => this.events.shown(record);
  }

  /** One of the same indicators, without rules and with counts of its own: for records that nobody has sent. */
  apart(): Detector {
    return new Detector(this.#indicators, [], this.#options, () => undefined);
  }

  /** All events of the record that match something. `origin.part` of the given origin is 0; parts are numbered here. */
  examine(
    bytes: Uint8Array,
    start: number,
    end: number,
    origin: RecordOrigin,
    wanted: Wanted = EVERYTHING,
  ): readonly Detection[] {
    const detections: Detection[] = [];
    this.#lastInput = origin.source.input;
    try {
      for (const event of this.events.read(bytes, start, end, origin)) {
        const matches: Match[] = wanted.indicators ? [...this.#matchIndicators(event)] : [];
        for (const rules of wanted.rules ? this.#rules : [])
          matches.push(...this.#inForce(rules.match(event, this.events.isAdapted ? undefined : wanted.sigma), event));
        this.counts.unrecognised = this.#rules.reduce((sum, rules) => sum + (rules.unrecognised ?? 0), 0);
        if (matches.length > 0) detections.push(this.#withTree(event, matches));
        if (wanted.rules) detections.push(...this.drain());
      }
    } catch {
      // A bug that one record brings to light: it must not take the other records of the batch with it.
      this.#report('ENV_RECORD_FAILED', bytes, start, end, origin.source.input);
    }
    return detections;
  }

  /** The half of `examine` that needs no state, for a worker: the events that matter to something. */
  prepare(
    bytes: Uint8Array,
    start: number,
    end: number,
    origin: RecordOrigin,
    wanted: Wanted = EVERYTHING,
  ): readonly PreparedEvent[] {
    const prepared: PreparedEvent[] = [];
    try {
      for (const event of this.events.read(bytes, start, end, origin)) {
        const indicators = wanted.indicators ? this.#matchIndicators(event) : [];
        const [owner] = this.#rules;
        const sigma = this.events.isAdapted ? undefined : wanted.sigma;
        const rules = wanted.rules ? owner?.prepare?.(event, sigma) : undefined;
        this.counts.unrecognised = owner?.unrecognised ?? 0;
        if (rules !== undefined) prepared.push({ event, indicators, rules });
        else if (indicators.length > 0) prepared.push({ event, indicators });
      }
    } catch {
      // As in `examine`.
      this.#report('ENV_RECORD_FAILED', bytes, start, end, origin.source.input);
    }
    return prepared;
  }

  /** The other half, on the thread that keeps the state; events are to be given in the order of the input. */
  complete({ event, indicators, rules: part }: PreparedEvent): readonly Detection[] {
    const detections: Detection[] = [];
    this.#lastInput = event.origin.source.input;
    try {
      const matches: Match[] = [...indicators];
      const [owner] = this.#rules;
      if (part !== undefined && owner?.complete !== undefined)
        matches.push(...this.#inForce(owner.complete(event, part), event));
      if (matches.length > 0) detections.push(this.#withTree(event, matches));
      if (part !== undefined) detections.push(...this.drain());
    } catch {
      // As in `examine`; the bytes of the record are with the worker.
      const sample = Buffer.from(event.original);
      this.#report('ENV_RECORD_FAILED', sample, 0, sample.length, event.origin.source.input);
    }
    return detections;
  }

  /** What reads processes from listed values; undefined where records must be decoded for them. */
  get feeder(): ProcessFeeder | undefined {
    return this.#fed?.feeder;
  }

  /** Lets the feeder read what the record says of a process; false when it must be examined. */
  read(feeder: ProcessFeeder, values: FedValues, source: RecordSource, arrivalMs: number): boolean {
    const origin = feeder.read(values, this.events.timing(source, arrivalMs));
    if (origin !== undefined) this.events.countTime(origin);
    return origin !== undefined;
  }

  /**
   * What correlations want of a record that only they hear of, from its listed values, in the same object each time; undefined: it must be
   * examined.
   */
  readMatch(values: FedValues, origin: RecordOrigin, start: number, end: number): MatchedRecord | undefined {
    const rules = this.#fed;
    const reader = rules?.matchReader;
    if (reader === undefined) return undefined;
    if (rules?.shownEvents?.takesRecords !== true || rules.areWatchedOnly?.(values) !== true) return undefined;
    if (!reader.read(values, origin, start, end, this.events.timing(origin.source, origin.arrivalMs))) return undefined;
    this.counts.fromBytes++;
    this.events.countTime(reader.record.timeOrigin);
    return reader.record;
  }

  /** Takes what `readMatch` has read, of the rules that hold; the record's bytes must stay as they are until `settle`. */
  takeMatch(record: MatchedRecord, sigma: Uint32Array): readonly Detection[] {
    const [rules] = this.#rules;
    return rules?.takeRecord?.(record, sigma) === true ? this.drain() : NOTHING;
  }

  /** To be called before the bytes of records that were taken change. */
  settle(): void {
    for (const { shownEvents } of this.#rules) shownEvents?.settle();
  }

  /** Remembers what a record says of a process. Returns what earlier events turn out to match by that. */
  tell(fact: ProcessFact, arrivalMs: number): readonly Detection[] {
    const [rules] = this.#rules;
    return rules?.tell?.(fact, arrivalMs) === true ? this.drain() : NOTHING;
  }

  /**
   * As `read` and `tell` for a record whose rules only the parent of its process decides, in `[start, end)` of the bytes of its values.
   * Undefined: it must be examined. What is told twice is remembered once.
   */
  tellOpen(values: FedValues, origin: RecordOrigin, start: number, end: number): readonly Detection[] | undefined {
    const rules = this.#fed;
    const feeder = rules?.feeder;
    if (feeder === undefined || rules?.tell === undefined || rules.mayHoldByParent === undefined) return undefined;
    const { arrivalMs, source } = origin;
    const timeOrigin = feeder.read(values, this.events.timing(source, arrivalMs));
    const { fact } = feeder;
    if (timeOrigin === undefined || fact.kind !== 'start') return undefined;
    const isLate = rules.tell(fact, arrivalMs);
    // What is late is drained behind the matches of the record itself.
    if (rules.mayHoldByParent(fact, values)) return undefined;
    this.events.countTime(timeOrigin);
    const { timeMs } = fact;
    const eventOf = (): Event => {
      const bytes = Buffer.from(values.bytes.subarray(start, end));
      return this.events.shown({ bytes, start: 0, end: bytes.length, timeMs, timeOrigin, origin: { ...origin } });
    };
    const hasGivenUp = rules.waitFor?.(fact, eventOf, end - start, arrivalMs) === true;
    return isLate || hasGivenUp ? this.drain() : NOTHING;
  }

  /** End of a batch: as `drain`, after all that was held back. */
  flush(): readonly Detection[] {
    for (const rules of this.#rules) this.#flush(rules);
    return this.drain();
  }

  #flush(rules: EventRules): void {
    try {
      rules.flush?.();
    } catch {
      // As in `examine`: the other events were handled. Which one it was is not known here.
      this.#report('ENV_RECORD_FAILED', NO_BYTES, 0, 0, this.#lastInput);
    }
  }

  /** What rules that span events have found since the last call. */
  drain(): readonly Detection[] {
    return this.#rules.flatMap((rules) =>
      rules.drain().flatMap(({ event, match }) => {
        const matches = this.#inForce([match], event);
        return matches.length === 0 ? [] : [this.#withTree(event, matches)];
      }),
    );
  }

  /** Rules and patterns of feeds hold for a time, as single values do. */
  #inForce(matches: readonly RuleMatch[], event: Event): readonly RuleMatch[] {
    if (!matches.some(isFromFeed)) return matches;
    return matches.flatMap((match) => {
      if (match.indicator === undefined) return [match];
      const held = ruleInForce(match, match.indicator, event, this.#options.validity);
      if (held === undefined) this.counts.expired++;
      return held ?? [];
    });
  }

  #withTree(event: Event, matches: readonly Match[]): Detection {
    for (const rules of this.#rules) {
      const tree = rules.treeOf?.(event);
      if (tree !== undefined) return { event, matches, tree };
    }
    return { event, matches };
  }

  #matchIndicators(event: Event): IndicatorMatch[] {
    const { table } = this.#indicators;
    if (table.size === 0) return [];
    const hits = this.#indicators.match(observe(event));
    if (hits.length === 0) return [];
    const byRow = new Map<number, MatchedField[]>();
    for (const { row, field, seen, how } of hits) {
      const matched = { field, value: seen, item: table.valueAt(row), how };
      const list = byRow.get(row);
      if (list === undefined) byRow.set(row, [matched]);
      else if (!list.some((other) => other.field === field && other.value === seen && other.how === how))
        list.push(matched);
    }
    const matches: IndicatorMatch[] = [];
    for (const [row, matched] of byRow) {
      if (this.#indicators.isBenign(row)) {
        this.counts.benign++;
        continue;
      }
      const held = sourcesInForce(table.detailsAt(row), event, this.#options.validity);
      if (held === undefined) {
        this.counts.expired++;
        continue;
      }
      const { sources, validity } = held;
      matches.push({
        engine: 'indicator',
        kind: table.kindAt(row),
        value: table.valueAt(row),
        semantics: table.semanticsAt(row),
        sources,
        matched,
        validity,
      });
    }
    return matches;
  }
}

function isFromFeed({ indicator }: RuleMatch): boolean {
  return indicator !== undefined;
}
