/** FeedRules: Sigma rules that came as indicators of feeds, by id, with what their feeds say about them: their matches tell that. */
import type { IndicatorDetails } from '../../core/indicator.ts';
import type { RuleMatch } from '../../core/match.ts';
import type { CorrelationRule } from '../../ir/correlation.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import type { RuleText } from './rule-files.ts';

export class FeedRules {
  readonly #indicators: ReadonlyMap<string, IndicatorDetails>;

  /** `texts`: of which `rules` were made. */
  constructor(texts: readonly RuleText[], rules: readonly (DetectionRule | CorrelationRule)[]) {
    const byFile = new Map(
      texts.flatMap(({ path, indicator }) => (indicator === undefined ? [] : [[path, indicator] as const])),
    );
    const loaded = byFile.size === 0 ? [] : rules;
    this.#indicators = new Map(
      loaded.flatMap(({ details, origin }) => {
        const indicator = byFile.get(origin.file);
        return indicator === undefined ? [] : [[details.id, indicator] as const];
      }),
    );
  }

  get isEmpty(): boolean {
    return this.#indicators.size === 0;
  }

  /** The matches; those of rules of feeds say of which. */
  named(matches: readonly RuleMatch[]): readonly RuleMatch[] {
    return matches.length === 0 || this.isEmpty ? matches : matches.map((match) => this.nameOf(match));
  }

  nameOf(match: RuleMatch): RuleMatch {
    const indicator = this.#indicators.get(match.rule.id);
    return indicator === undefined ? match : { ...match, indicator };
  }
}
