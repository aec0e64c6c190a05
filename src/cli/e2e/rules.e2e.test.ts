/** The commands on rules as people and scripts call them, on the bundled samples. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { FlintProcess } from '../../testing/flint-process.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'flint-rules-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function flint(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = new FlintProcess({ args, cwd: ROOT });
  const { code } = await child.exited;
  return { code, out: child.stdout, err: child.stderr };
}

it('rules test passes on the samples: one object per test, 0', async () => {
  const { code, out, err } = await flint('rules', 'test', 'samples/rules');
  const tests = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly passed: boolean });
  expect(tests.length).toBeGreaterThanOrEqual(6);
  expect(tests.every(({ passed }) => passed)).toBe(true);
  expect(err).toContain('0 of 3 rules have no test');
  expect(code).toBe(0);
});

it('rules test ends with 1 when a test fails, and with 2 when one cannot be run', async () => {
  const failing = join(folder, 'failing.test.yml');
  writeFileSync(failing, 'tests: [{ event: { a: 1 }, match: Autostart of a program in ProgramData }]\n');
  expect((await flint('rules', 'test', failing, '--rules', 'samples/rules')).code).toBe(1);
  const broken = join(folder, 'broken.test.yml');
  writeFileSync(broken, 'tests: [{ event: { a: 1 } }]\n');
  const { code, err } = await flint('rules', 'test', broken, '--rules', 'samples/rules');
  expect(code).toBe(2);
  expect(err).toContain('test expects nothing');
});

it('tests beside rules are no rules: scan finds the story in the samples', async () => {
  const { code, out, err } = await flint(
    'scan',
    'samples/logs',
    '--rules',
    'samples/rules',
    '--json',
    '--workers',
    '1',
  );
  const alerts = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { rule: Readonly<Record<string, unknown>> });
  expect(alerts.map(({ rule }) => rule['name'])).toEqual([
    'Screen saver started from a download folder',
    'Autostart of a program in ProgramData',
    'A download starts and makes itself at home',
  ]);
  expect(alerts[0]?.rule).toMatchObject({ author: ['Flint'], license: 'Apache-2.0' });
  expect(err).not.toContain('error[');
  expect(code).toBe(0);
});

it('rules sql prints a script, objects for programs, and windows of correlations where it is told the time', async () => {
  const file = 'samples/rules/screensaver-from-downloads.yml';
  const { code, out } = await flint('rules', 'sql', file, '--table', 'logs');
  expect(code).toBe(0);
  expect(out).toContain('FROM "logs"');
  expect(out).toContain("suffix(v, '.scr')");
  const json = await flint('rules', 'sql', file, '--dialect', 'spark', '--json');
  expect(JSON.parse(json.out)).toMatchObject({ dialect: 'spark', name: 'Screen saver started from a download folder' });
  const correlation = ['rules', 'sql', 'samples/rules/download-makes-itself-at-home.yml', '--rules', 'samples/rules'];
  const timeless = await flint(...correlation);
  expect(timeless.code).toBe(2);
  expect(timeless.err).toContain('SIGMA_NO_SQL');
  expect(timeless.err).toContain('name its column with --time');
  const timed = await flint(...correlation, '--time', 'at');
  expect(timed.code).toBe(0);
  expect(timed.out).toContain('epoch_us("at") AS flint_at');
  const spark = await flint(...correlation, '--time', 'at', '--dialect', 'spark');
  expect(spark.code).toBe(0);
  expect(spark.out).toContain('unix_micros(CAST(`at` AS TIMESTAMP)) AS flint_at');
});
