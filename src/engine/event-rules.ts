/**
 * All rules that events are given to: Sigma detections and correlations, flux specifications, STIX patterns that single values do not
 * decide. The texts are plain data that a thread compiles for itself; where some rule keeps state, one thread sees all events.
 */
import { randomInt } from 'node:crypto';
import type { Event } from '../core/event.ts';
import type { RuleMatch } from '../core/match.ts';
import type { Diagnostic } from '../errors/diagnostic.ts';
import type { EventRules as MatchesEvents } from './detector.ts';
import { compilePatterns, type PatternSet } from './pattern-set.ts';
import { RuleFilter } from './rule-filter.ts';
import type { RuleTexts } from './rule-texts.ts';
import { readStixMappings } from './stix-mapping-config.ts';
import { SigmaEventRules } from './sigma-rules.ts';
import { loadSigmaTexts } from './sigma-texts.ts';
import { type Firing, StatefulRules, type StatefulOptions } from './stateful-rules.ts';

export class EventRules implements MatchesEvents {
  readonly diagnostics: readonly Diagnostic[];
  readonly sigma: SigmaEventRules | undefined;
  readonly patterns: PatternSet | undefined;
  readonly stateful: StatefulRules | undefined;
  /** Loaded rules by engine; engines without rules are absent. */
  readonly counts: Readonly<Record<string, number>>;

  constructor(texts: RuleTexts, onEvent?: StatefulOptions['onEvent']) {
    const sigma = loadSigmaTexts(texts);
    const mappings = readStixMappings(texts.stixMappings);
    const patterns = compilePatterns(texts.patterns, {
      mappings: mappings.mappings,
      ...(texts.patternGroupBy.length > 0 && { groupBy: texts.patternGroupBy }),
    });
    const seed = { lo: randomInt(MAX_SEED), hi: randomInt(MAX_SEED) };
    const stateful = new StatefulRules(sigma.correlations, texts.flux, {
      mode: texts.mode,
      seed,
      ...(onEvent !== undefined && { onEvent }),
    });
    this.diagnostics = [...sigma.diagnostics, ...mappings.diagnostics, ...patterns.problems, ...stateful.diagnostics];
    this.sigma = sigma.detections.length === 0 ? undefined : new SigmaEventRules(sigma.detections);
    this.patterns = patterns.set.size === 0 ? undefined : patterns.set;
    this.stateful = stateful.isEmpty ? undefined : stateful;
    const counts = {
      sigma: sigma.detections.length,
      correlation: sigma.correlations.length,
      flux: stateful.fluxRules,
      pattern: patterns.set.size,
    };
    this.counts = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
  }

  get isEmpty(): boolean {
    return this.sigma === undefined && this.patterns === undefined && this.stateful === undefined;
  }

  /** True when events must be seen in order by one thread. */
  get isStateful(): boolean {
    return this.stateful !== undefined || this.patterns?.isStateful === true;
  }

  /** What tells from raw bytes which records could concern a rule; undefined when every record must be looked at. */
  createFilter(): RuleFilter | undefined {
    const { patterns } = this;
    if (patterns === undefined || this.sigma !== undefined || this.stateful !== undefined) return undefined;
    return patterns.unwitnessed.length === 0 ? RuleFilter.of(patterns.witnesses) : undefined;
  }

  match(event: Event): readonly RuleMatch[] {
    const outcome = this.sigma?.examine(event);
    this.stateful?.observe(event, outcome?.held ?? [], outcome?.fields ?? event.fields, event.origin.arrivalMs);
    const sigma = outcome?.matches ?? NONE;
    const patterns = this.patterns?.match(event) ?? NONE;
    if (patterns.length === 0) return sigma;
    return sigma.length === 0 ? patterns : [...sigma, ...patterns];
  }

  drain(): readonly Firing[] {
    return this.stateful?.drain() ?? [];
  }
}

const NONE: readonly RuleMatch[] = Object.freeze([]);
/** `randomInt` gives at most 48 bits; fingerprints take 32. */
const MAX_SEED = 2 ** 32;
