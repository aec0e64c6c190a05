/**
 * `windash`: a `-` or `/` that opens a word stands for any of the five dashes that Windows programs accept. Instead of the cross
 * product of variants the position becomes a character set.
 */
import type { SigmaValue, TextPart } from '../ast.ts';
import type { Modifier, ModifierProblem } from './modifier.ts';
import { each } from './modifier.ts';

const DASHES = '-/\u2013\u2014\u2015';

export const windash: Modifier = {
  name: 'windash',
  summary: 'a - or / that opens a word stands for any of - / – — ―',
  accepts: ['text', 'one-of'],
  apply: (value) => each(value, openDashes),
};

function openDashes(value: SigmaValue): SigmaValue | ModifierProblem {
  if (value.kind !== 'text') return { problem: `"windash" cannot be applied to a ${value.kind}` };
  if (value.bytes === true) return { problem: '"windash" cannot be applied to bytes', hint: 'put "windash" first' };
  const parts: TextPart[] = [];
  let before = '';
  for (const part of value.parts) {
    if (!('text' in part)) {
      parts.push(part);
      before = '';
      continue;
    }
    let literal = '';
    const chars = Array.from(part.text);
    for (const [at, char] of chars.entries()) {
      if ((char === '-' || char === '/') && !isWord(before) && isWord(chars[at + 1] ?? '')) {
        if (literal !== '') parts.push({ text: literal });
        parts.push({ oneOf: DASHES });
        literal = '';
      } else literal += char;
      before = char;
    }
    if (literal !== '') parts.push({ text: literal });
  }
  return { ...value, parts };
}

function isWord(char: string): boolean {
  return /^[\p{L}\p{N}_]$/u.test(char);
}
