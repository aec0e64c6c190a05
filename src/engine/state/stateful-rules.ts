/**
 * Rules that span events: Sigma correlations and flux specifications, fed with each event and the rules that hold for it. What fires
 * may be about an earlier event, so findings are collected and taken with `drain`.
 */
import type { Event, EventObject } from '../../core/event.ts';
import type { RuleMatch } from '../../core/match.ts';
import { Failures } from '../../core/failures.ts';
import { hasField, textOf } from '../../core/field-path.ts';
import { type Diagnostic, diagnostic } from '../../errors/diagnostic.ts';
import { createEventRecogniser } from '../../fields/mapping/recognise.ts';
import type { CorrelationRule } from '../../ir/correlation.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import type { FluxSpec } from '../../ir/flux.ts';
import { parseFluxSpec } from '../../rules/flux/parse-spec.ts';
import { Correlator } from '../../state/correlation/correlator.ts';
import { type CorrelationOptions, DEFAULT_CORRELATION_OPTIONS } from '../../state/correlation/engine.ts';
import { fieldReader } from '../../state/correlation/fact.ts';
import type { MatchedRecord } from '../../state/correlation/matched-record.ts';
import type { Watcher } from '../../state/correlation/plan.ts';
import type { IdentifierRule } from '../../rules/sigma/resolve.ts';
import {
  bloomProblems,
  DEFAULT_FLUX_OPTIONS,
  type FluxEngineOptions,
  type FluxMemoryOptions,
} from '../../state/flux/engine.ts';
import type { FieldText } from '../../state/flux/row.ts';
import { planFlux } from '../../state/flux/plan.ts';
import { FluxTagger } from '../../state/flux/tagger.ts';
import type { Lateness } from '../../state/order/late-events.ts';
import type { EventArchive, EventLog } from '../../state/event-log.ts';
import type { WindowWatch } from '../../state/window-watch.ts';

/** A flux specification as configured, its text read. */
export interface FluxText {
  readonly path: string;
  readonly text: string;
  /** Column of the group key. */
  readonly group: string;
  /** Bloom memory of so many tags per group; exact memory when absent. */
  readonly capacity?: number;
  readonly equalTimes?: FluxEngineOptions['equalTimes'];
  /** Of one full Bloom filter. */
  readonly falsePositiveRate?: number;
}

/** Bounds of flux memory. */
export interface FluxBounds {
  readonly bytes: number;
  readonly factsPerGroup: number;
  /** Of events that wait, or may be evaluated again. */
  readonly waitingBytes: number;
}

export interface StatefulOptions {
  /** `ordered`: files, events wait for their lateness. `eager`: live, answered at once and revised. */
  readonly mode: 'ordered' | 'eager';
  /** Key of the fingerprints, random. */
  readonly seed: { readonly lo: number; readonly hi: number };
  /** Rules of the generation before: state of rules that read the same goes on, see `takeOver`. */
  readonly previous?: StatefulRules;
  /** Each event with its updated `sigma` map, in the order of evaluation; only when asked for. */
  readonly onEvent?: (event: Event, fields: EventObject) => void;
  /** Where earlier events are kept beyond memory. */
  readonly archive?: EventArchive;
  /** Told what windows are like. */
  readonly watch?: WindowWatch;
  /** Default: those of the engine. */
  readonly fluxBounds?: FluxBounds;
  /** Default: those of the engine. */
  readonly correlationBounds?: Pick<CorrelationOptions, 'budgetBytes' | 'maxFactsPerGroup'>;
  /** Default: those of the engines. */
  readonly lateness?: Lateness;
}

export interface Firing {
  /** The event that the match is about. */
  readonly event: Event;
  readonly match: RuleMatch;
}

interface ReadSpec {
  readonly path: string;
  readonly spec: FluxSpec;
  readonly group: string;
  readonly memory: FluxMemoryOptions;
  readonly equalTimes: FluxEngineOptions['equalTimes'];
}

/** Names of the flux rules, which may be those of Sigma rules whose search identifiers are their tags. */
export function fluxRuleNames(flux: readonly FluxText[]): ReadonlySet<string> {
  return new Set(flux.flatMap(({ path, text }) => parseFluxSpec(text, path).spec.rules.map(({ name }) => name)));
}

/** Where events are written each must leave once, so all specifications are one then: they must have one group and one memory. */
function readFluxTexts(
  flux: readonly FluxText[],
  asOne: boolean,
  bounds: FluxBounds | undefined,
): { readonly specs: readonly ReadSpec[]; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const specs: ReadSpec[] = [];
  for (const { path, text, group, capacity, falsePositiveRate, equalTimes = 'arrival' } of flux) {
    const parsed = parseFluxSpec(text, path);
    diagnostics.push(...parsed.diagnostics);
    const refused = capacity === undefined ? [] : bloomProblems(planFlux(parsed.spec));
    diagnostics.push(...refused.map(({ problem }) => problem));
    const rules = parsed.spec.rules.filter(({ name }) => !refused.some((one) => one.rule === name));
    if (rules.length === 0) continue;
    const rate = falsePositiveRate ?? BLOOM_FALSE_POSITIVES;
    const memory = capacity === undefined ? exactMemory(bounds) : bloomMemory(capacity, rate, bounds);
    specs.push({ path, spec: { ...parsed.spec, rules }, group, memory, equalTimes });
  }
  const [first, ...more] = specs;
  if (!asOne || first === undefined || more.length === 0) return { specs, diagnostics };
  const fits = (one: ReadSpec): boolean =>
    one.group === first.group &&
    one.equalTimes === first.equalTimes &&
    JSON.stringify(one.memory) === JSON.stringify(first.memory);
  if (!more.every(fits)) {
    const hint = 'give all specifications one group and one capacity, or run them one after the other';
    const problem = 'events with their tags cannot be written for specifications with different groups or memories';
    return { specs, diagnostics: [...diagnostics, diagnostic('CONFIG_BAD_USAGE', 'error', problem, { hint })] };
  }
  const rules = new Map(specs.flatMap(({ spec }) => spec.rules.map((rule) => [rule.name, rule] as const)));
  const lateness = specs.flatMap(({ spec }) => spec.latenessMs ?? []);
  const merged = { rules: [...rules.values()], ...(lateness.length > 0 && { latenessMs: Math.max(...lateness) }) };
  return { specs: [{ ...first, spec: merged }], diagnostics };
}

function exactMemory(bounds: FluxBounds | undefined): FluxMemoryOptions {
  if (bounds === undefined) return DEFAULT_FLUX_OPTIONS.memory;
  return { kind: 'exact', budgetBytes: bounds.bytes, maxPerGroup: bounds.factsPerGroup };
}

function bloomMemory(capacity: number, falsePositiveRate: number, bounds: FluxBounds | undefined): FluxMemoryOptions {
  const { budgetBytes } = exactMemory(bounds);
  return { kind: 'bloom', capacity, falsePositiveRate, budgetBytes };
}

/** Earlier events kept to be shown in alerts. */
const EVENT_LOG_BYTES = 64 << 20;
/** Of the original's ten rotating filters (flux-capacitor.md section 6). */
const BLOOM_FALSE_POSITIVES = 1e-4;

/** A correlator or tagger with what it was made of. */
interface Made<P> {
  readonly part: P;
  readonly definition: string;
}

export class StatefulRules {
  readonly diagnostics: readonly Diagnostic[];
  readonly correlations: number;
  readonly fluxRules: number;
  readonly #correlator: Made<Correlator> | undefined;
  readonly #taggers: readonly Made<FluxTagger>[];
  /** What must survive a restart. */
  readonly parts: readonly (Correlator | FluxTagger)[];
  readonly #failures = new Failures();
  readonly #recogniser = createEventRecogniser();
  /** Shared with the generations after this one, as far as they share its parts. */
  readonly #firings: { list: Firing[] };

  constructor(correlations: readonly CorrelationRule[], flux: readonly FluxText[], options: StatefulOptions) {
    const { mode, seed, previous, archive, watch, lateness, correlationBounds } = options;
    const kept = { ...(archive !== undefined && { archive }), ...(watch !== undefined && { watch }) };
    const firings = previous === undefined ? { list: [] } : previous.#firings;
    this.#firings = firings;
    const collect = (event: Event, match: RuleMatch): void => void firings.list.push({ event, match });
    const formerCorrelator = previous === undefined ? undefined : previous.#correlator;
    this.correlations = correlations.length;
    this.#correlator =
      correlations.length === 0
        ? undefined
        : reuse(formerCorrelator, JSON.stringify([correlations, mode, lateness, correlationBounds]), () => {
            const settings = {
              ...DEFAULT_CORRELATION_OPTIONS,
              ...lateness,
              ...correlationBounds,
              mode,
              seed,
              eventLogBytes: EVENT_LOG_BYTES,
              ...kept,
            };
            return new Correlator(correlations, settings, collect, formerCorrelator?.part);
          });
    const read = readFluxTexts(flux, options.onEvent !== undefined, options.fluxBounds);
    this.diagnostics = read.diagnostics;
    const handlers = { onMatch: collect, ...kept, ...(options.onEvent !== undefined && { onEvent: options.onEvent }) };
    const names = new Set<string>();
    const formerTaggers = previous === undefined ? [] : previous.#taggers;
    this.#taggers = read.specs.map(({ path, spec, group, memory, equalTimes }) => {
      const name = distinctName(`flux/${path}`, names);
      const former = formerTaggers.find(({ part }) => part.name === name);
      const pendingBytes = options.fluxBounds?.waitingBytes ?? DEFAULT_FLUX_OPTIONS.pendingBytes;
      const settings = { ...DEFAULT_FLUX_OPTIONS, ...lateness, mode, seed, equalTimes, memory, pendingBytes };
      return reuse(
        former,
        JSON.stringify([spec, group, memory, equalTimes, mode, lateness, pendingBytes]),
        () => new FluxTagger(name, spec, group, settings, handlers, former?.part),
      );
    });
    this.parts = [...(this.#correlator === undefined ? [] : [this.#correlator]), ...this.#taggers].map(
      ({ part }) => part,
    );
    this.fluxRules = this.#taggers.reduce((sum, { part }) => sum + part.plan.rules.length, 0);
  }

  get isEmpty(): boolean {
    return this.#correlator === undefined && this.#taggers.length === 0;
  }

  /** Flux specifications read tags of any event; correlations only hear of events that a rule holds for. */
  get seesEveryEvent(): boolean {
    return this.#taggers.length > 0;
  }

  /** True when the matches of a rule matter to some correlation, whether it alerts or not. */
  watches(ruleId: string): boolean {
    return this.#correlator?.part.watches(ruleId) === true;
  }

  /** Names of the fields that correlations read of matches. */
  get matchFields(): readonly string[] {
    return this.#correlator?.part.plan.fields ?? [];
  }

  /** Correlations that wait for the matches of a rule. */
  watchersOf(ruleId: string): readonly Watcher[] {
    return this.#correlator?.part.watchersOf(ruleId) ?? [];
  }

  /** The events that correlations may have to show. */
  get events(): EventLog | undefined {
    return this.#correlator?.part.events;
  }

  /** Takes a record that a rule with these watchers holds for. */
  observeRecord(record: MatchedRecord, watchers: readonly Watcher[]): void {
    this.#correlator?.part.observeRecord(record, watchers);
  }

  /** Something has fired since the last call of `drain`. */
  get hasFired(): boolean {
    return this.#firings.list.length > 0;
  }

  /** Rules that turned out to hold for an event that was observed before: its parent became known late. */
  observeHeld(event: Event, held: readonly DetectionRule[], fields: EventObject, nowMs: number): void {
    if (held.length === 0) return;
    const ids = held.map(({ details }) => details.id);
    this.#correlator?.part.observe(event, ids, nowMs, fieldReader(fields));
  }

  /**
   * `held`: the rules that hold for the event, silent ones included; `fields`: the event under the names that rules use;
   * `identifiers`: search identifiers that hold for it, by the names of their rules. Specifications may hold it back until `flush`.
   */
  observe(
    event: Event,
    held: readonly DetectionRule[],
    fields: EventObject,
    nowMs: number,
    identifiers: readonly IdentifierRule[] = [],
  ): void {
    this.observeHeld(event, held, fields, nowMs);
    if (this.#taggers.length === 0) return;
    const names = new Set(held.flatMap(({ details }) => [details.id, details.name]));
    const tagOf = (rule: string, tag: string): boolean | undefined =>
      names.has(tag) || identifiers.some(({ of, identifier }) => identifier === tag && of.includes(rule))
        ? true
        : undefined;
    const fieldText = this.#fieldTextOf(event);
    for (const { part } of this.#taggers) part.observe(event, nowMs, tagOf, fieldText);
  }

  /** Columns by the event's own names, else by those that rules use: `Computer` where the log says `Hostname`. */
  #fieldTextOf(event: Event): FieldText {
    let view: EventObject | undefined;
    return (fields, name) => {
      const own = textOf(fields, name);
      if (own !== undefined || hasField(fields, name)) return own;
      view ??= this.#recogniser.recognise(fields, event.origin.source.logsource)?.event.fields ?? {};
      return textOf(view, name);
    };
  }

  /** End of a batch: what was held back to be handled together is handled. Throws, after all of it, when a part of it failed. */
  flush(): void {
    this.#failures.each(this.#taggers, ({ part }) => part.flush()).raise();
  }

  /** Arrival clock, about every second on live inputs. */
  advance(nowMs: number): void {
    this.#failures.each(this.parts, (part) => part.advance(nowMs)).raise();
  }

  /** More sources with the same groups are still to be read: nothing is settled by the times of the first ones meanwhile. */
  hold(held: boolean): void {
    this.#correlator?.part.engine.hold(held);
    for (const { part } of this.#taggers) part.engine.hold(held);
  }

  /** End of a finite input: everything open is judged. */
  end(): void {
    this.#failures.each(this.parts, (part) => part.end()).raise();
  }

  /** What has fired since the last call. */
  drain(): readonly Firing[] {
    const { list } = this.#firings;
    if (list.length === 0) return NONE;
    this.#firings.list = [];
    return list;
  }
}

/** The former part when it was made of the same, with all it remembers; else a new one. */
function reuse<P>(former: Made<P> | undefined, definition: string, make: () => P): Made<P> {
  return former?.definition === definition ? former : { part: make(), definition };
}

/** One file may be given twice, with different groups. */
function distinctName(wanted: string, names: Set<string>): string {
  let name = wanted;
  for (let i = 2; names.has(name); i++) name = `${wanted}#${i}`;
  names.add(name);
  return name;
}

const NONE: readonly Firing[] = Object.freeze([]);
