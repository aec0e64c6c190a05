/**
 * Search definitions: the shapes a search identifier may have (sigma.md section 4) and the section that holds them, shared by
 * detection rules and filters.
 */
import type { Definition } from './ast.ts';
import type { DefinitionContext } from './detection-item.ts';
import { parseDetectionItem } from './detection-item.ts';
import type { YamlPath } from './source-locator.ts';

const QUANTIFIERS = ['any', 'all', 'all_or_empty', 'none'] as const;
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
    const definition = parseDefinition(raw, place, context, 0);
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
    const selector = context.arraySelectors ? /^(.*[^\\])\[([a-z_]+)\]$/.exec(key) : null;
    const item =
      selector === null
        ? parseDetectionItem(key, value, place, context)
        : parseElements(selector[1] as string, selector[2] as string, value, place, context, depth);
    if (item !== undefined) items.push(item);
  }
  return items.length === entries.length ? { kind: 'all', items } : undefined;
}

function parseElements(
  field: string,
  quantifier: string,
  raw: unknown,
  path: YamlPath,
  context: DefinitionContext,
  depth: number,
): Definition | undefined {
  if (!(QUANTIFIERS as readonly string[]).includes(quantifier)) {
    context.reporter.error(
      'SIGMA_BAD_DETECTION',
      `array selector "${quantifier}" is not known`,
      { path, key: true },
      `use one of ${QUANTIFIERS.join(', ')}, or a position`,
    );
    return undefined;
  }
  if (!isMapping(raw)) {
    context.reporter.error(
      'SIGMA_BAD_DETECTION',
      `array selector "${quantifier}" needs a map of fields below it`,
      path,
    );
    return undefined;
  }
  const body = parseMap(raw, path, context, depth + 1);
  if (body === undefined) return undefined;
  return {
    kind: 'elements',
    field: field.replace(/\\([[\]])/g, '$1'),
    quantifier: quantifier.replaceAll('_', '-') as 'any' | 'all' | 'all-or-empty' | 'none',
    body,
  };
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
