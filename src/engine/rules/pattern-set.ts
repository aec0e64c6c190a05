/**
 * PatternSet: STIX patterns that no single value decides, compiled for log events. A pattern is looked at only when one of its
 * witnesses stands in the event; then its brackets are evaluated on the event's cyber observables. Patterns that one event decides
 * match at once; for those over several observations there are facts, which `spanning-patterns.ts` takes in the order of events.
 *
 * A set is a base and the layers that came after it, while events went on; patterns that were removed are tombstones in their layers. Layers are joined
 * when there are many (`merge`). A pattern keeps its number for as long as the set lives, and threads that are told of the same changes
 * give the same numbers. Layers stand once in shared memory; a thread has for itself what events have made it open.
 */
import type { Event } from '../../core/event.ts';
import { foldCase } from '../../core/fold.ts';
import type { RuleMatch } from '../../core/match.ts';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import type { StixMapping } from '../../fields/stix/mapping.ts';
import { STIX_MAPPINGS } from '../../fields/stix/registry.ts';
import { evaluate } from '../../match/interpreter.ts';
import type { ScanToken } from '../../match/object-token.ts';
import { TextUnits } from '../../match/text-units.ts';
import type { Renewal } from '../../core/table-change.ts';
import { renewed } from '../../intel/store/layered-patterns.ts';
import { type LiteralPlan, placePlan } from '../../scan/literal-plan.ts';
import type { ScanMemory } from '../../scan/scan-memory.ts';
import type { StatefulPart } from '../../state/snapshot/stateful-part.ts';
import { type CompiledPattern, isSatisfied, type PatternInput, patternMatch } from './compiled-pattern.ts';
import { matchedComparisons } from './pattern-evidence.ts';
import type { FilterPlace, PatternFilter } from './pattern-filter.ts';
import { type CompiledLayer, compileLayer, type LayerPart, PatternLayer, type PortableLayer } from './pattern-layer.ts';
import { PatternSubjects } from './pattern-subject.ts';
import type { PatternWitness } from './pattern-witnesses.ts';
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

/** Layers that became one: all that lie before the number of a pattern, with the base or without. Plain data. */
export interface LayerMerge {
  readonly before: number;
  readonly withBase: boolean;
  /** Tombstones that are gone with it. */
  readonly buried: number;
  /** Of the patterns of `layer`. */
  readonly numbers: Uint32Array;
  readonly layer: PortableLayer;
}

/** What is to be joined for a merge. */
export interface WantedMerge extends Omit<LayerMerge, 'layer'> {
  readonly parts: readonly LayerPart[];
}

/** More layers beside the base are joined. */
const MAX_LAYERS = 4;
/** With more patterns than these and a quarter of the base come or gone, the base becomes part of it. */
const MERGE_PATTERNS = 1000;

/** Parses and compiles; what cannot be used is reported and left out. */
export function compilePatterns(inputs: Iterable<PatternInput>, options: PatternSetOptions = {}): LoadedPatterns {
  const { layer, problems, notes } = compileLayer(inputs, options.mappings);
  return { set: new PatternSet(layer, options), problems: problems.map(([, problem]) => problem), notes };
}

export class PatternSet {
  readonly counts: PatternSetCounts = { events: 0, evaluated: 0, matches: 0, inDelta: 0 };
  /** Those that this thread has opened, by number. */
  readonly #opened = new Map<number, CompiledPattern>();
  /** Tombstones in layers. */
  readonly #gone = new Set<number>();
  /** Made when something is removed for the first time. */
  #byKey: Map<string, number> | undefined;
  /** By number of the pattern its number among those that span events; undefined when one event decides. */
  readonly #plans: (number | undefined)[] = [];
  /** Patterns that span events so far. */
  #spanningCount = 0;
  readonly #subjects: PatternSubjects;
  /** Undefined where another thread keeps what they remember. */
  readonly #spanning: SpanningPatterns | undefined;
  readonly #groupBy: readonly string[] | undefined;
  readonly #units = new TextUnits();
  /** The base first. */
  #layers: readonly PatternLayer[];
  /** Patterns below this number are those of the base. */
  #baseEnd: number;
  #size: number;
  /** Tombstones since the last merge with the base. */
  #buried = 0;
  /** Of the layers as they are, once somebody asked. */
  #tokens: readonly ScanToken[] | undefined;
  /** Where this thread searches bytes. */
  #place: FilterPlace | undefined;
  #merges = 0;

  constructor(base: PortableLayer, options: PatternSetOptions) {
    const { previous, keepsState = true } = options;
    this.#subjects = new PatternSubjects([...STIX_MAPPINGS, ...(options.mappings ?? [])]);
    this.#groupBy = options.groupBy;
    const layer = this.#opens(base);
    this.#layers = [layer];
    this.#baseEnd = layer.size;
    this.#size = layer.size;
    this.#spanning = keepsState
      ? new SpanningPatterns(this.#spanningOf(layer), options, previous === undefined ? undefined : previous.#spanning)
      : undefined;
    this.#number(layer, 0);
  }

  /** The next layer. */
  #opens(portable: PortableLayer): PatternLayer {
    const first = this.#plans.length;
    return new PatternLayer(
      portable,
      Uint32Array.from(portable.flags, (_, i) => first + i),
      this.#units,
    );
  }

  #spanningOf(layer: PatternLayer): readonly CompiledPattern[] {
    return [...layer.numbers].flatMap((number, i) => (layer.spansEvents(i) ? [this.#open(number, layer)] : []));
  }

  /** The patterns of the layer have come; those over several observations are numbered from `plan` on. */
  #number(layer: PatternLayer, plan: number): void {
    let next = plan;
    for (let i = 0; i < layer.size; i++) this.#plans.push(layer.spansEvents(i) ? next++ : undefined);
    this.#spanningCount = Math.max(this.#spanningCount, next);
    if (this.#byKey !== undefined) addKeys(this.#byKey, layer);
  }

  /** `layer`: that has it, where it is known. */
  #open(number: number, layer = this.#layerOf(number)): CompiledPattern {
    let pattern = this.#opened.get(number);
    if (pattern === undefined) {
      pattern = layer.open(number);
      this.#opened.set(number, pattern);
    }
    return pattern;
  }

  #layerOf(number: number): PatternLayer {
    const layer = this.#layers.findLast(({ size, first }) => size > 0 && first <= number);
    if (layer === undefined) throw new Error(`there is no pattern ${number}`);
    return layer;
  }

  /** The base, for other threads. */
  get base(): PortableLayer {
    return (this.#layers[0] as PatternLayer).portable;
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
    return { layers, added: this.#plans.length - this.#baseEnd, tombstones: this.#buried, merges };
  }

  /** For the scanner's literal search. Patterns that appear neither here nor in `unwitnessed` can never match an event. */
  get witnesses(): readonly PatternWitness[] {
    return this.#layers.flatMap(({ witnesses }) => witnesses.filter(({ pattern }) => this.#counts(pattern)));
  }

  /** Patterns without a witness: candidates for every event. */
  get unwitnessed(): readonly number[] {
    return this.#layers.flatMap(({ unwitnessed }) => unwitnessed.filter((number) => this.#counts(number)));
  }

  /** What the tables of the indicator scanner must hold. */
  get tokens(): readonly ScanToken[] {
    this.#tokens ??= this.#layers.flatMap(({ tokens }) => tokens);
    return this.#tokens;
  }

  get hasTokens(): boolean {
    return this.#layers.some(({ hasTokens }) => hasTokens);
  }

  /**
   * Bytes are searched here from now on, by literals that stand in the memory of the place. `room`: who hands that out; they are copied there. Absent:
   * another thread has done so, `literals` of each layer.
   */
  search(place: FilterPlace, literals: ScanMemory | readonly (LiteralPlan | undefined)[]): void {
    this.#place = place;
    for (const [i, layer] of this.#layers.entries()) {
      const former = layer.portable.literals;
      layer.useLiterals(
        !('allocate' in literals) ? literals[i] : former === undefined ? undefined : placePlan(former, literals),
      );
    }
  }

  /** Of each layer, where they stand. */
  get literals(): readonly (LiteralPlan | undefined)[] {
    return this.#layers.map(({ portable }) => portable.literals);
  }

  /** What finds in bytes the patterns that no tokens do; undefined: bytes do not tell. */
  get filters(): readonly PatternFilter[] | undefined {
    const filters = this.#layers.map((layer) => layer.filter((pattern) => this.#counts(pattern), this.#place));
    return filters.includes('every') ? undefined : filters.filter((one) => typeof one === 'object');
  }

  #counts(pattern: number): boolean {
    return !this.#gone.has(pattern);
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
      const number = this.#keys.get(key);
      if (number === undefined) continue;
      this.#keys.delete(key);
      const plan = this.#plans[number];
      if (plan !== undefined) plans.push(plan);
      this.#gone.add(number);
      this.#opened.delete(number);
      this.#buried++;
      this.#size--;
    }
    const layer = this.#opens(portable);
    const plan = this.#spanning?.change(plans, this.#spanningOf(layer)) ?? this.#spanningCount;
    this.#number(layer, plan);
    this.#size += layer.size;
    if (layer.size > 0) this.#layers = [...this.#layers, layer];
    this.#tokens = undefined;
  }

  get #keys(): Map<string, number> {
    if (this.#byKey === undefined) {
      this.#byKey = new Map();
      for (const layer of this.#layers) addKeys(this.#byKey, layer);
    }
    return this.#byKey;
  }

  /** What feeds say without stating a time ends later. */
  renew(renewals: readonly Renewal[]): void {
    for (const renewal of renewals) {
      for (const layer of this.#layers) layer.renew(renewal);
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

  /** Undefined while the layers are few. */
  get wantedMerge(): WantedMerge | undefined {
    const { added, tombstones, layers } = this.changes;
    const withBase = added + tombstones > Math.max(MERGE_PATTERNS, this.#baseEnd / 4);
    return withBase || layers > MAX_LAYERS ? this.mergeOf(withBase) : undefined;
  }

  /** All layers as they are now, with the base or without. */
  mergeOf(withBase: boolean): WantedMerge {
    const layers = withBase ? this.#layers : this.#layers.slice(1);
    const numbers: number[] = [];
    const parts = layers.map(({ portable, numbers: all }): LayerPart => {
      const positions: number[] = [];
      for (const [position, number] of all.entries())
        if (this.#counts(number)) {
          positions.push(position);
          numbers.push(number);
        }
      const { literals: _literals, ...layer } = portable;
      return { layer, positions: Uint32Array.from(positions) };
    });
    const [before, buried] = [this.#plans.length, this.#buried];
    return { before, withBase, buried, numbers: Uint32Array.from(numbers), parts };
  }

  /** Layers become one; nothing that matches changes by it. Returns the literals of those that are gone. */
  merge({ before, withBase, buried, numbers, layer }: LayerMerge): readonly LiteralPlan[] {
    const base = withBase ? 0 : 1;
    const former = this.#layers.slice(base).filter(({ first, size }) => size === 0 || first < before);
    const joined = new PatternLayer(layer, numbers, this.#units);
    joined.takeOver(former);
    const kept = new Set(numbers);
    // Opened patterns and tombstones outlive no layer.
    for (const { numbers: all } of former) for (const number of all) if (!kept.has(number)) this.#gone.delete(number);
    this.#layers = [...this.#layers.slice(0, base), joined, ...this.#layers.slice(base + former.length)];
    this.#tokens = undefined;
    this.#merges++;
    if (withBase) {
      this.#baseEnd = before;
      this.#buried -= buried;
    }
    return former.flatMap(({ portable }) => portable.literals ?? []);
  }

  /** The patterns that could be concerned with the event, in the order of the set. */
  candidates(event: Event): readonly number[] {
    const layers = this.#layers;
    const found = new Set<number>();
    for (const { unwitnessed } of layers) for (const number of unwitnessed) found.add(number);
    for (const text of searchableTexts(event)) {
      const folded = foldCase(text);
      for (const layer of layers) layer.find(folded, found);
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
      if (!this.#counts(number)) continue;
      const pattern = this.#open(number);
      this.counts.evaluated++;
      if (number >= this.#baseEnd) this.counts.inDelta++;
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

function addKeys(byKey: Map<string, number>, { keys, numbers }: PatternLayer): void {
  for (const [position, key] of keys.entries()) if (key !== '') byKey.set(key, numbers[position] ?? 0);
}
