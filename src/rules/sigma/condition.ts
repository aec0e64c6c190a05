/**
 * Conditions of detection rules and filters: the boolean expression resolved against the section's search identifiers. A name
 * that is not defined and a selector that matches nothing are errors (dropping them would change the meaning silently).
 */
import { suggestion } from '../../errors/nearest.ts';
import type { Condition } from './ast.ts';
import type { Expression } from './boolean-expression.ts';
import { parseExpression } from './boolean-expression.ts';
import type { Reporter } from './reporter.ts';
import type { YamlPath } from './source-locator.ts';

/** Parses one condition text. Names it uses are added to `used`. Returns undefined after reporting an error. */
export function parseCondition(
  text: string,
  names: readonly string[],
  path: YamlPath,
  reporter: Reporter,
  used: Set<string>,
): Condition | undefined {
  const parsed = parseExpression(text, true);
  for (const { word, at } of parsed.oddCase)
    reporter.warn(
      'SIGMA_QUESTIONABLE',
      `"${word}" is written in lower case in Sigma`,
      { path, at, length: word.length },
      `write "${word.toLowerCase()}"`,
    );
  if (parsed.problem !== undefined) {
    const { message, at, length, hint } = parsed.problem;
    reporter.error('SIGMA_BAD_CONDITION', message, { path, at, length }, hint);
    return undefined;
  }
  const before = reporter.errors;
  const condition = resolve(parsed.root as Expression, names, path, reporter, used);
  return reporter.errors === before ? condition : undefined;
}

function resolve(
  node: Expression,
  names: readonly string[],
  path: YamlPath,
  reporter: Reporter,
  used: Set<string>,
): Condition {
  if ('items' in node)
    return { kind: node.kind, items: node.items.map((item) => resolve(item, names, path, reporter, used)) };
  if (node.kind === 'not') return { kind: 'not', item: resolve(node.item, names, path, reporter, used) };
  if (node.kind === 'name') {
    if (!names.includes(node.name))
      reporter.error(
        'SIGMA_UNKNOWN_IDENTIFIER',
        `search identifier "${node.name}" is not defined${suggestion(node.name, names)}`,
        { path, at: node.at, length: node.name.length },
      );
    used.add(node.name);
    return { kind: 'identifier', name: node.name };
  }
  const selected = names.filter((name) => isSelected(name, node.target));
  if (selected.length === 0)
    reporter.error(
      'SIGMA_UNKNOWN_IDENTIFIER',
      `no search identifier matches "${node.target}"`,
      { path, at: node.at, length: node.target.length },
      `defined are ${names.map((name) => `"${name}"`).join(', ')}`,
    );
  for (const name of selected) used.add(name);
  return { kind: 'of', quantifier: node.quantifier, names: selected };
}

/** `them` and patterns skip names with a leading underscore, unless the pattern itself begins with one. */
function isSelected(name: string, target: string): boolean {
  if (name.startsWith('_') && !target.startsWith('_')) return false;
  return target === 'them' || globMatchesName(target, name);
}

/** `*` is any run; at most a few stars, names are short. */
function globMatchesName(pattern: string, name: string): boolean {
  const pieces = pattern.split('*');
  const first = pieces[0] as string;
  if (pieces.length === 1) return name === pattern;
  const last = pieces.at(-1) as string;
  if (!name.startsWith(first) || name.length < first.length + last.length || !name.endsWith(last)) return false;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = name.indexOf(piece, at);
    if (found < 0 || found + piece.length > name.length - last.length) return false;
    at = found + piece.length;
  }
  return true;
}
