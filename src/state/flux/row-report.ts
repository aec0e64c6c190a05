/** What a flux rule saw on one row, and what its condition still lacks: for people who ask why it did not fire. */
import type { TagCondition } from '../../ir/flux.ts';
import type { EventReference, GroupReport } from '../snapshot/stateful-part.ts';
import type { FluxResult } from './engine.ts';
import type { PlannedRule } from './plan.ts';
import { hasTag, type TakenRow } from './row.ts';

type TagTest = (tag: number, from: 'any' | 'self' | 'inherited') => boolean;

/** What is missing for the condition, one phrase each; empty when it holds. */
export function missingTags(planned: PlannedRule, row: TakenRow<unknown>, result: FluxResult<unknown>): string[] {
  const has: TagTest = (tag, from) =>
    hasTag(from === 'self' ? row.own : from === 'any' ? result.tags : result.inherited, planned, tag);
  return [...new Set(missingIn(planned, planned.rule.condition, has, false))];
}

function holds(node: TagCondition, has: TagTest): boolean {
  if (node.kind === 'tag') return has(node.tag, node.from);
  if (node.kind === 'not') return !holds(node.item, has);
  return node.kind === 'and'
    ? node.items.every((item) => holds(item, has))
    : node.items.some((item) => holds(item, has));
}

/** Of a part that has the wrong outcome, the tags that alone could turn it. `negated`: the part must be false. */
function missingIn(planned: PlannedRule, node: TagCondition, has: TagTest, negated: boolean): string[] {
  if (holds(node, has) !== negated) return [];
  if (node.kind === 'not') return missingIn(planned, node.item, has, !negated);
  if (node.kind !== 'tag') return node.items.flatMap((item) => missingIn(planned, item, has, negated));
  const { rule } = planned;
  const tag = rule.tags[node.tag] ?? '';
  if (negated) return [`tag "${tag}" is there and must not be`];
  const before = rule.tags[node.tag - 1];
  if (rule.action === 'temporal') {
    if (node.from === 'inherited') return [`no earlier event with tag "${tag}"`];
    if (node.from === 'self') return [`the event itself has no tag "${tag}"`];
    return [rule.ordered && before !== undefined ? `no tag "${tag}" after "${before}"` : `no event with tag "${tag}"`];
  }
  const whose = rule.action === 'parent' ? 'its parent' : 'any ancestor of it';
  if (node.from === 'self') return [`the event itself has no tag "${tag}"`];
  return [node.from === 'inherited' ? `no tag "${tag}" on ${whose}` : `no tag "${tag}" on the event or ${whose}`];
}

/** Callable while the result is valid. `events`: the row's own and those behind its tags, newest first. */
export function reportRow<T>(
  planned: PlannedRule,
  row: TakenRow<T>,
  result: FluxResult<T>,
  group: Readonly<Record<string, string>>,
  missing: readonly string[],
  events: readonly EventReference[],
): GroupReport {
  const { rule } = planned;
  const seen = rule.tags.filter((_, tag) => hasTag(result.tags, planned, tag));
  const kind = rule.action === 'temporal' && rule.ordered ? 'temporal, ordered' : rule.action;
  return {
    group,
    fromMs: Math.min(...events.map(({ timeMs }) => timeMs)),
    toMs: row.timeMs,
    entries: events.length,
    state: `${kind}: ${seen.length} of ${rule.tags.length} tags seen${seen.length === 0 ? '' : ` (${seen.join(', ')})`}`,
    missing,
    events,
  };
}
