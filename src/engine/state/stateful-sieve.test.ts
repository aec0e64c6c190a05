/**
 * Correlations behind the event sieve: random process events of a file give the alerts that they give when every record is decoded,
 * with the same lines, also where a record in the middle sends the file to the framers.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROCESS_RULES, processLog } from '../../testing/process-log.ts';
import { SCAN_OPTIONS } from '../../testing/scan-options.ts';
import { Random } from '../../testing/random.ts';
import { UNWITNESSED_BUNDLE } from '../../testing/unwitnessed-pattern.ts';
import { buildGeneration } from '../build-generation.ts';
import { loadConfig } from '../config/load-config.ts';
import type { FoundAlert } from '../../alerts/found-alert.ts';
import { scanFiles } from '../files/scan-files.ts';
import { testSeed } from '../../testing/test-runs.ts';

const folder = mkdtempSync(join(tmpdir(), 'flint-stateful-sieve-'));
const RULES = `title: Shell
name: shell
id: 5f7c1d3a-0000-4000-8000-000000000001
logsource: { category: process_creation, product: windows }
detection:
  selection: { Image|endswith: cmd.exe }
  condition: selection
level: low
---
title: Shells in a row
id: 5f7c1d3a-0000-4000-8000-000000000002
correlation:
  type: event_count
  rules: [shell]
  group-by: [User]
  timespan: 1m
  condition: { gte: 3 }
level: high
`;
writeFileSync(join(folder, 'rules.yml'), RULES);
writeFileSync(join(folder, 'all.json'), JSON.stringify(UNWITNESSED_BUNDLE));
writeFileSync(join(folder, 'processes.yml'), PROCESS_RULES);

interface Scanned {
  readonly alerts: readonly string[];
  readonly candidates: number;
  readonly records: number;
  readonly processes: number;
  /** Events made of records. */
  readonly decoded: number;
}

async function scan(path: string, bytes: number, decodeAll: boolean, rules = 'rules.yml'): Promise<Scanned> {
  const all = decodeAll ? { intel: [join(folder, 'all.json')] } : {};
  const config = loadConfig({ rules: [join(folder, rules)], ...all }, {});
  const generation = await buildGeneration(config, { mode: 'scan', report: () => undefined });
  const found: FoundAlert[] = [];
  const summary = await scanFiles([{ path, bytes }], generation, {
    ...SCAN_OPTIONS,
    onFound: async (alerts) => void found.push(...alerts),
  });
  const alerts = found.map(
    ({ alert }) => `${alert.flint.engine} ${alert.event.id} ${JSON.stringify(alert.flint.input)}`,
  );
  const counts = generation.counts();
  const { candidates } = generation.processor.counts;
  const [processes, decoded] = [Number(counts['processes']), Number(counts['events'])];
  return { alerts, candidates, records: summary.records, processes, decoded };
}

function records(random: Random, count: number, irregular: boolean): string {
  const lines = Array.from({ length: count }, (_, i) =>
    JSON.stringify({
      EventID: 1,
      Channel: 'Microsoft-Windows-Sysmon/Operational',
      UtcTime: new Date(1_700_000_000_000 + i * 1000).toISOString(),
      Image: `C:\\Windows\\${random.int(10) === 0 ? 'cmd' : 'notepad'}.exe`,
      User: `u${random.int(4)}`,
    }),
  );
  if (irregular) lines.splice(count >> 1, 0, JSON.stringify({ spread: { over: 'lines' } }, null, 2));
  return `${lines.join('\n')}\n`;
}

describe('correlations behind the sieve', () => {
  it.each([
    ['one record a line', false],
    ['a record over several lines in the middle', true],
  ])('give what they give when all is decoded: %s', async (_name, irregular) => {
    const seed = testSeed();
    const text = records(new Random(seed), 3000, irregular);
    const path = join(folder, `events-${irregular}.ndjson`);
    writeFileSync(path, text);
    const sieved = await scan(path, text.length, false);
    const decoded = await scan(path, text.length, true);
    expect({ seed, alerts: sieved.alerts }).toEqual({ seed, alerts: decoded.alerts });
    expect(sieved.alerts.filter((alert) => alert.startsWith('correlation')).length).toBeGreaterThan(10);
    expect(decoded.candidates).toBe(decoded.records);
    expect(sieved.candidates).toBeLessThan(decoded.records / 4);
  });
});

describe('processes read from the bytes of lines', () => {
  it.each([
    ['one record a line', false],
    ['a record over several lines in the second half', true],
  ])('give the alerts and the memory that they give when all is decoded: %s', async (_name, irregular) => {
    const seed = testSeed();
    // More than one range of a file, so that lines and records are counted on.
    const lines = processLog(new Random(seed), 2600, 7000);
    if (irregular) lines.splice(2500, 0, JSON.stringify({ spread: { over: 'lines' } }, null, 2));
    const text = `${lines.join('\n')}\n`;
    const path = join(folder, `processes-${irregular}.ndjson`);
    writeFileSync(path, text);
    expect(text.length).toBeGreaterThan(17 << 20);
    const sieved = await scan(path, text.length, false, 'processes.yml');
    const decoded = await scan(path, text.length, true, 'processes.yml');
    expect({ seed, alerts: sieved.alerts }).toEqual({ seed, alerts: decoded.alerts });
    expect(sieved.alerts.length).toBeGreaterThan(10);
    expect(sieved.processes).toBe(decoded.processes);
    expect(decoded.decoded).toBe(decoded.records);
    expect(sieved.decoded).toBeLessThan(decoded.records);
  });
});
