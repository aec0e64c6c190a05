/** Rules are kept over starts: alerts and warnings of a later start are those of the first; a changed rule is what it says now. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FlintProcess, temporaryFolder } from '../../testing/flint-process.ts';

const folder = temporaryFolder();
const rules = join(folder.path, 'rules');
const cache = join(folder.path, 'cache', 'flint');
const log = join(folder.path, 'log.ndjson');

const rule = (i: number, image: string): string =>
  `title: Rule ${i}\nid: rule-${i}\ntags: [odd]\nlogsource: { product: windows }\ndetection:\n  sel: { EventID: 1, Image|endswith: '${image}' }\n  condition: sel\n`;

const record = (i: number): string =>
  `${JSON.stringify({
    Channel: 'Microsoft-Windows-Sysmon/Operational',
    ...{ EventID: 1, Image: `C:\\name${i}.exe`, UtcTime: '2026-01-01 00:00:00.000' },
  })}\n`;

beforeAll(() => {
  mkdirSync(rules);
  for (let i = 0; i < 250; i++) writeFileSync(join(rules, `${i}.yml`), rule(i, `\\name${i}.exe`));
  writeFileSync(log, [7, 8, 999].map(record).join(''));
});

afterAll(() => folder.remove());

async function scan(env: Readonly<Record<string, string>> = {}): Promise<{ alerts: string[]; said: string }> {
  const flint = new FlintProcess({
    args: ['scan', '--rules', rules, '--json', log],
    env: { XDG_CACHE_HOME: join(folder.path, 'cache'), ...env },
  });
  expect((await flint.exited).code).toBe(0);
  const alerts = flint.stdout.split('\n').map((line) => line.replace(/"created":"[^"]*"/, ''));
  return { alerts, said: flint.stderr.replace(/in [\d.]+ s: .*/, '') };
}

it('alerts and warnings are the same with kept rules, and with none', async () => {
  const without = await scan({ FLINT_RULE_CACHE: 'off' });
  expect(without.alerts.filter((line) => line !== '')).toHaveLength(2);
  expect(without.said).toContain('tag "odd" is not of the form');
  expect(existsSync(cache)).toBe(false);
  expect(await scan()).toEqual(without);
  expect(readdirSync(cache).map((name) => name.replace(/.*\./, ''))).toEqual(['kinds', 'rules']);
  const before = readdirSync(cache).map((name) => readFileSync(join(cache, name)));
  expect(await scan()).toEqual(without);
  // Nothing new was learnt of records.
  expect(readFileSync(join(cache, readdirSync(cache)[0] ?? '')).equals(before[0] as Buffer)).toBe(true);
});

it('a rule that changed is read anew, and a damaged cache is said to be so and not used', async () => {
  writeFileSync(join(rules, '9.yml'), rule(9, '\\name999.exe'));
  const changed = await scan();
  expect(changed.alerts.some((line) => line.includes('"rule-9"'))).toBe(true);
  for (const name of readdirSync(cache)) {
    const bytes = readFileSync(join(cache, name));
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(join(cache, name), bytes);
    const damaged = await scan();
    expect(damaged.said).toContain(`${name}" are not used: it is damaged`);
    expect(damaged.alerts).toEqual(changed.alerts);
    expect(await scan()).toEqual(changed);
  }
});

it('a service keeps them in its data directory, and when it stops what it has learnt of records', async () => {
  const data = join(folder.path, 'data');
  const args = ['run', '--rules', rules, '--listen', `file://${log}?start=beginning`, '--data-dir', data];
  const kinds = (): string =>
    readdirSync(join(data, 'rule-cache')).find((name) => /^sigma-\w+\.kinds$/.test(name)) ?? '';
  const written = async (name: number): Promise<number> => {
    // It goes on where the last one stopped.
    writeFileSync(log, record(name), { flag: 'a' });
    const flint = new FlintProcess({ args, env: { FLINT_HTTP__LISTEN: 'off' } });
    await flint.until(() => existsSync(join(data, 'rule-cache', 'sigma.rules')), 'the file of kept rules');
    await flint.until(() => flint.stdout.includes(`"rule-${name}"`), 'the last alert');
    expect((await flint.stop()).code).toBe(0);
    return statSync(join(data, 'rule-cache', kinds())).ino;
  };
  const first = await written(11);
  // Records of the same kinds, after a start: nothing new is learnt.
  expect(await written(12)).toBe(first);
});
