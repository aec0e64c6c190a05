/**
 * Sigma text values: wildcards and the exact escape procedure of sigma.md section 5, left to right. A backslash escapes `*`, `?`
 * and itself; before anything else, and at the end, it is a plain backslash.
 */
import type { SigmaValue, TextPart } from './ast.ts';

export type TextValue = Extract<SigmaValue, { kind: 'text' }>;

/** `expands`: `%name%` is a placeholder and `\\%` a percent sign. */
export function parseText(written: string, expands = false): TextValue {
  const parts: TextPart[] = [];
  // Text is taken in pieces: put together from characters it would take many times its memory.
  let literal = '';
  let from = 0;
  const special = expands ? /[\\*?%]/g : /[\\*?]/g;
  for (let found = special.exec(written); found !== null; found = special.exec(written)) {
    const { index: at } = found;
    const [char] = found;
    const next = written[at + 1];
    const isEscape = next === '*' || next === '?' || next === '\\' || (expands && next === '%');
    const placeholder = char === '%' ? placeholderAt(written, at) : undefined;
    if ((char === '\\' && !isEscape) || (char === '%' && placeholder === undefined)) continue;
    literal += written.slice(from, at);
    if (char === '\\') from = at + 1;
    else {
      if (literal !== '') parts.push({ text: literal });
      literal = '';
      parts.push(placeholder === undefined ? { wildcard: char === '*' ? 'any' : 'one' } : { placeholder });
      from = at + (placeholder === undefined ? 1 : placeholder.length + 2);
    }
    special.lastIndex = char === '\\' ? at + 2 : from;
  }
  literal += written.slice(from);
  if (literal !== '') parts.push({ text: literal });
  return { kind: 'text', parts, cased: false };
}

/** Text in which only placeholders mean something: that of a regular expression. */
export function textWithPlaceholders(text: string): readonly TextPart[] {
  const parts: TextPart[] = [];
  let literal = '';
  for (let i = 0; i < text.length; i++) {
    const placeholder = text[i] === '%' ? placeholderAt(text, i) : undefined;
    // What a backslash stands before is not looked at, and keeps its meaning in the expression.
    if (placeholder === undefined) literal += text[i] === '\\' ? text[i] + (text[++i] ?? '') : text[i];
    else {
      parts.push({ text: literal }, { placeholder });
      literal = '';
      i += placeholder.length + 1;
    }
  }
  return [...parts, { text: literal }];
}

/** The name between the percent sign at `at` and the next one. */
function placeholderAt(text: string, at: number): string | undefined {
  const end = text.indexOf('%', at + 1);
  return end > at + 1 ? text.slice(at + 1, end) : undefined;
}

export function plainText(text: string, cased = false): TextValue {
  return { kind: 'text', parts: text === '' ? [] : [{ text }], cased };
}

/** The literal text, or undefined when wildcards, character sets or placeholders are in it. */
export function literalOf(value: TextValue): string | undefined {
  let text = '';
  for (const part of value.parts) {
    if (!('text' in part)) return undefined;
    text += part.text;
  }
  return text;
}

export function isWildcard(part: TextPart | undefined, wildcard: 'any' | 'one' = 'any'): boolean {
  return part !== undefined && 'wildcard' in part && part.wildcard === wildcard;
}

/** Puts `*` before and after, unless it stands there already. */
export function padded(value: TextValue, before: boolean, after: boolean): TextValue {
  const parts = [...value.parts];
  if (before && !isWildcard(parts[0])) parts.unshift({ wildcard: 'any' });
  if (after && !isWildcard(parts.at(-1))) parts.push({ wildcard: 'any' });
  return { ...value, parts };
}

/** The text as pySigma prints it, which is what its pipelines look at: `\\*` and `\\?` are escaped, backslashes stand as they are. */
export function plainForm(value: TextValue): string {
  return value.parts
    .map((part) => {
      if ('text' in part) return part.text.replace(/[*?]/g, '\\$&');
      if ('placeholder' in part) return `%${part.placeholder}%`;
      if ('oneOf' in part) return part.oneOf[0] ?? '';
      return part.wildcard === 'any' ? '*' : '?';
    })
    .join('');
}
