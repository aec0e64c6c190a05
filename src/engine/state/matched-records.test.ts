/**
 * Correlations whose rules nobody else hears of, over random events of a file, by the bytes alone: alerts to the last field as when every
 * record is decoded, for all types, several group fields, chains, late and unreadable times, escapes and records that only the decoder reads.
 * Random; the seed is printed with a failure.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { FoundAlert } from '../../alerts/found-alert.ts';
import { SCAN_OPTIONS } from '../../testing/scan-options.ts';
import { Random } from '../../testing/random.ts';
import { UNWITNESSED_BUNDLE } from '../../testing/unwitnessed-pattern.ts';
import { buildGeneration } from '../build-generation.ts';
import { loadConfig } from '../config/load-config.ts';
import { scanFiles } from '../files/scan-files.ts';
import { testRounds, testSeed } from '../../testing/test-runs.ts';

const folder = mkdtempSync(join(tmpdir(), 'flint-matched-records-'));
writeFileSync(join(folder, 'all.json'), JSON.stringify(UNWITNESSED_BUNDLE));

const TYPES = [
  { type: 'event_count', condition: '{gte: 4}' },
  { type: 'event_count', condition: '{lt: 3}' },
  { type: 'value_count', condition: '{field: host, gte: 3}' },
  { type: 'value_count', condition: '{field: [host, size], gte: 4}' },
  { type: 'value_sum', condition: '{field: size, gte: 40}' },
  { type: 'value_avg', condition: '{field: size, gt: 8}' },
  { type: 'value_median', condition: '{field: size, lte: 5}' },
  { type: 'temporal', condition: undefined },
  { type: 'temporal_ordered', condition: undefined },
  { type: 'temporal', condition: 'fail and not odd' },
] as const;
const GROUPS = ['[user]', '[user, host]', '[meta.site]', '[user, meta.site]'];

function detection(name: string, selection: string): string {
  return `title: ${name}\nname: ${name}\nlogsource: {category: test}\ndetection: {s: ${selection}, condition: s}\n`;
}

function rules(random: Random): string {
  const correlations = Array.from({ length: 4 }, (_, i) => {
    const { type, condition } = random.pick(TYPES);
    return `title: c${i}
name: c${i}
correlation:
  type: ${type}
  rules: ${type === 'event_count' ? '[fail]' : '[fail, done, odd]'}
  group-by: ${random.pick(GROUPS)}
  timespan: ${random.pick([20, 60, 300])}s
${condition === undefined ? '' : `  condition: ${condition}\n`}`;
  });
  const chain = `title: chain
name: chain
correlation:
  type: temporal_ordered
  rules: [inner, done]
  group-by: ${random.pick(['[user]', '[host]'])}
  timespan: 5m
---
title: inner
name: inner
correlation:
  type: event_count
  rules: [fail]
  group-by: [user]
  timespan: 1m
  condition: {gte: 3}
`;
  const detections = [
    detection('fail', '{action: fail}'),
    detection('done', "{action|startswith: 'done'}"),
    detection('odd', "{note|contains: 'odd', size|gte: 3}"),
  ];
  // With it processes are remembered.
  const child = detection('child', "{ParentImage|endswith: 'sh'}").replace(
    'category: test',
    'category: process_creation',
  );
  return [...detections, ...(random.chance(0.5) ? [child] : []), ...correlations, chain].join('---\n');
}

function events(random: Random, count: number): string {
  let ms = 1_700_000_000_000;
  const lines = Array.from({ length: count }, (_, i) => {
    ms += random.int(2500);
    const time = new Date(ms - (random.chance(0.1) ? random.int(50_000) : 0)).toISOString();
    const event = {
      ...(random.chance(0.97) && { '@timestamp': random.chance(0.05) ? ms - 1000 : time }),
      action: random.pick(['fail', 'fail', 'done', 'done well', 'else', 'FAIL']),
      ...(random.chance(0.95) && {
        user: random.pick(['ann', 'bob', 'Bob', 7, '7', 'zoë', 'a"b', null, ['ann'], true]),
      }),
      ...(random.chance(0.9) && { host: random.pick(['h1', 'h2', 'h3', '10.0.0.1', { name: 'h4' }]) }),
      ...(random.chance(0.9) && {
        meta: random.chance(0.1) ? { 'site.x': 1 } : { site: random.pick(['s1', 's2', '']) },
      }),
      ...(random.chance(0.05) && { 'meta.site': 's1' }),
      size: random.pick([1, 2.5, 8, 12, '9', 'many', 1e3, -4, null]),
      ...(random.chance(0.3) && { note: random.pick(['odd', 'very odd é', 'even']) }),
      ...(random.chance(0.1) && {
        EventID: 4688,
        NewProcessId: random.int(20),
        ProcessId: random.int(20),
        Computer: 'h1',
      }),
      n: i,
    };
    const text = JSON.stringify(event);
    if (random.chance(0.05)) return text.replace('"user":"bob"', '"user" : "b\\u006fb"').replaceAll(',"', ' , "');
    return random.chance(0.01) ? text.slice(0, -4) : text;
  });
  if (random.chance(0.3)) lines.splice(count >> 1, 0, JSON.stringify({ spread: { over: 'lines' } }, null, 2));
  return `${lines.join('\n')}\n`;
}

interface Scanned {
  readonly alerts: readonly object[];
  readonly fromBytes: number;
  readonly late: readonly unknown[];
}

async function scan(path: string, bytes: number, options: object): Promise<Scanned> {
  const config = loadConfig({ rules: [join(folder, 'rules.yml')], ...options }, {});
  const generation = await buildGeneration(config, { mode: 'scan', report: () => undefined });
  const found: FoundAlert[] = [];
  await scanFiles([{ path, bytes }], generation, {
    ...SCAN_OPTIONS,
    logsource: 'any/test',
    now: () => 1_800_000_000_000,
    onFound: async (alerts) => void found.push(...alerts),
  });
  const alerts = found.map(({ alert }) => ({ ...alert, event: { ...alert.event, created: '' } }));
  const { fromBytes } = generation.processor.detector.counts;
  const late = generation.parts.flatMap((part) => part.report().map((one) => [one.rule, one.late]));
  return { alerts, fromBytes, late };
}

it('correlations told of records by their bytes give the alerts that they give when all is decoded', async () => {
  const seed = testSeed();
  const rounds = testRounds(1, 60);
  let alerts = 0;
  for (let round = 0; round < rounds; round++) {
    const random = new Random(seed + round);
    const count = 800;
    writeFileSync(join(folder, 'rules.yml'), rules(random));
    const text = events(random, count);
    const path = join(folder, `events-${round}.ndjson`);
    writeFileSync(path, text);
    const late = random.chance(0.3) ? { state: { late_events: 'evaluate', lateness_seconds: 20 } } : {};
    const read = await scan(path, Buffer.byteLength(text), late);
    const decoded = await scan(path, Buffer.byteLength(text), { ...late, intel: [join(folder, 'all.json')] });
    const told = { seed: seed + round };
    expect({ ...told, alerts: read.alerts }).toEqual({ ...told, alerts: decoded.alerts });
    expect({ ...told, late: read.late }).toEqual({ ...told, late: decoded.late });
    expect(decoded.fromBytes).toBe(0);
    expect(read.fromBytes).toBeGreaterThan(count / 10);
    alerts += read.alerts.length;
  }
  expect(alerts).toBeGreaterThan(0);
});
