/**
 * Rules that span events: Sigma correlations and flux specifications, fed with each event and the rules that hold for it. What fires
 * may be about an earlier event, so findings are collected and taken with `drain`.
 */
import type { Event, EventObject } from '../core/event.ts';
import type { RuleMatch } from '../core/match.ts';
import type { Diagnostic } from '../errors/diagnostic.ts';
import type { CorrelationRule } from '../ir/correlation.ts';
import type { DetectionRule } from '../ir/detection-rule.ts';
import { parseFluxSpec } from '../rules/flux/parse-spec.ts';
import { Correlator } from '../state/correlation/correlator.ts';
import { DEFAULT_CORRELATION_OPTIONS } from '../state/correlation/engine.ts';
import { fieldReader } from '../state/correlation/fact.ts';
import { bloomProblems, DEFAULT_FLUX_OPTIONS } from '../state/flux/engine.ts';
import { planFlux } from '../state/flux/plan.ts';
import { FluxTagger } from '../state/flux/tagger.ts';

/** A flux specification as configured, its text read. */
export interface FluxText {
  readonly path: string;
  readonly text: string;
  /** Column of the group key. */
  readonly group: string;
  /** Bloom memory of so many tags per group; exact memory when absent. */
  readonly capacity?: number;
}

export interface StatefulOptions {
  /** `ordered`: files, events wait for their lateness. `eager`: live, answered at once and revised. */
  readonly mode: 'ordered' | 'eager';
  /** Key of the fingerprints, random. */
  readonly seed: { readonly lo: number; readonly hi: number };
  /** Each event with its updated `sigma` map, in the order of evaluation; only when asked for. */
  readonly onEvent?: (event: Event, fields: EventObject) => void;
}

export interface Firing {
  /** The event that the match is about. */
  readonly event: Event;
  readonly match: RuleMatch;
}

/** Earlier events kept to be shown in alerts. */
const EVENT_LOG_BYTES = 64 << 20;
/** Of the original's ten rotating filters (flux-capacitor.md section 6). */
const BLOOM_FALSE_POSITIVES = 1e-4;

export class StatefulRules {
  readonly diagnostics: readonly Diagnostic[];
  readonly correlations: number;
  readonly fluxRules: number;
  readonly #correlator: Correlator | undefined;
  readonly #taggers: readonly FluxTagger[];
  #firings: Firing[] = [];

  constructor(correlations: readonly CorrelationRule[], flux: readonly FluxText[], options: StatefulOptions) {
    const collect = (event: Event, match: RuleMatch): void => void this.#firings.push({ event, match });
    const { mode, seed } = options;
    this.correlations = correlations.length;
    this.#correlator =
      correlations.length === 0
        ? undefined
        : new Correlator(
            correlations,
            { ...DEFAULT_CORRELATION_OPTIONS, mode, seed, eventLogBytes: EVENT_LOG_BYTES },
            collect,
          );
    const diagnostics: Diagnostic[] = [];
    this.#taggers = flux.flatMap(({ path, text, group, capacity }) => {
      const parsed = parseFluxSpec(text, path);
      diagnostics.push(...parsed.diagnostics, ...(capacity === undefined ? [] : bloomProblems(planFlux(parsed.spec))));
      if (parsed.spec.rules.length === 0) return [];
      const memory =
        capacity === undefined
          ? DEFAULT_FLUX_OPTIONS.memory
          : { kind: 'bloom' as const, capacity, falsePositiveRate: BLOOM_FALSE_POSITIVES };
      const handlers = { onMatch: collect, ...(options.onEvent !== undefined && { onEvent: options.onEvent }) };
      return [new FluxTagger(parsed.spec, group, { ...DEFAULT_FLUX_OPTIONS, mode, seed, memory }, handlers)];
    });
    this.fluxRules = this.#taggers.reduce((sum, { plan }) => sum + plan.rules.length, 0);
    this.diagnostics = diagnostics;
  }

  get isEmpty(): boolean {
    return this.#correlator === undefined && this.#taggers.length === 0;
  }

  /** Rules that turned out to hold for an event that was observed before: its parent became known late. */
  observeHeld(event: Event, held: readonly DetectionRule[], fields: EventObject, nowMs: number): void {
    if (held.length === 0) return;
    const ids = held.map(({ details }) => details.id);
    this.#correlator?.observe(event, ids, nowMs, fieldReader(fields));
  }

  /** `held`: the rules that hold for the event, silent ones included; `fields`: the event under the names that rules use. */
  observe(event: Event, held: readonly DetectionRule[], fields: EventObject, nowMs: number): void {
    this.observeHeld(event, held, fields, nowMs);
    if (this.#taggers.length === 0) return;
    const names = new Set(held.flatMap(({ details }) => [details.id, details.name]));
    const tagOf = (_rule: string, tag: string): boolean | undefined => (names.has(tag) ? true : undefined);
    for (const tagger of this.#taggers) tagger.observe(event, nowMs, tagOf);
  }

  /** Arrival clock, about every second on live inputs. */
  advance(nowMs: number): void {
    this.#correlator?.advance(nowMs);
    for (const tagger of this.#taggers) tagger.advance(nowMs);
  }

  /** More sources with the same groups are still to be read: nothing is settled by the times of the first ones meanwhile. */
  hold(held: boolean): void {
    this.#correlator?.engine.hold(held);
    for (const tagger of this.#taggers) tagger.engine.order.hold = held;
  }

  /** End of a finite input: everything open is judged. */
  end(): void {
    this.#correlator?.end();
    for (const tagger of this.#taggers) tagger.end();
  }

  /** What has fired since the last call. */
  drain(): readonly Firing[] {
    if (this.#firings.length === 0) return NONE;
    const firings = this.#firings;
    this.#firings = [];
    return firings;
  }
}

const NONE: readonly Firing[] = Object.freeze([]);
