/**
 * Search definitions: the shapes a search identifier may have (sigma.md section 4) and the section that holds them, shared by
 * detection rules and filters.
 */
import { suggestion } from '../../errors/nearest.ts';
import { parseSelectedField, SELECTOR_NAMES } from './array-selector.ts';
import type { Condition, Definition } from './ast.ts';
import { parseCondition } from './condition.ts';
import type { DefinitionContext } from './detection-item.ts';
import { parseDetectionItem } from './detection-item.ts';
import type { YamlPath } from './source-locator.ts';

/** Deepest nesting of maps and lists inside one definition. */
const MAX_DEPTH = 32;

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** All identifiers of a section but the reserved keys. Bad ones are reported and left out. */
export function parseDefinitions(
  section: Readonly<Record<string, unknown>>,
  reserved: readonly string[],
  path: YamlPath,
  context: DefinitionContext,
  depth = 0,
): Map<string, Definition> {
  const definitions = new Map<string, Definition>();
  for (const [name, raw] of Object.entries(section)) {
    if (reserved.includes(name)) continue;
    const place = [...path, name];
    if (!/^[^\s()*]+$/.test(name)) {
      context.reporter.error(
        'SIGMA_BAD_DETECTION',
        `"${name}" is no search identifier`,
        { path: place, key: true },
        'use letters, digits, "_" and "-"',
      );
      continue;
    }
    // Published rules have `filter_main_mdadm.conf` and `select_tree|endswith`: usable through patterns.
    if (!/^[\p{L}\p{N}_-]+$/u.test(name))
      context.reporter.warn(
        'SIGMA_QUESTIONABLE',
        `"${name}" is an unusual search identifier; modifiers belong to fields`,
        { path: place, key: true },
        'use letters, digits, "_" and "-"',
      );
    const definition = parseDefinition(raw, place, context, depth);
    if (definition !== undefined) definitions.set(name, definition);
  }
  return definitions;
}

function parseDefinition(
  raw: unknown,
  path: YamlPath,
  context: DefinitionContext,
  depth: number,
): Definition | undefined {
  if (depth > MAX_DEPTH) {
    context.reporter.error('SIGMA_BAD_DETECTION', 'definition is nested too deeply', path);
    return undefined;
  }
  if (isMapping(raw)) return parseMap(raw, path, context, depth);
  if (Array.isArray(raw)) return parseList(raw as readonly unknown[], path, context, depth);
  if (raw === null || raw === undefined) {
    context.reporter.error('SIGMA_BAD_DETECTION', `definition "${path.at(-1)}" is empty`, { path, key: true });
    return undefined;
  }
  return parseDetectionItem('', raw, path, context);
}

function parseMap(
  raw: Readonly<Record<string, unknown>>,
  path: YamlPath,
  context: DefinitionContext,
  depth: number,
): Definition | undefined {
  const entries = Object.entries(raw);
  if (entries.length === 0) {
    context.reporter.error('SIGMA_BAD_DETECTION', `definition "${path.at(-1)}" is empty`, path);
    return undefined;
  }
  const items: Definition[] = [];
  for (const [key, value] of entries) {
    const place = [...path, key];
    const item = context.arraySelectors
      ? parseSelected(key, value, place, context, depth)
      : parseDetectionItem(key, value, place, context);
    if (item !== undefined) items.push(item);
  }
  return items.length === entries.length ? { kind: 'all', items } : undefined;
}

/** An entry whose name may have array selectors. */
function parseSelected(
  key: string,
  raw: unknown,
  path: YamlPath,
  context: DefinitionContext,
  depth: number,
): Definition | undefined {
  const { reporter } = context;
  const [name = '', ...modifiers] = key.split('|');
  const selected = parseSelectedField(name);
  if ('unknown' in selected) {
    const near = suggestion(selected.unknown, SELECTOR_NAMES);
    const hint = `use one of ${SELECTOR_NAMES.join(', ')}, or a position; \\[ and \\] are brackets of a name`;
    reporter.error(
      'SIGMA_BAD_DETECTION',
      selected.isOpen === true
        ? `the bracket of an array selector in "${name}" is not closed`
        : `array selector "${selected.unknown}" is not known${near}`,
      { path, key: true },
      hint,
    );
    return undefined;
  }
  const { arrays } = selected;
  // Inside of an element `.` is the element itself.
  const isElement = selected.field === '.' || (arrays.length > 0 && selected.field === '');
  let body: Definition | undefined;
  if (isElement && arrays.length > 0 && isBlock(raw)) {
    if (modifiers.length > 0) {
      reporter.error('SIGMA_BAD_DETECTION', `"${key}" has modifiers, and a map below it`, { path, key: true });
      return undefined;
    }
    body = parseElementBody(raw, path, context, depth + 1);
  } else {
    const plain = [selected.field, ...modifiers].join('|');
    const item = parseDetectionItem(plain, raw, path, context, isElement);
    body = item === undefined ? undefined : { ...item, key };
  }
  for (const { field, quantifier } of arrays.toReversed())
    body = body === undefined ? undefined : { kind: 'elements', field, quantifier, body };
  return body;
}

function isBlock(raw: unknown): boolean {
  return isMapping(raw) || (Array.isArray(raw) && raw.some(isMapping));
}

/** What is asked of an element: maps as in any definition, or search identifiers with a condition of their own. */
function parseElementBody(
  raw: unknown,
  path: YamlPath,
  context: DefinitionContext,
  depth: number,
): Definition | undefined {
  if (!isMapping(raw) || typeof raw['condition'] !== 'string') return parseDefinition(raw, path, context, depth);
  const definitions = parseDefinitions(raw, ['condition'], path, context, depth);
  const names = Object.keys(raw).filter((name) => name !== 'condition');
  const condition = parseCondition(raw['condition'], names, [...path, 'condition'], context.reporter, new Set());
  if (condition === undefined || definitions.size < names.length) return undefined;
  return inDefinitions(condition, definitions);
}

function inDefinitions(node: Condition, definitions: ReadonlyMap<string, Definition>): Definition {
  const named = (name: string): Definition => definitions.get(name) as Definition;
  switch (node.kind) {
    case 'identifier':
      return named(node.name);
    case 'not':
      return { kind: 'not', item: inDefinitions(node.item, definitions) };
    case 'of':
      return { kind: node.quantifier, items: node.names.map(named) };
    default:
      return {
        kind: node.kind === 'and' ? 'all' : 'any',
        items: node.items.map((item) => inDefinitions(item, definitions)),
      };
  }
}

function parseList(
  raw: readonly unknown[],
  path: YamlPath,
  context: DefinitionContext,
  depth: number,
): Definition | undefined {
  if (raw.length === 0) {
    context.reporter.error('SIGMA_BAD_DETECTION', `definition "${path.at(-1)}" is empty`, { path, key: true });
    return undefined;
  }
  // A list of scalars stays one keyword item, so that explanations and witnesses see it as one.
  if (raw.every((member) => typeof member !== 'object' || member === null))
    return parseDetectionItem('', raw, path, context);
  const items = raw.map((member, index) => parseDefinition(member, [...path, index], context, depth + 1));
  const good = items.filter((item) => item !== undefined);
  return good.length === items.length ? { kind: 'any', items: good } : undefined;
}
