/**
 * All rules that are matched event by event: Sigma detections and STIX patterns that single values do not decide. The texts are plain
 * data that a thread compiles for itself; patterns over several observations and correlations keep state, so where there are any
 * one thread sees all events.
 */
import type { Event } from '../core/event.ts';
import type { RuleMatch } from '../core/match.ts';
import type { Diagnostic } from '../errors/diagnostic.ts';
import { regexProblem } from '../match/regex.ts';
import { loadSigma } from '../rules/sigma/load.ts';
import type { EventRules as MatchesEvents } from './detector.ts';
import { compilePatterns, type PatternInput, type PatternSet } from './pattern-set.ts';
import type { RuleText } from './rule-files.ts';
import { SigmaEventRules } from './sigma-rules.ts';

export interface RuleTexts {
  readonly sigma: readonly RuleText[];
  readonly patterns: readonly PatternInput[];
}

export class EventRules implements MatchesEvents {
  readonly diagnostics: readonly Diagnostic[];
  readonly sigma: SigmaEventRules | undefined;
  readonly patterns: PatternSet | undefined;
  /** Loaded rules by engine; engines without rules are absent. */
  readonly counts: Readonly<Record<string, number>>;
  /** True when events must be seen in order by one thread. */
  readonly isStateful: boolean;

  constructor(texts: RuleTexts) {
    const sigma = loadSigma(texts.sigma, { regexProblem });
    const patterns = compilePatterns(texts.patterns);
    this.diagnostics = [...sigma.diagnostics, ...patterns.problems];
    this.sigma = sigma.detections.length === 0 ? undefined : new SigmaEventRules(sigma.detections);
    this.patterns = patterns.set.size === 0 ? undefined : patterns.set;
    this.isStateful = patterns.set.isStateful;
    this.counts = {
      ...(sigma.detections.length > 0 && { sigma: sigma.detections.length }),
      ...(patterns.set.size > 0 && { pattern: patterns.set.size }),
    };
  }

  get isEmpty(): boolean {
    return this.sigma === undefined && this.patterns === undefined;
  }

  match(event: Event): readonly RuleMatch[] {
    const sigma = this.sigma?.match(event) ?? NONE;
    const patterns = this.patterns?.match(event) ?? NONE;
    if (patterns.length === 0) return sigma;
    return sigma.length === 0 ? patterns : [...sigma, ...patterns];
  }
}

const NONE: readonly RuleMatch[] = Object.freeze([]);
