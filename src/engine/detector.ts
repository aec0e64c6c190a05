/**
 * Detector: one compiled generation of everything Flint looks for. It takes the bytes of one candidate record and returns the
 * events of it that match something, with their matches. The scanner in front of it decides which records are candidates; what
 * it lets pass needlessly is found here to match nothing.
 *
 * Immutable after construction but for its counters: a reload builds a new one beside it.
 */
import { decayedAt, hasFaded } from '../core/confidence-decay.ts';
import type { Event, EventObject, TimeOrigin } from '../core/event.ts';
import type { IndicatorDetails } from '../core/indicator.ts';
import type { IndicatorRows } from '../core/indicator-rows.ts';
import { byConfidence } from '../core/indicator-table.ts';
import type { IndicatorMatch, Match, MatchedField, RuleMatch, Validity } from '../core/match.ts';
import type { Observed } from '../core/observed.ts';
import type { ProcessTree } from '../core/process-tree.ts';
import type { RecordOrigin, RecordSource } from '../core/record.ts';
import type { DecodeLimits, Decoder } from '../decode/decoder.ts';
import { eventTime, type TimeOptions } from '../decode/event-time.ts';
import { DECODERS } from '../decode/registry.ts';
import { decodeUtf8 } from '../decode/text.ts';
import type { MatchReader } from './state/match-reader.ts';
import type { FedTime, FedValues, ProcessFeeder } from './state/process-feeder.ts';
import type { ErrorCode } from '../errors/table.ts';
import { observe } from '../fields/observables.ts';
import type { MatchedRecord } from '../state/correlation/matched-record.ts';
import type { EventLog } from '../state/event-log.ts';
import type { ProcessFact } from '../state/process/process-fact.ts';
import type { KeptRecord } from '../state/record-log.ts';
import type { RulesPart } from './rules/rules-part.ts';

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

/** Rules that hold for one event alone: Sigma detections, STIX patterns. */
export interface EventRules {
  /** `sigma`: the Sigma rules that may hold, when that is known; the record then holds this one event. */
  match(event: Event, sigma?: Iterable<number>): readonly RuleMatch[];
  /** Matches of rules that span events, found by now; each with the event it is about. */
  drain(): readonly { readonly event: Event; readonly match: RuleMatch }[];
  /** The half of `match` that needs no state, for a worker; undefined when the event does not matter to anything. */
  prepare?(event: Event, sigma?: Iterable<number>): RulesPart | undefined;
  /** The other half, of events in their order. */
  complete?(event: Event, part: RulesPart): readonly RuleMatch[];
  /** Reads what records say of processes from their listed values; undefined where nobody remembers processes. */
  readonly feeder?: ProcessFeeder | undefined;
  /** Remembers what a record says of a process; the fact stands on the texts of the feeder. True: `drain` may have something. */
  tell?(fact: ProcessFact, arrivalMs: number): boolean;
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

export interface DetectorOptions {
  readonly limits: DecodeLimits;
  /** `arrival`: expired indicators do not match (live). `event`: the same by event time. `mark`: all match, validity is told. */
  readonly validity: 'arrival' | 'event' | 'mark';
  /** Live streams hold back event times that lie ahead of the clock. */
  readonly clampTime: boolean;
  /** Fields that say when an event happened, before those that are known. */
  readonly timeFields?: readonly string[];
  readonly keepOriginal: boolean;
  /** Changes the fields of each event before anything is matched: legacy key mapping. */
  readonly adapt?: (fields: EventObject) => EventObject;
}

export interface DetectorCounts {
  candidates: number;
  events: number;
  /** Records that correlations were told of without decoding them. */
  fromBytes: number;
  benign: number;
  expired: number;
  timeFromArrival: number;
  timeClamped: number;
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
}

const NOTHING: readonly Detection[] = Object.freeze([]);
const EVERYTHING: Wanted = { indicators: true, rules: true };

/** `input`: name of the input that the record came through. */
export type ReportProblem = (code: ErrorCode, bytes: Uint8Array, start: number, end: number, input: string) => void;

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
  /** The record decoded last has fields under other names than in its bytes, which tell nothing then. */
  #isAdapted = false;
  #fedTime: FedTime = { timezone: '', arrivalMs: 0, clamp: false };

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
    for (const { shownEvents } of rules)
      if (shownEvents !== undefined) shownEvents.eventOf = (record) => this.#shown(record);
  }

  /** The event of a record that was told of before by its bytes; most of those that alerts show are never asked for their fields. */
  #shown({ bytes, start, end, timeMs, timeOrigin, origin }: KeptRecord): Event {
    const { keepOriginal, limits } = this.#options;
    const text = decodeUtf8(bytes, start, end);
    let decoded: Pick<Event, 'fields' | 'format'> | undefined;
    const decode = (): Pick<Event, 'fields' | 'format'> => {
      if (decoded !== undefined) return decoded;
      const record = Buffer.from(text);
      const decoder = decoderOf(record, 0, record.length, origin.source.decoder);
      const { events } = decoder.decode(record, 0, record.length, limits, text);
      decoded = { fields: events[0] ?? {}, format: decoder.name };
      return decoded;
    };
    return {
      get fields() {
        return decode().fields;
      },
      original: keepOriginal ? text : '',
      get format() {
        return decode().format;
      },
      ...{ timeMs, timeOrigin, origin },
    };
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
    try {
      for (const event of this.decode(bytes, start, end, origin)) {
        const matches: Match[] = wanted.indicators ? [...this.#matchIndicators(event)] : [];
        for (const rules of wanted.rules ? this.#rules : [])
          matches.push(...this.#inForce(rules.match(event, this.#isAdapted ? undefined : wanted.sigma), event));
        this.counts.unrecognised = this.#rules.reduce((sum, rules) => sum + (rules.unrecognised ?? 0), 0);
        if (matches.length > 0) detections.push(this.#withTree({ event, matches }));
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
      for (const event of this.decode(bytes, start, end, origin)) {
        const indicators = wanted.indicators ? this.#matchIndicators(event) : [];
        const [owner] = this.#rules;
        const sigma = this.#isAdapted ? undefined : wanted.sigma;
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
    try {
      const matches: Match[] = [...indicators];
      const [owner] = this.#rules;
      if (part !== undefined && owner?.complete !== undefined)
        matches.push(...this.#inForce(owner.complete(event, part), event));
      if (matches.length > 0) detections.push(this.#withTree({ event, matches }));
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
    const [rules, ...others] = this.#rules;
    const { adapt, timeFields = [] } = this.#options;
    return others.length > 0 || adapt !== undefined || timeFields.length > 0 ? undefined : rules?.feeder;
  }

  /** Lets the feeder read what the record says of a process; false when it must be examined. */
  read(feeder: ProcessFeeder, values: FedValues, source: RecordSource, arrivalMs: number): boolean {
    const origin = feeder.read(values, this.#timeOf(source, arrivalMs));
    if (origin !== undefined) this.#countTime(origin);
    return origin !== undefined;
  }

  /**
   * What correlations want of a record that only they hear of, from its listed values, in the same object each time; undefined: it must be
   * examined.
   */
  readMatch(values: FedValues, origin: RecordOrigin, start: number, end: number): MatchedRecord | undefined {
    const [rules, ...others] = this.#rules;
    const reader = rules?.matchReader;
    const { adapt, timeFields = [] } = this.#options;
    if (reader === undefined || others.length > 0 || adapt !== undefined || timeFields.length > 0) return undefined;
    if (rules?.shownEvents?.takesRecords !== true || rules.areWatchedOnly?.(values) !== true) return undefined;
    if (!reader.read(values, origin, start, end, this.#timeOf(origin.source, origin.arrivalMs))) return undefined;
    this.counts.fromBytes++;
    this.#countTime(reader.record.timeOrigin);
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

  #timeOf({ timezone }: RecordSource, arrivalMs: number): FedTime {
    const time = this.#fedTime;
    if (time.timezone === timezone && time.arrivalMs === arrivalMs) return time;
    this.#fedTime = { timezone, arrivalMs, clamp: this.#options.clampTime };
    return this.#fedTime;
  }

  #countTime(origin: TimeOrigin): void {
    if (origin === 'arrival') this.counts.timeFromArrival++;
    if (origin === 'clamped') this.counts.timeClamped++;
  }

  /** Remembers what a record says of a process. Returns what earlier events turn out to match by that. */
  tell(fact: ProcessFact, arrivalMs: number): readonly Detection[] {
    const [rules] = this.#rules;
    return rules?.tell?.(fact, arrivalMs) === true ? this.drain() : NOTHING;
  }

  /** Event time of a record, counting nothing; undefined when it has none of its own. */
  timeOf(bytes: Uint8Array, start: number, end: number, origin: RecordOrigin): number | undefined {
    const decoder = decoderOf(bytes, start, end, origin.source.decoder);
    const { events, problem } = decoder.decode(bytes, start, end, this.#options.limits);
    const [fields] = events;
    if (fields === undefined) return undefined;
    const format = problem === undefined ? decoder.name : 'text';
    const time = eventTime(fields, format, this.#timeOptions(origin, false));
    return time.origin === 'field' ? time.ms : undefined;
  }

  #timeOptions({ source, arrivalMs }: RecordOrigin, clamp: boolean): TimeOptions {
    return { timezone: source.timezone, arrivalMs, clamp, timeFields: this.#options.timeFields };
  }

  /** What rules that span events have found since the last call. */
  drain(): readonly Detection[] {
    return this.#rules.flatMap((rules) =>
      rules.drain().flatMap(({ event, match }) => {
        const matches = this.#inForce([match], event);
        return matches.length === 0 ? [] : [this.#withTree({ event, matches })];
      }),
    );
  }

  /** Rules and patterns of feeds have a validity as single values have. */
  #inForce(matches: readonly RuleMatch[], event: Event): readonly RuleMatch[] {
    if (!matches.some(({ indicator }) => indicator !== undefined)) return matches;
    const atMs = this.#options.validity === 'arrival' ? event.origin.arrivalMs : event.timeMs;
    return matches.flatMap((match) => {
      if (match.indicator === undefined) return [match];
      const faded = fadedRule(match, match.indicator, event.timeMs);
      const validity = hasFaded(faded.indicator ?? match.indicator)
        ? fadedValidity(match.indicator, atMs)
        : validityAt(match.indicator, atMs);
      if (validity === 'within' || this.#options.validity === 'mark') return [{ ...faded, validity }];
      this.counts.expired++;
      return [];
    });
  }

  #withTree(detection: Detection): Detection {
    for (const rules of this.#rules) {
      const tree = rules.treeOf?.(detection.event);
      if (tree !== undefined) return { ...detection, tree };
    }
    return detection;
  }

  /** The events of a record. */
  decode(bytes: Uint8Array, start: number, end: number, origin: RecordOrigin): readonly Event[] {
    this.counts.candidates++;
    const decoder = decoderOf(bytes, start, end, origin.source.decoder);
    const text = this.#options.keepOriginal ? decodeUtf8(bytes, start, end) : undefined;
    const decoded = decoder.decode(bytes, start, end, this.#options.limits, text);
    if (decoded.problem !== undefined) this.#report(decoded.problem, bytes, start, end, origin.source.input);
    const format = decoded.problem === undefined ? decoder.name : 'text';
    this.#isAdapted = false;
    const original = text ?? '';
    return decoded.events.map((fields, part) =>
      this.#event(fields, format, original, part === 0 ? origin : { ...origin, part }),
    );
  }

  #event(decoded: EventObject, format: string, original: string, origin: RecordOrigin): Event {
    const fields = this.#options.adapt === undefined ? decoded : this.#options.adapt(decoded);
    if (fields !== decoded) this.#isAdapted = true;
    const time = eventTime(fields, format, this.#timeOptions(origin, this.#options.clampTime));
    this.counts.events++;
    this.#countTime(time.origin);
    return { fields, original, format, timeMs: time.ms, timeOrigin: time.origin, origin };
  }

  #matchIndicators(event: Event): IndicatorMatch[] {
    if (this.#indicators.table.size === 0) return [];
    const hits = this.#indicators.match(observe(event));
    if (hits.length === 0) return [];
    const byRow = new Map<number, MatchedField[]>();
    for (const { row, field, seen, how } of hits) {
      const matched = { field, value: seen, item: this.#indicators.table.valueAt(row), how };
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
      const match = this.#indicatorMatch(row, matched, event);
      if (match === undefined) this.counts.expired++;
      else matches.push(match);
    }
    return matches;
  }

  #indicatorMatch(row: number, matched: readonly MatchedField[], event: Event): IndicatorMatch | undefined {
    const { table } = this.#indicators;
    const atMs = this.#options.validity === 'arrival' ? event.origin.arrivalMs : event.timeMs;
    const stated = table.detailsAt(row);
    const all = stated.every(({ decay }) => decay === undefined)
      ? stated
      : byConfidence(stated.map((details) => decayedAt(details, event.timeMs)));
    const isWithin = (details: IndicatorDetails): boolean =>
      validityAt(details, atMs) === 'within' && !hasFaded(details);
    // The very array where nothing is left out: what is written of it once is found again by it.
    const within = all.every(isWithin) ? all : all.filter(isWithin);
    if (within.length === 0 && this.#options.validity !== 'mark') return undefined;
    const sources = within.length > 0 ? within : all;
    return {
      engine: 'indicator',
      kind: table.kindAt(row),
      value: table.valueAt(row),
      semantics: table.semanticsAt(row),
      sources,
      matched,
      validity: within.length > 0 ? 'within' : fadedValidity(sources[0], atMs),
    };
  }
}

/** Valid from inclusive, valid until exclusive (STIX 2.1 section 4.7). */
export function validityAt(details: IndicatorDetails | undefined, atMs: number): Validity {
  if (details?.validFromMs !== undefined && atMs < details.validFromMs) return 'before';
  return details?.validUntilMs !== undefined && atMs >= details.validUntilMs ? 'after' : 'within';
}

/** The confidence of a rule or pattern is that of the indicator it came with, and fades as that does. */
function fadedRule(match: RuleMatch, stated: IndicatorDetails, atMs: number): RuleMatch {
  const indicator = decayedAt(stated, atMs);
  if (indicator === stated) return match;
  const { confidence } = indicator;
  return { ...match, indicator, rule: { ...match.rule, ...(confidence !== undefined && { confidence }) } };
}

/** Of details that do not hold: what has faded is over, whatever its dates say. */
function fadedValidity(details: IndicatorDetails | undefined, atMs: number): Validity {
  const validity = validityAt(details, atMs);
  return validity === 'within' ? 'after' : validity;
}

function decoderOf(bytes: Uint8Array, start: number, end: number, pinned: string | undefined): Decoder {
  const candidates = pinned === undefined ? DECODERS : DECODERS.filter((decoder) => decoder.name === pinned);
  const decoder = candidates.find((candidate) => candidate.recognises(bytes, start, end)) ?? DECODERS.at(-1);
  if (decoder === undefined) throw new Error('the decoder registry is empty');
  return decoder;
}
