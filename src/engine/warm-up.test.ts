import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { FoundAlert } from '../alerts/found-alert.ts';
import { buildGeneration } from './build-generation.ts';
import { loadConfig } from './config/load-config.ts';
import type { Generation } from './generation.ts';
import { warmUp } from './warm-up.ts';

const folder = mkdtempSync(join(tmpdir(), 'flint-warm-up-'));
afterAll(() => rmSync(folder, { recursive: true }));

const VALUES = [
  ...['bad.example.net', '198.51.100.7', '2001:db8::7', 'http://bad.example.net/a?b=1', '203.0.113.0/24'],
  ...['e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 'someone@bad.example.net'],
];

async function generationOf(values: readonly string[]): Promise<Generation> {
  const list = join(folder, `${values.length}.txt`);
  writeFileSync(list, values.map((value) => `${value}\n`).join(''));
  const loaded = loadConfig({ intel: [list], dataDir: join(folder, 'data') }, {});
  return await buildGeneration(loaded, { mode: 'run', report: () => expect.unreachable('no record is wrong') });
}

it('makes alerts of what is loaded, and nothing is counted', async () => {
  const generation = await generationOf(VALUES);
  const { processor, live } = generation;
  const before = JSON.stringify([processor.totals, processor.detector.counts, generation.counts()]);
  const lines = new Set<string>();
  const stop = new AbortController();
  const rehearse = (found: readonly FoundAlert[]): void => {
    for (const one of found) lines.add(one.json());
    if (lines.size >= 60) stop.abort();
  };
  const made = await warmUp({ processor, indicators: live.table, rehearse, signal: stop.signal });
  // Each is another one, as real ones are.
  expect(made).toBe(lines.size);
  expect(made).toBeGreaterThanOrEqual(60);
  for (const value of VALUES.slice(0, 4))
    expect([...lines].some((line) => line.includes(JSON.stringify(value)))).toBe(true);
  expect(JSON.stringify([processor.totals, processor.detector.counts, generation.counts()])).toBe(before);
  await generation.close();
});

it('does nothing without indicators', async () => {
  const generation = await generationOf([]);
  const { processor, live } = generation;
  const rehearse = (): void => expect.unreachable();
  expect(await warmUp({ processor, indicators: live.table, rehearse, signal: new AbortController().signal })).toBe(0);
  await generation.close();
});
