/** Explanations of a rule on an event, for people as an indented tree and for programs as an object. */
import type { Event } from '../../core/event.ts';
import type { SigmaExplanation } from '../../engine/rules/sigma-rules.ts';
import type { Explanation } from '../../match/rule-evidence.ts';
import { oneLine, paint } from '../terminal.ts';

/** Alternatives of one list that are shown where only what decided is asked for. */
const MAX_ALTERNATIVES = 12;

/** `decisive`: without what did not matter for the outcome. `searches`: which of the rule's search identifiers hold. */
export function explanationText(
  { rule, admitted, source, tree }: SigmaExplanation,
  event: Event,
  color: boolean,
  detail: 'everything' | 'decisive' = 'everything',
  searches: ReadonlyMap<string, boolean> = new Map(),
): string {
  const matches = admitted && tree.held;
  const verdict = matches ? paint(color, 'green', 'matches') : paint(color, 'red', 'does not match');
  const { product, category, service } = rule.logsource;
  const wanted = [product, category, service].filter((part) => part !== undefined).join('/');
  const seen =
    source === undefined
      ? 'of no known shape; --logsource says what it is'
      : `${source.shape}: ${[source.product ?? '', ...source.categories, ...source.services].filter((part) => part !== '').join(', ')}`;
  const place = event.origin.line > 0 ? `line ${event.origin.line}` : `record ${event.origin.record}`;
  return [
    `${place}: ${verdict} ${paint(color, 'bold', oneLine(rule.details.name, 200))}`,
    `  log source  ${admitted ? paint(color, 'green', 'fits') : paint(color, 'red', 'does not fit')}: rule for ${wanted}, event is ${oneLine(seen, 200)}`,
    ...searchLines(searches, color),
    ...treeLines(detail === 'decisive' ? decisive(tree) : tree, 1, color),
  ].join('\n');
}

function searchLines(searches: ReadonlyMap<string, boolean>, color: boolean): string[] {
  if (searches.size < 2) return [];
  const marked = [...searches].map(
    ([name, held]) => `${held ? paint(color, 'green', '+') : paint(color, 'red', '-')} ${oneLine(name, 100)}`,
  );
  return [`  searches    ${marked.join('  ')}`];
}

/** What made a node come out as it did: of a list that holds or fails because of some members, only these. */
export function decisive(node: Explanation): Explanation {
  const isAll = node.text === 'all of';
  if (node.children.length === 0) return node;
  const decided =
    isAll || node.text === 'any of' ? node.children.filter(({ held }) => held === node.held) : node.children;
  const shown = decided.slice(0, MAX_ALTERNATIVES).map(decisive);
  const more = decided.length - shown.length;
  if (more === 0) return { ...node, children: shown };
  return { ...node, children: [...shown, { text: `… and ${more} more`, held: node.held, seen: [], children: [] }] };
}

function treeLines(node: Explanation, depth: number, color: boolean): string[] {
  const mark = node.held ? paint(color, 'green', '+') : paint(color, 'red', '-');
  const seen = node.children.length === 0 ? seenText(node) : '';
  return [
    `${'  '.repeat(depth)}${mark} ${oneLine(node.text, 200)}${seen === '' ? '' : `   ${paint(color, 'dim', seen)}`}`,
    ...node.children.flatMap((child) => treeLines(child, depth + 1, color)),
  ];
}

function seenText({ other, ...own }: Explanation): string {
  const text = valuesText(own, 'seen: ');
  return other === undefined ? text : `${text}; ${oneLine(other.field, 100)} ${valuesText(other, 'has ')}`;
}

function valuesText({ seen, from }: Pick<Explanation, 'seen' | 'from'>, lead: string): string {
  const source = from === undefined ? '' : ` (${oneLine(from, 120)})`;
  if (seen === undefined) return `absent${source}`;
  return seen.length === 0 ? '' : `${lead}${oneLine(JSON.stringify(seen).slice(1, -1), 160)}${source}`;
}

export function explanationObject(
  { rule, admitted, source, tree }: SigmaExplanation,
  event: Event,
): Readonly<Record<string, unknown>> {
  return {
    rule: { id: rule.details.id, name: rule.details.name, logsource: rule.logsource },
    record: event.origin.record,
    line: event.origin.line,
    matches: admitted && tree.held,
    admitted,
    ...(source !== undefined && { source }),
    tree,
  };
}
