/** Sources as they are pulled, kept and loaded: documents, TAXII servers, MISP feeds, against scripted servers on 127.0.0.1. */
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TEST_CERTIFICATE, TEST_KEY } from '../testing/tls-certificate.ts';
import { type ServedObject, startTaxiiServer, type TaxiiServerScript } from '../testing/taxii-server.ts';
import type { IntelSet } from './intel-set.ts';
import { type IntelSource, readIntelSource } from './intel-source.ts';
import { loadIntel } from './load-intel.ts';
import { type PullOutcome, type PullProgress, pullSource } from './pull-source.ts';
import { readHealth } from './source-health.ts';
import { mispFolder, storedFeeds, taxiiFolder } from './stored-feeds.ts';

let folder: string;
let nowMs: number;
const cleanup: (() => Promise<void>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flint-pull-'));
  nowMs = Date.parse('2024-06-01T00:00:00Z');
});
afterEach(async () => {
  for (const clean of cleanup.splice(0)) await clean();
  rmSync(folder, { recursive: true, force: true });
});

function source(entry: Record<string, unknown>): IntelSource {
  const read = readIntelSource({ allow_private_addresses: true, ...entry });
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join());
  return read.source;
}

const seen: PullProgress[] = [];

function pull(one: IntelSource): Promise<PullOutcome> {
  return pullSource(one, {
    folder,
    surroundings: { now: () => nowMs, random: () => 1, sleep: async () => undefined },
    progress: (progress) => seen.push(progress),
  });
}

function load(...sources: readonly IntelSource[]): Promise<IntelSet> {
  return loadIntel(sources, { now: () => nowMs, urls: 'cached', cacheFolder: folder });
}

function values(set: IntelSet): string[] {
  return [...set.indicators].map(({ value }) => value).sort();
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Files by path, and the requests that were made. */
async function serveFiles(files: Map<string, string | Answer>): Promise<{ url: string; asked: IncomingMessage[] }> {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    const file = files.get(request.url ?? '');
    if (file === undefined) response.writeHead(404).end('<html>');
    else if (typeof file === 'string') response.end(file);
    else file(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

describe('a document', () => {
  it('is pulled with credentials, counted as changed only when its bytes are, and keeps its health', async () => {
    const files = new Map<string, string | Answer>([['/list', 'a.example\n']]);
    const { url, asked } = await serveFiles(files);
    process.env['FEED_TEST_TOKEN'] = 't0ken';
    const one = source({ source: `${url}/list`, auth: { type: 'bearer', token: { env: 'FEED_TEST_TOKEN' } } });
    expect(await pull(one)).toMatchObject({ ok: true, changed: true, objects: 1 });
    expect(await pull(one)).toMatchObject({ ok: true, changed: false });
    expect(asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer t0ken', 'Bearer t0ken']);
    files.set('/list', (_request, response) => void response.writeHead(503, { 'retry-after': '90' }).end());
    nowMs += 1000;
    expect(await pull(one)).toMatchObject({ ok: false, changed: false, retryAfterMs: 90_000 });
    expect(await pull(one)).toMatchObject({ ok: false });
    expect(await readHealth(one, folder)).toMatchObject({
      lastTryMs: nowMs,
      lastSuccessMs: nowMs - 1000,
      lastChangeMs: nowMs - 1000,
      lastError: { code: 'INTEL_FETCH_FAILED' },
      failures: 2,
      objects: 1,
      fetches: 1,
      unchanged: 1,
    });
    expect(values(await load(one))).toEqual(['a.example']);
    delete process.env['FEED_TEST_TOKEN'];
    expect(await pull(one)).toMatchObject({ ok: false, diagnostics: [{ code: 'CONFIG_BAD_VALUE' }] });
  });

  it('is pulled with the client certificate that its configuration names', async () => {
    const pem = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const server = createTlsServer(
      {
        ...{ cert: TEST_CERTIFICATE, key: TEST_KEY, ca: TEST_CERTIFICATE },
        ...{ requestCert: true, rejectUnauthorized: true },
      },
      (_request, response) => response.end('over-tls.example\n'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanup.push(
      () =>
        new Promise((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    );
    const address = `https://127.0.0.1:${(server.address() as AddressInfo).port}/list`;
    const [ca_file, key_file] = [pem('cert.pem', TEST_CERTIFICATE), pem('key.pem', TEST_KEY)];
    const one = source({ source: address, tls: { ca_file, cert_file: ca_file, key_file } });
    expect(await pull(one)).toMatchObject({ ok: true, changed: true });
    expect(values(await load(one))).toEqual(['over-tls.example']);
    expect(await pull(source({ source: address, tls: { ca_file } }))).toMatchObject({ ok: false });
    const missing = source({ source: address, tls: { ca_file: join(folder, 'none.pem') } });
    expect((await pull(missing)).diagnostics[0]?.message).toContain('"tls.ca_file" of source');
  });

  it('expires as the source says, counted from the fetch where an entry states no time', async () => {
    const files = new Map([
      ['/list', 'a.example\n'],
      [
        '/bundle',
        JSON.stringify({
          objects: [
            { type: 'indicator', pattern: "[domain-name:value = 'b.example']", valid_from: '2024-05-01T00:00:00Z' },
            { type: 'indicator', pattern: "[domain-name:value = 'c.example']", valid_until: '2030-01-01T00:00:00Z' },
          ],
        }),
      ],
    ]);
    const { url } = await serveFiles(files);
    const sources = ['/list', '/bundle'].map((path) => source({ source: url + path, expires_after: '10d' }));
    for (const one of sources) await pull(one);
    const set = await load(...sources);
    const ends = [...set.indicators].map(({ value, details }) => [
      value,
      new Date(details.validUntilMs ?? 0).toISOString(),
    ]);
    expect(ends).toEqual([
      ['a.example', '2024-06-11T00:00:00.000Z'],
      ['b.example', '2024-05-11T00:00:00.000Z'],
      ['c.example', '2030-01-01T00:00:00.000Z'],
    ]);
  });
});

describe('a TAXII server', () => {
  const object = (i: number, more: object = {}): ServedObject => ({
    dateAdded: `2024-01-01T00:00:00.00000${i}Z`,
    object: {
      ...{ type: 'indicator', id: `indicator--00000000-0000-4000-8000-00000000000${i}`, spec_version: '2.1' },
      ...{ created: '2024-01-01T00:00:00Z', modified: '2024-01-01T00:00:00Z', valid_from: '2024-01-01T00:00:00Z' },
      ...{ pattern: `[domain-name:value = 'n${i}.example']`, pattern_type: 'stix', ...more },
    },
  });

  async function serve(more: Partial<TaxiiServerScript> = {}) {
    const script: TaxiiServerScript = {
      ...{ version: '2.1', objects: [object(1), object(2)], maxPage: 1, dates: true, next: true },
      ...more,
    };
    const server = await startTaxiiServer(script);
    cleanup.push(() => server.close());
    return { server, script };
  }

  it('gives one feed for each collection, and only what is new the next time', async () => {
    const { server, script } = await serve();
    const one = source({ source: server.url, type: 'taxii', page_size: 1 });
    expect(await storedFeeds(one, folder)).toBeUndefined();
    seen.length = 0;
    expect(await pull(one)).toMatchObject({ ok: true, changed: true, added: 2, objects: 2 });
    expect(seen.map(({ done, note }) => [done, note])).toEqual([
      [1, 'all'],
      [2, 'all'],
    ]);
    const set = await load(one);
    expect(values(set)).toEqual(['n1.example', 'n2.example']);
    expect(set.feeds).toMatchObject([
      {
        name: `${server.url}/root/collections/${server.collection}/`,
        ...{ provider: 'all', format: 'stix', status: 'loaded', fetchedAtMs: nowMs },
      },
    ]);
    script.objects.push(object(3));
    expect(await pull(one)).toMatchObject({ ok: true, changed: true, added: 1, objects: 3 });
    expect(await pull(one)).toMatchObject({ ok: true, changed: false, added: 0, objects: 3 });
    expect(values(await load(one))).toEqual(['n1.example', 'n2.example', 'n3.example']);
  });

  it('can be loaded before the first pull has come to its end', async () => {
    let pages = 0;
    const { server } = await serve({
      intercept: (request, response) => {
        if (request.url?.includes('/objects/') !== true || ++pages === 1) return false;
        response.destroy();
        return true;
      },
    });
    const one = source({ source: server.url, type: 'taxii', page_size: 1 });
    const killed = pullSource(one, {
      folder,
      surroundings: { now: () => nowMs, random: () => 1, sleep: () => Promise.reject(new Error('killed')) },
    });
    await expect(killed).rejects.toThrow('killed');
    expect(values(await load(one))).toEqual(['n1.example']);
  });

  it('is read as far as its state goes, whatever is being written behind it', async () => {
    const { server } = await serve();
    const one = source({ source: server.url, type: 'taxii' });
    await pull(one);
    const [store = ''] = readdirSync(taxiiFolder(folder)).filter((name) => !name.endsWith('.json'));
    appendFileSync(join(taxiiFolder(folder), store, 'objects.ndjson'), '{"torn":');
    expect((await load(one)).feeds).toMatchObject([{ status: 'loaded', statistics: { entries: 2, bad: 0 } }]);
  });

  it('that fails on the way keeps what came, and its other collections', async () => {
    let calls = 0;
    const { server, script } = await serve({
      intercept: (request, response) => {
        if (request.url?.includes('/objects/') !== true || ++calls === 1) return false;
        response.writeHead(403).end();
        return true;
      },
    });
    const one = source({ source: server.url, type: 'taxii', page_size: 1 });
    expect(await pull(one)).toMatchObject({
      ...{ ok: false, changed: true, added: 1, objects: 1 },
      diagnostics: [{ code: 'INTEL_TAXII_AUTH' }],
    });
    expect(values(await load(one))).toEqual(['n1.example']);
    script.intercept = (request, response) => {
      if (request.url?.startsWith('/taxii2') !== true) return false;
      response.writeHead(503, { 'retry-after': '3600' }).end();
      return true;
    };
    expect(await pull(one)).toMatchObject({ ok: false, retryAfterMs: 3_600_000 });
    expect(values(await load(one))).toEqual(['n1.example']);
  });

  it.each([503, 403])('keeps what an API root gave that answers %i for once', async (status) => {
    let answers = true;
    const known = new Map<string, unknown>([
      ['/taxii2/', { title: 't', api_roots: ['/root/', '/other/'] }],
      ['/other/', { title: 'other' }],
      ['/other/collections/', { collections: [{ id: 'x' }] }],
      ['/other/collections/x/objects/', { objects: [object(9).object] }],
    ]);
    const { server } = await serve({
      intercept: ({ url = '' }, response) => {
        const [path = ''] = url.split('?');
        if (!known.has(path)) return false;
        if (answers || path === '/taxii2/') response.end(JSON.stringify(known.get(path)));
        else response.writeHead(status).end();
        return true;
      },
    });
    const one = source({ source: server.url, type: 'taxii' });
    await pull(one);
    expect(values(await load(one))).toEqual(['n1.example', 'n2.example', 'n9.example']);
    answers = false;
    expect(await pull(one)).toMatchObject({ ok: status === 403, changed: false });
    expect(values(await load(one))).toEqual(['n1.example', 'n2.example', 'n9.example']);
  });

  it('begins where it is told to, and has Sigma rules and other kinds of patterns told apart', async () => {
    const objects = [
      object(1),
      object(2),
      object(3, { pattern_type: 'sigma', pattern: 'title: t' }),
      object(4, { pattern_type: 'yara', pattern: 'rule x {}' }),
      object(5, { pattern_type: 'strange', pattern: 'x' }),
    ];
    const { server } = await serve({ objects });
    const one = source({ source: server.url, type: 'taxii', added_after: '2024-01-01T00:00:00.000001Z' });
    await pull(one);
    const set = await load(one);
    expect(values(set)).toEqual(['n2.example']);
    expect(set.sigma.map(({ text }) => text)).toEqual(['title: t']);
    expect(set.feeds[0]?.statistics.skipped).toEqual({
      'pattern-type-sigma': 1,
      'pattern-type-yara': 1,
      'pattern-type-other': 1,
    });
  });
});

describe('a MISP feed', () => {
  const uuid = (i: number): string => `5f000000-0000-4000-8000-00000000000${i}`;
  const event = (...attributes: readonly (readonly [string, string])[]): string =>
    JSON.stringify({
      Event: {
        ...{ uuid: uuid(1), info: 'a campaign', date: '2024-01-01', Orgc: { name: 'CERT' } },
        Tag: [{ name: 'tlp:green' }],
        Attribute: attributes.map(([type, value]) => ({ type, value, to_ids: true, timestamp: '1704067200' })),
      },
    });
  const manifest = (stamps: Readonly<Record<string, string>>): string =>
    JSON.stringify(Object.fromEntries(Object.entries(stamps).map(([id, timestamp]) => [id, { timestamp, info: 'x' }])));
  const paths = (asked: IncomingMessage[]): (string | undefined)[] => asked.splice(0).map(({ url }) => url);

  async function serve(): Promise<{ files: Map<string, string | Answer>; one: IntelSource; asked: IncomingMessage[] }> {
    const files = new Map<string, string | Answer>([
      ['/feed/manifest.json', manifest({ [uuid(1)]: '1', [uuid(2)]: '1' })],
      [`/feed/${uuid(1)}.json`, event(['domain|ip', 'one.example|198.51.100.1'])],
      [`/feed/${uuid(2)}.json`, event(['filename|sha256', `a.exe|${'ab'.repeat(32)}`], ['hostname', 'two.example'])],
    ]);
    const { url, asked } = await serveFiles(files);
    return { files, asked, one: source({ source: `misp+${url}/feed` }) };
  }

  it('is one feed of all its events, of which only new and changed ones are fetched again', async () => {
    const { files, one, asked } = await serve();
    expect(await pull(one)).toMatchObject({ ok: true, changed: true, added: 2, objects: 2 });
    const set = await load(one);
    expect(values(set)).toEqual(['198.51.100.1', 'ab'.repeat(32), 'one.example', 'two.example']);
    expect(set.feeds).toMatchObject([{ format: 'misp', status: 'loaded', fetchedAtMs: nowMs }]);
    expect([...set.indicators][0]?.details).toMatchObject({ name: 'a campaign', provider: 'CERT', tlp: 'green' });
    paths(asked);
    expect(await pull(one)).toMatchObject({ ok: true, changed: false, objects: 2 });
    expect(paths(asked)).toEqual(['/feed/manifest.json']);
    files.set('/feed/manifest.json', manifest({ [uuid(2)]: '2', [uuid(3)]: '1' }));
    files.set(`/feed/${uuid(2)}.json`, event(['hostname', 'new.example']));
    files.set(`/feed/${uuid(3)}.json`, event(['url', 'http://three.example/x']));
    expect(await pull(one)).toMatchObject({ ok: true, changed: true, added: 2, objects: 2 });
    expect(paths(asked)).toHaveLength(3);
    expect(values(await load(one))).toEqual(['http://three.example/x', 'new.example']);
    expect(readdirSync(mispFolder(one, folder)).sort()).toEqual([`${uuid(2)}.json`, `${uuid(3)}.json`, 'index.json']);
  });

  it('is not read again when its manifest is the same to the server', async () => {
    const { files, one, asked } = await serve();
    const content = files.get('/feed/manifest.json') as string;
    files.set('/feed/manifest.json', (request, response) => {
      if (request.headers['if-none-match'] === '"1"') response.writeHead(304).end();
      else response.writeHead(200, { etag: '"1"' }).end(content);
    });
    await pull(one);
    nowMs += 5000;
    asked.length = 0;
    expect(await pull(one)).toMatchObject({ ok: true, changed: false, objects: 2 });
    expect(asked[0]?.headers['if-none-match']).toBe('"1"');
    expect((await load(one)).feeds[0]?.fetchedAtMs).toBe(nowMs);
  });

  it('fetches no more events than max_bytes allows, and says so', async () => {
    const { files, one, asked } = await serve();
    const total = [...files].reduce((sum, [path, text]) => sum + (path.endsWith('manifest.json') ? 0 : text.length), 0);
    const many = Array.from({ length: 9 }, (_, i) => uuid(i + 1));
    for (const id of many.slice(2)) files.set(`/feed/${id}.json`, event(['domain', 'more.example']));
    files.set('/feed/manifest.json', manifest(Object.fromEntries(many.map((id) => [id, '1']))));
    const outcome = await pull({ ...one, maxBytes: total });
    expect(outcome).toMatchObject({ ok: false, added: 3, objects: 3 });
    expect(outcome.diagnostics.map(({ code }) => code)).toEqual(['INTEL_TOO_LARGE']);
    asked.splice(0);
    expect(await pull({ ...one, maxBytes: total })).toMatchObject({ ok: false, added: 0, objects: 3 });
    expect(asked).toHaveLength(1);
    expect(await pull(one)).toMatchObject({ ok: true, added: 6, objects: 9 });
  });

  it('reports a damaged event, keeps its former content, and asks for it again', async () => {
    const { files, one } = await serve();
    await pull(one);
    files.set('/feed/manifest.json', manifest({ [uuid(1)]: '2', [uuid(2)]: '1', '../evil': '1', [uuid(4)]: '1' }));
    files.set(`/feed/${uuid(1)}.json`, '{"Event": {"cut');
    const outcome = await pull(one);
    expect(outcome).toMatchObject({ ok: true, changed: false, damaged: 2, objects: 2 });
    expect(outcome.diagnostics.map(({ message }) => message)).toEqual([
      'manifest entry "../evil" is no UUID and is left out',
      expect.stringContaining('is no event of MISP'),
      expect.stringContaining('answers 404'),
    ]);
    expect(values(await load(one))).toContain('one.example');
    files.set(`/feed/${uuid(1)}.json`, event(['hostname', 'mended.example']));
    files.set(`/feed/${uuid(4)}.json`, event(['hostname', 'four.example']));
    expect(await pull(one)).toMatchObject({ ok: true, changed: true, added: 2, damaged: 0 });
    expect(values(await load(one))).toEqual(expect.arrayContaining(['four.example', 'mended.example', 'two.example']));
  });

  it('goes on where a server that failed left it', async () => {
    const { files, one, asked } = await serve();
    const good = files.get(`/feed/${uuid(2)}.json`) as string;
    files.set(`/feed/${uuid(2)}.json`, (_request, response) => void response.writeHead(500).end());
    expect(await pull(one)).toMatchObject({ ok: false, changed: true, added: 1, objects: 1 });
    expect(values(await load(one))).toContain('one.example');
    files.set(`/feed/${uuid(2)}.json`, good);
    asked.length = 0;
    expect(await pull(one)).toMatchObject({ ok: true, added: 1, objects: 2 });
    expect(paths(asked)).toEqual(['/feed/manifest.json', `/feed/${uuid(2)}.json`]);
  });

  it('says so when the address is none', async () => {
    const { one, files } = await serve();
    files.set('/feed/manifest.json', '<html>');
    expect(await pull(one)).toMatchObject({ ok: false, diagnostics: [{ code: 'INTEL_BROKEN_FEED' }] });
    expect(
      readFileSync(join(folder, readdirSync(folder).find((name) => name.endsWith('.health')) ?? ''), 'utf8'),
    ).toContain('no manifest of a MISP feed');
  });
});

describe('a source that was never fetched', () => {
  it('fails with the command that fetches it', async () => {
    const set = await load(source({ source: 'taxii+https://taxii.example/' }));
    expect(set.feeds).toMatchObject([{ status: 'failed', diagnostics: [{ code: 'INTEL_NOT_FETCHED' }] }]);
  });
});
