/**
 * PatternSet: STIX patterns that no single value decides, compiled for log events. A pattern is looked at only when one of its
 * witnesses stands in the event; then its brackets are evaluated on the event's cyber observables. Patterns that one event decides
 * match at once; for those over several observations there are facts, which `spanning-patterns.ts` takes in the order of events.
 *
 * A set is a base and the layers that came after it, while events went on; patterns that were removed are tombstones in their layers. Layers are joined
 * when there are many (`merge`). A pattern keeps its number for as long as the set lives, and threads that are told of the same changes
 * give the same numbers.
 */
import type { Event } from '../../core/event.ts';
import { foldCase } from '../../core/fold.ts';
import type { RuleMatch } from '../../core/match.ts';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import type { StixMapping } from '../../fields/stix/mapping.ts';
import { pathOrigins } from '../../fields/stix/path-origins.ts';
import { STIX_MAPPINGS } from '../../fields/stix/registry.ts';
import { evaluate } from '../../match/interpreter.ts';
import type { ScanToken } from '../../match/object-token.ts';
import type { Renewal } from '../../core/table-change.ts';
import { renewed } from '../../intel/store/layered-patterns.ts';
import type { LiteralPlan } from '../../scan/literal-plan.ts';
import type { StatefulPart } from '../../state/snapshot/stateful-part.ts';
import { inPieces } from '../in-pieces.ts';
import {
  type CompiledPattern,
  compileInput,
  isSatisfied,
  type PatternInput,
  patternMatch,
} from './compiled-pattern.ts';
import { matchedComparisons } from './pattern-evidence.ts';
import { FilterPlace, type PatternFilter } from './pattern-filter.ts';
import { looseOf, openLayer, PatternLayer, type PortableLayer, usesTokens } from './pattern-layer.ts';
import { PatternSubjects } from './pattern-subject.ts';
import { type PatternWitness, PatternWitnesses, patternClause } from './pattern-witnesses.ts';
import { searchableTexts } from './searchable-texts.ts';
import { type EventFact, type SpanningOptions, SpanningPatterns } from './spanning-patterns.ts';

export interface PatternSetOptions extends SpanningOptions {
  /** Added to the built-in mappings. */
  readonly mappings?: readonly StixMapping[];
  /** Set of the generation before: when the same patterns span events, what they remember goes on. */
  readonly previous?: PatternSet;
}

export interface LoadedPatterns {
  readonly set: PatternSet;
  /** One for each pattern left out. */
  readonly problems: readonly Diagnostic[];
  /** Tolerated spellings and normalisations, by name, with the number of patterns. */
  readonly notes: ReadonlyMap<string, number>;
}

export interface PatternSetCounts {
  /** Events looked at. */
  events: number;
  /** Patterns evaluated, over all events. */
  evaluated: number;
  matches: number;
  /** Patterns evaluated that came after the base. */
  inDelta: number;
}

export interface Examined {
  readonly matches: readonly RuleMatch[];
  readonly facts: readonly EventFact[];
}

/** Patterns that come and go at once, the same in every thread. */
export interface LayerChange {
  /** Keys of patterns. */
  readonly removed: readonly string[];
  readonly added: readonly PatternInput[];
  /** Of those added. */
  readonly layer: PortableLayer;
}

/** By key of the pattern. */
export type PatternProblems = readonly (readonly [key: string, problem: Diagnostic])[];

/** Layers that are to become one: all that lie before the number of a pattern, with the base or without. Plain data. */
export interface LayerMerge {
  readonly before: number;
  readonly withBase: boolean;
  /** The scanner's tables hold the tokens of the patterns. */
  readonly withTokens: boolean;
  /** Of the patterns without. */
  readonly literals?: LiteralPlan;
}

/** What is to be compiled for a merge. */
export interface WantedMerge extends Omit<LayerMerge, 'literals'> {
  readonly loose: readonly PatternWitness[];
  readonly tokens: readonly ScanToken[];
}

/** More layers beside the base are joined. */
const MAX_LAYERS = 4;
/** With more patterns than these and a quarter of the base come or gone, the base becomes part of it. */
const MERGE_PATTERNS = 1000;

/** Parses and compiles; what cannot be used is reported and left out. */
export function compilePatterns(inputs: Iterable<PatternInput>, options: PatternSetOptions = {}): LoadedPatterns {
  const patterns: CompiledPattern[] = [];
  const problems: Diagnostic[] = [];
  const notes = new Map<string, number>();
  for (const input of inputs) {
    const compiled = compileInput(input);
    if (!compiled.ok) {
      problems.push(compiled.problem);
      continue;
    }
    patterns.push(compiled.pattern);
    for (const note of compiled.notes) notes.set(note, (notes.get(note) ?? 0) + 1);
  }
  return { set: new PatternSet(patterns, options), problems, notes };
}

export class PatternSet {
  readonly counts: PatternSetCounts = { events: 0, evaluated: 0, matches: 0, inDelta: 0 };
  /** By number; undefined: a tombstone. */
  readonly #patterns: (CompiledPattern | undefined)[];
  readonly #byKey = new Map<string, number>();
  /** By number of the pattern its number among those that span events; undefined when one event decides. */
  readonly #plans: (number | undefined)[] = [];
  readonly #subjects: PatternSubjects;
  readonly #spanning: SpanningPatterns;
  /** The base first. */
  #layers: readonly PatternLayer[];
  /** Patterns below this number are those of the base. */
  #baseEnd: number;
  #size: number;
  /** Tombstones since the last merge with the base. */
  #buried = 0;
  /** For the literals of layers, until they are joined. */
  #place: FilterPlace | undefined;
  #merging: Promise<void> = Promise.resolve();
  #merges = 0;

  constructor(patterns: readonly CompiledPattern[], options: PatternSetOptions) {
    const mappings = [...STIX_MAPPINGS, ...(options.mappings ?? [])];
    const origins = pathOrigins(mappings);
    const { previous } = options;
    this.#patterns = [...patterns];
    this.#baseEnd = patterns.length;
    this.#size = patterns.length;
    this.#subjects = new PatternSubjects(mappings);
    this.#layers = [
      PatternLayer.of(PatternWitnesses.of(patterns.map(({ brackets }) => patternClause(brackets, origins)))),
    ];
    this.#spanning = new SpanningPatterns(
      patterns.filter(({ spansEvents }) => spansEvents),
      options,
      previous === undefined ? undefined : previous.#spanning,
    );
    this.#number(0, 0);
  }

  /** Patterns from `first` on have come; those over several observations are numbered from `plan` on. */
  #number(first: number, plan: number): void {
    let next = plan;
    for (let number = first; number < this.#patterns.length; number++) {
      const pattern = this.#patterns[number];
      this.#plans.push(pattern?.spansEvents === true ? next++ : undefined);
      if (pattern?.input.key !== undefined) this.#byKey.set(pattern.input.key, number);
    }
  }

  /** Patterns that count. */
  get size(): number {
    return this.#size;
  }

  /** How far the set has gone from its base. */
  get changes(): {
    readonly layers: number;
    readonly added: number;
    readonly tombstones: number;
    readonly merges: number;
  } {
    const [layers, merges] = [this.#layers.length - 1, this.#merges];
    return { layers, added: this.#patterns.length - this.#baseEnd, tombstones: this.#buried, merges };
  }

  /** For the scanner's literal search. Patterns that appear neither here nor in `unwitnessed` can never match an event. */
  get witnesses(): readonly PatternWitness[] {
    return this.#layers.flatMap(({ witnesses }) => witnesses.witnesses.filter(({ pattern }) => this.#counts(pattern)));
  }

  /** Patterns without a witness: candidates for every event. */
  get unwitnessed(): readonly number[] {
    return this.#layers.flatMap(({ witnesses }) => witnesses.unwitnessed.filter((number) => this.#counts(number)));
  }

  /** What the tables of the indicator scanner must hold. */
  get tokens(): readonly ScanToken[] {
    return this.#layers.flatMap(({ tokens }) => tokens);
  }

  /** What finds in bytes the patterns that no tokens do; undefined: bytes do not tell. */
  get filters(): readonly PatternFilter[] | undefined {
    const filters = this.#layers.map((layer) => layer.filter((pattern) => this.#counts(pattern)));
    return filters.includes('every') ? undefined : filters.filter((one) => typeof one === 'object');
  }

  #counts(pattern: number): boolean {
    return this.#patterns[pattern] !== undefined;
  }

  /** True when some pattern spans several events, or did. */
  get isStateful(): boolean {
    return this.#spanning.size > 0;
  }

  /** What must survive a restart; undefined when no pattern spans events. */
  get part(): StatefulPart | undefined {
    return this.#spanning.part;
  }

  /** Patterns come and go, between two batches. Returns the problems of those that cannot be used. */
  change({ removed, added, layer: portable }: LayerChange): PatternProblems {
    const gone: number[] = [];
    for (const key of removed) {
      const number = this.#byKey.get(key);
      if (number === undefined) continue;
      this.#byKey.delete(key);
      const plan = this.#plans[number];
      if (plan !== undefined) gone.push(plan);
      this.#patterns[number] = undefined;
      this.#buried++;
      this.#size--;
    }
    const first = this.#patterns.length;
    const place = (): FilterPlace => {
      this.#place ??= new FilterPlace();
      return this.#place;
    };
    const opened = added.length === 0 ? undefined : openLayer(added, portable, first, place);
    const come = opened?.patterns.filter((one) => 'plan' in one) ?? [];
    const plan = this.#spanning.change(
      gone,
      come.filter(({ spansEvents }) => spansEvents),
    );
    for (const pattern of come) this.#patterns.push(pattern);
    this.#size += come.length;
    this.#number(first, plan);
    if (opened !== undefined && come.length > 0) this.#layers = [...this.#layers, opened.layer];
    return opened?.patterns.flatMap((one, i) => ('problem' in one ? [[added[i]?.key ?? '', one.problem]] : [])) ?? [];
  }

  /** What feeds say without stating a time ends later. */
  renew(renewals: readonly Renewal[]): void {
    for (const renewal of renewals)
      for (const [number, pattern] of this.#patterns.entries()) {
        const indicator = pattern?.input.feed === renewal.feed ? pattern.input.indicator : undefined;
        if (pattern === undefined || indicator === undefined) continue;
        const later = renewed(indicator, renewal);
        if (later === indicator) continue;
        const next = { ...pattern, input: { ...pattern.input, indicator: later } };
        this.#patterns[number] = next;
        const plan = this.#plans[number];
        if (plan !== undefined) this.#spanning.restate(plan, next);
      }
  }

  /** Undefined while the layers are few. */
  get wantedMerge(): WantedMerge | undefined {
    const { added, tombstones, layers } = this.changes;
    const withBase = added + tombstones > Math.max(MERGE_PATTERNS, this.#baseEnd / 4);
    return withBase || layers > MAX_LAYERS ? this.mergeOf(withBase) : undefined;
  }

  /** All layers as they are now, with the base or without. */
  mergeOf(withBase: boolean): WantedMerge {
    const parts = withBase ? this.#layers : this.#layers.slice(1);
    const witnesses = parts.flatMap((layer) =>
      layer.witnesses.witnesses.filter(({ pattern }) => this.#counts(pattern)),
    );
    const withTokens = usesTokens(witnesses);
    return {
      ...{ before: this.#patterns.length, withBase, withTokens, loose: looseOf(witnesses, withTokens) },
      tokens: withTokens ? witnesses.flatMap((one) => one.tokens ?? []) : [],
    };
  }

  /** In turns, between which events go on; nothing that matches changes by it. Resolves when the layers are one. */
  merge(merge: LayerMerge): Promise<void> {
    this.#merging = this.#merging.then(() => this.#merge(merge));
    return this.#merging;
  }

  async #merge({ before, withBase, withTokens, literals }: LayerMerge): Promise<void> {
    const base = withBase ? 0 : 1;
    const parts = this.#layers.slice(base).filter(({ first }) => first < before);
    const buried = this.#buried;
    const steps = PatternWitnesses.joining(
      parts.map(({ witnesses }) => witnesses),
      (pattern) => this.#counts(pattern),
    );
    const witnesses = await inPieces(steps);
    const place = new FilterPlace();
    const joined = PatternLayer.with(parts[0]?.first ?? before, witnesses, withTokens, literals, () => place);
    // Made now, not in the midst of a batch.
    joined.filter(() => false);
    this.#layers = [...this.#layers.slice(0, base), joined, ...this.#layers.slice(base + parts.length)];
    this.#place = undefined;
    this.#merges++;
    if (!withBase) return;
    this.#baseEnd = before;
    this.#buried -= buried;
  }

  /** The patterns that could be concerned with the event, in the order of the set. */
  candidates(event: Event): readonly number[] {
    const layers = this.#layers;
    const found = new Set<number>();
    for (const { witnesses } of layers) for (const number of witnesses.unwitnessed) found.add(number);
    for (const text of searchableTexts(event)) {
      const folded = foldCase(text);
      for (const { witnesses } of layers) witnesses.find(folded, found);
    }
    return [...found].filter((number) => this.#counts(number)).sort((a, b) => a - b);
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
    const subject = this.#subjects.of(event);
    for (const number of candidates) {
      const pattern = this.#patterns[number];
      if (pattern === undefined) continue;
      this.counts.evaluated++;
      if (number >= this.#baseEnd) this.counts.inDelta++;
      const held = pattern.brackets.filter(({ predicate }) => evaluate(predicate, subject));
      if (held.length === 0) continue;
      const matched = held.flatMap(({ predicate }) => matchedComparisons(predicate, subject));
      const plan = this.#plans[number];
      if (plan !== undefined) {
        const brackets = held.map(({ bracket }) => bracket);
        facts.push(this.#spanning.factOf(plan, event, brackets, matched));
      } else if (isSatisfied(pattern.plan, held, event.timeMs)) matches.push(patternMatch(pattern, event, matched));
    }
    this.counts.matches += matches.length;
    return { matches, facts };
  }

  /** The stateful half: an event that satisfies a bracket of a pattern over several observations. */
  advance(fact: EventFact): RuleMatch | undefined {
    const match = this.#spanning.advance(fact);
    if (match !== undefined) this.counts.matches++;
    return match;
  }

  /** The patterns over several observations, with the names of these. */
  overSeveral(): ReturnType<SpanningPatterns['list']> {
    return this.#spanning.list();
  }

  /** Tells the watch what is kept at the end of the input. */
  tellWindows(): void {
    this.#spanning.tellWindows();
  }
}
