/** `expand`: `%name%` is a placeholder that configuration or a pipeline must resolve; `\%` is a plain percent sign. */
import type { SigmaValue, TextPart } from '../ast.ts';
import type { Modifier, ModifierProblem } from './modifier.ts';
import { each } from './modifier.ts';

export const expand: Modifier = {
  name: 'expand',
  summary: '%name% is a placeholder for values from configuration',
  accepts: ['text', 'one-of'],
  apply: (value) => each(value, placeholders),
};

function placeholders(value: SigmaValue): SigmaValue | ModifierProblem {
  if (value.kind !== 'text') return { problem: `"expand" cannot be applied to a ${value.kind}` };
  const parts = value.parts.flatMap((part) => ('text' in part ? split(part.text) : [part]));
  return { ...value, parts };
}

function split(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let literal = '';
  for (const piece of text.matchAll(/\\%|%([\p{L}\p{N}_-]+)%|[^%\\]+|[%\\]/gu)) {
    if (piece[1] === undefined) {
      literal += piece[0] === '\\%' ? '%' : piece[0];
      continue;
    }
    if (literal !== '') parts.push({ text: literal });
    parts.push({ placeholder: piece[1] });
    literal = '';
  }
  if (literal !== '') parts.push({ text: literal });
  return parts;
}
