/**
 * The client against medallion, the TAXII 2.1 server of OASIS, installed from PyPI into a virtual environment under `build/`. Skips
 * with the reason where Python or the package cannot be had.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Collection, TaxiiClient } from './taxii-client.ts';
import { TaxiiStore } from './taxii-store.ts';
import { type SyncReport, storeName, syncCollection } from './taxii-sync.ts';
import { systemSurroundings, TAXII_DEFAULTS, type TaxiiAuth, TaxiiTransport } from './taxii-transport.ts';

const BUILD = resolve(fileURLToPath(new URL('../../../build', import.meta.url)));
const VENV = join(BUILD, 'medallion-3');
const MEDALLION = join(VENV, 'bin/medallion');
const COLLECTION = '91a7b528-80eb-42ed-a74d-c6fbd5a26116';
const OBJECTS = 250;
const missing = install();

/** Why medallion cannot be had; empty when it can. */
function install(): string {
  try {
    if (existsSync(MEDALLION)) return '';
    mkdirSync(BUILD, { recursive: true });
    execFileSync('python3', ['-m', 'venv', VENV], { timeout: 120_000, stdio: 'pipe' });
    execFileSync(join(VENV, 'bin/pip'), ['install', '-q', 'medallion==3.0.0'], { timeout: 240_000, stdio: 'pipe' });
    return existsSync(MEDALLION) ? '' : 'medallion has no start script';
  } catch (error) {
    // No Python, no venv module, no package index: each a reason to skip.
    return `medallion cannot be installed: ${(error as Error).message.split('\n')[0]}`;
  }
}

function stamp(i: number): string {
  return `2024-01-01T00:${String(Math.floor(i / 60)).padStart(2, '0')}:${String(i % 60).padStart(2, '0')}.000000Z`;
}

/** Medallion's memory backend: objects with a manifest beside them. */
function served(): { objects: object[]; manifest: object[] } {
  const ids = Array.from(
    { length: OBJECTS },
    (_, i) => `indicator--00000000-0000-4000-8000-${String(i).padStart(12, '0')}`,
  );
  const times = { created: '2024-01-01T00:00:00.000Z', modified: '2024-01-01T00:00:00.000Z' };
  const pattern = { pattern: "[file:name = 'a']", pattern_type: 'stix', valid_from: '2024-01-01T00:00:00Z' };
  return {
    objects: ids.map((id) => ({ type: 'indicator', spec_version: '2.1', id, ...times, ...pattern })),
    // Two objects at each instant: pages are cut between them.
    manifest: ids.map((id, i) => ({
      id,
      date_added: stamp(Math.floor(i / 2)),
      version: times.modified,
      media_type: 'application/stix+json;version=2.1',
    })),
  };
}

describe.skipIf(missing !== '')(`medallion${missing === '' ? '' : ` (skipped: ${missing})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'flint-medallion-'));
  let server: ChildProcess;
  let url = '';

  beforeAll(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}/taxii2/`;
    const media = 'application/stix+json;version=2.1';
    const { objects, manifest } = served();
    const collection = { id: COLLECTION, title: 'indicators', can_read: true, can_write: true, media_types: [media] };
    const root = {
      information: { title: 'root', versions: ['application/taxii+json;version=2.1'], max_content_length: 9_765_625 },
      status: [],
      collections: [{ ...collection, objects, manifest }],
    };
    const data = {
      '/discovery': {
        title: 'medallion',
        default: `${url.replace('taxii2', 'root')}`,
        api_roots: [url.replace('taxii2', 'root')],
      },
      root,
    };
    writeFileSync(join(folder, 'data.json'), JSON.stringify(data));
    const config = {
      backend: {
        module: 'medallion.backends.memory_backend',
        module_class: 'MemoryBackend',
        filename: join(folder, 'data.json'),
      },
      users: { admin: 'Password0' },
      taxii: { max_page_size: 100 },
    };
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
    server = spawn(MEDALLION, ['--host', '127.0.0.1', '--port', String(port), join(folder, 'config.json')], {
      stdio: 'ignore',
    });
    await reachable(port);
  });
  afterAll(() => {
    server.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  const ADMIN: TaxiiAuth = { kind: 'basic', user: 'admin', password: 'Password0' };

  function client(auth: TaxiiAuth): TaxiiClient {
    return new TaxiiClient(
      new TaxiiTransport({ ...TAXII_DEFAULTS, url, auth, allowPrivateAddresses: true }, systemSurroundings),
    );
  }

  async function collectionOf(one: TaxiiClient): Promise<Collection> {
    const [root] = await one.apiRoots();
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
    const store = await TaxiiStore.open(parent, storeName(collection, ['indicator']));
    let pages = 0;
    const progress = (): void => {
      if (++pages === stopAt) throw new Error('killed');
    };
    const options = { now: Date.now, types: ['indicator'], pageSize: 30, progress };
    const report = await syncCollection(one.transport, collection, store, options).catch((error: Error) => {
      if (error.message !== 'killed') throw error;
      return undefined;
    });
    await store.close();
    const lines = readFileSync(store.objectsPath, 'utf8').trim().split('\n');
    return { report, ids: lines.map((line) => (JSON.parse(line) as { id: string }).id) };
  }

  it('is discovered and lists its collection', async () => {
    const collection = await collectionOf(client(ADMIN));
    expect(collection).toMatchObject({
      id: COLLECTION,
      title: 'indicators',
      canRead: true,
      canWrite: true,
      root: { version: '2.1' },
    });
  });

  it('refuses wrong credentials, which are not shown', async () => {
    await expect(client({ kind: 'basic', user: 'admin', password: 'wrong-one' }).apiRoots()).rejects.toThrow(/401/);
  });

  it('gives each object once, however often the client dies on the way', async () => {
    const parent = join(folder, 'store');
    for (const stopAt of [1, 3, 2]) expect((await sync(parent, stopAt)).report).toBeUndefined();
    const { report, ids } = await sync(parent);
    expect(report).toMatchObject({ complete: true, damaged: 0, filtered: 0 });
    expect(new Set(ids).size).toBe(OBJECTS);
    expect(ids).toHaveLength(OBJECTS);
    expect((await sync(parent)).report).toMatchObject({ complete: true, added: 0 });
  });
});

function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => done(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Medallion needs a second or two to start. */
async function reachable(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      await fetch(`http://127.0.0.1:${port}/taxii2/`);
      return;
    } catch (error) {
      // Connection refused: not listening yet.
      if (!(error instanceof TypeError)) throw error;
      await new Promise((done) => setTimeout(done, 200));
    }
  }
  throw new Error('medallion does not listen');
}
