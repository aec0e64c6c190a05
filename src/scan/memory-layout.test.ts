/** The kernel and its loader must agree on every address. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as layout from './memory-layout.ts';
import * as sieve from './sieve-memory.ts';

it.each([
  ['indicator', './kernel/layout.ts', layout],
  ['sieve', './kernel/sieve-layout.ts', sieve],
])('memory layout of the loader is that of the %s kernel', (_name, file, own) => {
  const source = readFileSync(new URL(file, import.meta.url), 'utf8');
  const known: Record<string, number> = {};
  for (const [, name = '', text = ''] of source.matchAll(/^export const (\w+): \w+ = ([^;]+);/gm)) {
    // Sums and products of earlier names and numbers.
    const value = text.replace(/[A-Z_0-9]*[A-Z][A-Z_0-9]*/g, (word) => String(known[word]));
    known[name] = evaluate(value);
  }
  for (const [name, value] of Object.entries(own))
    if (name !== 'TAB_HEADER_BYTES') expect(known[name], name).toBe(value);
});

function evaluate(text: string): number {
  const inner = text.replace(/\(([^()]*)\)/g, (_, group: string) => String(evaluate(group)));
  return inner
    .split('+')
    .map((product) => product.split('*').reduce((all, factor) => all * quotient(factor), 1))
    .reduce((sum, term) => sum + term, 0);
}

function quotient(text: string): number {
  const [first = 0, ...rest] = text.split('/').map((part) => Number(part.trim()));
  return rest.reduce((value, divisor) => value / divisor, first);
}
