/**
 * PatternSet: STIX patterns that no single value decides, compiled for log events. A pattern is looked at only when one of its
 * witnesses stands in the event; then its brackets are evaluated on the event's cyber observables, which are made as far as
 * they are asked for. Patterns over several observations go on to a PatternStream, keyed by host unless told otherwise.
 */
import type { Event, EventObject } from '../../core/event.ts';
import { foldCase } from '../../core/fold.ts';
import type { IndicatorDetails } from '../../core/indicator.ts';
import type { MatchedField, RuleDetails, RuleMatch } from '../../core/match.ts';
import type { Observable } from '../../core/observable.ts';
import { validityAt } from '../../core/validity.ts';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import { textLine } from '../../fields/mapping/text-line.ts';
import { EventObjects } from '../../fields/stix/event-objects.ts';
import type { StixMapping } from '../../fields/stix/mapping.ts';
import { pathOrigins } from '../../fields/stix/path-origins.ts';
import { STIX_MAPPINGS } from '../../fields/stix/registry.ts';
import { observe } from '../../fields/observables.ts';
import { type ObservationPlan, type Observed, observedBrackets } from '../../ir/observation.ts';
import type { OriginsOf } from '../../ir/value-origin.ts';
import { evaluate } from '../../match/interpreter.ts';
import { LiteralIndex } from '../../match/literal-index.ts';
import { type ScanToken, type TokenClause, tokenClause } from '../../match/object-token.ts';
import { commonness, witnessClause } from '../../match/object-witness.ts';
import { regexProblem } from '../../match/regex.ts';
import type { ObservedObject, Subject } from '../../match/subject.ts';
import { compilePattern } from '../../rules/pattern/compile.ts';
import { parsePattern } from '../../rules/pattern/parse.ts';
import { searchBinding } from '../../state/pattern/binding-search.ts';
import { Fingerprint } from '../../state/memory/fingerprint.ts';
import type {
  EventCodec,
  PatternFact,
  PatternStreamCounts,
  PatternStreamOptions,
} from '../../state/pattern/pattern-fact.ts';
import { PatternStream } from '../../state/pattern/pattern-stream.ts';
import type { EventArchive } from '../../state/event-log.ts';
import type { StatefulPart } from '../../state/snapshot/stateful-part.ts';
import { matchedComparisons } from './pattern-evidence.ts';
import type { WindowWatch } from '../../state/window-watch.ts';
import {
  absentBrackets,
  type KeptEvents,
  reportPatternGroup,
  reportPatternGroups,
  reportPatterns,
} from './pattern-report.ts';
import { searchableTexts } from './searchable-texts.ts';
import { streamKey } from '../state/stream-key.ts';

export interface PatternInput {
  readonly pattern: string;
  readonly details: RuleDetails;
  readonly indicator?: IndicatorDetails;
  /** Where it came from, for diagnostics. */
  readonly file?: string;
}

export interface PatternSetOptions {
  /** Added to the built-in mappings. */
  readonly mappings?: readonly StixMapping[];
  /** Fields whose values together are the group key of patterns over several observations. Default: the host. */
  readonly groupBy?: readonly string[];
  readonly stream?: PatternStreamOptions;
  /** Set of the generation before: when the same patterns span events, what they remember goes on. */
  readonly previous?: PatternSet;
  /** Takes the events that patterns keep. */
  readonly archive?: EventArchive;
  readonly watch?: WindowWatch;
}

export interface LoadedPatterns {
  readonly set: PatternSet;
  /** One for each pattern left out. */
  readonly problems: readonly Diagnostic[];
  /** Tolerated spellings and normalisations, by name, with the number of patterns. */
  readonly notes: ReadonlyMap<string, number>;
}

export interface PatternWitness {
  /** Number of the pattern in the set. */
  readonly pattern: number;
  /** Lower-case ASCII; at least one stands, in either case, in one of the searchable texts of every event the pattern is concerned with. */
  readonly anyOf: readonly string[];
  /** Values of indicators of which at least one stands in every such event as a whole token; absent: there are none, or frequent ones. */
  readonly tokens?: readonly ScanToken[];
}

export interface PatternSetCounts {
  /** Events looked at. */
  events: number;
  /** Patterns evaluated, over all events. */
  evaluated: number;
  matches: number;
}

interface CompiledPattern {
  readonly input: PatternInput;
  readonly plan: ObservationPlan;
  readonly brackets: readonly Observed[];
  /** Position among the plans of the stream; undefined when one event decides. */
  readonly stream: number | undefined;
}

export interface KeptEvent {
  readonly event: Event;
  readonly matched: readonly MatchedField[];
  /** The values of the group key, for the alert. */
  readonly group: Readonly<Record<string, string>>;
}

export type EventFact = PatternFact<KeptEvent>;

export interface Examined {
  readonly matches: readonly RuleMatch[];
  readonly facts: readonly EventFact[];
}

/** Parses and compiles; what cannot be used is reported and left out. */
export function compilePatterns(inputs: Iterable<PatternInput>, options: PatternSetOptions = {}): LoadedPatterns {
  const mappings = [...STIX_MAPPINGS, ...(options.mappings ?? [])];
  const origins = pathOrigins(mappings);
  const patterns: CompiledPattern[] = [];
  const streamed: ObservationPlan[] = [];
  const problems: Diagnostic[] = [];
  const notes = new Map<string, number>();
  for (const input of inputs) {
    const file = input.file ?? input.details.id;
    const parsed = parsePattern(input.pattern, { file });
    const compiled = parsed.ok ? compilePattern(parsed.pattern, { regexProblem, normalize: true, file }) : parsed;
    if (!parsed.ok || !compiled.ok) {
      if (!compiled.ok) {
        const { diagnostic: problem } = compiled;
        problems.push({ ...problem, message: `pattern of "${input.details.id}": ${problem.message}` });
      }
      continue;
    }
    for (const note of new Set([...parsed.pattern.notes, ...compiled.notes]))
      notes.set(note, (notes.get(note) ?? 0) + 1);
    const { plan } = compiled;
    const stream = isDecidedByOne(plan) ? undefined : streamed.push(plan) - 1;
    patterns.push({ input, plan, brackets: observedBrackets(plan), stream });
  }
  return { set: new PatternSet(patterns, streamed, mappings, origins, options), problems, notes };
}

export class PatternSet {
  readonly counts: PatternSetCounts = { events: 0, evaluated: 0, matches: 0 };
  /** For the scanner's literal search. Patterns that appear in neither list can never match an event. */
  readonly witnesses: readonly PatternWitness[];
  /** Patterns without a witness: candidates for every event. */
  readonly unwitnessed: readonly number[];
  readonly #patterns: readonly CompiledPattern[];
  readonly #mappings: readonly StixMapping[];
  readonly #groupBy: readonly string[] | undefined;
  readonly #index: LiteralIndex;
  readonly #stream: PatternStream<KeptEvent>;
  readonly #lines = textLine();
  readonly #streamKeys: readonly string[];
  readonly #streamOptions: string;
  readonly #archive: EventArchive | undefined;
  readonly #watch: WindowWatch | undefined;
  /** What must survive a restart; undefined when no pattern spans events. */
  readonly part: StatefulPart | undefined;
  /** Pattern of each plan of the stream. */
  readonly #streamed: readonly number[];

  constructor(
    patterns: readonly CompiledPattern[],
    streamed: readonly ObservationPlan[],
    mappings: readonly StixMapping[],
    origins: OriginsOf,
    options: PatternSetOptions,
  ) {
    this.#patterns = patterns;
    this.#mappings = mappings;
    this.#groupBy = options.groupBy;
    this.#archive = options.archive;
    this.#streamKeys = streamKeys(
      patterns.filter(({ stream }) => stream !== undefined),
      options.groupBy,
    );
    const { previous } = options;
    this.#streamOptions = JSON.stringify(options.stream ?? {});
    this.#stream =
      previous !== undefined &&
      previous.#streamOptions === this.#streamOptions &&
      previous.#streamKeys.join() === this.#streamKeys.join()
        ? previous.#stream
        : new PatternStream(streamed, this.#streamKeys, KEPT_CODEC, options.stream);
    this.#watch = options.watch;
    if (options.watch !== undefined) this.#stream.fullest = ({ pattern, kept }) => this.#tellWindow(pattern, kept);
    this.part = streamed.length === 0 ? undefined : this.#createPart(previous);
    this.#streamed = patterns.flatMap(({ stream }, number) => (stream === undefined ? [] : [number]));
    const witnesses: PatternWitness[] = [];
    const unwitnessed: number[] = [];
    const index = new LiteralIndex();
    for (const [number, { brackets }] of patterns.entries()) {
      const clauses = brackets.map(({ predicate }) => witnessClause(predicate, origins));
      if (clauses.some((clause) => clause === undefined)) {
        unwitnessed.push(number);
        continue;
      }
      const anyOf = [...new Set(clauses.flatMap((clause) => clause ?? []))];
      const tokens = tokensOf(
        brackets.map(({ predicate }) => tokenClause(predicate, origins)),
        anyOf,
      );
      if (anyOf.length > 0) witnesses.push({ pattern: number, anyOf, ...(tokens !== undefined && { tokens }) });
      for (const literal of anyOf) index.add('contains', literal, number);
    }
    this.witnesses = witnesses;
    this.unwitnessed = unwitnessed;
    index.finish();
    this.#index = index;
  }

  get size(): number {
    return this.#patterns.length;
  }

  /** True when some pattern spans several events. */
  get isStateful(): boolean {
    return this.#streamed.length > 0;
  }

  /** Counters of patterns over several observations. */
  get streamCounts(): PatternStreamCounts {
    return this.#stream.counts;
  }

  /** The patterns that could be concerned with the event, in the order of the set. */
  candidates(event: Event): readonly number[] {
    const found = new Set(this.unwitnessed);
    for (const text of searchableTexts(event)) this.#index.find(foldCase(text), (pattern) => found.add(pattern));
    return [...found].sort((a, b) => a - b);
  }

  /**
   * Matches of one event. `candidates` may come from the scanner, as long as it holds every pattern that `candidates()` would
   * give. Events are to be given in the order of (time, source, position) where patterns over several observations are to
   * find the same bindings in every run.
   */
  match(event: Event, candidates?: readonly number[]): readonly RuleMatch[] {
    const { matches, facts } = this.examine(event, candidates);
    const advanced = facts.flatMap((fact) => this.advance(fact) ?? []);
    return advanced.length === 0 ? matches : [...matches, ...advanced];
  }

  /** The stateless half of `match`: may run in any worker. Facts go, in order, to the worker that owns their key. */
  examine(event: Event, candidates: readonly number[] = this.candidates(event)): Examined {
    this.counts.events++;
    const matches: RuleMatch[] = [];
    const facts: EventFact[] = [];
    if (candidates.length === 0) return { matches, facts };
    const subject = this.subject(event);
    for (const number of candidates) {
      const pattern = this.#patterns[number];
      if (pattern === undefined) continue;
      this.counts.evaluated++;
      const held = pattern.brackets.filter(({ predicate }) => evaluate(predicate, subject));
      if (held.length === 0) continue;
      const matched = held.flatMap(({ predicate }) => matchedComparisons(predicate, subject));
      if (pattern.stream !== undefined) {
        const { key, group } = streamKey(event.fields, this.#groupBy);
        const brackets = held.map(({ bracket }) => bracket);
        const isReplay = event.origin.source.replayable;
        const kept = { event, matched, group };
        facts.push({ pattern: pattern.stream, key, timeMs: event.timeMs, brackets, event: kept, isReplay });
      } else if (decides(pattern.plan, held, event.timeMs)) matches.push(ruleMatch(pattern, event, matched));
    }
    this.counts.matches += matches.length;
    return { matches, facts };
  }

  /** The stateful half: an event that satisfies a bracket of a pattern over several observations. */
  advance(fact: EventFact): RuleMatch | undefined {
    this.#archive?.put(fact.event.event);
    this.#tellFact(fact);
    const found = this.#stream.push(fact);
    const pattern = this.#patterns[this.#streamed[fact.pattern] ?? -1];
    if (found === undefined || pattern === undefined) return undefined;
    this.counts.matches++;
    const { event, group } = fact.event;
    const matched = found.events.flatMap((kept) => kept.matched);
    const events = found.events.map((kept) => kept.event);
    if (this.#watch?.wants(pattern.input.details.id) === true) {
      const rule = pattern.input.details.id;
      this.#watch.fired({ rule, group, timeMs: event.timeMs, count: events.length, events });
    }
    return { ...ruleMatch(pattern, event, matched), events, group, count: events.length };
  }

  /** Lines of access logs have fields as well, although no decoder takes them apart. */
  #fieldsOf({ fields, format }: Event): EventObject {
    return format === 'text' && this.#lines.recognises(fields) ? this.#lines.view(fields).event.base : fields;
  }

  /** The event as patterns see it. */
  subject(event: Event): Subject {
    const objects = new EventObjects(this.#fieldsOf(event), this.#mappings, () =>
      observe(event).observables.filter((one) => isObserved(one, event)),
    );
    const byType = new Map<string, readonly ObservedObject[]>();
    return {
      fields: event.fields,
      objects: (type) => {
        let known = byType.get(type);
        if (known === undefined) {
          known = [...objects.objects(type)];
          byType.set(type, known);
        }
        return known;
      },
      resolve: (id) => objects.resolve(id),
    };
  }

  /** The patterns over several observations, with the names of these. */
  overSeveral(): readonly { readonly id: string; readonly name: string; readonly observations: readonly string[] }[] {
    return this.#streamed.flatMap((number) => {
      const pattern = this.#patterns[number];
      if (pattern === undefined) return [];
      const { id, name } = pattern.input.details;
      return [{ id, name, observations: pattern.brackets.map(({ bracket }) => observationName(bracket)) }];
    });
  }

  /** Tells the watch what is kept at the end of the input. */
  tellWindows(): void {
    if (this.#watch === undefined) return;
    for (const { pattern, kept } of this.#stream.groups()) if (kept.length > 0) this.#tellWindow(pattern, kept);
  }

  #tellWindow(plan: number, kept: KeptEvents): void {
    const rule = this.#patterns[this.#streamed[plan] ?? -1]?.input.details.id ?? '';
    if (this.#watch?.wants(rule) !== true) return;
    const absent = absentBrackets(this.#stream, plan, kept).length;
    this.#watch.window({
      ...{ rule, group: kept[0]?.event.group ?? {} },
      // Whether what is seen suffices only the search knows: a match is told as such.
      distance: Math.max(1, absent),
      report: () => reportPatternGroup(this.#stream, plan, kept),
    });
  }

  #tellFact(fact: EventFact): void {
    const rule = this.#patterns[this.#streamed[fact.pattern] ?? -1]?.input.details.id ?? '';
    if (this.#watch?.wants(rule) !== true) return;
    for (const bracket of fact.brackets) this.#watch.took(rule, observationName(bracket));
  }

  #createPart(previous: PatternSet | undefined): StatefulPart {
    const stream = this.#stream;
    const detailsOf = (plan: number): RuleDetails | undefined =>
      this.#patterns[this.#streamed[plan] ?? -1]?.input.details;
    const fits = previous !== undefined && previous.#streamOptions === this.#streamOptions && this.#watch === undefined;
    let former = fits ? previous : undefined;
    const said = (list: readonly string[]): string[] => {
      const fresh = new Set(list);
      return this.#streamKeys.flatMap((key, plan) => (fresh.has(key) ? [`pattern "${detailsOf(plan)?.id}"`] : []));
    };
    return {
      name: 'pattern',
      takeOver: (part) => {
        const known = former;
        former = undefined;
        return known === undefined || known.part !== part ? undefined : said(stream.takeOver(known.#stream));
      },
      snapshot: (full) => stream.snapshot(full),
      restore: (chunks) => said(stream.restore(chunks)),
      report: () => reportPatterns(stream, detailsOf),
      groups: (ruleId, query) => reportPatternGroups(stream, detailsOf, ruleId, query),
    };
  }
}

/** The tokens unless they stand in many more events than the literals: to find them costs nothing, to decode events does. */
function tokensOf(clauses: readonly TokenClause[], literals: readonly string[]): readonly ScanToken[] | undefined {
  const tokens = clauses.flatMap((clause) => clause ?? []);
  if (clauses.includes(undefined) || tokens.length === 0) return undefined;
  const most = MOST_COMMON * Math.max(commonness(literals), RARE);
  return commonness(tokens.map(({ value }) => value)) <= most ? tokens : undefined;
}

const MOST_COMMON = 16;
/** A name, address or hash that is expected in so few events is worth it in any case. */
const RARE = 1e-5;

/** What names patterns over restarts: id, text and group key as a fingerprint; equal ones are numbered. */
function streamKeys(patterns: readonly CompiledPattern[], groupBy: readonly string[] | undefined): string[] {
  const seen = new Map<string, number>();
  return patterns.map(({ input }) => {
    const { lo, hi } = new Fingerprint()
      .set(1, 2)
      .add(JSON.stringify([input.details.id, input.pattern, groupBy ?? []]));
    const key = `${(hi >>> 0).toString(16)}.${(lo >>> 0).toString(16)}`;
    const number = seen.get(key) ?? 0;
    seen.set(key, number + 1);
    return number === 0 ? key : `${key}.${number}`;
  });
}

function observationName(bracket: number): string {
  return `observation ${bracket + 1}`;
}

/** An event beside its original text, which its fields repeat. */
const EVENT_BYTES = 900;
const KEPT_CODEC: EventCodec<KeptEvent> = {
  save: (kept) => kept,
  load: (saved) => saved as KeptEvent,
  size: ({ event }) => EVENT_BYTES + 4 * event.original.length,
};

/**
 * A name inside a longer text of a structured event may well be a file (`cmd.exe`): comparisons other than equality would take it
 * for a domain. A line of text has no other places.
 */
function isObserved(observable: Observable, event: Event): boolean {
  return observable.kind !== 'domain' || observable.place !== 'text' || event.format === 'text';
}

/** True when no binding of the plan holds more than one event. */
function isDecidedByOne(plan: ObservationPlan): boolean {
  if (plan.kind === 'observed') return true;
  if (plan.kind === 'any') return plan.items.every(isDecidedByOne);
  if ('items' in plan || (plan.kind === 'repeats' && plan.times > 1)) return false;
  return isDecidedByOne(plan.item);
}

function decides(plan: ObservationPlan, held: readonly Observed[], timeMs: number): boolean {
  if (plan.kind === 'observed') return true;
  const ns = BigInt(Math.round(timeMs * 1e3)) * 1_000n;
  const holds = (bracket: number): boolean => held.some((one) => one.bracket === bracket);
  return searchBinding({ plan, observations: [{ first: ns, last: ns, count: 1 }], holds }).kind === 'found';
}

function ruleMatch({ input }: CompiledPattern, event: Event, matched: readonly MatchedField[]): RuleMatch {
  const { details, indicator } = input;
  return {
    engine: 'pattern',
    rule: details,
    matched,
    ...(indicator === undefined ? {} : { indicator, validity: validityAt(indicator, event.timeMs) }),
  };
}
