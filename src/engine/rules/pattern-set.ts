/**
 * PatternSet: STIX patterns that no single value decides, compiled for log events. A pattern is looked at only when one of its
 * witnesses stands in the event; then its brackets are evaluated on the event's cyber observables. Patterns that one event decides
 * match at once; for those over several observations there are facts, which `spanning-patterns.ts` takes in the order of events.
 */
import type { Event } from '../../core/event.ts';
import type { RuleMatch } from '../../core/match.ts';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import type { StixMapping } from '../../fields/stix/mapping.ts';
import { pathOrigins } from '../../fields/stix/path-origins.ts';
import { STIX_MAPPINGS } from '../../fields/stix/registry.ts';
import { evaluate } from '../../match/interpreter.ts';
import type { StatefulPart } from '../../state/snapshot/stateful-part.ts';
import {
  type CompiledPattern,
  compileInput,
  isSatisfied,
  type PatternInput,
  patternMatch,
} from './compiled-pattern.ts';
import { matchedComparisons } from './pattern-evidence.ts';
import { PatternSubjects } from './pattern-subject.ts';
import { type PatternWitness, PatternWitnesses } from './pattern-witnesses.ts';
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
}

export interface Examined {
  readonly matches: readonly RuleMatch[];
  readonly facts: readonly EventFact[];
}

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
  readonly counts: PatternSetCounts = { events: 0, evaluated: 0, matches: 0 };
  readonly #patterns: readonly CompiledPattern[];
  /** By number of the pattern its position among those that span events; undefined when one event decides. */
  readonly #plans: readonly (number | undefined)[];
  readonly #subjects: PatternSubjects;
  readonly #witnesses: PatternWitnesses;
  readonly #spanning: SpanningPatterns;

  constructor(patterns: readonly CompiledPattern[], options: PatternSetOptions) {
    const mappings = [...STIX_MAPPINGS, ...(options.mappings ?? [])];
    const overSeveral = patterns.filter(({ spansEvents }) => spansEvents);
    let plans = 0;
    this.#patterns = patterns;
    this.#plans = patterns.map(({ spansEvents }) => (spansEvents ? plans++ : undefined));
    this.#subjects = new PatternSubjects(mappings);
    this.#witnesses = new PatternWitnesses(
      patterns.map(({ brackets }) => brackets),
      pathOrigins(mappings),
    );
    const { previous } = options;
    this.#spanning = new SpanningPatterns(
      overSeveral,
      options,
      previous === undefined ? undefined : previous.#spanning,
    );
  }

  get size(): number {
    return this.#patterns.length;
  }

  /** For the scanner's literal search. Patterns that appear neither here nor in `unwitnessed` can never match an event. */
  get witnesses(): readonly PatternWitness[] {
    return this.#witnesses.witnesses;
  }

  /** Patterns without a witness: candidates for every event. */
  get unwitnessed(): readonly number[] {
    return this.#witnesses.unwitnessed;
  }

  /** True when some pattern spans several events. */
  get isStateful(): boolean {
    return this.#spanning.size > 0;
  }

  /** What must survive a restart; undefined when no pattern spans events. */
  get part(): StatefulPart | undefined {
    return this.#spanning.part;
  }

  /** The patterns that could be concerned with the event, in the order of the set. */
  candidates(event: Event): readonly number[] {
    return this.#witnesses.candidates(event);
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
