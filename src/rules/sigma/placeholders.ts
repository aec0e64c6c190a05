/**
 * Placeholders: `%name%` of values with `expand` (sigma.md section 10), replaced by lists of values (OR; several in one value
 * give the cross product), or by a wildcard. What stays unresolved makes the rule refused.
 */
import type { Definition, SigmaValue, TextPart } from './ast.ts';
import { parseText, plainText } from './text-value.ts';

/** Values by placeholder name; looked up exactly first, then without regard to letter case. */
export type PlaceholderValues = ReadonlyMap<string, readonly (string | number)[]>;

/** Most values that one written value may become. */
const MAX_EXPANSION = 100_000;

/** The parts that replace a placeholder, one list per alternative; undefined leaves it. */
export type PlaceholderResolver = (name: string) => readonly (readonly TextPart[])[] | undefined;

export function placeholderResolver(values: PlaceholderValues): PlaceholderResolver {
  const folded = new Map([...values].map(([name, list]) => [name.toLowerCase(), list]));
  return (name) => {
    const list = values.get(name) ?? folded.get(name.toLowerCase());
    return list?.map((value) => (typeof value === 'string' ? parseText(value) : plainText(String(value))).parts);
  };
}

/** The definition with placeholders replaced where `resolve` knows them. */
export function resolvePlaceholders(definition: Definition, resolve: PlaceholderResolver): Definition {
  if (definition.kind === 'elements') return { ...definition, body: resolvePlaceholders(definition.body, resolve) };
  if (definition.kind !== 'item')
    return { ...definition, items: definition.items.map((item) => resolvePlaceholders(item, resolve)) };
  if (!definition.values.some(({ value }) => placeholdersIn(value).length > 0)) return definition;
  return {
    ...definition,
    values: definition.values.map(({ value, written }) => ({ value: resolveValue(value, resolve), written })),
  };
}

/** Names of the placeholders that are still in a definition. */
export function unresolvedPlaceholders(definition: Definition): string[] {
  if (definition.kind === 'elements') return unresolvedPlaceholders(definition.body);
  if (definition.kind !== 'item') return definition.items.flatMap(unresolvedPlaceholders);
  return definition.values.flatMap(({ value }) => placeholdersIn(value));
}

function placeholdersIn(value: SigmaValue): string[] {
  if (value.kind === 'one-of') return value.values.flatMap(placeholdersIn);
  if (value.kind !== 'text') return [];
  return value.parts.flatMap((part) => ('placeholder' in part ? [part.placeholder] : []));
}

function resolveValue(value: SigmaValue, resolve: PlaceholderResolver): SigmaValue {
  if (value.kind === 'one-of')
    return { kind: 'one-of', values: value.values.map((member) => resolveValue(member, resolve)) };
  if (value.kind !== 'text' || placeholdersIn(value).length === 0) return value;
  let alternatives: TextPart[][] = [[]];
  for (const part of value.parts) {
    const replacements = 'placeholder' in part ? resolve(part.placeholder) : undefined;
    if (replacements === undefined) for (const parts of alternatives) parts.push(part);
    else alternatives = alternatives.flatMap((parts) => replacements.map((more) => joined(parts, more)));
    if (alternatives.length > MAX_EXPANSION) return value;
  }
  const values = alternatives.map((parts): SigmaValue => ({ ...value, parts }));
  return values.length === 1 ? (values[0] as SigmaValue) : { kind: 'one-of', values };
}

/** Two wildcards in a row are one. */
function joined(before: readonly TextPart[], after: readonly TextPart[]): TextPart[] {
  const last = before.at(-1);
  const first = after[0];
  const doubled =
    last !== undefined &&
    first !== undefined &&
    'wildcard' in last &&
    'wildcard' in first &&
    last.wildcard === 'any' &&
    first.wildcard === 'any';
  return [...before, ...(doubled ? after.slice(1) : after)];
}
