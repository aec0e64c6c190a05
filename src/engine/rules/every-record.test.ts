/**
 * Where every record is decoded whatever its bytes say (flux specifications see every event, a key map renames fields), the sieve still
 * tells which Sigma rules to try: the alerts are those of trying all of them.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SCAN_OPTIONS } from '../../testing/scan-options.ts';
import { Random } from '../../testing/random.ts';
import { UNWITNESSED_BUNDLE } from '../../testing/unwitnessed-pattern.ts';
import { buildGeneration } from '../build-generation.ts';
import { loadConfig } from '../config/load-config.ts';
import type { FoundAlert } from '../../alerts/found-alert.ts';
import { scanFiles } from '../files/scan-files.ts';
import { testSeed } from '../../testing/test-runs.ts';

const folder = mkdtempSync(join(tmpdir(), 'flint-every-record-'));

function rule(name: string, detection: string): string {
  return `title: ${name}
name: ${name}
logsource: { category: process_creation, product: windows }
detection:
  selection: ${detection}
  condition: selection
level: low
`;
}

write(
  'rules.yml',
  [
    rule('shell', '{ Image|endswith: cmd.exe }'),
    rule('net', "{ CommandLine|contains: 'net user' }"),
    rule('note', '{ message|contains: evil }'),
    rule('silent', "{ message: null, Image|endswith: cmd.exe, CommandLine|re: 'use[rs]' }"),
  ].join('---\n'),
);
write(
  'flux.yml',
  'rules:\n  - rulename: chain\n    action: temporal\n    groupby: [User]\n    condition: shell and net\n    tags: [{ name: shell }, { name: net }]\n',
);
write('key.map', 'message : note\n');
write('all.json', JSON.stringify(UNWITNESSED_BUNDLE));

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

function records(random: Random, count: number): string {
  const one = (i: number): object => ({
    EventID: 1,
    Channel: 'Microsoft-Windows-Sysmon/Operational',
    UtcTime: new Date(1_700_000_000_000 + i * 1000).toISOString(),
    Image: `C:\\Windows\\${random.int(10) === 0 ? 'cmd' : 'notepad'}.exe`,
    CommandLine: ['whoami', 'net user a', 'NET USER b', 'net use c', 'ünet user'][random.int(5)],
    User: `u${random.int(40)}`,
    ...(random.int(3) === 0 && { [['note', 'Note', 'NOTE', 'notes'][random.int(4)] as string]: 'an Evil note' }),
    ...(random.int(9) === 0 && { [['message', 'Message', '_message'][random.int(3)] as string]: 'nothing evil' }),
  });
  return Array.from({ length: count }, (_, i) => `${JSON.stringify(one(i))}\n`).join('');
}

async function scan(path: string, bytes: number, extra: object): Promise<{ alerts: string[]; sieved: number }> {
  const config = loadConfig({ rules: [join(folder, 'rules.yml')], ...extra }, {});
  const generation = await buildGeneration(config, { mode: 'scan', report: () => undefined });
  const found: FoundAlert[] = [];
  await scanFiles([{ path, bytes }], generation, {
    ...SCAN_OPTIONS,
    onFound: async (alerts) => void found.push(...alerts),
  });
  const { sieved = 0, candidates, records: all } = generation.processor.totals;
  expect(candidates).toBe(all);
  const alerts = found.map(
    ({ alert }) => `${alert.flint.engine} ${alert.rule?.name} ${JSON.stringify(alert.flint.input)}`,
  );
  return { alerts, sieved };
}

describe('records that are decoded whatever their bytes say', () => {
  it.each([
    ['a flux specification', { flux: [join(folder, 'flux.yml')] }, 'flux'],
    ['a key map', { keyMap: join(folder, 'key.map') }, 'note'],
    ['both', { flux: [join(folder, 'flux.yml')], keyMap: join(folder, 'key.map') }, 'flux'],
  ])('are tried for the rules that the sieve names: %s', async (_name, extra, wanted) => {
    const seed = testSeed();
    const text = records(new Random(seed), 2000);
    const path = join(folder, 'events.ndjson');
    writeFileSync(path, text);
    const named = await scan(path, text.length, extra);
    const tried = await scan(path, text.length, { ...extra, intel: [join(folder, 'all.json')] });
    expect({ seed, alerts: named.alerts }).toEqual({ seed, alerts: tried.alerts });
    expect(named.alerts.filter((alert) => alert.includes(wanted)).length).toBeGreaterThan(10);
    expect(named.sieved).toBe(2000);
    expect(tried.sieved).toBe(0);
  });
});
