/** From text to bytes and back: what the encoding modifiers share. Bytes are text with one character per byte. */
import type { SigmaValue } from '../ast.ts';
import { literalOf } from '../text-value.ts';
import type { ModifierProblem } from './modifier.ts';
import { each } from './modifier.ts';

/** Applies `encode` to text without wildcards (as UTF-16 code units) or refuses. */
export function encodeText(
  value: SigmaValue,
  name: string,
  encode: (text: string) => string,
): SigmaValue | ModifierProblem {
  return each(value, (member) => {
    const text = member.kind === 'text' ? literalOf(member) : undefined;
    if (text === undefined) return { problem: `"${name}" needs text without wildcards`, hint: wildcardHint(name) };
    return { kind: 'bytes', bytes: encode(text) };
  });
}

/** The bytes of a value: what an encoding made, or UTF-8. */
export function bytesOf(value: SigmaValue, name: string): Buffer | ModifierProblem {
  if (value.kind === 'bytes') return Buffer.from(value.bytes, 'latin1');
  const text = value.kind === 'text' ? literalOf(value) : undefined;
  if (text === undefined) return { problem: `"${name}" needs text without wildcards`, hint: wildcardHint(name) };
  return Buffer.from(text, 'utf8');
}

export function wildcardHint(name: string): string {
  return `escape the wildcard, or put "${name}" before "contains"`;
}
