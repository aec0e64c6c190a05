import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findRow } from '../core/indicator-rows.ts';
import { hasSharedData, sharedData, sharedDataMissing } from '../testing/shared-data.ts';
import { compileIntel, readCompiledIntel } from './compiled-intel.ts';
import type { IntelSet } from './intel-set.ts';
import { type IntelSource, readIntelSource } from './intel-source.ts';
import { type LoadIntelOptions, loadIntel } from './load-intel.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flint-intel-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

function source(entry: string | Record<string, unknown>): IntelSource {
  const read = readIntelSource(entry);
  if (!read.ok) throw new Error(read.diagnostics.map((d) => d.message).join());
  return read.source;
}

async function load(entries: readonly (string | Record<string, unknown>)[], options: Partial<LoadIntelOptions> = {}) {
  return await loadIntel(entries.map(source), { now: () => 1000, ...options });
}

function values(set: IntelSet): string[] {
  return [...set.indicators].map(({ value }) => value).sort();
}

const indicator = (value: string, more: object = {}): object => ({
  type: 'indicator',
  pattern: `[domain-name:value = '${value}']`,
  ...more,
});
const bundle = (...objects: object[]): string => JSON.stringify({ type: 'bundle', objects });
const ID = 'indicator--00000000-0000-4000-8000-000000000001';

describe('loading intelligence', () => {
  it('reads files and folders of every format, packed or not, and merges equal values', async () => {
    put('feeds/a.json', bundle(indicator('a.example', { confidence: 10 })));
    put('feeds/b.txt.gz', gzipSync('b.example\na.example # exact in the bundle, with sub-domains here\n'));
    put('feeds/deep/c.csv', 'type,value\nip,198.51.100.7\n');
    put('feeds/.hidden', 'hidden.example\n');
    put('feeds/README.txt', 'evil.example is listed here\n');
    put('feeds/misp/manifest.json', '{"00000000-0000-4000-8000-000000000001":{"info":"x"}}');
    put('feeds/misp/hashes.csv', `${'a'.repeat(32)},00000000-0000-4000-8000-000000000001\n`);
    put(
      'feeds/misp/event.json',
      JSON.stringify({
        Event: { uuid: 'x', info: 'e', Attribute: [{ type: 'md5', value: 'b'.repeat(32), to_ids: true }] },
      }),
    );
    const other = put('other.json', bundle(indicator('a.example', { confidence: 90 })));
    const set = await load([join(folder, 'feeds'), { source: other, name: 'best', library: 'mine' }]);
    expect(values(set)).toEqual(['198.51.100.7', 'a.example', 'a.example', 'b.example', 'b'.repeat(32)]);
    expect(set.feeds.map(({ format, status }) => [format, status])).toEqual([
      ['stix', 'loaded'],
      ['plain', 'loaded'],
      ['table', 'loaded'],
      ['misp', 'loaded'],
      ['stix', 'loaded'],
    ]);
    const exact = set.indicators.detailsAt(findRow(set.indicators, 'domain', 'a.example', 'exact'));
    expect(exact.map(({ provider, confidence, library }) => [provider, confidence, library])).toEqual([
      ['best', 90, 'mine'],
      ['a', 10, undefined],
    ]);
  });

  it('explains what cannot be loaded and loads the rest', async () => {
    const page = put('page.html', '<!doctype html><html></html>');
    const torn = put('torn.json', bundle(indicator('torn.example')).slice(0, -2));
    const damaged = put('damaged.gz', gzipSync('x.example\n'.repeat(1000)).subarray(0, 30));
    const good = put('good.txt', 'good.example\n');
    const set = await load([page, torn, damaged, good, join(folder, 'missing')]);
    expect(values(set)).toEqual(['good.example', 'torn.example']);
    expect(set.feeds.map(({ status }) => status)).toEqual(['failed', 'partial', 'failed', 'loaded']);
    expect(set.diagnostics.map(({ code }) => code)).toEqual([
      'INTEL_UNREADABLE',
      'INTEL_UNKNOWN_FORMAT',
      'INTEL_BROKEN_FEED',
      'INTEL_UNREADABLE',
    ]);
  });

  it('refuses what unpacks beyond the limit', async () => {
    const bomb = put('bomb.gz', gzipSync('a'.repeat(10_000_000)));
    const set = await load([{ source: bomb, max_bytes: 100_000, format: 'plain' }]);
    expect(set.diagnostics.map(({ code }) => code)).toContain('INTEL_TOO_LARGE');
  });

  it('keeps the last good content of a feed that broke, and versions as they were', async () => {
    const a = put('a.json', bundle(indicator('old.example', { id: ID, modified: '2024-01-01T00:00:00Z' })));
    const b = put('b.txt', 'b.example\n');
    const first = await load([a, b]);
    writeFileSync(a, bundle(indicator('new.example', { id: ID, modified: '2024-01-02T00:00:00Z' })).slice(0, -2));
    writeFileSync(b, 'c.example\n');
    const second = await load([a, b], { previous: first });
    expect(values(second)).toEqual(['c.example', 'old.example']);
    expect(second.feeds.map(({ status }) => status)).toEqual(['kept', 'loaded']);
    rmSync(a);
    const third = await load([a, b], { previous: second });
    expect(values(third)).toEqual(['c.example', 'old.example']);
    writeFileSync(a, bundle(indicator('new.example', { id: ID, modified: '2024-01-02T00:00:00Z' })));
    expect(values(await load([a, b], { previous: third }))).toEqual(['c.example', 'new.example']);
  });

  it('hands deferred patterns and sigma rules on with their details', async () => {
    const path = put(
      'a.json',
      bundle(
        { type: 'indicator', name: 'two', pattern: "[file:name = 'abc' AND file:size = 1]" },
        { type: 'indicator', name: 'rule', pattern_type: 'sigma', pattern: 'title: x' },
        { ...indicator('x.example'), id: ID, modified: '2024-01-02T00:00:00Z' },
        { type: 'indicator', id: ID, modified: '2024-01-01T00:00:00Z', pattern: '[file:size = 1]' },
      ),
    );
    const set = await load([path]);
    expect(set.deferred.map(({ reason, details }) => [reason, set.indicators.details(details).name])).toEqual([
      ['several-values', 'two'],
    ]);
    expect(set.sigma.map(({ text, details }) => [text, set.indicators.details(details).name])).toEqual([
      ['title: x', 'rule'],
    ]);
  });
});

describe('benign values', () => {
  it('cover names below, networks, and hosts of URLs, endpoints and addresses', async () => {
    const path = put(
      'benign.txt',
      'good.example\n198.51.100.0/24\n203.0.113.0/25\n2001:db8::/32\nd41d8cd98f00b204e9800998ecf8427e\n',
    );
    const { benign, indicators } = await load([{ source: path, role: 'benign' }]);
    expect(indicators.size).toBe(0);
    const covered: readonly (readonly [Parameters<typeof benign.isBenign>[0], string])[] = [
      ['domain', 'good.example'],
      ['domain', 'a.b.good.example'],
      ['url', 'https://www.good.example/x'],
      ['url', 'http://[2001:db8::5]/'],
      ['email', 'someone@good.example'],
      ['endpoint', 'good.example:443'],
      ['endpoint', '[2001:db8::1]:80'],
      ['ipv4', '198.51.100.200'],
      ['network', '203.0.113.64/26'],
      ['hash', 'd41d8cd98f00b204e9800998ecf8427e'],
    ];
    for (const [kind, value] of covered) expect([value, benign.isBenign(kind, value)]).toEqual([value, true]);
    for (const [kind, value] of [
      ['domain', 'notgood.example'],
      ['domain', 'example.org'],
      ['ipv4', '203.0.113.200'],
      ['network', '203.0.113.0/24'],
      ['url', 'https://bad.example/good.example'],
    ] as const)
      expect([value, benign.isBenign(kind, value)]).toEqual([value, false]);
    expect(benign.reason('ipv4', '198.51.100.1')).toEqual({ value: '198.51.100.0/24', provider: 'benign' });
  });
});

describe('the compiled file', () => {
  const objects = [
    { ...indicator('a.example'), id: ID, modified: '2024-01-01T00:00:00Z', confidence: 5, name: 'A' },
    { type: 'indicator', name: 'two', pattern: "[file:name = 'abc' AND file:size = 1]" },
    { ...indicator('gone.example'), id: 'indicator--00000000-0000-4000-8000-000000000002', revoked: true },
    { ...indicator('fine.example'), indicator_types: ['benign'] },
  ];

  async function compiled(): Promise<{ set: IntelSet; path: string }> {
    const set = await load([put('a.json', bundle(...objects)), put('b.txt', 'b.example\nbücher.example\n')]);
    const path = join(folder, 'intel.flint');
    compileIntel(set, path, new Map([['scan.table', Uint8Array.of(1, 2, 3)]]));
    return { set, path };
  }

  it('gives back everything that was put in', async () => {
    const { set, path } = await compiled();
    const back = await load([path]);
    expect([...back.indicators]).toEqual([...set.indicators]);
    expect([...back.benign.table]).toEqual([...set.benign.table]);
    expect(back.deferred).toEqual(set.deferred);
    expect(back.revoked).toEqual(set.revoked);
    expect(back.feeds.map(({ container: _container, ...feed }) => feed)).toEqual(set.feeds);
    expect(back.extra.get('scan.table')).toEqual(Buffer.from([1, 2, 3]));
    for (const { kind, value, semantics } of set.indicators)
      expect(back.indicators.valueAt(findRow(back.indicators, kind, value, semantics))).toBe(value);
    expect(readdirSync(folder).sort()).toEqual(['a.json', 'b.txt', 'intel.flint']);
  });

  it('is merged with other sources, versions and revocations included', async () => {
    const { path } = await compiled();
    const newer = put(
      'newer.json',
      bundle(
        { ...indicator('new.example'), id: ID, modified: '2024-02-01T00:00:00Z' },
        {
          ...indicator('gone.example'),
          id: 'indicator--00000000-0000-4000-8000-000000000002',
          modified: '2025-01-01T00:00:00Z',
        },
      ),
    );
    for (const order of [
      [path, newer],
      [newer, path],
    ]) {
      const set = await load(order);
      expect(values(set)).toEqual(['b.example', 'new.example', 'xn--bcher-kva.example']);
      expect(set.deferred.map(({ details }) => set.indicators.details(details).name)).toEqual(['two']);
    }
  });

  it('is refused when it is damaged, wherever a byte is flipped', async () => {
    const { path } = await compiled();
    const bytes = readFileSync(path);
    let checked = 0;
    for (let at = 0; at < bytes.length; at += at < 64 ? 1 : 131) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ 0x10;
      writeFileSync(path, flipped);
      const read = readCompiledIntel(path);
      // Gaps between sections and the reserved rest of the header hold nothing.
      if (read.ok) expect([...read.set.indicators].length).toBe(3);
      else {
        expect(['INTEL_COMPILED_DAMAGED', 'INTEL_COMPILED_VERSION']).toContain(read.diagnostic.code);
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(32);
  });

  it('is refused when it is cut off or of another version', async () => {
    const { path } = await compiled();
    const bytes = readFileSync(path);
    for (const length of [10, 64, 100, bytes.length >> 1, bytes.length - 1]) {
      writeFileSync(path, bytes.subarray(0, length));
      const set = await load([path]);
      expect(set.diagnostics.map(({ code }) => code)).toEqual(['INTEL_COMPILED_DAMAGED']);
      expect(set.indicators.size).toBe(0);
    }
    const { writeSectionFile } = await import('./section-file.ts');
    writeSectionFile(path, 'FLNTINTL', 99, new Map());
    expect((await load([path])).diagnostics).toMatchObject([
      { code: 'INTEL_COMPILED_VERSION', message: `"${path}" has format 99, this version reads format 1` },
    ]);
  });

  it('stays in use when the new one is damaged', async () => {
    const { path } = await compiled();
    const first = await load([path]);
    writeFileSync(path, readFileSync(path).subarray(0, 1000));
    const second = await load([path], { previous: first });
    expect(values(second)).toEqual(values(first));
    expect(second.feeds.map(({ status }) => status)).toEqual(['kept', 'kept']);
  });
});

describe('feeds over HTTP', () => {
  let server: Server;
  let base: string;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  const asked: IncomingMessage[] = [];

  beforeEach(async () => {
    asked.length = 0;
    server = createServer((request, response) => {
      asked.push(request);
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const url = (path: string, more: object = {}) => ({ source: base + path, allow_private_addresses: true, ...more });
  const cached = () => ({ cacheFolder: join(folder, 'cache') });

  it('are loaded, kept on disk and asked for conditionally', async () => {
    answer = (request, response) => {
      if (request.headers['if-none-match'] === '"1"') response.writeHead(304).end();
      else response.writeHead(200, { etag: '"1"' }).end('a.example\n');
    };
    const first = await load([url('/list.txt?key=secret')], cached());
    const second = await load([url('/list.txt?key=secret')], { ...cached(), now: () => 2000 });
    expect([values(first), values(second)]).toEqual([['a.example'], ['a.example']]);
    expect(second.feeds[0]).toMatchObject({ status: 'loaded', provider: 'list', fetchedAtMs: 2000 });
    expect(asked.length).toBe(2);
    expect(JSON.stringify(second.feeds)).not.toContain('secret');
    await load([url('/list.txt?key=secret')], { ...cached(), urls: 'cached' });
    expect(asked.length).toBe(2);
  });

  it('keep their last good content over restarts when the server fails or sends nonsense', async () => {
    answer = (_request, response) => void response.end('a.example\n');
    await load([url('/list')], cached());
    for (const [broken, code] of [
      [(r: ServerResponse) => void r.writeHead(500).end(), 'INTEL_FETCH_FAILED'],
      [(r: ServerResponse) => void r.writeHead(401).end(), 'INTEL_FETCH_AUTH'],
      [(r: ServerResponse) => void r.end('<html>error</html>'), 'INTEL_UNKNOWN_FORMAT'],
      [
        (r: ServerResponse) =>
          void r.writeHead(200, { 'content-length': '100' }).write('b.example\n', () => r.destroy()),
        'INTEL_FETCH_FAILED',
      ],
      [(r: ServerResponse) => void r.end('???\n???\n'), 'INTEL_UNKNOWN_FORMAT'],
    ] as const) {
      answer = (_request, response) => broken(response);
      const set = await load([url('/list')], cached());
      expect(values(set)).toEqual(['a.example']);
      expect(set.feeds[0]).toMatchObject({ status: 'kept' });
      expect(set.diagnostics[0]?.code).toBe(code);
    }
    answer = (_request, response) => void response.end('c.example\n');
    expect(values(await load([url('/list')], cached()))).toEqual(['c.example']);
  });

  it('refuse private addresses unless allowed: literal, resolved, and after a redirect', async () => {
    answer = (_request, response) => void response.writeHead(302, { location: 'http://10.0.0.1/list' }).end();
    const port = new URL(base).port;
    const resolveHost = async () => [{ address: '127.0.0.1', family: 4 }];
    for (const entry of [`${base}/list`, `http://feed.example:${port}/list`, `http://[::ffff:127.0.0.1]:${port}/`]) {
      const set = await load([entry], { resolveHost });
      expect(set.diagnostics.map(({ code }) => code)).toEqual(['INTEL_ADDRESS_REFUSED']);
    }
    expect(asked.length).toBe(0);
    const { fetchFeed } = await import('./fetch-feed.ts');
    const request = { url: 'http://feed.example/', timeoutMs: 1000, maxBytes: 100, allowPrivateAddresses: false };
    const mixed = await fetchFeed(request, async () => [
      { address: '93.184.216.34', family: 4 },
      { address: '169.254.169.254', family: 4 },
    ]);
    expect(mixed).toMatchObject({ status: 'failed', diagnostic: { code: 'INTEL_ADDRESS_REFUSED' } });
  });

  it('connect to the address that was checked, and follow redirects', async () => {
    answer = (request, response) => {
      if (request.url === '/start') response.writeHead(301, { location: '/list' }).end();
      else response.end(`${request.headers.host?.split(':')[0] ?? ''}\n`);
    };
    const resolveHost = async () => [{ address: '127.0.0.1', family: 4 }];
    const port = new URL(base).port;
    const set = await load([{ source: `http://feed.example:${port}/start`, allow_private_addresses: true }], {
      resolveHost,
    });
    expect(values(set)).toEqual(['feed.example']);
  });

  it('end by size, by time and by the number of redirects', async () => {
    answer = (_request, response) => void response.end('a.example\n'.repeat(10_000));
    expect((await load([url('/', { max_bytes: 1000 })])).diagnostics[0]?.code).toBe('INTEL_TOO_LARGE');
    answer = (_request, response) => void response.writeHead(302, { location: '/' }).end();
    expect((await load([url('/')])).diagnostics[0]?.message).toContain('redirects');
    answer = () => undefined;
    const { fetchFeed } = await import('./fetch-feed.ts');
    const slow = await fetchFeed({ url: `${base}/`, timeoutMs: 50, maxBytes: 100, allowPrivateAddresses: true });
    expect(slow).toMatchObject({ status: 'failed', diagnostic: { code: 'INTEL_FETCH_FAILED' } });
  });
});

describe('sources', () => {
  it('are refused with the reason when an option is wrong', () => {
    expect(readIntelSource({ source: 'x', domain: 'exact' })).toMatchObject({
      ok: false,
      diagnostics: [{ code: 'CONFIG_UNKNOWN_KEY', message: 'unknown key "domain" in intel; did you mean "domains"?' }],
    });
    expect(readIntelSource({ source: 'x', confidence: 200 }).ok).toBe(false);
    expect(readIntelSource({}).ok).toBe(false);
  });
});

describe.skipIf(!hasSharedData('stix', 'bundles'))(
  `real bundles and lists ${sharedDataMissing('stix', 'bundles')}`,
  () => {
    it('load; each value is found again, also from the compiled file', async () => {
      const set = await load([sharedData('stix', 'bundles'), sharedData('iocs', 'iocs-10k.tsv')]);
      expect(set.feeds.length).toBe(21);
      expect(set.feeds.filter(({ status }) => status !== 'loaded')).toEqual([]);
      // One producer writes the fifteenth month.
      expect([...new Set(set.diagnostics.map(({ code, span }) => `${code} ${span?.file.split('/').at(-1)}`))]).toEqual([
        'INTEL_BAD_TIME elastic-tollbooth-unbracketed.json',
      ]);
      expect(set.indicators.size).toBeGreaterThan(14_000);
      const path = join(folder, 'real.flint');
      compileIntel(set, path);
      const back = await load([path]);
      for (const { kind, value, semantics } of set.indicators) {
        const row = findRow(back.indicators, kind, value, semantics);
        expect(back.indicators.valueAt(row)).toBe(value);
      }
    });

    it('make a benign list of warning lists and top domains', async () => {
      const set = await load([
        { source: sharedData('benign', 'misp-warninglists.jsonl.gz'), role: 'benign' },
        { source: sharedData('benign', 'top-domains.tsv.gz'), role: 'benign' },
      ]);
      expect(set.feeds.map(({ format, status }) => [format, status])).toEqual([
        ['warninglist', 'loaded'],
        ['table', 'loaded'],
      ]);
      expect(set.benign.isBenign('domain', 'www.google.com')).toBe(true);
      expect(set.benign.isBenign('ipv4', '8.8.8.8')).toBe(true);
      expect(set.benign.isBenign('domain', 'never-heard-of.example')).toBe(false);
    });
  },
);
