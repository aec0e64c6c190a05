/** From text to bytes and back: what the encoding modifiers share. Bytes are text with one character per byte. */
import type { SigmaValue, TextPart } from '../ast.ts';
import { isWildcard, literalOf, type TextValue } from '../text-value.ts';
import { each, type ModifierProblem } from './modifier.ts';

/** Most values that the dashes of one value are written out to, before they are encoded. */
const MAX_SPELLINGS = 5 ** 4;

/** Applies `encode` to the text between wildcards (as UTF-16 code units, two bytes each); `mark` stands before everything. */
export function encodeText(
  value: SigmaValue,
  name: string,
  encode: (text: string) => string,
  mark = '',
): SigmaValue | ModifierProblem {
  return eachSpelling(value, name, (text) => {
    if (text.bytes === true) return { problem: `"${name}" cannot be applied to bytes`, hint: 'one encoding is enough' };
    if (text.parts.some((part) => 'placeholder' in part)) return placeholderProblem(name);
    const parts = text.parts.flatMap((part): TextPart[] => {
      if ('text' in part) return [{ text: encode(part.text) }];
      return isWildcard(part, 'one') ? [part, part] : [part];
    });
    return { ...text, parts: joinedTexts(mark === '' ? parts : [{ text: mark }, ...parts]), bytes: true };
  });
}

/** Applies `encode` to the bytes of a value: what an encoding made, or UTF-8. */
export function encodeBytes(
  value: SigmaValue,
  name: string,
  encode: (bytes: Buffer, cased: boolean) => SigmaValue | ModifierProblem,
): SigmaValue | ModifierProblem {
  return eachSpelling(value, name, (text) => {
    const literal = literalOf(text);
    if (literal !== undefined) return encode(Buffer.from(literal, text.bytes === true ? 'latin1' : 'utf8'), text.cased);
    return text.parts.some((part) => 'placeholder' in part)
      ? placeholderProblem(name)
      : { problem: `"${name}" needs text without wildcards`, hint: wildcardHint(name) };
  });
}

/** Each text in every spelling that `windash` allows: an encoding changes each of them to something else. */
function eachSpelling(
  value: SigmaValue,
  name: string,
  change: (text: TextValue) => SigmaValue | ModifierProblem,
): SigmaValue | ModifierProblem {
  return each(value, (member) => {
    if (member.kind !== 'text') return { problem: `"${name}" cannot be applied to a ${member.kind}` };
    let spellings: TextPart[][] = [[]];
    for (const part of member.parts) {
      const choices: readonly TextPart[] = 'oneOf' in part ? Array.from(part.oneOf, (text) => ({ text })) : [part];
      spellings = choices.flatMap((choice) => spellings.map((parts) => [...parts, choice]));
      if (spellings.length > MAX_SPELLINGS)
        return { problem: `too many dashes for "${name}"`, hint: 'write fewer options in one value' };
    }
    if (spellings.length === 1) return change(member);
    const values = spellings.map((parts): SigmaValue => ({ ...member, parts: joinedTexts(parts) }));
    return each({ kind: 'one-of', values }, (spelling) => change(spelling as TextValue));
  });
}

/** Neighbouring texts as one. */
function joinedTexts(parts: readonly TextPart[]): readonly TextPart[] {
  const joined: TextPart[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (last !== undefined && 'text' in last && 'text' in part)
      joined[joined.length - 1] = { text: last.text + part.text };
    else joined.push(part);
  }
  return joined;
}

function placeholderProblem(name: string): ModifierProblem {
  return {
    problem: `"${name}" cannot encode a placeholder`,
    hint: 'its values are known only after modifiers have been applied',
  };
}

export function wildcardHint(name: string): string {
  return `escape the wildcard, or put "${name}" before "contains"`;
}
