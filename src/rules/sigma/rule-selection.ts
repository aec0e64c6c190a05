/**
 * Rule sets: which of the loaded rules are used, and at which level, without editing them. Criteria of one entry are ANDed, entries
 * are ORed; what is excluded stays out whatever includes it. Rules that only feed correlations follow the correlations.
 */
import { LEVELS, type Level } from '../../core/level.ts';
import type { CorrelationRule } from '../../ir/correlation.ts';
import type { DetectionRule, RuleStatus } from '../../ir/detection-rule.ts';
import { STATUSES } from './rule-meta.ts';

export interface RuleCriteria {
  /** Ids or titles. */
  readonly rules?: readonly string[];
  /** At least this level; a rule without a level passes only when the criterion is absent. */
  readonly minLevel?: Level;
  /** At least as mature as this. */
  readonly minStatus?: RuleStatus;
  /** Any of the tags; `attack.t1059` also stands for `attack.t1059.001`. */
  readonly tags?: readonly string[];
  /** Any of the authors, as one of the comma-separated names, letter case ignored. */
  readonly authors?: readonly string[];
  /** The rule's file lies in or is one of these paths (path segments). */
  readonly paths?: readonly string[];
}

export interface RuleSelection {
  /** Absent or empty: all. */
  readonly include?: readonly RuleCriteria[];
  readonly exclude?: readonly RuleCriteria[];
  /** The first entry whose criteria hold gives the level. */
  readonly levels?: readonly { readonly criteria: RuleCriteria; readonly level: Level }[];
}

type Rule = DetectionRule | CorrelationRule;

export function selectRules(
  rules: { readonly detections: readonly DetectionRule[]; readonly correlations: readonly CorrelationRule[] },
  selection: RuleSelection,
): { readonly detections: readonly DetectionRule[]; readonly correlations: readonly CorrelationRule[] } {
  const wanted = (rule: Rule): boolean => {
    const { include = [], exclude = [] } = selection;
    if (exclude.some((criteria) => meets(rule, criteria))) return false;
    return include.length === 0 || include.some((criteria) => meets(rule, criteria));
  };
  const byId = new Map(rules.correlations.map((rule) => [rule.details.id, rule]));
  const needed = new Set<string>();
  const need = (rule: CorrelationRule): void => {
    for (const id of rule.rules) {
      if (needed.has(id)) continue;
      needed.add(id);
      const inner = byId.get(id);
      if (inner !== undefined) need(inner);
    }
  };
  for (const rule of rules.correlations) if (rule.alerts && wanted(rule)) need(rule);
  // What a chosen correlation watches stays, silent when it is not chosen itself.
  const keep = <T extends Rule>(rule: T): T[] => {
    const own = wanted(rule) && (rule.alerts || needed.has(rule.details.id));
    if (!own && !needed.has(rule.details.id)) return [];
    return [releveled(own ? rule : { ...rule, alerts: false }, selection)];
  };
  return { detections: rules.detections.flatMap(keep), correlations: rules.correlations.flatMap(keep) };
}

function releveled<T extends Rule>(rule: T, selection: RuleSelection): T {
  const entry = selection.levels?.find(({ criteria }) => meets(rule, criteria));
  return entry === undefined ? rule : { ...rule, details: { ...rule.details, level: entry.level } };
}

export function meets(rule: Rule, criteria: RuleCriteria): boolean {
  const { details } = rule;
  if (criteria.rules !== undefined && !criteria.rules.some((name) => name === details.id || name === details.name))
    return false;
  if (criteria.minLevel !== undefined) {
    if (details.level === undefined || LEVELS.indexOf(details.level) < LEVELS.indexOf(criteria.minLevel)) return false;
  }
  if (criteria.minStatus !== undefined) {
    if (rule.status === undefined || STATUSES.indexOf(rule.status) > STATUSES.indexOf(criteria.minStatus)) return false;
  }
  if (criteria.tags !== undefined) {
    const tags = details.tags ?? [];
    if (!criteria.tags.some((wanted) => tags.some((tag) => tag === wanted || tag.startsWith(`${wanted}.`))))
      return false;
  }
  if (criteria.authors !== undefined) {
    const authors = (details.author ?? '').split(',').map((name) => name.trim().toLowerCase());
    if (!criteria.authors.some((name) => authors.includes(name.toLowerCase()))) return false;
  }
  return criteria.paths === undefined || criteria.paths.some((path) => isBelow(rule.origin.file, path));
}

function isBelow(file: string, path: string): boolean {
  const segments = path
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.')
    .join('/');
  return segments === '' || `/${file}/`.includes(`/${segments}/`);
}
