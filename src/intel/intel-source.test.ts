import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { readIntelSource } from './intel-source.ts';
import { credentialsOf, plainAddress } from './source-credentials.ts';
import { sourceKey } from './stored-feeds.ts';

function read(entry: string | Record<string, unknown>) {
  const result = readIntelSource(entry);
  if (!result.ok) throw new Error(result.diagnostics.map(({ message }) => message).join('; '));
  return result.source;
}

function refusal(entry: string | Record<string, unknown>): string {
  const result = readIntelSource(entry);
  return result.ok ? 'taken' : result.diagnostics.map(({ message }) => message).join('; ');
}

const cleanup: (() => void)[] = [];
afterEach(() => {
  for (const clean of cleanup.splice(0)) clean();
});

describe('a source', () => {
  it.each([
    ['./feeds', 'file', './feeds'],
    ['https://a.example/list.txt', 'url', 'https://a.example/list.txt'],
    ['taxii+https://a.example/taxii2/', 'taxii', 'https://a.example/taxii2/'],
    ['MISP+http://a.example/feed', 'misp', 'http://a.example/feed'],
    ['https://a.example/feed/manifest.json?k=1', 'misp', 'https://a.example/feed/manifest.json?k=1'],
  ])('is told by its address: %s', (text, transport, source) => {
    expect(read(text)).toMatchObject({ transport, source });
  });

  it('has a schedule, an expiry and the filters of TAXII', () => {
    const entry = { source: 'https://a.example/', type: 'taxii', every: '15m', expires_after: '30d', page_size: 50 };
    expect(read({ ...entry, match: { id: ['x'] }, added_after: '2024-01-01T00:00:00Z' })).toMatchObject({
      transport: 'taxii',
      everyMs: 900_000,
      expiresAfterMs: 2_592_000_000,
      pageSize: 50,
      match: { type: ['indicator', 'marking-definition'], id: ['x'] },
      addedAfter: '2024-01-01T00:00:00Z',
    });
    expect(read('https://a.example/x')).toMatchObject({ everyMs: 3_600_000 });
  });

  it.each([
    [{ source: 'x', every: 'often' }, '"every" "often" is none in intel'],
    [{ source: 'x', expires_after: '0d' }, '"expires_after" "0d" is none in intel'],
    [{ source: './x', type: 'taxii' }, '"type" "taxii" is none in intel'],
    [{ source: 'taxii+https://a.example/', added_after: 'monday' }, '"added_after" "monday" is none in intel'],
    [{ source: 'https://a.example/x', collections: ['a'] }, '"collections" in intel is for sources of type taxii only'],
    [{ source: './x', tls: { ca_file: 'ca.pem' } }, '"tls" in intel is for sources that are URLs only'],
    [{ source: 'https://a.example/', tls: { cert_file: 'a' } }, 'in intel belong together'],
    [{ source: 'https://a.example/', auth: { type: 'bearer' } }, '"auth.token" is missing in intel'],
    [
      { source: 'https://a.example/', auth: { type: 'bearer', token: { env: 'A' }, user: 'x' } },
      '"auth.user" in intel does not belong to type bearer',
    ],
    [{ source: 'https://a.example/', auth: { type: 'basic', user: 'x', pasword: {} } }, 'unknown key "auth.pasword"'],
    [{ source: 'https://a.example/', auth: { type: 'basic', user: 'x', password: 'plain' } }, '"auth.password"'],
    [{ source: 'https://a.example/', proxy: 'http://me:pw@proxy:3128' }, '"proxy" "http://proxy:3128/" is none'],
    [{ source: './x', proxy: 'none' }, '"proxy" in intel is for sources that are URLs only'],
    [{ source: 'https://:bad' }, '"source" "an invalid URL" is none'],
  ])('is refused with the reason: %j', (entry, message) => {
    expect(refusal(entry)).toContain(message);
  });

  it('keeps its place on disk when credentials or the schedule change, not when what is asked for does', () => {
    const key = (more: object): string => sourceKey(read({ source: 'taxii+https://a.example/', ...more }));
    expect(key({ every: '5m', auth: { type: 'bearer', token: { env: 'T' } } })).toBe(key({}));
    expect(key({ collections: ['x'] })).not.toBe(key({}));
    expect(key({ match: { type: ['indicator'] } })).not.toBe(key({}));
  });
});

describe('credentials', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flint-secret-'));
  writeFileSync(join(folder, 'secret'), 's3cret\n');
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const of = (auth: object, more: object = {}) =>
    credentialsOf(read({ source: 'https://a.example/', auth, ...more })).auth;

  it('are read from files and variables when they are needed', () => {
    process.env['FEED_TEST_KEY'] = 'k3y';
    cleanup.push(() => delete process.env['FEED_TEST_KEY']);
    const file = { file: join(folder, 'secret') };
    expect(of({ type: 'basic', user: 'me', password: file })).toEqual({
      kind: 'basic',
      user: 'me',
      password: 's3cret',
    });
    expect(of({ type: 'basic', user: { env: 'FEED_TEST_KEY' } })).toEqual({ kind: 'basic', user: 'k3y', password: '' });
    expect(of({ type: 'bearer', token: file })).toEqual({ kind: 'bearer', token: 's3cret' });
    expect(of({ type: 'header', name: 'X-Key', value: { env: 'FEED_TEST_KEY' } })).toEqual({
      kind: 'header',
      name: 'X-Key',
      value: 'k3y',
    });
  });

  it('that cannot be read are told by the name of variable or file', () => {
    const missing = { type: 'bearer', token: { env: 'FEED_TEST_NO_SUCH' } };
    expect(() => of(missing, { name: 'partner' })).toThrow(
      '"auth.token" of source "partner": environment variable "FEED_TEST_NO_SUCH" is not set',
    );
    expect(() => of({ type: 'bearer', token: { file: '/no/such/file' } })).toThrow('/no/such/file');
    process.env['FEED_TEST_BROKEN'] = 'first\nsecond';
    cleanup.push(() => delete process.env['FEED_TEST_BROKEN']);
    expect(() => of({ type: 'bearer', token: { env: 'FEED_TEST_BROKEN' } })).toThrow(/^(?!.*first).*line breaks/);
  });

  it('in an address with a lone "%" are refused, and not shown', () => {
    for (const address of ['https://us%er:s3cret@a.example/', 'taxii+https://u:s3cret%@a.example/']) {
      expect(refusal(address)).toContain('"source" "https://a.example/"');
      expect(JSON.stringify(readIntelSource(address))).not.toContain('s3cret');
    }
    expect(refusal('https://us%25er:s3cret@a.example/')).toBe('taken');
  });

  it('in an address are sent as a header and stand in no address that is shown', () => {
    const source = read('https://me:p%40ss@a.example/x?k=1');
    expect(credentialsOf(source).auth).toEqual({ kind: 'basic', user: 'me', password: 'p@ss' });
    expect(plainAddress(source)).toBe('https://a.example/x?k=1');
  });
});
