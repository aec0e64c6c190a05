/** `flint bench` on small seeded data: all ways see the same bytes and find the same. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runBench, wayResult } from './bench.ts';
import { generateIndicators, generateRecords } from './bench-data.ts';
import { linesOf, parseOnly } from './bench-ways.ts';
import { buildGeneration } from '../build-generation.ts';
import { listFiles } from '../files/list-files.ts';
import { loadConfig } from '../config/load-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'flint-bench-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('generated data', () => {
  it('is the same for the same seed', () => {
    const plant = generateIndicators(7, 50);
    expect(generateIndicators(7, 50)).toEqual(plant);
    expect(generateIndicators(8, 50)).not.toEqual(plant);
    const options = { seed: 7, count: 100, plantEvery: 10, plant };
    expect(generateRecords(options).bytes.equals(generateRecords(options).bytes)).toBe(true);
    expect(generateRecords(options).planted).toBe(10);
  });

  it('is JSON, a record a line, of the size of the sample event', () => {
    const { bytes } = generateRecords({ seed: 1, count: 200, plantEvery: 0, plant: [] });
    const lines = linesOf(bytes);
    expect(lines.starts.length).toBe(200);
    expect(parseOnly(bytes, lines)).toBe(200);
    expect(bytes.length / 200).toBeGreaterThan(450);
    expect(bytes.length / 200).toBeLessThan(650);
  });
});

describe('runBench', () => {
  it('holds flint to the oracle and to the number of planted values', async () => {
    const plant = generateIndicators(3, 400);
    const list = join(folder, 'list.tsv');
    const names = { hash: 'sha256' } as Readonly<Record<string, string>>;
    writeFileSync(list, plant.map(({ kind, value }) => `${names[kind] ?? kind}\t${value}\n`).join(''));
    const { bytes, planted } = generateRecords({ seed: 3, count: 2000, plantEvery: 20, plant });
    const data = join(folder, 'data.ndjson');
    writeFileSync(data, bytes);
    const loaded = loadConfig({ intel: [list], dataDir: join(folder, 'none') }, {});
    const generation = await buildGeneration(loaded, { mode: 'scan', report: () => undefined });
    const report = await runBench({
      files: listFiles([data]),
      generation,
      rounds: 1,
      oracleMs: 60_000,
      maxRecordBytes: 1 << 20,
      maxAlerts: 100,
      maxDepth: 128,
      onProgress: () => undefined,
    });
    expect(report.data).toMatchObject({ files: 1, records: 2000, bytes: bytes.length, json: 1 });
    expect(report.indicators.total).toBe(400);
    expect(report.ways.map(({ way }) => way)).toEqual(['parse', 'map', 'flint', 'oracle']);
    const hits = Object.fromEntries(report.ways.map(({ way, hits }) => [way, hits]));
    expect(hits).toEqual({ parse: undefined, map: planted, flint: planted, oracle: planted });
    // Every fourth record, and each twentieth from the 20th on, which holds a planted value.
    expect(report.agreement).toEqual({ records: 600, indicators: 400, hits: planted, differences: 0 });
    expect(report.candidates).toBeLessThan(0.1);
  });
});

describe('wayResult', () => {
  it('rates by the median of processor time', () => {
    const result = wayResult({ way: 'parse', records: 100, bytes: 2e6 }, [9, 9, 9], [1, 4, 2]);
    expect(result).toMatchObject({ medianSeconds: 2, spread: 1.5, mbPerSecond: 1, recordsPerSecond: 50 });
  });
});
