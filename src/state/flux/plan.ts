/**
 * FluxPlan: a specification with everything computed that follows from it: columns to read, places of the tags in the mask words, the
 * fingerprint of each rule's definition (a changed rule starts with empty memory, an unchanged one keeps it over a reload).
 *
 * Tags stand in words of 31 bits, rule after rule: word `wordOffset + floor(tag / 31)`, bit `tag % 31`. Bit 31 is left free, so that
 * a mask is never negative and the words of one rule can be told from a deleted fact.
 */
import type { FluxRule, FluxSpec, TagCondition } from '../../ir/flux.ts';
import { Fingerprint } from '../memory/fingerprint.ts';

export const TAGS_PER_WORD = 31;

export interface FluxPlan {
  readonly spec: FluxSpec;
  readonly rules: readonly PlannedRule[];
  /** Distinct columns that rules need; a row holds their values in this order. */
  readonly columns: readonly string[];
  /** Words of all rules together. */
  readonly words: number;
}

export interface PlannedRule {
  readonly rule: FluxRule;
  /** The rule's tags. */
  readonly listed: ReadonlySet<string>;
  readonly ordinal: number;
  readonly wordOffset: number;
  readonly wordCount: number;
  /** Fingerprint of the definition. */
  readonly lo: number;
  readonly hi: number;
  /** Columns of `groupby`, by position in `columns`; empty for lineage rules. */
  readonly context: readonly number[];
  readonly child: number;
  readonly parent: number;
  /** -1 without `start`. */
  readonly start: number;
  /** Temporal: rows without an own tag are evaluated as well. */
  readonly every: boolean;
  readonly condition: ConditionTest;
  /** True when the condition can turn false again, so that its turning true must be remembered. */
  readonly canFall: boolean;
  /** True when a tag too many may keep the condition from holding. */
  readonly negates: boolean;
}

/** Reads the words of all rules. `merged`: own or remembered. */
export type ConditionTest = (own: Int32Array, inherited: Int32Array, merged: Int32Array) => boolean;

export function planFlux(spec: FluxSpec): FluxPlan {
  const columns: string[] = [];
  const columnOf = (name: string): number => {
    const known = columns.indexOf(name);
    return known >= 0 ? known : columns.push(name) - 1;
  };
  let words = 0;
  const rules = spec.rules.map((rule, ordinal): PlannedRule => {
    const wordOffset = words;
    const wordCount = Math.ceil(rule.tags.length / TAGS_PER_WORD);
    words += wordCount;
    const lineage = rule.action !== 'temporal';
    const { lo, hi } = new Fingerprint().set(0x666c7578, 1).add(definitionOf(rule));
    return {
      rule,
      listed: new Set(rule.tags),
      ordinal,
      wordOffset,
      wordCount,
      lo,
      hi,
      context: rule.action === 'temporal' ? rule.groupBy.map(columnOf) : [],
      child: lineage ? columnOf(rule.child) : -1,
      parent: lineage ? columnOf(rule.parent) : -1,
      start: lineage && rule.start !== undefined ? columnOf(rule.start) : -1,
      every: rule.action === 'temporal' && rule.every === true,
      condition: compileCondition(rule.condition, wordOffset),
      canFall:
        rule.action === 'temporal' && (rule.timespanMs !== undefined || rule.ordered || !isLasting(rule.condition)),
      negates: negates(rule.condition),
    };
  });
  return { spec, rules, columns, words };
}

/** What the remembered facts depend on; condition, level and description may change without losing them. */
function definitionOf(rule: FluxRule): string {
  const own =
    rule.action === 'temporal'
      ? [rule.ordered, rule.strict, rule.groupBy, rule.timespanMs !== undefined, ...(rule.every === true ? [true] : [])]
      : [rule.parent, rule.child, rule.start ?? null];
  return JSON.stringify([rule.name, rule.action, rule.tags, own]);
}

function compileCondition(node: TagCondition, offset: number): ConditionTest {
  if (node.kind === 'tag') {
    const word = offset + Math.floor(node.tag / TAGS_PER_WORD);
    const bit = 1 << (node.tag % TAGS_PER_WORD);
    if (node.from === 'any') return (_own, _inherited, merged) => ((merged[word] as number) & bit) !== 0;
    if (node.from === 'self') return (own) => ((own[word] as number) & bit) !== 0;
    return (_own, inherited) => ((inherited[word] as number) & bit) !== 0;
  }
  if (node.kind === 'not') {
    const item = compileCondition(node.item, offset);
    return (own, inherited, merged) => !item(own, inherited, merged);
  }
  const items = node.items.map((item) => compileCondition(item, offset));
  return node.kind === 'and'
    ? (own, inherited, merged) => items.every((item) => item(own, inherited, merged))
    : (own, inherited, merged) => items.some((item) => item(own, inherited, merged));
}

/** True when, once true, it stays true on every later row that is evaluated: remembered tags never vanish without a time span. */
function isLasting(node: TagCondition): boolean {
  if (node.kind === 'tag') return node.from === 'any';
  return node.kind === 'not' ? false : node.items.every(isLasting);
}

function negates(node: TagCondition): boolean {
  if (node.kind === 'tag') return false;
  return node.kind === 'not' || node.items.some(negates);
}
