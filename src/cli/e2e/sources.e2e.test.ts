/**
 * Sources that are fetched, from outside: `flint intel pull` with its exit codes and without a secret in anything it writes, and `flint run`
 * that polls: what is added on a server alerts on the next event, and a restart fetches nothing twice.
 */
import { createSocket } from 'node:dgram';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FlintProcess, pause, temporaryFolder, total } from '../../testing/flint-process.ts';
import { type RunningTaxiiServer, startTaxiiServer, type TaxiiServerScript } from '../../testing/taxii-server.ts';

const SECRET = 'n0b0dy-knows';
const folder = temporaryFolder();
let taxii: RunningTaxiiServer;
let script: TaxiiServerScript;
let lists: Server;
let list = 'listed.example\n';
/** Domains by the number of their event. */
const shared = ['misp0.example'];
const misp = {
  manifest: () =>
    Object.fromEntries(shared.map((_, i) => [`5f000000-0000-4000-8000-00000000000${i}`, { timestamp: '1704067200' }])),
  event: (uuid: string) => ({
    Event: {
      ...{ uuid, info: 'shared', Orgc: { name: 'CERT' } },
      Attribute: [{ type: 'domain', value: shared[Number(uuid.at(-1))], to_ids: true, timestamp: '1704067200' }],
    },
  }),
};

beforeAll(async () => {
  script = {
    version: '2.1',
    objects: [served(1, 'one.example'), served(2, 'two.example')],
    ...{ maxPage: 1, dates: true, next: true },
    intercept: (request, response) => {
      if (request.headers.authorization === `Bearer ${SECRET}`) return false;
      response.writeHead(401).end(JSON.stringify({ title: `no: ${request.headers.authorization}` }));
      return true;
    },
  };
  taxii = await startTaxiiServer(script);
  lists = createServer((request, response) => {
    const event = /^\/feed\/([0-9a-f-]+)\.json$/.exec(request.url ?? '')?.[1];
    if (request.url === '/feed/manifest.json') response.end(JSON.stringify(misp.manifest()));
    else response.end(event === undefined ? list : JSON.stringify(misp.event(event)));
  });
  await new Promise<void>((resolve) => lists.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await taxii.close();
  lists.closeAllConnections();
  lists.close();
  folder.remove();
});

function served(i: number, domain: string, more: object = {}) {
  return {
    dateAdded: `2024-01-01T00:00:00.00000${i}Z`,
    object: {
      ...{ type: 'indicator', spec_version: '2.1', id: `indicator--00000000-0000-4000-8000-00000000000${i}` },
      ...{ created: '2024-01-01T00:00:00Z', modified: '2024-01-01T00:00:00Z', valid_from: '2024-01-01T00:00:00Z' },
      ...{ pattern_type: 'stix', pattern: `[domain-name:value = '${domain}']`, ...more },
    },
  };
}

/** A configuration with the TAXII server and the list, and a data directory of its own. */
function configuration(name: string): string {
  const path = join(folder.path, `${name}.yaml`);
  const { port } = lists.address() as AddressInfo;
  writeFileSync(
    path,
    `data_dir: ${join(folder.path, name)}
inputs: [json+udp://127.0.0.1:0]
http: { listen: 127.0.0.1:0 }
alerts: { suppress_seconds: 0 }
workers: 1
allow_private_addresses: true
intel:
  - { source: ${taxii.url}, type: taxii, name: partner, every: 1s, page_size: 1, auth: { type: bearer, token: { env: PARTNER_KEY } } }
  - { source: "http://127.0.0.1:${port}/list.txt", name: list, every: 1s }
  - { source: "http://127.0.0.1:${port}/feed/manifest.json", name: shared, every: 1s }
`,
  );
  return path;
}

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function intel(args: readonly string[], key = SECRET): Promise<Ran> {
  const flint = new FlintProcess({ args: ['intel', ...args], env: { PARTNER_KEY: key } });
  const { code } = await flint.exited;
  return { code, out: flint.stdout, err: flint.stderr };
}

const lines = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('flint intel pull', () => {
  it('lists what there is, fetches chosen sources, goes on where it stopped, and shows no secret', async () => {
    const config = configuration('pull');
    const preview = await intel(['pull', '-c', config, 'partner', '--dry-run']);
    expect(preview).toMatchObject({ code: 0, err: '' });
    expect(preview.out).toContain('would pull: all (91a7b528-80eb-42ed-a74d-c6fbd5a26116)');
    const first = await intel(['pull', '-c', config, 'partner']);
    expect(first).toMatchObject({ code: 0, out: '' });
    expect(first.err).toContain('partner: pulled, 2 new, 2 objects');
    const again = await intel(['pull', '-c', config, '--json']);
    expect(again.code).toBe(0);
    expect(lines(again.out)).toMatchObject([
      { name: 'partner', type: 'taxii', ok: true, changed: false, added: 0, objects: 2 },
      { name: 'list', type: 'url', ok: true, changed: true, format: 'plain', kinds: { domain: 1 } },
      { name: 'shared', type: 'misp', ok: true, changed: true, added: 1, objects: 1 },
    ]);
    const listed = await intel(['ls', '-c', config, '--json']);
    expect(lines(listed.out).filter((one) => one['source'] !== undefined)).toMatchObject([
      { source: 'partner', state: 'ok', objects: 2, failures: 0 },
      { source: 'list', state: 'ok', objects: 1 },
      { source: 'shared', state: 'ok', objects: 1 },
    ]);
    const lookup = await intel(['lookup', 'one.example', '-c', config]);
    expect(lookup.out).toContain('partner');
    for (const { out, err } of [preview, first, again, listed, lookup]) expect(out + err).not.toContain(SECRET);
    const kept = readdirSync(join(folder.path, 'pull'), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(?:health|json|ndjson|body)$/.test(name))
      .map((name) => readFileSync(join(folder.path, 'pull', name), 'utf8'));
    expect(kept.length).toBeGreaterThan(4);
    expect(kept.join('')).not.toContain(SECRET);
  });

  it('says by its exit code whose fault it is', async () => {
    const config = configuration('codes');
    const refused = await intel(['pull', '-c', config, 'partner'], 'wr0ng-key');
    expect(refused.code).toBe(2);
    expect(refused.err).toContain('answers 401: no: ***');
    expect(refused.err).not.toContain('wr0ng-key');
    expect((await intel(['ls', '-c', config])).out).toContain('INTEL_TAXII_AUTH');
    expect((await intel(['pull', '-c', config, 'partner'], '')).err).toContain('"PARTNER_KEY" is not set');
    expect((await intel(['pull', '-c', config, 'partnr'])).err).toContain('did you mean "partner"?');
    const down = ['pull', '--data-dir', join(folder.path, 'codes'), '--intel', 'taxii+http://127.0.0.1:9/'];
    // Port 9 of loopback is refused as an address that is not public, before anything is asked.
    expect(await intel(down)).toMatchObject({ code: 2, err: expect.stringContaining('is no public address') });
  });
});

describe('flint run', () => {
  async function start(config: string): Promise<{ flint: FlintProcess; send: (domain: string) => Promise<void> }> {
    const flint = new FlintProcess({ args: ['run', '-c', config], env: { PARTNER_KEY: SECRET } });
    const port = await flint.port('json');
    await flint.logged('ready');
    const send = (domain: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const socket = createSocket('udp4');
        socket.send(JSON.stringify({ dns: { question: { name: domain } } }), port, '127.0.0.1', (error) => {
          socket.close();
          if (error) reject(error);
          else resolve();
        });
      });
    return { flint, send };
  }

  const alerts = (flint: FlintProcess, domain: string): number =>
    lines(flint.stdout).filter((alert) => JSON.stringify(alert).includes(`"value":"${domain}"`)).length;

  /** Sends until it alerts: when a poll brings it is the server's and the schedule's business. */
  async function alertsOn(flint: FlintProcess, send: (domain: string) => Promise<void>, domain: string): Promise<void> {
    await flint.until(async () => {
      await send(domain);
      await pause(100);
      return alerts(flint, domain) > 0;
    }, `an alert on ${domain}`);
  }

  it('alerts on what a server adds while it runs, and fetches nothing twice after a restart', async () => {
    const config = configuration('run');
    const { flint, send } = await start(config);
    await send('one.example');
    await send('listed.example');
    await flint.until(() => alerts(flint, 'one.example') === 1 && alerts(flint, 'listed.example') === 1, 'both alerts');
    await send('three.example');
    script.objects.push(served(3, 'three.example'));
    await alertsOn(flint, send, 'three.example');
    list += 'added.example\n';
    await alertsOn(flint, send, 'added.example');
    await alertsOn(flint, send, 'misp0.example');
    shared.push('misp1.example');
    await alertsOn(flint, send, 'misp1.example');
    const metrics = await flint.metrics();
    expect(total(metrics, 'flint_source_objects', 'partner')).toBe(3);
    expect(total(metrics, 'flint_source_failures')).toBe(0);
    const status = (await (await fetch(`${await flint.url()}/api/status`)).json()) as {
      service: { sources: { name: string; objects: number }[] };
    };
    expect(status.service.sources).toMatchObject([
      { name: 'partner', objects: 3 },
      { name: 'list' },
      { name: 'shared', objects: 2 },
    ]);
    expect((await flint.stop()).code).toBe(0);

    taxii.requests.length = 0;
    script.objects.push(served(4, 'four.example'));
    const second = await start(config);
    await second.send('three.example');
    await second.flint.until(() => alerts(second.flint, 'three.example') === 1, 'the alert on what was there');
    await alertsOn(second.flint, second.send, 'four.example');
    expect((await second.flint.stop()).code).toBe(0);
    const asked = taxii.requests.filter(({ url }) => url.pathname.endsWith('/objects/'));
    expect(asked.length).toBeGreaterThan(0);
    for (const { url } of asked)
      expect(url.searchParams.get('added_after')).toMatch(/^2024-01-01T00:00:00\.00000[34]Z$/);
    const stores = join(folder.path, 'run', 'feeds', 'taxii');
    const [store = ''] = readdirSync(stores).filter((name) => !name.endsWith('.json'));
    const ids = lines(readFileSync(join(stores, store, 'objects.ndjson'), 'utf8')).map(({ id }) => id);
    expect(ids).toHaveLength(4);
    expect(new Set(ids).size).toBe(4);
    expect(flint.stderr + flint.stdout + second.flint.stderr).not.toContain(SECRET);
  });
});
