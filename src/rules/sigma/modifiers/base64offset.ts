/**
 * `base64offset`: the value inside Base64 of something longer. Three forms, for text that starts at byte offset 0, 1 or 2 of
 * the whole, each cut to the characters that do not depend on what stands around it (sigma.md section 6). Counts bytes.
 */
import type { SigmaValue } from '../ast.ts';
import { plainText } from '../text-value.ts';
import { encodeBytes } from './encoding.ts';
import type { Modifier, ModifierProblem } from './modifier.ts';

const DROPPED_AT_START = [0, 2, 3] as const;
/** By (offset + length) mod 3; padding included. */
const DROPPED_AT_END = [0, 3, 2] as const;
/** A form of fewer characters than this is found in nearly every Base64 text. */
const SHORTEST_FORM = 2;

export const base64offset: Modifier = {
  name: 'base64offset',
  summary: 'the value inside Base64 of a longer text, at any offset',
  accepts: ['text', 'one-of'],
  apply: (value) => encodeBytes(value, 'base64offset', encodeAtOffsets),
};

function encodeAtOffsets(bytes: Buffer, cased: boolean): SigmaValue | ModifierProblem {
  const forms = DROPPED_AT_START.map((dropped, offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    return encoded.slice(dropped, encoded.length - (DROPPED_AT_END[(offset + bytes.length) % 3] as number));
  });
  if (forms.some((form) => form.length < SHORTEST_FORM))
    return {
      problem: `a value of ${bytes.length === 1 ? 'one byte' : `${bytes.length} bytes`} is too short for "base64offset"`,
      hint: 'a form of less than two characters would match nearly everything; give at least three bytes',
    };
  return { kind: 'one-of', values: forms.map((form) => plainText(form, cased)) };
}
