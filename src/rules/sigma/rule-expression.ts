/** Text conditions of correlations: a parsed boolean expression as the IR's expression over rules. */
import type { RuleExpression } from '../../ir/correlation.ts';
import type { Expression } from './boolean-expression.ts';

/** `idOf` maps the names in the text to what the result calls the rules. */
export function ruleExpression(node: Expression, idOf: (name: string) => string): RuleExpression {
  if (node.kind === 'name') return { kind: 'rule', id: idOf(node.name) };
  if (node.kind === 'not') return { kind: 'not', item: ruleExpression(node.item, idOf) };
  // Selectors do not occur: text conditions of correlations are parsed without them.
  if (node.kind === 'of') throw new Error('selector in a correlation condition');
  return { kind: node.kind, items: node.items.map((member) => ruleExpression(member, idOf)) };
}
