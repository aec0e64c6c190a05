/** Confidence that fades, from the configuration of a source to the severity of alerts. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildGeneration } from '../build-generation.ts';
import { loadConfig } from '../config/load-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'flint-fading-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const DAY = 86_400_000;
const START = Date.parse('2024-01-01T00:00:00Z');

function bundle(...objects: readonly (readonly [number, string])[]): string {
  return JSON.stringify({
    type: 'bundle',
    objects: objects.map(([number, pattern]) => ({
      type: 'indicator',
      id: `indicator--00000000-0000-4000-8000-00000000000${number}`,
      modified: '2024-01-01T00:00:00Z',
      confidence: 80,
      pattern,
    })),
  });
}

async function severities(decay: string, days: readonly number[], record: object): Promise<(number | undefined)[]> {
  const path = join(folder, 'bundle.json');
  writeFileSync(
    path,
    bundle([1, `[domain-name:value = 'a.example']`], [2, `[domain-name:value MATCHES '^b+\\\\.example$']`]),
  );
  const config = join(folder, 'flint.yaml');
  writeFileSync(config, `intel: [{source: ${path}, decay: ${decay}}]\n`);
  const loaded = loadConfig({ file: config, dataDir: folder }, {});
  expect(loaded.diagnostics).toEqual([]);
  const generation = await buildGeneration(loaded, { mode: 'scan', report: () => undefined });
  const source = { input: 't', path: 't', id: 't', replayable: true, timezone: 'Z' };
  return days.map((day) => {
    const bytes = Buffer.from(JSON.stringify({ '@timestamp': new Date(START + day * DAY).toISOString(), ...record }));
    const ranges = Uint32Array.of(0, bytes.length);
    const batch = { source, bytes, ranges, count: 1, basePosition: day, baseRecord: 0, arrivalMs: START };
    const found = generation.processor.process(batch, START);
    return found[0]?.alert.flint.validity === 'after' ? undefined : found[0]?.alert.event.severity;
  });
}

describe('the confidence of a source that fades', () => {
  it('is in the alert as it was at the time of the event', async () => {
    expect(await severities('{half_life: 10d}', [0, 10, 20, 60], { host: 'a.example' })).toEqual([80, 40, 20, 1]);
    expect(await severities('{model: linear, half_life: 10d, floor: 10}', [5, 10, 30], { host: 'a.example' })).toEqual([
      60, 40, 10,
    ]);
  });

  it('ends what it fades too far', async () => {
    expect(await severities('{half_life: 10d, ends_below: 30}', [10, 14, 15], { host: 'a.example' })).toEqual([
      40,
      30,
      undefined,
    ]);
  });

  it('fades for patterns too', async () => {
    expect(await severities('{half_life: 10d}', [0, 10], { dns: { question: { name: 'bbb.example' } } })).toEqual([
      80, 40,
    ]);
  });
});
