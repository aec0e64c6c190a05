/** STIX patterns of a feed that come, change and go in a running service with several workers: without a reload, and over a kill. */
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FlintProcess, pause, temporaryFolder, total } from '../../testing/flint-process.ts';

const folder = temporaryFolder();
const list = join(folder.path, 'list.txt');
const bundle = join(folder.path, 'bundle.json');
const config = join(folder.path, 'flint.yaml');
let flint: FlintProcess;

interface Pattern {
  readonly id: number;
  readonly pattern: string;
  readonly version?: number;
  readonly revoked?: boolean;
  readonly until?: string;
}

const PLAIN: Pattern = { id: 1, pattern: "[domain-name:value = 'plain.example.org']" };
const TOOL: Pattern = {
  id: 2,
  pattern: "[process:command_line LIKE '%-falcon%' AND process:name = 'ledger.exe']",
};
const CHAIN: Pattern = {
  id: 3,
  pattern:
    "([process:command_line LIKE '%-quartz%'] FOLLOWEDBY [process:command_line LIKE '%-anchor%']) WITHIN 900 SECONDS",
};

async function started(): Promise<FlintProcess> {
  const process = new FlintProcess({ args: ['run', '-c', config] });
  await process.logged('ready');
  return process;
}

function write(...patterns: readonly Pattern[]): void {
  const objects = patterns.map(({ id, pattern, version = 1, revoked = false, until }) => ({
    ...{ type: 'indicator', spec_version: '2.1', pattern_type: 'stix', name: `pattern ${id}`, pattern, revoked },
    ...{ id: `indicator--00000000-0000-4000-8000-00000000000${id}`, created: '2024-01-01T00:00:00Z' },
    ...{ modified: `2024-01-0${version}T00:00:00Z`, valid_from: '2024-01-01T00:00:00Z' },
    ...(until !== undefined && { valid_until: until }),
  }));
  writeFileSync(bundle, JSON.stringify({ type: 'bundle', id: 'bundle--1', objects }));
}

async function metric(name: string): Promise<number> {
  return total(await flint.metrics(), `flint_engine_${name}`);
}

async function changed(change: () => void): Promise<void> {
  const before = await metric('intel_refreshes_delta');
  change();
  await flint.until(async () => (await metric('intel_refreshes_delta')) > before, 'the change');
}

let sent = 0;

/** Sends process starts, each in a batch of its own, and tells of which rules there were alerts, once for each. */
async function alertsFor(host: string, ...commands: readonly string[]): Promise<readonly string[]> {
  const socket = connect(await flint.port('json+tcp'), '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  const mark = `mark${sent++}`;
  const send = async (fields: object): Promise<void> => {
    const time = new Date().toISOString().replace('T', ' ').replace('Z', '');
    const channel = 'Microsoft-Windows-Sysmon/Operational';
    socket.write(`${JSON.stringify({ Channel: channel, EventID: 1, UtcTime: time, Hostname: host, ...fields })}\n`);
    await pause(40);
  };
  for (const command of commands) await send({ Image: 'C:\\ledger.exe', CommandLine: `ledger ${command} ${mark}` });
  await send({ Image: 'C:\\last.exe', CommandLine: `last n1.evil-example.org ${mark}` });
  const lines = (): readonly string[] => flint.stdout.split('\n').filter((line) => line.includes(mark));
  await flint.until(() => lines().some((line) => line.includes('evil-example')), 'the alert of the last record');
  await pause(200);
  socket.destroy();
  const names = lines().map((line) => (JSON.parse(line) as { rule?: { name?: string } }).rule?.name ?? '');
  return names.filter((name) => name.startsWith('pattern')).sort();
}

beforeAll(async () => {
  writeFileSync(list, 'n1.evil-example.org\n');
  write(PLAIN);
  writeFileSync(
    config,
    `data_dir: ${join(folder.path, 'data')}
intel: [${list}, ${bundle}]
inputs: [json+tcp://127.0.0.1:0]
http: {listen: 127.0.0.1:0}
alerts: {suppress_seconds: 0}
state: {snapshot_seconds: 1}
workers: 3
reload_seconds: 1
`,
  );
  flint = await started();
});

afterAll(async () => {
  await flint.stop();
  folder.remove();
});

describe('patterns of a feed that changes', () => {
  it('come, change and go in every worker, without a reload', async () => {
    expect(await alertsFor('h', '-falcon 1')).toEqual([]);
    await changed(() => write(PLAIN, TOOL));
    expect(await alertsFor('h', '-falcon 1', '-falcon 2', '-falcon 3', '-other')).toEqual([
      'pattern 2',
      'pattern 2',
      'pattern 2',
    ]);
    await changed(() => write(PLAIN, { ...TOOL, version: 2, pattern: TOOL.pattern.replace('falcon', 'raven') }));
    expect(await alertsFor('h', '-falcon 1', '-raven 2')).toEqual(['pattern 2']);
    await changed(() => write(PLAIN, { ...TOOL, version: 3, until: '2024-06-01T00:00:00Z' }));
    expect(await alertsFor('h', '-falcon 1', '-raven 2')).toEqual([]);
    await changed(() => write(PLAIN, { ...TOOL, version: 4 }));
    expect(await alertsFor('h', '-falcon 1')).toEqual(['pattern 2']);
  });

  it('keep what they have seen while others change, and over a kill', async () => {
    await changed(() => write(PLAIN, TOOL, CHAIN));
    expect(await alertsFor('a', '-quartz')).toEqual([]);
    await changed(() =>
      write(PLAIN, CHAIN, { id: 4, pattern: "[process:command_line LIKE '%-vector%' AND process:name != 'x.exe']" }),
    );
    expect(await alertsFor('a', '-anchor', '-falcon')).toEqual(['pattern 3']);
    expect(await alertsFor('b', '-quartz')).toEqual([]);
    const saved = await metric('state_snapshots_total');
    await flint.until(async () => (await metric('state_snapshots_total')) > saved + 1, 'a snapshot');
    expect(await metric('intel_refreshes_rebuild')).toBe(0);
    expect(await metric('intel_pattern_delta')).toBeGreaterThan(0);
    expect(await metric('intel_pattern_tombstones')).toBeGreaterThan(0);
    expect(await metric('intel_pattern_merges')).toBeGreaterThan(0);
    expect(flint.stderr).not.toContain('reloaded');
    await flint.stop('SIGKILL');
    flint = await started();
    expect(await alertsFor('b', '-anchor', '-vector')).toEqual(['pattern 3', 'pattern 4']);
  });

  it('begin anew with another text, and match nothing once they are withdrawn', async () => {
    expect(await alertsFor('c', '-quartz')).toEqual([]);
    await changed(() => write(PLAIN, { ...CHAIN, version: 2, pattern: CHAIN.pattern.replace('900', '800') }));
    expect(await alertsFor('c', '-anchor')).toEqual([]);
    expect(await alertsFor('c', '-quartz', '-anchor')).toEqual(['pattern 3']);
    await changed(() => write(PLAIN, { ...CHAIN, version: 3, revoked: true }));
    expect(await alertsFor('c', '-quartz', '-anchor')).toEqual([]);
    expect(await metric('intel_refreshes_rebuild')).toBe(0);
  });
});
