/** Match: rule R holds for an Event; what the matchers return before alerts are built. */
import type { Event } from './event.ts';
import type { IndicatorDetails, IndicatorKind, Semantics } from './indicator.ts';
import type { EngineName, Level } from './level.ts';
import type { Validity } from './validity.ts';

/** One place of the Event that made the rule hold. */
export interface MatchedField {
  readonly field: string;
  readonly value: string;
  /** Detection item, comparison expression or indicator value that it satisfied. */
  readonly item: string;
  /** How: `exact`, `subdomain in url-host`, `network`, `contains`, … */
  readonly how: string;
  /** Of a pattern over several events: position of the one that holds the value among `events`, from 0. */
  readonly event?: number;
}

export interface IndicatorMatch {
  readonly engine: 'indicator';
  readonly kind: IndicatorKind;
  readonly value: string;
  readonly semantics: Semantics;
  /** All sources of the value, the one with the highest confidence first. */
  readonly sources: readonly IndicatorDetails[];
  readonly matched: readonly MatchedField[];
  readonly validity: Validity;
}

/** What an alert says about the rule; the same for Sigma, STIX patterns, correlations and flux. */
export interface RuleDetails {
  readonly id: string;
  readonly name: string;
  readonly level?: Level;
  /** 0 to 100, STIX patterns. */
  readonly confidence?: number;
  readonly author?: string;
  readonly license?: string;
  readonly description?: string;
  readonly references?: readonly string[];
  readonly tags?: readonly string[];
}

export interface RuleMatch {
  readonly engine: Exclude<EngineName, 'indicator'>;
  readonly rule: RuleDetails;
  readonly matched: readonly MatchedField[];
  /** Contributing events of a stateful rule, oldest first. */
  readonly events?: readonly Event[];
  readonly group?: Readonly<Record<string, string>>;
  readonly count?: number;
  /** Bloom memory says so, and the earlier events that could prove it are gone. */
  readonly unconfirmed?: true;
  /** The rule does not hold after all: a match that was given before is taken back. `matched` says what is known by now. */
  readonly withdrawn?: true;
  readonly validity?: Validity;
  readonly indicator?: IndicatorDetails;
}

export type Match = IndicatorMatch | RuleMatch;
