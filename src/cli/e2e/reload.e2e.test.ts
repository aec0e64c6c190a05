/** Live changes of a running service: a list that grows while events flow, feeds and configurations that break, SIGHUP and watched files. */
import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FlintProcess, pause, temporaryFolder, total } from '../../testing/flint-process.ts';

interface Status {
  readonly service: {
    readonly lastReload?: { readonly ok: boolean; readonly message: string; readonly atMs: number };
    readonly intelligence: readonly {
      readonly name: string;
      readonly indicators: number;
      readonly lastError?: string;
    }[];
  };
}

const folder = temporaryFolder();
const list = join(folder.path, 'list.txt');
const bundle = join(folder.path, 'bundle.json');
const config = join(folder.path, 'flint.yaml');
let flint: FlintProcess;

function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

function configText(more = ''): string {
  return `data_dir: ${join(folder.path, 'data')}
intel: [${list}, ${bundle}]
inputs: [json+tcp://127.0.0.1:0]
http: {listen: 127.0.0.1:0}
alerts: {suppress_seconds: 0}
reload_seconds: 1
${more}`;
}

function bundleOf(name: string): string {
  const id = 'indicator--26ffb872-1dd9-446e-b6f5-d58527e5b5d2';
  const base = { type: 'indicator', spec_version: '2.1', id, name, pattern_type: 'stix' };
  const times = {
    created: '2024-01-01T00:00:00Z',
    modified: '2024-01-01T00:00:00Z',
    valid_from: '2024-01-01T00:00:00Z',
  };
  const indicator = { ...base, ...times, pattern: `[domain-name:value = '${name}']` };
  return JSON.stringify({ type: 'bundle', id: 'bundle--26ffb872-1dd9-446e-b6f5-d58527e5b5d3', objects: [indicator] });
}

beforeAll(async () => {
  writeFileSync(list, 'first.example.org\n');
  writeFileSync(bundle, bundleOf('stix.example.org'));
  writeFileSync(config, configText());
  flint = new FlintProcess({ args: ['run', '-c', config] });
  await flint.logged('ready');
});

afterAll(async () => {
  await flint.stop();
  folder.remove();
});

async function status(): Promise<Status> {
  return (await (await fetch(`${await flint.url()}/api/status`)).json()) as Status;
}

async function client(): Promise<Socket> {
  const socket = connect(await flint.port('json+tcp'), '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

function hits(name: string): number {
  return flint.stdout.split('\n').filter((line) => line.includes(`"${name}"`)).length;
}

/** Sends events with the name until one alerts: a watched file is looked at once a second, a reload takes its time. */
async function alerts(name: string): Promise<void> {
  const before = hits(name);
  const socket = await client();
  let sent = 0;
  await flint.until(() => {
    if (sent++ % 10 === 0) socket.write(`${JSON.stringify({ domain: name, sent })}\n`);
    return hits(name) > before;
  }, `an alert on ${name}`);
  socket.end();
}

/** Waits for one that ends so: one by the clock may come between. */
async function reloads(ok: boolean, act: () => void): Promise<Status> {
  const before = (await status()).service.lastReload?.atMs ?? 0;
  act();
  let latest = await status();
  await flint.until(
    async () => {
      latest = await status();
      const { lastReload } = latest.service;
      return lastReload !== undefined && lastReload.atMs > before && lastReload.ok === ok;
    },
    ok ? 'a reload' : 'a refused reload',
  );
  return latest;
}

describe('a reload', () => {
  it('of a longer list while events flow loses none of them, and the new indicator is live', async () => {
    const socket = await client();
    let sent = 0;
    let flowing = true;
    const flow = (async () => {
      while (flowing) {
        const lines = Array.from({ length: 5 }, () => `{"domain":"first.example.org","n":${sent++}}\n`).join('');
        if (!socket.write(lines)) await new Promise((resolve) => socket.once('drain', resolve));
        await pause(10);
      }
    })();
    await pause(100);
    const { service } = await reloads(true, () => {
      appendFileSync(list, 'second.example.org\n');
      flint.signal('SIGHUP');
    });
    await alerts('second.example.org');
    flowing = false;
    await flow;
    socket.end();
    await flint.until(() => hits('first.example.org') >= sent, `${sent} alerts`);
    expect(hits('first.example.org')).toBe(sent);
    expect(service.intelligence.find((source) => source.name.includes('list'))?.indicators).toBe(2);
    const metrics = await flint.metrics();
    expect(total(metrics, 'flint_input_dropped_total')).toBe(0);
    expect(total(metrics, 'flint_input_settled_records_total')).toBe(
      total(metrics, 'flint_input_received_records_total'),
    );
  });

  it('comes by itself when a watched file changes', async () => {
    await reloads(true, () => appendFileSync(list, 'third.example.org\n'));
    await alerts('third.example.org');
  });

  it('of a broken feed keeps the last good content and says why', async () => {
    const { service } = await reloads(true, () => {
      replace(bundle, bundleOf('stix.example.org').slice(0, -40));
      flint.signal('SIGHUP');
    });
    const source = service.intelligence.find((each) => each.name.includes('bundle'));
    expect(source).toMatchObject({ indicators: 1, lastError: expect.any(String) });
    await alerts('stix.example.org');
    replace(bundle, bundleOf('mended.example.org'));
    flint.signal('SIGHUP');
    await flint.until(async () => {
      const mended = (await status()).service.intelligence.find((each) => each.name.includes('bundle'));
      return mended?.lastError === undefined;
    }, 'the mended feed');
    await alerts('mended.example.org');
  });

  it.each([
    ['an unknown key', 'inptus: []\n', 'inptus'],
    ['a wrong value', 'timezone: Europe/Nowhere\n', 'Nowhere'],
    ['no YAML', 'a: [\n', ''],
  ])('of a configuration with %s changes nothing and says why', async (_what, text, named) => {
    const { service } = await reloads(false, () => {
      replace(config, configText(text));
      flint.signal('SIGHUP');
    });
    expect(service.lastReload?.message).toContain(named);
    expect(service.lastReload?.message).not.toBe('');
    await flint.logged('reload refused, the running engine goes on');
    await alerts('first.example.org');
    await reloads(true, () => {
      replace(config, configText());
      flint.signal('SIGHUP');
    });
  });

  it('takes up another input and keeps connections of those that did not change', async () => {
    const socket = await client();
    await reloads(true, () => {
      replace(config, configText().replace('inputs: [', 'inputs: [gelf+tcp://127.0.0.1:0, '));
      flint.signal('SIGHUP');
    });
    expect(await flint.port('gelf+tcp')).toBeGreaterThan(0);
    const before = hits('third.example.org');
    socket.end('{"domain":"third.example.org"}\n');
    await flint.until(() => hits('third.example.org') > before, 'an alert through the kept connection');
  });
});
