/**
 * From the syntax tree to the IR. Each written value becomes one comparison with a label of its own, so that explanations name
 * what matched; backends put comparisons on the same field back together.
 */
import { and, not, or } from '../../ir/build.ts';
import type { FieldPath, Glob, GlobPart, Predicate, Regex, Test } from '../../ir/predicate.ts';
import type { Condition, Definition, DetectionItem, SigmaValue, TextPart } from './ast.ts';
import { literalOf } from './text-value.ts';

export function compileConditions(
  conditions: readonly Condition[],
  definitions: ReadonlyMap<string, Definition>,
): Predicate {
  const compiled = new Map<string, Predicate>();
  const identifier = (name: string): Predicate => {
    let predicate = compiled.get(name);
    if (predicate === undefined) {
      predicate = compileDefinition(definitions.get(name) as Definition);
      compiled.set(name, predicate);
    }
    return predicate;
  };
  return or(conditions.map((condition) => compileCondition(condition, identifier)));
}

function compileCondition(node: Condition, identifier: (name: string) => Predicate): Predicate {
  switch (node.kind) {
    case 'and':
      return and(node.items.map((item) => compileCondition(item, identifier)));
    case 'or':
      return or(node.items.map((item) => compileCondition(item, identifier)));
    case 'not':
      return not(compileCondition(node.item, identifier));
    case 'identifier':
      return identifier(node.name);
    case 'of': {
      const items = node.names.map(identifier);
      return node.quantifier === 'all' ? and(items) : or(items);
    }
  }
}

function compileDefinition(node: Definition): Predicate {
  if (node.kind === 'item') return compileItem(node);
  if (node.kind === 'elements') {
    const path: FieldPath = { kind: 'field', name: node.field };
    return Object.freeze({ kind: 'elements', path, quantifier: node.quantifier, body: compileDefinition(node.body) });
  }
  if (node.kind === 'not') return not(compileDefinition(node.item));
  const items = node.items.map(compileDefinition);
  return node.kind === 'all' ? and(items) : or(items);
}

function compileItem(item: DetectionItem): Predicate {
  const tests = item.values.map(({ value, written }) =>
    compileValue(value, item, item.key === '' ? written : `${item.key}: ${written}`),
  );
  const linked = item.all ? and(tests) : or(tests);
  return item.negated ? not(linked) : linked;
}

function compileValue(value: SigmaValue, item: DetectionItem, label: string): Predicate {
  if (value.kind === 'one-of') return or(value.values.map((member) => compileValue(member, item, label)));
  if (value.kind === 'exists' && !value.value) return not(compileValue({ kind: 'exists', value: true }, item, label));
  const test = testOf(value, item.field === undefined);
  if (item.field === undefined) return Object.freeze({ kind: 'keyword', test, label });
  const path: FieldPath = Object.freeze({ kind: 'field', name: item.field });
  return Object.freeze({ kind: 'compare', path, test, negate: false, absent: value.kind === 'null', label });
}

function testOf(value: Exclude<SigmaValue, { kind: 'one-of' }>, isKeyword: boolean): Test {
  switch (value.kind) {
    case 'text':
      return textTest(value, isKeyword);
    case 'number':
      return { kind: 'equals', value: { type: 'number', value: value.value }, collation: 'folded', typing: 'bridged' };
    case 'boolean':
      return { kind: 'equals', value: { type: 'boolean', value: value.value }, collation: 'folded', typing: 'bridged' };
    case 'null':
      return { kind: 'null' };
    case 'regex':
      return regexTest(value);
    case 'network':
      return { kind: 'network', relation: 'subset', network: value.network };
    case 'exists':
      return { kind: 'exists' };
    case 'order':
      return {
        kind: 'order',
        operator: value.operator,
        value:
          typeof value.value === 'string'
            ? { type: 'string', value: value.value }
            : { type: 'number', value: value.value },
        typing: 'bridged',
      };
    case 'field-reference':
      return {
        kind: 'field-reference',
        relation: value.relation,
        other: { kind: 'field', name: value.field },
        collation: value.cased ? 'exact' : 'folded',
      };
    case 'time-part':
      return { kind: 'time-part', part: value.part, operator: value.operator, value: value.value };
  }
}

export function regexTest(value: Extract<SigmaValue, { kind: 'regex' }>): Regex {
  return { kind: 'regex', source: value.source, flags: value.flags, typing: 'bridged', normalize: 'none' };
}

function textTest(value: Extract<SigmaValue, { kind: 'text' }>, isKeyword: boolean): Test {
  const collation = value.cased ? 'exact' : 'folded';
  const literal = isKeyword ? undefined : literalOf(value);
  if (literal !== undefined)
    return { kind: 'equals', value: { type: 'string', value: literal }, collation, typing: 'bridged' };
  const glob: Glob = {
    kind: 'glob',
    parts: Object.freeze(value.parts.map(globPart)),
    collation,
    typing: 'bridged',
    normalize: 'none',
  };
  return Object.freeze(glob);
}

function globPart(part: TextPart): GlobPart {
  // Rules with unresolved placeholders are refused before they are compiled.
  if ('placeholder' in part) throw new Error(`placeholder "${part.placeholder}" reached the compiler`);
  return part;
}
