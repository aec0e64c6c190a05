/**
 * `expand`: `%name%` is a placeholder that configuration or a pipeline must resolve; `\\%` is a plain percent sign. Texts are read
 * with their placeholders when they are parsed (`parseText`), because only there an escaped backslash differs from a plain one.
 */
import { textWithPlaceholders } from '../text-value.ts';
import type { Modifier } from './modifier.ts';

export const expand: Modifier = {
  name: 'expand',
  summary: '%name% is a placeholder for values from configuration',
  accepts: ['text', 'regex', 'one-of'],
  apply: (value) => (value.kind === 'regex' ? { ...value, parts: textWithPlaceholders(value.source) } : value),
};
