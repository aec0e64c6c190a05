/** Client rows of the interoperability test document that no other test covers (docs/interoperability.md). */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startTaxiiServer, type TaxiiServerScript } from '../../testing/taxii-server.ts';
import { REMOTE_DEFAULTS, systemSurroundings } from '../http/polite-client.ts';
import { pullTaxii } from './taxii-pull.ts';

const MEDIA = 'application/taxii+json;version=2.1';
const cleanup: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const clean of cleanup.splice(0).reverse()) await clean();
});

type Access = { readonly can_read: boolean; readonly can_write: boolean };

/** Pulls from a server whose paths answer as told, else as the test server does; says what came and what was asked for. */
async function pull(
  answers: Readonly<Record<string, readonly [number, unknown]>>,
  more: Partial<TaxiiServerScript> = {},
  own: Readonly<Record<string, unknown>> = {},
) {
  const object = {
    type: 'indicator',
    id: 'indicator--00000000-0000-4000-8000-000000000001',
    modified: '2024-01-01T00:00:00Z',
    ...own,
  };
  const server = await startTaxiiServer({
    ...{ version: '2.1', objects: [{ dateAdded: '2024-01-01T00:00:00.000001Z', object }], maxPage: 10 },
    ...{ dates: true, next: true },
    intercept: (request, response) => {
      const [path = ''] = (request.url ?? '').split('?');
      const answer = Object.hasOwn(answers, path) ? answers[path] : undefined;
      if (answer === undefined) return false;
      response.writeHead(answer[0], { 'content-type': MEDIA }).end(JSON.stringify(answer[1]));
      return true;
    },
    ...more,
  });
  const folder = mkdtempSync(join(tmpdir(), 'flint-interop-'));
  cleanup.push(
    () => server.close(),
    () => rmSync(folder, { recursive: true }),
  );
  const remote = { ...REMOTE_DEFAULTS, url: server.url, allowPrivateAddresses: true, maxTries: 1 };
  const { collections, diagnostics } = await pullTaxii(remote, { folder, surroundings: systemSurroundings });
  return {
    added: collections.map(({ report }) => report.added),
    problems: [...diagnostics, ...collections.flatMap(({ report }) => report.diagnostics)].map(({ code }) => code),
    asked: server.requests.map(({ url }) => url.pathname),
    queries: server.requests.map(({ url }) => url.searchParams),
    stored: collections.map(({ store }) => readFileSync(join(folder, store, 'objects.ndjson'), 'utf8')).join(''),
  };
}

const ID = '91a7b528-80eb-42ed-a74d-c6fbd5a26116';
const OBJECTS = `/root/collections/${ID}/objects/`;
const withAccess = (access: Access) => ({
  '/root/collections/': [200, { collections: [{ id: ID, title: 'one', ...access }] }] as const,
});

describe('a collection', () => {
  it.each([
    ['that may be written only is not asked for objects', { can_read: false, can_write: true }, []],
    ['that may be read and written is pulled', { can_read: true, can_write: true }, [1]],
    ['that may be read only is pulled', { can_read: true, can_write: false }, [1]],
    ['that may be neither read nor written is not asked for objects', { can_read: false, can_write: false }, []],
  ] as const)('%s', async (_title, access, added) => {
    const pulled = await pull(withAccess(access));
    expect(pulled.added).toEqual(added);
    expect(pulled.asked.includes(OBJECTS)).toBe(added.length > 0);
    expect(pulled.problems).toEqual([]);
  });

  it('whose objects are refused with 403 is reported, once', async () => {
    const { added, problems, asked } = await pull({ [OBJECTS]: [403, { title: 'forbidden', http_status: '403' }] });
    expect(added).toEqual([0]);
    expect(problems).toEqual(['INTEL_TAXII_AUTH']);
    expect(asked.filter((path) => path === OBJECTS)).toHaveLength(1);
  });

  it('that is gone is reported', async () => {
    const { problems } = await pull({ [OBJECTS]: [404, { title: 'not found', http_status: '404' }] });
    expect(problems).toEqual(['INTEL_TAXII_FAILED']);
  });

  it('without objects is complete', async () => {
    const { added, problems } = await pull({}, { objects: [] });
    expect([added, problems]).toEqual([[0], []]);
  });
});

it('an API root that is not there is reported', async () => {
  const { added, problems } = await pull({ '/root/': [404, { title: 'not found', http_status: '404' }] });
  expect(added).toEqual([]);
  expect(problems).toEqual(['INTEL_TAXII_FAILED']);
});

it.each([
  [401, 'INTEL_TAXII_AUTH'],
  [503, 'INTEL_TAXII_FAILED'],
] as const)(
  'an API root that answers %i is reported as it answers, not as one that is not there',
  async (status, code) => {
    const { added, problems } = await pull({ '/root/': [status, { title: 'not now', http_status: String(status) }] });
    expect([added, problems]).toEqual([[], [code]]);
  },
);

it('an API root that fails beside others is reported, one that is hidden is not', async () => {
  const roots = { '/taxii2/': [200, { title: 't', api_roots: ['/other/', '/root/'] }] } as const;
  for (const [status, expected] of [
    [500, ['INTEL_TAXII_FAILED']],
    [403, []],
    [404, []],
  ] as const) {
    const { added, problems } = await pull({ ...roots, '/other/': [status, { title: 'x' }] });
    expect([status, added, problems]).toEqual([status, [1], expected]);
  }
});

it('a default API root without a list of them is taken', async () => {
  const { added } = await pull({ '/taxii2/': [200, { title: 't', default: '/root/' }] });
  expect(added).toEqual([1]);
});

it('a host whose pages for people answer every address is asked at the next one', async () => {
  const intercept: TaxiiServerScript['intercept'] = (request, response) => {
    if (request.url !== '/taxii2/') return false;
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>');
    return true;
  };
  expect((await pull({}, { version: '2.0', intercept })).added).toEqual([1]);
});

it('a collection that is listed twice is pulled once, and none by an address of another', async () => {
  const one = { id: ID, title: 'one', can_read: true, can_write: false };
  const { added, asked } = await pull({
    '/root/collections/': [200, { collections: [one, { ...one, id: '..' }, one, { ...one, id: '.' }] }],
  });
  expect(added).toEqual([1]);
  expect(asked.filter((path) => path.endsWith('/objects/'))).toEqual([OBJECTS]);
});

it('passes over what is no address in a list of API roots, and refuses an endless list', async () => {
  const roots = (api_roots: readonly unknown[]) => ({ '/taxii2/': [200, { title: 't', api_roots }] as const });
  const { added, problems } = await pull(roots(['http://[', 'https://:x/', 7, null, '/root/']));
  expect([added, problems]).toEqual([[1], []]);
  const many = await pull(roots(Array.from({ length: 101 }, (_, i) => `/r${i}/`)));
  expect([many.problems, many.asked]).toEqual([['INTEL_TAXII_FAILED'], ['/taxii2/']]);
});

it('keeps properties that it does not know', async () => {
  const { stored, added } = await pull({}, undefined, { x_own: { a: [1] } });
  expect(added).toEqual([1]);
  expect(stored).toContain('"x_own":{"a":[1]}');
});

it('no parameter is sent twice, and pages are asked for by limit', async () => {
  const { queries } = await pull({});
  for (const query of queries) expect(new Set(query.keys()).size).toBe([...query.keys()].length);
  expect(queries.some((query) => Number(query.get('limit')) > 0)).toBe(true);
});
