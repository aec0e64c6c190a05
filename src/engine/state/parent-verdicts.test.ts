/**
 * Rules that ask for the parent, over random process starts of a file: alerts as when every record is decoded, though those whose parent
 * rules them out are not. Parents are told before, behind, never, twice, with and without command line. Random; the seed is printed
 * with a failure.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { FoundAlert } from '../../alerts/found-alert.ts';
import { SCAN_OPTIONS } from '../../testing/scan-options.ts';
import { Random } from '../../testing/random.ts';
import { testRounds, testSeed } from '../../testing/test-runs.ts';
import { UNWITNESSED_BUNDLE } from '../../testing/unwitnessed-pattern.ts';
import { buildGeneration } from '../build-generation.ts';
import { loadConfig } from '../config/load-config.ts';
import { scanFiles } from '../files/scan-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'flint-parent-verdicts-'));
writeFileSync(join(folder, 'all.json'), JSON.stringify(UNWITNESSED_BUNDLE));

const OF_PARENT = [
  "ParentCommandLine|contains: ' -k '",
  "ParentCommandLine|endswith: 'run'",
  'ParentCommandLine: null',
  "ParentUser: 'ann'",
  "ParentImage|endswith: '\\cmd.exe'",
  "ParentProcessId: '4'",
  'ParentCommandLine|fieldref: CommandLine',
  "AncestorCommandLine|contains: 'start'",
  "GrandparentUser|contains: 'o'",
];
const OF_ITSELF = ["CommandLine|contains: 'a'", "Image|endswith: '\\cmd.exe'", "User: 'bob'", 'CommandLine: null'];
const CONDITIONS = [
  'a and b',
  'a or b',
  'a and not b',
  'b and not a',
  'b',
  'not b',
  'a and b and not c',
  'b and c',
  '(a or b) and c',
];
const COMMANDS = ['a -k x', 'cmd run', 'start a', 'b', '', 'svc -k é'];

function rules(random: Random): string {
  return Array.from(
    { length: 6 },
    (_, i) => `title: r${i}
logsource: {category: process_creation, product: windows}
detection:
  a: {${random.pick(OF_ITSELF)}}
  b: {${random.pick(OF_PARENT)}}
  c: {${random.pick(OF_PARENT)}}
  condition: ${random.pick(CONDITIONS)}
`,
  ).join('---\n');
}

function events(random: Random, count: number): string {
  let ms = 1_700_000_000_000;
  const lines = Array.from({ length: count }, (_, i) => {
    ms += random.int(3000);
    const event = {
      EventID: random.chance(0.05) ? 4689 : 4688,
      Channel: 'Security',
      Provider_Name: 'Microsoft-Windows-Security-Auditing',
      '@timestamp': new Date(ms - (random.chance(0.1) ? random.int(20_000) : 0)).toISOString(),
      Computer: random.pick(['w1', 'W1', 'w2']),
      NewProcessId: `0x${(1 + random.int(30)).toString(16)}`,
      ProcessId: random.chance(0.05) ? undefined : `0x${(1 + random.int(34)).toString(16)}`,
      NewProcessName: random.pick(['C:\\a\\cmd.exe', 'C:\\b\\x.exe', 'C:\\svchost.exe']),
      ...(random.chance(0.9) && { CommandLine: random.pick(COMMANDS) }),
      ...(random.chance(0.5) && { ParentProcessName: random.pick(['C:\\a\\cmd.exe', 'C:\\b\\x.exe']) }),
      SubjectUserName: random.pick(['ann', 'bob', '-']),
      n: i,
    };
    const text = JSON.stringify(event);
    return random.chance(0.03) ? text.replace('"CommandLine"', '"Command\\u004cine"') : text;
  });
  return `${lines.join('\n')}\n`;
}

async function scan(path: string, bytes: number, more: object): Promise<{ alerts: readonly string[]; events: number }> {
  const config = loadConfig({ rules: [join(folder, 'rules.yml')], workers: '1', ...more }, {});
  const generation = await buildGeneration(config, { mode: 'scan', report: () => undefined });
  const found: FoundAlert[] = [];
  await scanFiles([{ path, bytes }], generation, {
    ...SCAN_OPTIONS,
    now: () => 1_800_000_000_000,
    onFound: async (alerts) => void found.push(...alerts),
  });
  // What an alert shows of ancestors is what was known when it was given: events wait where some rule asked for what is not known.
  const alerts = found.map(({ alert }) => `${alert.event.id} ${alert.rule.name}`).sort();
  return { alerts, events: Number(generation.counts()['events']) };
}

it('gives the alerts of decoded records where parents rule out rules without decoding', async () => {
  const seed = testSeed();
  const rounds = testRounds(3, 200);
  let alerts = 0;
  let left = 0;
  for (let round = 0; round < rounds; round++) {
    const random = new Random(seed + round);
    const count = 400;
    writeFileSync(join(folder, 'rules.yml'), rules(random));
    const text = events(random, count);
    const path = join(folder, `events-${round}.ndjson`);
    writeFileSync(path, text);
    const read = await scan(path, Buffer.byteLength(text), {});
    const decoded = await scan(path, Buffer.byteLength(text), { intel: [join(folder, 'all.json')] });
    expect({ seed: seed + round, alerts: read.alerts }).toEqual({ seed: seed + round, alerts: decoded.alerts });
    expect(decoded.events).toBe(count);
    alerts += read.alerts.length;
    left += count - read.events;
  }
  expect(alerts).toBeGreaterThan(0);
  expect(left).toBeGreaterThan(0);
});
