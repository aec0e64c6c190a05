/**
 * PatternSet: STIX patterns that no single value decides, compiled for log events. A pattern is looked at only when one of its
 * witnesses stands in the event; then its brackets are evaluated on the event's cyber observables. Patterns that one event decides
 * match at once; for those over several observations there are facts, which `spanning-patterns.ts` takes in the order of events.
 *
 * Which patterns there are, and what finds them, is `pattern-layers.ts`, the same in every thread; a thread has for itself what events have
 * made it open.
 */
import type { Event } from '../../core/event.ts';
import type { RuleMatch } from '../../core/match.ts';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import type { StixMapping } from '../../fields/stix/mapping.ts';
import { STIX_MAPPINGS } from '../../fields/stix/registry.ts';
import { evaluate } from '../../match/interpreter.ts';
import type { Renewal } from '../../core/table-change.ts';
import { renewed } from '../../intel/store/layered-patterns.ts';
import type { StatefulPart } from '../../state/snapshot/stateful-part.ts';
import { type CompiledPattern, isSatisfied, type PatternInput, patternMatch } from './compiled-pattern.ts';
import { matchedComparisons } from './pattern-evidence.ts';
import { type CompiledLayer, compileLayer, type PatternLayer, type PortableLayer } from './pattern-layer.ts';
import { PatternLayers } from './pattern-layers.ts';
import { PatternSubjects } from './pattern-subject.ts';
import { searchableTexts } from './searchable-texts.ts';
import { type EventFact, factOf, type SpanningOptions, SpanningPatterns } from './spanning-patterns.ts';

export interface PatternSetOptions extends SpanningOptions {
  /** Added to the built-in mappings. */
  readonly mappings?: readonly StixMapping[];
  /** Set of the generation before: when the same patterns span events, what they remember goes on. */
  readonly previous?: PatternSet;
  /** False: patterns over several observations are another thread's; this one makes facts for it. Default true. */
  readonly keepsState?: boolean;
}

export interface LoadedPatterns extends Pick<CompiledLayer, 'notes'> {
  readonly set: PatternSet;
  /** One for each pattern left out. */
  readonly problems: readonly Diagnostic[];
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
  /** Of those added. */
  readonly layer: PortableLayer;
}

/** Parses and compiles; what cannot be used is reported and left out. */
export function compilePatterns(inputs: Iterable<PatternInput>, options: PatternSetOptions = {}): LoadedPatterns {
  const { layer, problems, notes } = compileLayer(inputs, options.mappings);
  return { set: new PatternSet(layer, options), problems: problems.map(([, problem]) => problem), notes };
}

export class PatternSet {
  readonly layers: PatternLayers;
  readonly counts: PatternSetCounts = { events: 0, evaluated: 0, matches: 0, inDelta: 0 };
  /** Those that this thread has opened, by number. */
  readonly #opened = new Map<number, CompiledPattern>();
  /** By number of the pattern its number among those that span events; undefined when one event decides. */
  readonly #plans: (number | undefined)[] = [];
  /** Patterns that span events so far. */
  #spanningCount = 0;
  readonly #subjects: PatternSubjects;
  /** Undefined where another thread keeps what they remember. */
  readonly #spanning: SpanningPatterns | undefined;
  readonly #groupBy: readonly string[] | undefined;

  constructor(base: PortableLayer, options: PatternSetOptions) {
    const { previous, keepsState = true } = options;
    this.#subjects = new PatternSubjects([...STIX_MAPPINGS, ...(options.mappings ?? [])]);
    this.#groupBy = options.groupBy;
    this.layers = new PatternLayers(base);
    const { base: layer } = this.layers;
    this.#spanning = keepsState
      ? new SpanningPatterns(this.#spanningOf(layer), options, previous === undefined ? undefined : previous.#spanning)
      : undefined;
    this.#number(layer, 0);
  }

  #spanningOf(layer: PatternLayer): readonly CompiledPattern[] {
    return [...layer.numbers].flatMap((number, i) => (layer.spansEvents(i) ? [this.#open(number)] : []));
  }

  #open(number: number): CompiledPattern {
    let pattern = this.#opened.get(number);
    if (pattern === undefined) {
      pattern = this.layers.open(number);
      this.#opened.set(number, pattern);
    }
    return pattern;
  }

  /** The patterns of the layer have come; those over several observations are numbered from `plan` on. */
  #number(layer: PatternLayer, plan: number): void {
    let next = plan;
    for (let i = 0; i < layer.size; i++) this.#plans.push(layer.spansEvents(i) ? next++ : undefined);
    this.#spanningCount = Math.max(this.#spanningCount, next);
  }

  /** True when some pattern spans several events, or did. */
  get isStateful(): boolean {
    return this.#spanningCount > 0;
  }

  /** What must survive a restart; undefined when no pattern spans events. */
  get part(): StatefulPart | undefined {
    return this.#spanning?.part;
  }

  /** Patterns come and go, between two batches. */
  change({ removed, layer: portable }: LayerChange): void {
    const plans: number[] = [];
    for (const key of removed) {
      const number = this.layers.remove(key);
      if (number === undefined) continue;
      const plan = this.#plans[number];
      if (plan !== undefined) plans.push(plan);
      this.#opened.delete(number);
    }
    const layer = this.layers.add(portable);
    const plan = this.#spanning?.change(plans, this.#spanningOf(layer)) ?? this.#spanningCount;
    this.#number(layer, plan);
  }

  /** What feeds say without stating a time ends later. */
  renew(renewals: readonly Renewal[]): void {
    for (const renewal of renewals) {
      this.layers.renew(renewal);
      for (const [number, pattern] of this.#opened) this.#renew(number, pattern, renewal);
    }
  }

  #renew(number: number, pattern: CompiledPattern, renewal: Renewal): void {
    const indicator = pattern.input.feed === renewal.feed ? pattern.input.indicator : undefined;
    if (indicator === undefined) return;
    const later = renewed(indicator, renewal);
    if (later === indicator) return;
    const next = { ...pattern, input: { ...pattern.input, indicator: later } };
    this.#opened.set(number, next);
    const plan = this.#plans[number];
    if (plan !== undefined) this.#spanning?.restate(plan, next);
  }

  /** The patterns that could be concerned with the event, in the order of the set. */
  candidates(event: Event): readonly number[] {
    const { layers } = this;
    const found = new Set<number>();
    layers.findUnwitnessed(found);
    for (const text of searchableTexts(event)) layers.find(text, found);
    return [...found].filter((number) => layers.counts(number)).sort((a, b) => a - b);
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
      if (!this.layers.counts(number)) continue;
      const pattern = this.#open(number);
      this.counts.evaluated++;
      if (!this.layers.isInBase(number)) this.counts.inDelta++;
      const held = pattern.brackets.filter(({ predicate }) => evaluate(predicate, subject));
      if (held.length === 0) continue;
      const matched = held.flatMap(({ predicate }) => matchedComparisons(predicate, subject));
      const plan = this.#plans[number];
      if (plan !== undefined) {
        const brackets = held.map(({ bracket }) => bracket);
        facts.push(factOf(plan, event, brackets, matched, this.#groupBy));
      } else if (isSatisfied(pattern.plan, held, event.timeMs)) matches.push(patternMatch(pattern, event, matched));
    }
    this.counts.matches += matches.length;
    return { matches, facts };
  }

  /** The stateful half: an event that satisfies a bracket of a pattern over several observations. */
  advance(fact: EventFact): RuleMatch | undefined {
    const match = this.#spanning?.advance(fact);
    if (match !== undefined) this.counts.matches++;
    return match;
  }

  /** The patterns over several observations, with the names of these. */
  overSeveral(): ReturnType<SpanningPatterns['list']> {
    return this.#spanning?.list() ?? [];
  }

  /** Tells the watch what is kept at the end of the input. */
  tellWindows(): void {
    this.#spanning?.tellWindows();
  }
}
