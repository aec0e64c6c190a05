import { expect, it } from 'vitest';
import type { LogSource } from '../../core/logsource.ts';
import { unusedSource } from './pinned-source.ts';

const RULES: readonly LogSource[] = [
  { product: 'windows', category: 'process_creation' },
  { product: 'windows', service: 'security' },
  { category: 'proxy' },
];

it.each([
  ['windows/process_creation'],
  ['Windows'],
  ['windows//security'],
  ['squid/proxy'],
  ['/proxy'],
  ['*/*/security'],
  ['linux'],
])('says nothing of "%s", for which a rule may hold', (text) => {
  expect(unusedSource(text, RULES)).toBeUndefined();
});

it('names the nearest log source of a rule for one that no rule is for', () => {
  expect(unusedSource('windows/proces_creation', RULES)).toMatchObject({
    code: 'SIGMA_SOURCE_UNUSED',
    severity: 'warning',
    message: 'no loaded rule is for the log source "windows/proces_creation"',
    hint: 'did you mean "windows/process_creation"?',
  });
  expect(unusedSource('windows/*/securty', RULES)?.hint).toBe('did you mean "windows/*/security"?');
  expect(unusedSource('linux/file_event/x', RULES)?.hint).toContain('product/category/service');
  expect(unusedSource('whatever', [])).toBeUndefined();
});
