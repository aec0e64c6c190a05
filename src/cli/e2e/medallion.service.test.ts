/**
 * `flint intel pull` and `flint run` against medallion, the TAXII server of OASIS: what somebody adds on the server alerts on the next event, and no
 * object is fetched or kept twice, over restarts. Skips with the reason where medallion cannot be had. Needs the build.
 */
import { createSocket } from 'node:dgram';
import { pbkdf2Sync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FlintProcess, pause, total } from '../../testing/flint-process.ts';
import { installMedallion, type RunningMedallion, startMedallion } from '../../testing/medallion.ts';

const COLLECTION = '91a7b528-80eb-42ed-a74d-c6fbd5a26116';
const PASSWORD = 'Password0';
const OBJECTS = 230;
const RELEASES = [
  { taxii: '2.1', release: '3.0.0', discovery: 'taxii2/' },
  { taxii: '2.0', release: '1.1.0', discovery: 'taxii/' },
] as const;

type Release = (typeof RELEASES)[number];

function indicator({ taxii }: Release, i: number): object {
  const times = { created: '2024-01-01T00:00:00.000Z', modified: '2024-01-01T00:00:00.000Z' };
  const own = taxii === '2.1' ? { spec_version: '2.1', pattern_type: 'stix' } : { labels: ['malicious-activity'] };
  return {
    ...{ type: 'indicator', id: `indicator--00000000-0000-4000-8000-${String(i).padStart(12, '0')}`, ...own, ...times },
    ...{ pattern: `[domain-name:value = 'n${i}.example']`, valid_from: '2024-01-01T00:00:00Z' },
  };
}

/** Two objects at each instant, so that pages are cut between them. */
function manifest({ taxii }: Release, i: number): object {
  const id = `indicator--00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
  const seconds = Math.floor(i / 2);
  const minute = String(Math.floor(seconds / 60)).padStart(2, '0');
  const date_added = `2024-01-01T00:${minute}:${String(seconds % 60).padStart(2, '0')}.000000Z`;
  const version = '2024-01-01T00:00:00.000Z';
  return taxii === '2.1'
    ? { id, date_added, version, media_type: 'application/stix+json;version=2.1' }
    : { id, date_added, versions: [version], media_types: ['application/vnd.oasis.stix+json; version=2.0'] };
}

function configuration({ taxii }: Release, filename: string): object {
  const limits = { taxii: { max_page_size: 100 } };
  if (taxii === '2.1')
    return {
      backend: { module: 'medallion.backends.memory_backend', module_class: 'MemoryBackend', filename },
      users: { admin: PASSWORD },
      ...limits,
    };
  const hash = `pbkdf2:sha256:1000$salt$${pbkdf2Sync(PASSWORD, 'salt', 1_000, 32, 'sha256').toString('hex')}`;
  return {
    backend: { module: 'medallion.backends.taxii.memory_backend', module_class: 'MemoryBackend', filename },
    auth: {
      ...{ module: 'medallion.backends.auth.memory_auth', module_class: 'AuthMemoryBackend' },
      users: { admin: hash },
    },
    ...limits,
  };
}

describe.each(RELEASES.map((release) => ({ ...release, missing: installMedallion(release.release) })))(
  'flint and medallion $release, TAXII $taxii $missing',
  ({ missing, ...release }) => {
    const folder = mkdtempSync(join(tmpdir(), 'flint-medallion-'));
    const config = join(folder, 'flint.yaml');
    let server: RunningMedallion;

    beforeAll(async () => {
      if (missing !== '') return;
      const numbers = Array.from({ length: OBJECTS }, (_, i) => i);
      server = await startMedallion(release.release, {
        folder,
        config: (filename) => configuration(release, filename),
        data: (origin) => ({
          '/discovery': { title: 'medallion', default: `${origin}root/`, api_roots: [`${origin}root/`] },
          root: {
            information: { title: 'root', versions: [`taxii-${release.taxii}`], max_content_length: 9_765_625 },
            status: [],
            collections: [
              {
                ...{ id: COLLECTION, title: 'indicators', can_read: true, can_write: true, media_types: [] },
                objects: numbers.map((i) => indicator(release, i)),
                manifest: numbers.map((i) => manifest(release, i)),
              },
            ],
          },
        }),
      });
      writeFileSync(
        config,
        `data_dir: ${join(folder, 'data')}
inputs: [json+udp://127.0.0.1:0]
http: { listen: 127.0.0.1:0 }
alerts: { suppress_seconds: 0 }
allow_private_addresses: true
intel:
  - source: ${server.origin}${release.discovery}
    type: taxii
    name: partner
    collections: [indicators]
    every: 1s
    page_size: 30
    auth: { type: basic, user: admin, password: { env: MEDALLION_PASSWORD } }
`,
      );
    });
    afterAll(() => {
      if (missing === '') server.close();
      rmSync(folder, { recursive: true, force: true });
    });

    const start = (args: readonly string[]): FlintProcess =>
      new FlintProcess({ args: [...args, '-c', config], env: { MEDALLION_PASSWORD: PASSWORD } });

    /** As a partner would: one more object through the server's own door. */
    async function add(i: number): Promise<void> {
      const object = indicator(release, i);
      const media =
        release.taxii === '2.1' ? 'application/taxii+json;version=2.1' : 'application/vnd.oasis.stix+json; version=2.0';
      const accept = release.taxii === '2.1' ? media : 'application/vnd.oasis.taxii+json; version=2.0';
      const bundle = { type: 'bundle', id: 'bundle--00000000-0000-4000-8000-000000000001', spec_version: '2.0' };
      const response = await fetch(`${server.origin}root/collections/${COLLECTION}/objects/`, {
        method: 'POST',
        headers: {
          ...{ 'content-type': media, accept },
          authorization: `Basic ${Buffer.from(`admin:${PASSWORD}`).toString('base64')}`,
        },
        body: JSON.stringify({ ...(release.taxii === '2.0' && bundle), objects: [object] }),
      });
      expect(response.status).toBe(202);
    }

    function storedIds(): string[] {
      const stores = join(folder, 'data', 'feeds', 'taxii');
      const [store = ''] = readdirSync(stores).filter((name) => !name.endsWith('.json'));
      const lines = readFileSync(join(stores, store, 'objects.ndjson'), 'utf8')
        .trim()
        .split('\n');
      return lines.map((line) => (JSON.parse(line) as { id: string }).id);
    }

    async function alertsOn(flint: FlintProcess, domain: string): Promise<void> {
      const port = await flint.port('json');
      const socket = createSocket('udp4');
      try {
        await flint.until(async () => {
          socket.send(JSON.stringify({ dns: { question: { name: domain } } }), port, '127.0.0.1');
          await pause(100);
          return flint.stdout.includes(`"value":"${domain}"`);
        }, `an alert on ${domain}`);
      } finally {
        socket.close();
      }
    }

    it.skipIf(missing !== '')('pulls by hand, once', async () => {
      const preview = start(['intel', 'pull', '--dry-run']);
      expect((await preview.exited).code).toBe(0);
      expect(preview.stdout).toContain(`would pull: indicators (${COLLECTION})`);
      expect(preview.stdout).toContain(`(TAXII ${release.taxii}); nothing here yet`);
      for (const [changed, added] of [
        [true, OBJECTS],
        [false, 0],
      ] as const) {
        const pull = start(['intel', 'pull', '--json']);
        expect((await pull.exited).code, pull.stderr).toBe(0);
        expect(JSON.parse(pull.stdout)).toMatchObject({ name: 'partner', ok: true, changed, added, objects: OBJECTS });
      }
    });

    it.skipIf(missing !== '')(
      'alerts on what is added while it runs, and fetches nothing twice after a restart',
      async () => {
        const first = start(['run']);
        await alertsOn(first, 'n0.example');
        await alertsOn(first, `n${OBJECTS - 1}.example`);
        await add(OBJECTS);
        await alertsOn(first, `n${OBJECTS}.example`);
        expect((await first.stop()).code).toBe(0);

        await add(OBJECTS + 1);
        const second = start(['run']);
        await alertsOn(second, `n${OBJECTS + 1}.example`);
        await alertsOn(second, `n${OBJECTS}.example`);
        expect(total(await second.metrics(), 'flint_source_objects')).toBe(OBJECTS + 2);
        expect((await second.stop()).code).toBe(0);
        const ids = storedIds();
        expect(new Set(ids).size).toBe(OBJECTS + 2);
        expect(ids).toHaveLength(OBJECTS + 2);
        expect(first.stderr + second.stderr + first.stdout).not.toContain(PASSWORD);
      },
    );
  },
);
