/**
 * SigmaRules on events: recognises the event's shape and log source, matches the rules that may fire on it, and says which
 * fields made them fire. One object per worker; its rules never change (a reload builds another).
 */
import type { Event, EventObject } from '../core/event.ts';
import type { RuleMatch } from '../core/match.ts';
import { createEventRecogniser, type EventRecogniser } from '../fields/mapping/recognise.ts';
import type { DetectionRule } from '../ir/detection-rule.ts';
import { type Explanation, evidenceOf, explain } from '../match/rule-evidence.ts';
import { RuleMatcher, type RuleMatcherCounters } from '../match/rule-matcher.ts';

export interface SigmaOutcome {
  /** Matches of rules that alert on their own. */
  readonly matches: readonly RuleMatch[];
  /** All rules that hold, silent ones included: what correlations and flux tags are fed with. */
  readonly held: readonly DetectionRule[];
  /** The event's fields under the names that rules use (when some rule held): group-by and condition fields are read here. */
  readonly fields: EventObject;
}

export interface SigmaCounts {
  events: number;
  /** Events of no known shape: no rule was tried. */
  unrecognised: number;
  /** Events by shape; names come from the table of shapes. */
  readonly byShape: Map<string, number>;
}

export class SigmaEventRules {
  readonly counts: SigmaCounts = { events: 0, unrecognised: 0, byShape: new Map() };
  readonly #matcher: RuleMatcher;
  readonly #recogniser: EventRecogniser = createEventRecogniser();

  constructor(rules: readonly DetectionRule[]) {
    this.#matcher = new RuleMatcher(rules);
  }

  get matcherCounters(): Readonly<RuleMatcherCounters> {
    return this.#matcher.counters;
  }

  match(event: Event): readonly RuleMatch[] {
    return this.examine(event).matches;
  }

  examine(event: Event): SigmaOutcome {
    this.counts.events++;
    const recognised = this.#recogniser.recognise(event.fields, event.origin.source.logsource);
    if (recognised === undefined) {
      this.counts.unrecognised++;
      return { matches: NO_MATCHES, held: NO_RULES, fields: event.fields };
    }
    const { shape, event: view, source } = recognised;
    this.counts.byShape.set(shape, (this.counts.byShape.get(shape) ?? 0) + 1);
    const indexes = this.#matcher.match(view, source);
    if (indexes.length === 0) return { matches: NO_MATCHES, held: NO_RULES, fields: event.fields };
    const { fields } = view;
    const held = indexes.map((index) => this.#matcher.rules[index] as DetectionRule);
    const matches = held.filter(({ alerts }) => alerts).map((rule) => matchOf(rule, fields));
    return { matches, held, fields };
  }

  /** Why the rule does or does not hold for the event; undefined when no loaded rule has the id. */
  explain(ruleId: string, event: Event): SigmaExplanation | undefined {
    const rule = this.#matcher.rules.find(({ details }) => details.id === ruleId);
    if (rule === undefined) return undefined;
    const recognised = this.#recogniser.recognise(event.fields, event.origin.source.logsource);
    if (recognised === undefined) return { rule, admitted: false, tree: explain(rule.predicate, event.fields) };
    const { shape, event: view, source } = recognised;
    const admitted = this.#matcher.admits(rule, source);
    const described = { shape, product: source.product, categories: source.categories, services: source.services };
    return { rule, admitted, source: described, tree: explain(rule.predicate, view.fields) };
  }
}

export interface SigmaExplanation {
  readonly rule: DetectionRule;
  /** False: the event is of another log source, so the rule is not tried whatever the tree says. */
  readonly admitted: boolean;
  /** What the event was recognised as; absent when it was not. */
  readonly source?: {
    readonly shape: string;
    readonly product: string | undefined;
    readonly categories: readonly string[];
    readonly services: readonly string[];
  };
  readonly tree: Explanation;
}

function matchOf(rule: DetectionRule, fields: EventObject): RuleMatch {
  return { engine: 'sigma', rule: rule.details, matched: evidenceOf(rule.predicate, fields) };
}

const NO_MATCHES: readonly RuleMatch[] = Object.freeze([]);
const NO_RULES: readonly DetectionRule[] = Object.freeze([]);
