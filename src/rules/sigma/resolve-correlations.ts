/** Correlation references: names to ids, aliases to fields, cycles refused, and which rules alert on their own. */
import { suggestion } from '../../errors/nearest.ts';
import type { CorrelationCondition, CorrelationField, CorrelationRule } from '../../ir/correlation.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import { ruleExpression } from './rule-expression.ts';
import type { SigmaCorrelation } from './correlation-rule.ts';
import type { Reporter } from './reporter.ts';

interface NamedDetection {
  readonly rule: DetectionRule;
  readonly name?: string;
}

interface Pending {
  readonly item: SigmaCorrelation;
  readonly reporter: Reporter;
}

export function resolveCorrelations(
  detections: readonly NamedDetection[],
  correlations: readonly Pending[],
): { detections: readonly DetectionRule[]; correlations: readonly CorrelationRule[] } {
  const ids = new Map<string, string>();
  const add = (id: string, name: string | undefined): void => {
    if (name !== undefined && !ids.has(name)) ids.set(name, id);
  };
  for (const { rule } of detections) ids.set(rule.details.id, rule.details.id);
  for (const { item } of correlations) ids.set(item.meta.details.id, item.meta.details.id);
  for (const { rule, name } of detections) add(rule.details.id, name);
  for (const { item } of correlations) add(item.meta.details.id, item.meta.name);

  // A correlation that loses a rule is refused, and with it those that watch it: until nothing changes.
  let pending = [...correlations];
  let refused = true;
  while (refused) {
    refused = false;
    pending = pending.filter(({ item, reporter }) => {
      const missing = item.rules.findIndex((rule) => !ids.has(rule));
      if (missing < 0) return true;
      const name = item.rules[missing] as string;
      const place = { path: [...item.path, 'rules', missing] };
      reporter.error('SIGMA_UNKNOWN_RULE', `rule "${name}" is not loaded${suggestion(name, ids.keys())}`, place);
      for (const [key, id] of ids) if (id === item.meta.details.id) ids.delete(key);
      refused = true;
      return false;
    });
  }
  const acyclic = withoutCycles(pending, ids);
  const kept = new Set(acyclic.map(({ item }) => item.meta.details.id));
  const resolved = acyclic
    .filter(({ item }) =>
      item.rules.every((rule) => kept.has(ids.get(rule) as string) || !isCorrelation(rule, ids, pending)),
    )
    .map(({ item, reporter }) => ({ rule: build(item, reporter, ids), generate: item.generate }));

  const silent = new Map<string, boolean>();
  for (const { rule, generate } of resolved)
    for (const id of rule.rules) silent.set(id, (silent.get(id) ?? true) && !generate);
  return {
    // A copy has its predicate compiled, so there is one only where something changes.
    detections: detections.map(({ rule }) =>
      rule.alerts && silent.get(rule.details.id) === true ? { ...rule, alerts: false } : rule,
    ),
    correlations: resolved.map(({ rule }) => ({ ...rule, alerts: silent.get(rule.details.id) !== true })),
  };
}

function isCorrelation(name: string, ids: ReadonlyMap<string, string>, pending: readonly Pending[]): boolean {
  return pending.some(({ item }) => item.meta.details.id === ids.get(name));
}

/** Leaves out every correlation that can reach itself. */
function withoutCycles(pending: readonly Pending[], ids: ReadonlyMap<string, string>): readonly Pending[] {
  const byId = new Map(pending.map((entry) => [entry.item.meta.details.id, entry]));
  return pending.filter(({ item, reporter }) => {
    const start = item.meta.details.id;
    const stack = [...item.rules];
    const seen = new Set<string>();
    while (stack.length > 0) {
      const id = ids.get(stack.pop() as string) as string;
      if (id === start) {
        reporter.error('SIGMA_CYCLE', `correlation "${item.meta.details.name}" watches itself`, [
          ...item.path,
          'rules',
        ]);
        return false;
      }
      if (seen.has(id)) continue;
      seen.add(id);
      stack.push(...(byId.get(id)?.item.rules ?? []));
    }
    return true;
  });
}

function build(item: SigmaCorrelation, reporter: Reporter, ids: ReadonlyMap<string, string>): CorrelationRule {
  const idOf = (name: string): string => ids.get(name) as string;
  const field = (name: string): CorrelationField => {
    const fieldOf = Object.create(null) as Record<string, string>;
    for (const [rule, real] of item.aliases.get(name) ?? []) {
      const id = ids.get(rule);
      if (id === undefined || !item.rules.some((used) => idOf(used) === id))
        reporter.warn('SIGMA_QUESTIONABLE', `alias "${name}" names "${rule}", which the correlation does not watch`, [
          ...item.path,
          'aliases',
          name,
        ]);
      else fieldOf[id] = real;
    }
    return { name, fieldOf };
  };
  const { status } = item.meta;
  return {
    kind: 'correlation',
    details: item.meta.details,
    origin: item.meta.origin,
    ...(status === undefined ? {} : { status }),
    type: item.type,
    rules: [...new Set(item.rules.map(idOf))],
    groupBy: item.groupBy.map(field),
    timespanMs: item.timespanMs,
    condition: conditionOf(item, new Set(item.rules.map(idOf)).size, field, idOf),
    generate: item.generate,
    alerts: true,
  };
}

function conditionOf(
  item: SigmaCorrelation,
  ruleCount: number,
  field: (name: string) => CorrelationField,
  idOf: (name: string) => string,
): CorrelationCondition {
  if (item.expression !== undefined) return { kind: 'expression', root: ruleExpression(item.expression, idOf) };
  return {
    kind: 'threshold',
    bounds: item.bounds.length > 0 ? item.bounds : [{ operator: 'gte', value: ruleCount }],
    fields: item.fields.map(field),
    ...(item.percentile === undefined ? {} : { percentile: item.percentile }),
  };
}
