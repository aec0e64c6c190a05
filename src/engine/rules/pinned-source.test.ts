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
  // What the rules leave open may be called anything.
  ['windows/process_creation/sysmon'],
  ['windows//sysmon'],
  ['squid/proxy/access'],
  ['windows/file_event'],
])('says nothing of "%s", for which a rule may hold', (text) => {
  expect(unusedSource(text)).toBeUndefined();
});

it.each([
  ['windows/file_event/system'],
  ['linux/process_creation'],
  ['linux/security/security'],
  ['squid/firewall'],
  ['windows/proces_creation/sysmon', 'windows/process_creation'],
  ['windows/process_creation/securty', undefined, [{ category: 'process_creation', service: 'security' }]],
])('warns of "%s", for which none can', (text, nearest?: string, rules?: LogSource[]) => {
  const said = unusedSource(text, rules ?? RULES);
  expect(said).toMatchObject({ code: 'SIGMA_SOURCE_UNUSED', severity: 'warning' });
  if (nearest !== undefined) expect(said?.hint).toBe(`did you mean "${nearest}"?`);
});

it('names the nearest log source of a rule, where one is near', () => {
  expect(unusedSource('windows/proces_creation', [{ product: 'windows', category: 'process_creation' }])).toMatchObject(
    {
      message: 'no loaded rule is for the log source "windows/proces_creation"',
      hint: 'did you mean "windows/process_creation"?',
    },
  );
  expect(unusedSource('windows/*/securty', [{ product: 'windows', service: 'security' }])?.hint).toBe(
    'did you mean "windows/*/security"?',
  );
  expect(unusedSource('linux/file_event/x')?.hint).toContain('product/category/service');
  expect(unusedSource('whatever', [])).toBeUndefined();
});
