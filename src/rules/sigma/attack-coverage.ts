/**
 * ATT&CK coverage of a rule set: techniques and tactics by the rules' `attack.` tags, as a table and as a layer for the ATT&CK
 * Navigator (layer format 4.5).
 */
import { LEVELS, type Level } from '../../core/level.ts';
import type { CorrelationRule } from '../../ir/correlation.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';

export interface TechniqueCoverage {
  /** `T1059` or `T1059.001`. */
  readonly technique: string;
  readonly rules: number;
  /** Number of rules by level, the gravest first; rules without one count under `none`. */
  readonly byLevel: Readonly<Partial<Record<Level | 'none', number>>>;
  /** Titles, for people. */
  readonly titles: readonly string[];
}

export interface AttackCoverage {
  /** By number of rules, most first. */
  readonly techniques: readonly TechniqueCoverage[];
  /** Rules per tactic, spelled with hyphens. */
  readonly tactics: ReadonlyMap<string, number>;
  readonly rules: number;
  /** Rules without any technique. */
  readonly untagged: number;
}

export function attackCoverage(rules: readonly (DetectionRule | CorrelationRule)[]): AttackCoverage {
  const techniques = new Map<string, { byLevel: Map<Level | 'none', number>; titles: string[] }>();
  const tactics = new Map<string, number>();
  let untagged = 0;
  for (const { details } of rules) {
    const tags = (details.tags ?? [])
      .filter((tag) => tag.startsWith('attack.'))
      .map((tag) => tag.slice('attack.'.length));
    const own = new Set(tags.filter((tag) => /^t\d{4}(\.\d{3})?$/.test(tag)).map((tag) => tag.toUpperCase()));
    if (own.size === 0) untagged++;
    for (const technique of own) {
      const entry = techniques.get(technique) ?? { byLevel: new Map<Level | 'none', number>(), titles: [] };
      techniques.set(technique, entry);
      const level = details.level ?? 'none';
      entry.byLevel.set(level, (entry.byLevel.get(level) ?? 0) + 1);
      entry.titles.push(details.name);
    }
    // Tactics by name; groups, software, data sources and mitigations begin with a letter and digits.
    for (const tactic of new Set(
      tags.filter((tag) => !/^[a-z]{1,2}\d/.test(tag)).map((tag) => tag.replaceAll('_', '-')),
    ))
      tactics.set(tactic, (tactics.get(tactic) ?? 0) + 1);
  }
  const list = [...techniques].map(([technique, { byLevel, titles }]) => ({
    technique,
    rules: titles.length,
    byLevel: Object.fromEntries(gravestFirst(byLevel)),
    titles,
  }));
  list.sort((a, b) => b.rules - a.rules || a.technique.localeCompare(b.technique));
  return { techniques: list, tactics, rules: rules.length, untagged };
}

function gravestFirst(byLevel: ReadonlyMap<Level | 'none', number>): [Level | 'none', number][] {
  const order: readonly (Level | 'none')[] = ['none', ...LEVELS];
  return [...byLevel].sort(([a], [b]) => order.indexOf(b) - order.indexOf(a));
}

/** A layer that the ATT&CK Navigator opens; the score of a technique is its number of rules. */
export function navigatorLayer(coverage: AttackCoverage, name: string): object {
  // The greatest value must be above the least.
  const greatest = Math.max(1, coverage.techniques[0]?.rules ?? 0);
  const parents = new Set(coverage.techniques.flatMap(({ technique }) => /^(T\d+)\./.exec(technique)?.[1] ?? []));
  return {
    name,
    versions: { layer: '4.5', navigator: '5.0.0' },
    domain: 'enterprise-attack',
    description: `${coverage.rules} Sigma rules`,
    techniques: coverage.techniques.map(({ technique, rules, titles }) => ({
      techniqueID: technique,
      score: rules,
      comment: titles.slice(0, 20).join('\n'),
      enabled: true,
      ...(parents.has(technique) && { showSubtechniques: true }),
    })),
    gradient: { colors: ['#ffffff', '#66b1ff'], minValue: 0, maxValue: greatest },
    showTacticRowBackground: false,
    selectTechniquesAcrossTactics: true,
  };
}
