import { expect, it } from 'vitest';
import type { LogSource } from '../../core/logsource.ts';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import { unusedSources } from './pinned-source.ts';

const RULES: readonly LogSource[] = [
  { product: 'windows', category: 'process_creation' },
  { product: 'windows', service: 'security' },
  { category: 'proxy' },
];

const unusedSource = (text: string, rules = RULES): Diagnostic | undefined => unusedSources([{ text }], rules)[0];

it.each([
  ['windows/process_creation'],
  ['Windows'],
  ['windows//security'],
  ['squid/proxy'],
  ['/proxy'],
  ['*/*/security'],
  ['linux'],
])('says nothing of "%s", for which a rule may hold', (text) => {
  expect(unusedSource(text)).toBeUndefined();
});

it('names the nearest log source of a rule for one that no rule is for', () => {
  expect(unusedSource('windows/proces_creation')).toMatchObject({
    code: 'SIGMA_SOURCE_UNUSED',
    severity: 'warning',
    message: 'no loaded rule is for the log source "windows/proces_creation"',
    hint: 'did you mean "windows/process_creation"?',
  });
  expect(unusedSource('windows/*/securty')?.hint).toBe('did you mean "windows/*/security"?');
  expect(unusedSource('linux/file_event/x')?.hint).toContain('product/category/service');
  expect(unusedSource('whatever', [])).toBeUndefined();
});
