/**
 * Placeholders: `%name%` of values with `expand` (sigma.md section 10), replaced by lists of values (OR; several in one value
 * give the cross product), or by a wildcard. What stays unresolved makes the rule refused.
 */
import type { Definition, SigmaValue, TextPart } from './ast.ts';
import { isWildcard, parseText, plainText } from './text-value.ts';

type RegexValue = Extract<SigmaValue, { kind: 'regex' }>;

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
  if (definition.kind === 'not') return { ...definition, item: resolvePlaceholders(definition.item, resolve) };
  if (definition.kind !== 'item')
    return { ...definition, items: definition.items.map((item) => resolvePlaceholders(item, resolve)) };
  if (!definition.values.some(({ value }) => hasPlaceholder(value))) return definition;
  return {
    ...definition,
    values: definition.values.map(({ value, written }) => ({ value: resolveValue(value, resolve), written })),
  };
}

/** Names of the placeholders that are still in a definition. */
export function unresolvedPlaceholders(definition: Definition): string[] {
  if (definition.kind === 'elements') return unresolvedPlaceholders(definition.body);
  if (definition.kind === 'not') return unresolvedPlaceholders(definition.item);
  if (definition.kind !== 'item') return definition.items.flatMap(unresolvedPlaceholders);
  return definition.values.flatMap(({ value }) => (hasPlaceholder(value) ? placeholdersIn(value) : NONE));
}

const NONE: readonly string[] = [];

/** Nearly no value has one. */
function hasPlaceholder(value: SigmaValue): boolean {
  if (value.kind === 'one-of') return value.values.some(hasPlaceholder);
  return (
    (value.kind === 'text' || value.kind === 'regex') && value.parts?.some((part) => 'placeholder' in part) === true
  );
}

function placeholdersIn(value: SigmaValue): string[] {
  if (value.kind === 'one-of') return value.values.flatMap(placeholdersIn);
  if (value.kind !== 'text' && value.kind !== 'regex') return [];
  return (value.parts ?? []).flatMap((part) => ('placeholder' in part ? [part.placeholder] : []));
}

function resolveValue(value: SigmaValue, resolve: PlaceholderResolver): SigmaValue {
  if (value.kind === 'one-of')
    return { kind: 'one-of', values: value.values.map((member) => resolveValue(member, resolve)) };
  if ((value.kind !== 'text' && value.kind !== 'regex') || !hasPlaceholder(value)) return value;
  let alternatives: TextPart[][] = [[]];
  for (const part of value.parts ?? []) {
    const found = 'placeholder' in part ? resolve(part.placeholder) : undefined;
    const replacements = value.kind === 'text' ? found : found?.map((parts) => parts.map(quoted));
    if (replacements === undefined) for (const parts of alternatives) parts.push(part);
    else alternatives = alternatives.flatMap((parts) => replacements.map((more) => joined(parts, more)));
    if (alternatives.length > MAX_EXPANSION) return value;
  }
  const values = alternatives.map(
    (parts): SigmaValue => (value.kind === 'text' ? { ...value, parts } : filled(value, parts)),
  );
  return values.length === 1 ? (values[0] as SigmaValue) : { kind: 'one-of', values };
}

/** In an expression the values of placeholders are text: they match themselves, but for wildcards. */
function filled(regex: RegexValue, parts: readonly TextPart[]): RegexValue {
  if (parts.some((part) => 'placeholder' in part)) return { ...regex, parts };
  const { parts: _parts, ...rest } = regex;
  return { ...rest, source: parts.map((part) => ('text' in part ? part.text : '')).join('') };
}

/** What a placeholder becomes, as text of an expression. */
function quoted(part: TextPart): TextPart {
  if ('text' in part)
    return { text: part.text.replace(/[^\p{L}\p{N}\s_]/gu, (char) => (char < '\u0080' ? `\\${char}` : char)) };
  return isWildcard(part) ? { text: '.*' } : isWildcard(part, 'one') ? { text: '.' } : part;
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
