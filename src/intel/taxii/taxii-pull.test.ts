import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startTaxiiServer, type TaxiiServerScript } from '../../testing/taxii-server.ts';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import { readIntelSource } from '../intel-source.ts';
import { loadIntel } from '../load-intel.ts';
import { chosen, pullTaxii } from './taxii-pull.ts';
import { REMOTE_DEFAULTS, type RemoteServer, systemSurroundings } from '../http/polite-client.ts';

const cleanup: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const clean of cleanup.splice(0).reverse()) await clean();
});

async function serve(more: Partial<TaxiiServerScript> = {}): Promise<{ server: RemoteServer; folder: string }> {
  const indicator = (i: number, domain: string) => ({
    dateAdded: `2024-01-01T00:00:00.00000${i}Z`,
    object: {
      type: 'indicator',
      spec_version: '2.1',
      id: `indicator--00000000-0000-4000-8000-00000000000${i}`,
      created: '2024-01-01T00:00:00Z',
      modified: '2024-01-01T00:00:00Z',
      pattern: `[domain-name:value = '${domain}']`,
      pattern_type: 'stix',
      valid_from: '2024-01-01T00:00:00Z',
    },
  });
  const objects = [indicator(1, 'one.example'), indicator(2, 'two.example')];
  const running = await startTaxiiServer({ version: '2.1', objects, maxPage: 1, dates: true, next: true, ...more });
  const folder = mkdtempSync(join(tmpdir(), 'flint-pull-'));
  cleanup.push(
    () => running.close(),
    () => rmSync(folder, { recursive: true }),
  );
  return { server: { ...REMOTE_DEFAULTS, url: running.url, allowPrivateAddresses: true, maxTries: 1 }, folder };
}

const surroundings = systemSurroundings;

describe('pulling from a TAXII server', () => {
  it('stores each collection so that it can be loaded as a source', async () => {
    const { server, folder } = await serve();
    const seen: number[] = [];
    const { collections, diagnostics } = await pullTaxii(server, {
      folder,
      surroundings,
      progress: (_, report) => seen.push(report.added),
    });
    expect(diagnostics).toEqual([]);
    expect(seen).toEqual([1, 2]);
    const [pulled] = collections;
    expect(pulled).toMatchObject({ collection: { title: 'all' }, report: { added: 2, complete: true } });
    const source = readIntelSource({
      source: join(folder, pulled?.store ?? '', 'objects.ndjson'),
      format: 'stix',
      name: 'taxii',
    });
    if (!source.ok) throw new Error('source refused');
    const set = await loadIntel([source.source], { now: () => 0 });
    expect([...set.indicators].map(({ value }) => value).sort()).toEqual(['one.example', 'two.example']);
  });

  it('takes collections by id or title, and names the nearest when there is none', async () => {
    const { server, folder } = await serve();
    expect((await pullTaxii(server, { folder, surroundings, collections: ['all'] })).collections).toHaveLength(1);
    const { collections, diagnostics } = await pullTaxii(server, { folder, surroundings, collections: ['alll'] });
    expect(collections).toEqual([]);
    expect(diagnostics.map(({ message }) => message)).toEqual([
      expect.stringContaining('no collection "alll"; did you mean "all"?'),
    ]);
  });

  it('reports a server that refuses, and does not throw', async () => {
    const { server, folder } = await serve({
      intercept: (_request, response) => {
        response.writeHead(403).end();
        return true;
      },
    });
    expect(await pullTaxii(server, { folder, surroundings })).toMatchObject({
      collections: [],
      diagnostics: [{ code: 'INTEL_TAXII_AUTH' }],
    });
  });
});

describe('choosing collections', () => {
  it('takes the first thousand where none is named, and says so', () => {
    const root = { url: new URL('https://taxii.example/root/'), version: '2.1', title: '' } as const;
    const collections = Array.from({ length: 1001 }, (_, i) => ({
      ...{ root, id: String(i), title: '', alias: '', canRead: true, canWrite: false },
    }));
    const diagnostics: Diagnostic[] = [];
    const server = { url: 'https://taxii.example/' };
    expect(chosen({ collections, diagnostics: [] }, server, undefined, diagnostics)).toHaveLength(1000);
    expect(diagnostics.map(({ message }) => message)).toEqual([expect.stringContaining('1001 collections')]);
    expect(chosen({ collections, diagnostics: [] }, server, ['1000'], [])).toHaveLength(1);
  });
});
