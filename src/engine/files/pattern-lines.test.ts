/** Patterns beside Sigma rules and indicators: lines of a file give the alerts that the same records give in batches, and few are decoded. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildGeneration } from '../build-generation.ts';
import { loadConfig } from '../config/load-config.ts';
import { listFiles } from './list-files.ts';
import { scanFiles } from './scan-files.ts';
import { SCAN_OPTIONS } from '../../testing/scan-options.ts';

const AT = '2024-01-01T00:00:00.000Z';
const PATTERNS = [
  "[process:command_line LIKE '%--lantern %' AND process:pid > 3]",
  "[network-traffic:dst_ref.value = '198.18.4.3' AND network-traffic:dst_port > 1000]",
  "[process:command_line MATCHES '(?i)orchid\\\\s+-q']",
];
const RULE = `
title: A shell with a word
id: 11111111-2222-4333-8444-555555555555
logsource: { product: windows, category: process_creation }
detection:
  selection: { CommandLine|contains: quartzword }
  condition: selection
level: high
`;

function record(i: number): object {
  const commands = [
    'cmd /c dir',
    'x --lantern 1',
    'ORCHID  -q',
    'y quartzword',
    'z --lantern quartzword',
    'curl http://evil.example.net/',
  ];
  const network = { DestinationIp: i % 14 === 0 ? '::ffff:c612:403' : '198.18.4.4', DestinationPort: 4444 };
  const base = {
    Channel: 'Microsoft-Windows-Sysmon/Operational',
    Computer: 'host-a',
    UtcTime: '2024-03-01 10:00:00.000',
  };
  if (i % 7 === 0) return { ...base, EventID: 3, Image: 'C:\\a.exe', SourceIp: '10.0.0.1', ...network };
  const CommandLine = i % 5 === 0 ? commands[i % commands.length] : `nothing ${i} Microsoft®`;
  return { ...base, EventID: 1, Image: 'C:\\a.exe', ProcessId: 77, CommandLine, ParentImage: 'C:\\b.exe' };
}

describe('patterns beside Sigma rules', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flint-pattern-lines-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const [bundle, rules, log] = [join(folder, 'intel.json'), join(folder, 'rule.yml'), join(folder, 'events.ndjson')];
  const objects = [...PATTERNS, "[domain-name:value = 'evil.example.net']"].map((pattern, i) => ({
    ...{ type: 'indicator', spec_version: '2.1', id: `indicator--00000000-0000-4000-8000-00000000000${i}` },
    ...{ created: AT, modified: AT, valid_from: AT, pattern, pattern_type: 'stix', name: `pattern ${i}` },
  }));
  writeFileSync(
    bundle,
    JSON.stringify({ type: 'bundle', id: 'bundle--00000000-0000-4000-8000-000000000000', objects }),
  );
  writeFileSync(rules, RULE);
  const lines = Array.from({ length: 2000 }, (_, i) => JSON.stringify(record(i)));
  writeFileSync(log, `${lines.join('\n')}\n`);

  it.each([1, 2])('gives each alert once with %i workers', async (workers) => {
    const loaded = loadConfig({ intel: [bundle], rules: [rules], workers: String(workers) }, {});
    const generation = await buildGeneration(loaded, { mode: 'scan', report: () => undefined });
    const found: string[] = [];
    await scanFiles(listFiles([log]), generation, {
      ...SCAN_OPTIONS,
      now: () => Date.UTC(2026, 2, 18),
      onFound: async (alerts) => {
        for (const { alert, event } of alerts)
          found.push(`${event.origin.record} ${alert.rule?.name ?? alert.threat?.indicator?.name}`);
      },
    });
    const { events = 0 } = generation.counts();
    await generation.close();
    const expected = lines.flatMap((line, i) => {
      const names: string[] = [];
      if (/--lantern /.test(line)) names.push(`${i} pattern 0`);
      if (line.includes('c612:403')) names.push(`${i} pattern 1`);
      if (line.includes('ORCHID')) names.push(`${i} pattern 2`);
      if (line.includes('evil.example.net')) names.push(`${i} pattern 3`);
      if (line.includes('quartzword')) names.push(`${i} A shell with a word`);
      return names;
    });
    expect(found.sort()).toEqual(expected.sort());
    expect(expected.length).toBeGreaterThan(300);
    expect(events).toBeLessThan(lines.length / 2);
  });
});

describe('patterns that whole tokens find', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flint-pattern-tokens-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const [bundle, rules, log] = [join(folder, 'intel.json'), join(folder, 'rule.yml'), join(folder, 'events.ndjson')];
  const patterns = [
    "[network-traffic:dst_ref.value = '198.18.4.3' AND network-traffic:dst_port > 1000]",
    "[process:parent_ref.name = 'orchid7.exe' AND process:pid > 3]",
    "[process:name = 'orchid7.exe'] FOLLOWEDBY [network-traffic:dst_ref.value = '198.18.4.3'] WITHIN 60 SECONDS",
  ];
  const objects = patterns.map((pattern, i) => ({
    ...{ type: 'indicator', spec_version: '2.1', id: `indicator--00000000-0000-4000-8000-00000000000${i}` },
    ...{ created: AT, modified: AT, valid_from: AT, pattern, pattern_type: 'stix', name: `pattern ${i}` },
  }));
  writeFileSync(
    bundle,
    JSON.stringify({ type: 'bundle', id: 'bundle--00000000-0000-4000-8000-000000000000', objects }),
  );
  writeFileSync(rules, RULE);
  const lines = Array.from({ length: 2000 }, (_, i) => {
    const told = record(i) as Record<string, unknown>;
    return JSON.stringify(
      i === 100
        ? { ...told, ParentImage: 'C:\\\\Orchid7.EXE' }
        : i === 111
          ? { ...told, Image: 'C:\\\\orchid7.exe' }
          : told,
    );
  });
  writeFileSync(log, `${lines.join('\n')}\n`);

  it.each([
    { workers: 1, isWithRules: false },
    { workers: 2, isWithRules: false },
    { workers: 1, isWithRules: true },
    { workers: 2, isWithRules: true },
  ])('match with $workers workers, beside rules: $isWithRules', async ({ workers, isWithRules }) => {
    const config = { intel: [bundle], workers: String(workers), ...(isWithRules && { rules: [rules] }) };
    const generation = await buildGeneration(loadConfig(config, {}), { mode: 'scan', report: () => undefined });
    expect(generation.rules.tokens.length).toBe(4);
    const found: string[] = [];
    await scanFiles(listFiles([log]), generation, {
      ...SCAN_OPTIONS,
      now: () => Date.UTC(2026, 2, 18),
      onFound: async (alerts) => {
        for (const { alert, event } of alerts) found.push(`${event.origin.record} ${alert.rule.name}`);
      },
    });
    const { events = 0 } = generation.counts();
    await generation.close();
    const of = (name: string) => found.filter((one) => one.endsWith(name));
    const addresses = lines.flatMap((line, i) => (line.includes('c612:403') ? [`${i} pattern 0`] : []));
    expect(of('pattern 0').sort()).toEqual(addresses.sort());
    expect(of('pattern 1')).toEqual(['100 pattern 1']);
    expect(of('pattern 2').length).toBeGreaterThan(0);
    expect(of('A shell with a word').length > 0).toBe(isWithRules);
    expect(events).toBeLessThan(lines.length / 2);
  });
});
