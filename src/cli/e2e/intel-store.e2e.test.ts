/** The indicator store of a running service: changes without a reload, in every matching thread, over restarts and kills. */
import { appendFileSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FlintProcess, pause, temporaryFolder, total } from '../../testing/flint-process.ts';

const folder = temporaryFolder();
const list = join(folder.path, 'list.txt');
const bundle = join(folder.path, 'bundle.json');
const benign = join(folder.path, 'benign.txt');
const config = join(folder.path, 'flint.yaml');
const storeFolder = join(folder.path, 'data', 'indicators');
const names = Array.from({ length: 500 }, (_, i) => `n${i}.evil-example.org`);
let flint: FlintProcess;

async function started(): Promise<FlintProcess> {
  const flint = new FlintProcess({ args: ['run', '-c', config] });
  await flint.logged('ready');
  return flint;
}

beforeAll(async () => {
  writeFileSync(list, `${names.join('\n')}\n`);
  writeFileSync(bundle, bundleOf('stix.example.org', '2024-01-01T00:00:00Z'));
  writeFileSync(benign, 'harmless.example.org\n');
  writeFileSync(
    config,
    `data_dir: ${join(folder.path, 'data')}
intel: [${list}, ${bundle}, {source: ${benign}, role: benign}]
inputs: [json+tcp://127.0.0.1:0]
http: {listen: 127.0.0.1:0}
alerts: {suppress_seconds: 0}
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

function bundleOf(name: string, modified: string, more: object = {}): string {
  const indicator = {
    type: 'indicator',
    spec_version: '2.1',
    id: 'indicator--26ffb872-1dd9-446e-b6f5-d58527e5b5d2',
    name,
    pattern_type: 'stix',
    created: '2024-01-01T00:00:00Z',
    modified,
    valid_from: '2024-01-01T00:00:00Z',
    pattern: `[domain-name:value = '${name}']`,
    ...more,
  };
  return JSON.stringify({ type: 'bundle', id: 'bundle--26ffb872-1dd9-446e-b6f5-d58527e5b5d3', objects: [indicator] });
}

let sent = 0;

/** Sends several records with the name, for all workers, and counts the alerts that come of them. */
async function alertsFor(name: string): Promise<number> {
  const port = await flint.port('json+tcp');
  const socket: Socket = connect(port, '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  const mark = `mark-${sent++}`;
  for (let i = 0; i < 12; i++) {
    socket.write(
      `${JSON.stringify({ '@timestamp': new Date().toISOString(), mark, dns: { question: { name } }, i })}\n`,
    );
    await pause(15);
  }
  socket.write(`${JSON.stringify({ mark, dns: { question: { name: names[0] } }, last: true })}\n`);
  await flint.until(
    () => flint.stdout.split('\n').some((line) => line.includes(mark) && line.includes('last')),
    'the alert of the last record',
  );
  // Other workers may be a little later.
  await pause(200);
  socket.destroy();
  return flint.stdout.split('\n').filter((line) => line.includes(`\\"${mark}\\"`) && !line.includes('last')).length;
}

async function changes(): Promise<number> {
  return total(await flint.metrics(), 'flint_engine_intel_refreshes_delta');
}

/** Changes files and waits until that is live. */
async function changed(change: () => void): Promise<void> {
  const before = await changes();
  change();
  await flint.until(async () => (await changes()) > before, 'the change');
}

describe('the indicator store', () => {
  it('takes additions and removals in without a reload, for every worker', async () => {
    expect(await alertsFor('new.evil-example.com')).toBe(0);
    await changed(() => appendFileSync(list, 'new.evil-example.com\n'));
    expect(await alertsFor('new.evil-example.com')).toBe(12);
    await changed(() => writeFileSync(list, `${names.slice(0, -1).join('\n')}\n`));
    expect(await alertsFor('new.evil-example.com')).toBe(0);
    expect(await alertsFor(names.at(-1) as string)).toBe(0);
    expect(await alertsFor('sub.n7.evil-example.org')).toBe(12);
    expect(flint.stderr).not.toContain('reloaded');
    const metrics = await flint.metrics();
    expect(total(metrics, 'flint_engine_intel_refreshes_delta')).toBe(2);
    expect(total(metrics, 'flint_engine_intel_delta')).toBeGreaterThan(0);
    expect(total(metrics, 'flint_engine_intel_tombstones')).toBeGreaterThan(0);
    expect(total(metrics, 'flint_engine_indicators')).toBe(names.length);
  });

  it('replaces versions, forgets what is withdrawn, heeds benign values', async () => {
    expect(await alertsFor('stix.example.org')).toBe(12);
    await changed(() => writeFileSync(bundle, bundleOf('newer.example.org', '2024-02-01T00:00:00Z')));
    expect(await alertsFor('stix.example.org')).toBe(0);
    expect(await alertsFor('newer.example.org')).toBe(12);
    await changed(() => appendFileSync(benign, 'newer.example.org\n'));
    expect(await alertsFor('newer.example.org')).toBe(0);
    await changed(() => writeFileSync(benign, 'harmless.example.org\n'));
    expect(await alertsFor('newer.example.org')).toBe(12);
    await changed(() =>
      writeFileSync(bundle, bundleOf('newer.example.org', '2024-03-01T00:00:00Z', { revoked: true })),
    );
    expect(await alertsFor('newer.example.org')).toBe(0);
  });

  it('knows all of it after a kill, and what was withdrawn although nobody says so any more', async () => {
    await flint.until(() => readdirSync(storeFolder).includes('store.json'), 'the stored base');
    await changed(() => appendFileSync(list, 'kept.evil-example.com\n'));
    await flint.stop('SIGKILL');
    // Nobody withdraws it any more; withdrawn it stays.
    writeFileSync(bundle, bundleOf('newer.example.org', '2024-04-01T00:00:00Z'));
    flint = await started();
    expect(await alertsFor('kept.evil-example.com')).toBe(12);
    expect(await alertsFor('newer.example.org')).toBe(0);
  });

  it('starts from the sources when what it kept is damaged', async () => {
    await flint.stop('SIGKILL');
    const base = readdirSync(storeFolder).find((name) => name.startsWith('base.')) as string;
    const size = readFileSync(join(storeFolder, base)).length;
    truncateSync(join(storeFolder, base), size - 100);
    flint = await started();
    expect(flint.stderr).toContain('cannot be read');
    expect(await alertsFor('kept.evil-example.com')).toBe(12);
    await flint.stop('SIGKILL');
    rmSync(storeFolder, { recursive: true });
    flint = await started();
    expect(await alertsFor('kept.evil-example.com')).toBe(12);
  });
});
