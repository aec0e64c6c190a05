/**
 * The client against medallion, the TAXII server of OASIS, in a release for 2.1 and in one for 2.0, installed from PyPI into a virtual environment under `build/`. Skips
 * with the reason where Python or the package cannot be had.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { pbkdf2Sync } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installMedallion, type RunningMedallion, startMedallion } from '../../testing/medallion.ts';
import { type Collection, TAXII_CODES, TaxiiClient, type TaxiiVersion } from './taxii-client.ts';
import { TaxiiStore } from './taxii-store.ts';
import { type SyncReport, storeName, syncCollection } from './taxii-sync.ts';
import { PoliteClient, REMOTE_DEFAULTS, systemSurroundings } from '../http/polite-client.ts';
import type { RequestAuth } from '../http/request-auth.ts';

const COLLECTION = '91a7b528-80eb-42ed-a74d-c6fbd5a26116';
const OBJECTS = 250;
const PASSWORD = 'Password0';

interface Release {
  readonly taxii: TaxiiVersion;
  readonly release: string;
  readonly discovery: string;
  readonly config: (dataFile: string) => object;
  readonly manifest: (id: string, added: string) => object;
}

const RELEASES: readonly Release[] = [
  {
    taxii: '2.1',
    release: '3.0.0',
    discovery: 'taxii2/',
    config: (filename) => ({
      backend: { module: 'medallion.backends.memory_backend', module_class: 'MemoryBackend', filename },
      users: { admin: PASSWORD },
      taxii: { max_page_size: 100 },
    }),
    manifest: (id, date_added) => ({
      ...{ id, date_added, version: '2024-01-01T00:00:00.000Z' },
      media_type: 'application/stix+json;version=2.1',
    }),
  },
  {
    taxii: '2.0',
    release: '1.1.0',
    discovery: 'taxii/',
    config: (filename) => ({
      backend: { module: 'medallion.backends.taxii.memory_backend', module_class: 'MemoryBackend', filename },
      auth: {
        module: 'medallion.backends.auth.memory_auth',
        module_class: 'AuthMemoryBackend',
        users: { admin: werkzeugHash() },
      },
      taxii: { max_page_size: 100 },
    }),
    manifest: (id, date_added) => ({
      ...{ id, date_added, versions: ['2024-01-01T00:00:00.000Z'] },
      media_types: ['application/vnd.oasis.stix+json; version=2.0'],
    }),
  },
];

function werkzeugHash(): string {
  return `pbkdf2:sha256:1000$salt$${pbkdf2Sync(PASSWORD, 'salt', 1_000, 32, 'sha256').toString('hex')}`;
}

function stamp(i: number): string {
  return `2024-01-01T00:${String(Math.floor(i / 60)).padStart(2, '0')}:${String(i % 60).padStart(2, '0')}.000000Z`;
}

/** Medallion's memory backend: objects with a manifest beside them. Two objects at each instant: pages are cut between them. */
function served({ taxii, manifest }: Release): { objects: object[]; manifest: object[] } {
  const ids = Array.from(
    { length: OBJECTS },
    (_, i) => `indicator--00000000-0000-4000-8000-${String(i).padStart(12, '0')}`,
  );
  const times = { created: '2024-01-01T00:00:00.000Z', modified: '2024-01-01T00:00:00.000Z' };
  const pattern = { pattern: "[file:name = 'a']", valid_from: '2024-01-01T00:00:00Z' };
  const own = taxii === '2.1' ? { spec_version: '2.1', pattern_type: 'stix' } : { labels: ['malicious-activity'] };
  return {
    objects: ids.map((id) => ({ type: 'indicator', id, ...own, ...times, ...pattern })),
    manifest: ids.map((id, i) => manifest(id, stamp(Math.floor(i / 2)))),
  };
}

describe.each(RELEASES.map((release) => ({ ...release, missing: installMedallion(release.release) })))(
  'medallion $release, TAXII $taxii $missing',
  (release) => {
    const skips = release.missing !== '';
    const folder = mkdtempSync(join(tmpdir(), 'flint-medallion-'));
    let server: RunningMedallion | undefined;
    let url = '';

    beforeAll(async () => {
      if (skips) return;
      const collection = { id: COLLECTION, title: 'indicators', can_read: true, can_write: true, media_types: [] };
      const root = {
        information: { title: 'root', versions: [`taxii-${release.taxii}`], max_content_length: 9_765_625 },
        status: [],
        collections: [{ ...collection, ...served(release) }],
      };
      server = await startMedallion(release.release, {
        folder,
        data: (origin) => ({
          '/discovery': { title: 'medallion', default: `${origin}root/`, api_roots: [`${origin}root/`] },
          root,
        }),
        config: release.config,
      });
      url = `${server.origin}${release.discovery}`;
    });
    afterAll(() => {
      server?.close();
      rmSync(folder, { recursive: true });
    });

    const ADMIN: RequestAuth = { kind: 'basic', user: 'admin', password: PASSWORD };

    function client(auth: RequestAuth): TaxiiClient {
      return new TaxiiClient(
        new PoliteClient(
          { ...REMOTE_DEFAULTS, url, auth, allowPrivateAddresses: true },
          TAXII_CODES,
          systemSurroundings,
        ),
      );
    }

    async function collectionOf(one: TaxiiClient): Promise<Collection> {
      const [root] = (await one.apiRoots()).roots;
      const [collection] = root === undefined ? [] : await one.collections(root);
      if (collection === undefined) throw new Error('no collection');
      return collection;
    }

    async function sync(
      parent: string,
      stopAt = Number.POSITIVE_INFINITY,
    ): Promise<{ report: SyncReport | undefined; ids: string[] }> {
      const one = client(ADMIN);
      const collection = await collectionOf(one);
      const store = await TaxiiStore.open(parent, storeName(collection, { match: { type: ['indicator'] } }));
      let pages = 0;
      const progress = (): void => {
        if (++pages === stopAt) throw new Error('killed');
      };
      const options = { now: Date.now, match: { type: ['indicator'] }, pageSize: 30, progress };
      const report = await syncCollection(one.transport, collection, store, options).catch((error: Error) => {
        if (error.message !== 'killed') throw error;
        return undefined;
      });
      await store.close();
      const lines = readFileSync(store.objectsPath, 'utf8').trim().split('\n');
      return { report, ids: lines.map((line) => (JSON.parse(line) as { id: string }).id) };
    }

    it.skipIf(skips)('is discovered and lists its collection', async () => {
      const collection = await collectionOf(client(ADMIN));
      expect(collection).toMatchObject({
        id: COLLECTION,
        title: 'indicators',
        canRead: true,
        canWrite: true,
        root: { version: release.taxii },
      });
    });

    it.skipIf(skips)('refuses wrong credentials, which are not shown', async () => {
      await expect(client({ kind: 'basic', user: 'admin', password: 'wrong-one' }).apiRoots()).rejects.toThrow(/401/);
    });

    it.skipIf(skips)('gives each object once, however often the client dies on the way', async () => {
      const parent = join(folder, 'store');
      for (const stopAt of [1, 3, 2]) expect((await sync(parent, stopAt)).report).toBeUndefined();
      const { report, ids } = await sync(parent);
      expect(report).toMatchObject({ complete: true, damaged: 0, filtered: 0 });
      expect(new Set(ids).size).toBe(OBJECTS);
      expect(ids).toHaveLength(OBJECTS);
      expect((await sync(parent)).report).toMatchObject({ complete: true, added: 0 });
    });
  },
);
