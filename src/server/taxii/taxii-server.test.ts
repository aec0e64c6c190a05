import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { IndicatorTableBuilder } from '../../core/indicator-table-builder.ts';
import { LayeredTable } from '../../core/layered-table.ts';
import type { Tlp } from '../../core/indicator.ts';
import { shapeOf, TLP_LEVELS } from '../../core/indicator-table.ts';
import { IndicatorCatalogue } from './indicator-catalogue.ts';
import { type IndicatorSnapshot, indicatorSnapshot } from './indicator-snapshot.ts';
import { SightingStore } from './sighting-store.ts';
import { API_ROOT_PATH, isAcceptable, TaxiiServer } from './taxii-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'flint-taxii-server-'));
afterAll(() => rmSync(folder, { recursive: true }));
const quiet = (reason: string): void => {
  throw new Error(reason);
};

function tableOf(count: number): LayeredTable {
  const builder = new IndicatorTableBuilder();
  const feed = builder.addFeed('list');
  const plain = builder.addDetails(feed, { provider: 'list' });
  for (let n = 0; n < count; n++) builder.add('domain', `d${n}.example`, 'subdomain', plain);
  const stix = builder.addDetails(feed, {
    ...{ provider: 'stix', id: 'indicator--6f1c2f7e-5d0c-4d0f-9d6b-0a3d5a1d2b3c', name: 'two values' },
    pattern: "[ipv4-addr:value = '192.0.2.1' OR ipv4-addr:value = '192.0.2.2']",
    ...{ modifiedMs: Date.UTC(2024, 5, 1), validFromMs: Date.UTC(2024, 4, 1), confidence: 80, tlp: 'green' as const },
  });
  for (const value of ['192.0.2.1', '192.0.2.2']) builder.add('ipv4', value, 'exact', stix);
  // Marked stricter than what is served.
  builder.add('domain', 'd0.example', 'subdomain', builder.addDetails(feed, { provider: 'marked', tlp: 'red' }));
  builder.add('text', 'no pattern says this', 'exact', plain);
  return new LayeredTable(builder.finish());
}

const sigma = {
  type: 'sigma' as const,
  details: {
    id: 'indicator--00000000-0000-4000-8000-000000000009',
    name: 'rule',
    provider: 'stix',
    pattern: 'title: x',
  },
};

const secret = {
  type: 'stix' as const,
  details: {
    ...{ id: 'indicator--00000000-0000-4000-8000-00000000000a', name: 'secret pattern', provider: 'stix' },
    ...{ pattern: "[file:name = 'x'] FOLLOWEDBY [file:name = 'y']", tlp: 'red' as const },
  },
};

function setup(count = 3, file?: string) {
  const table = tableOf(count);
  let revision = -1;
  let snapshot: IndicatorSnapshot | undefined;
  const current = (): IndicatorSnapshot => {
    if (snapshot === undefined || revision !== table.revision) {
      revision = table.revision;
      snapshot = indicatorSnapshot(table, [() => sigma, () => secret], 1000 + count, 'amber+strict');
    }
    return snapshot;
  };
  let now = Date.UTC(2026, 0, 1);
  const catalogue = new IndicatorCatalogue({
    current,
    now: () => now,
    onDiskProblem: quiet,
    ...(file !== undefined && { file }),
  });
  const sightings = new SightingStore({ maxBytes: 1_000_000, now: () => now, onDiskProblem: quiet });
  const server = new TaxiiServer([catalogue, sightings], 'test');
  const ask = async (path: string, accept: string | undefined = 'application/taxii+json;version=2.1') => {
    const url = new URL(path, `http://127.0.0.1${API_ROOT_PATH}`);
    const answer = await server.answer({ path: url.pathname, query: url.searchParams, accept });
    return { ...answer, content: JSON.parse(answer.body) };
  };
  const later = (): void => {
    now += 1000;
  };
  return { table, sightings, ask, later };
}

const names = (content: { objects?: { name?: string }[] }): (string | undefined)[] =>
  (content.objects ?? []).map(({ name }) => name);

describe('resources', () => {
  it('lead from discovery to collections', async () => {
    const { ask } = setup();
    const { content: discovery } = await ask('/taxii2/');
    expect(discovery).toEqual({ title: 'test', default: '/taxii2/flint/', api_roots: ['/taxii2/flint/'] });
    expect((await ask(discovery.api_roots[0])).content.versions).toEqual(['application/taxii+json;version=2.1']);
    const { content } = await ask('collections/');
    for (const collection of content.collections) {
      expect(collection).toMatchObject({ can_read: true, can_write: false });
      expect(collection.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect((await ask(`collections/${collection.id}/`)).content).toEqual(collection);
      expect((await ask(`collections/${collection.alias}/`)).content).toEqual(collection);
    }
  });

  it.each([
    '/taxii2',
    '/taxii2/other/',
    'collections',
    'collections/none/',
    'collections/indicators',
    'collections/indicators/objects',
    'collections/indicators/objects/indicator--none/',
    'collections/indicators/other/',
    'status/1/',
    'collections/indicators/objects/%E0/',
    'collections/indicators/objects/a/versions/b/',
  ])('answer 404 with a TAXII error at %s', async (path) => {
    const { status, content } = await setup().ask(path);
    expect(status).toBe(404);
    expect(content).toMatchObject({ title: 'not found', http_status: '404' });
  });

  it.each([
    ['limit=0'],
    ['limit=-1'],
    ['limit=x'],
    ['limit=1&limit=2'],
    ['added_after=yesterday'],
    ['added_after=2024-01-01T00:00:00Z&added_after=2025-01-01T00:00:00Z'],
    ['next=whatever'],
    ['match[version]=newest'],
    ['match[version]=all,last'],
    ['match[type]='],
    ['match[name]=x'],
  ])('answer 400 to %s', async (query) => {
    expect((await setup().ask(`collections/indicators/objects/?${query}`)).status).toBe(400);
  });

  it.each([
    ['application/taxii+json;version=2.1', true],
    ['application/taxii+json', true],
    ['application/taxii+json; version="2.1"', true],
    ['text/html, */*;q=0.1', true],
    ['application/*', true],
    ['', true],
    ['application/taxii+json;version=2.0', false],
    ['application/vnd.oasis.taxii+json; version=2.0', false],
    ['application/json', false],
    ['application/taxii+json;version=2.1;q=0', false],
  ])('negotiate: %s', async (accept, expected) => {
    expect(isAcceptable(accept)).toBe(expected);
    expect((await setup().ask('/taxii2/', accept)).status).toBe(expected ? 200 : 406);
  });
});

describe('indicators', () => {
  it('are STIX objects: one for each value of a list, one for each published pattern, Sigma rules', async () => {
    const { content, headers } = await setup().ask('collections/indicators/objects/');
    expect(names(content)).toEqual(['d0.example', 'd1.example', 'd2.example', 'two values', 'rule']);
    expect(content.more).toBe(false);
    expect(content.objects[0].pattern).toBe(
      "[domain-name:value = 'd0.example' OR domain-name:value LIKE '%.d0.example']",
    );
    expect(content.objects[3]).toEqual({
      ...{
        type: 'indicator',
        spec_version: '2.1',
        id: 'indicator--6f1c2f7e-5d0c-4d0f-9d6b-0a3d5a1d2b3c',
        name: 'two values',
      },
      ...{
        created: '2024-05-01T00:00:00.000Z',
        modified: '2024-06-01T00:00:00.000Z',
        valid_from: '2024-05-01T00:00:00.000Z',
      },
      pattern: "[ipv4-addr:value = '192.0.2.1' OR ipv4-addr:value = '192.0.2.2']",
      ...{ pattern_type: 'stix', pattern_version: '2.1', confidence: 80 },
      object_marking_refs: ['marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da'],
    });
    expect(content.objects[4]).toMatchObject({ pattern_type: 'sigma', pattern: 'title: x' });
    expect(headers['x-taxii-date-added-first']).toBe('2026-01-01T00:00:00.000000Z');
    expect(headers['x-taxii-date-added-last']).toBe('2026-01-01T00:00:00.000004Z');
  });

  it('keep their dates and their order while others come and go', async () => {
    const { table, ask, later } = setup();
    const before = (await ask('collections/indicators/manifest/')).content.objects;
    later();
    const said = { feed: 'list', said: { provider: 'list' } };
    table.apply({
      details: [said],
      rows: [
        [shapeOf('domain', 'subdomain'), 'new.example', [0]],
        [shapeOf('domain', 'subdomain'), 'd1.example', []],
        [shapeOf('domain', 'subdomain'), 'd2.example', [0]],
      ],
    });
    const { content: all } = await ask('collections/indicators/objects/');
    expect(names(all)).toEqual(['d0.example', 'd2.example', 'two values', 'rule', 'new.example']);
    const after = (await ask('collections/indicators/manifest/')).content.objects;
    expect(after.slice(0, 4)).toEqual([before[0], ...before.slice(2)]);
    const { content: fresh } = await ask(`collections/indicators/objects/?added_after=${before.at(-1).date_added}`);
    expect(names(fresh)).toEqual(['new.example']);
  });

  it('are given page by page, each once, while indicators are added', async () => {
    const { table, ask } = setup(40);
    const seen: unknown[] = [];
    let next = '';
    for (let n = 0; ; n++) {
      const { content, headers } = await ask(`collections/indicators/objects/?limit=7${next}`);
      seen.push(...names(content));
      expect(headers).toHaveProperty('x-taxii-date-added-last');
      if (n < 3) {
        const rows = [[shapeOf('domain', 'exact'), `later${n}.example`, [0]] as const];
        table.apply({ details: [{ feed: 'list', said: { provider: 'late' } }], rows });
      }
      if (content.more !== true) break;
      next = `&next=${content.next}`;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toHaveLength(45);
  });

  it('keep their dates over a restart; a damaged file begins anew', async () => {
    const file = join(folder, 'dates');
    const first = (await setup(5, file).ask('collections/indicators/manifest/')).content;
    const again = setup(6, file);
    again.later();
    const second = (await again.ask('collections/indicators/manifest/')).content;
    expect(second.objects.slice(0, 7)).toEqual(first.objects);
    expect(second.objects).toHaveLength(8);
    const bytes = readFileSync(file);
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    await expect(setup(5, file).ask('collections/indicators/manifest/')).rejects.toThrow('damaged');
  });

  it('are found by id, with their versions, and filtered', async () => {
    const { ask } = setup();
    const id = 'indicator--6f1c2f7e-5d0c-4d0f-9d6b-0a3d5a1d2b3c';
    expect(names((await ask(`collections/indicators/objects/${id}/`)).content)).toEqual(['two values']);
    expect((await ask(`collections/indicators/objects/${id}/versions/`)).content).toEqual({
      more: false,
      versions: ['2024-06-01T00:00:00.000Z'],
    });
    const count = async (query: string) =>
      names((await ask(`collections/indicators/objects/?${query}`)).content).length;
    expect(await count(`match[id]=${id},indicator--none`)).toBe(1);
    expect(await count('match[type]=indicator,malware')).toBe(5);
    expect(await count('match[type]=malware')).toBe(0);
    expect(await count('match[spec_version]=2.0')).toBe(0);
    expect(await count('match[spec_version]=2.0,2.1')).toBe(5);
    expect(await count('match[version]=2024-06-01T00:00:00.000Z')).toBe(1);
    expect(await count(`match%5Bversion%5D=first&match%5Bid%5D=${id}`)).toBe(1);
    // An id that exists and is filtered away is no unknown one.
    expect(await ask(`collections/indicators/objects/${id}/?match[version]=2020-01-01T00:00:00Z`)).toMatchObject({
      status: 200,
      content: {},
    });
  });

  it('are left out, everywhere, when they are marked stricter than what may be served', async () => {
    const { ask } = setup();
    expect(await ask(`collections/indicators/objects/${secret.details.id}/`)).toMatchObject({ status: 404 });
    expect((await ask(`collections/indicators/objects/?match[id]=${secret.details.id}`)).content).toEqual({});
    expect((await ask('collections/indicators/objects/')).body).not.toContain('5e57c739-391a-4eb3-b6be-7d15ca92d5ed');
    const levels = (maxTlp: Tlp): number => {
      const builder = new IndicatorTableBuilder();
      const feed = builder.addFeed('list');
      builder.add('domain', 'none.example', 'exact', builder.addDetails(feed, { provider: 'list' }));
      for (const tlp of TLP_LEVELS)
        builder.add('domain', `${tlp}.example`, 'exact', builder.addDetails(feed, { provider: tlp, tlp }));
      return [...indicatorSnapshot(new LayeredTable(builder.finish()), [], 6, maxTlp).entries()].length;
    };
    expect(TLP_LEVELS.map(levels)).toEqual([2, 3, 4, 5, 6]);
  });

  it('are all offered when a source invents times that no calendar has', async () => {
    const builder = new IndicatorTableBuilder();
    const feed = builder.addFeed('misp');
    for (const [name, ms] of [['a', 1e20] as const, ['b', -1e20] as const, ['c', 8e15] as const])
      builder.add('domain', name, 'exact', builder.addDetails(feed, { provider: name, modifiedMs: ms }));
    const snapshot = indicatorSnapshot(new LayeredTable(builder.finish()), [], 3, 'red');
    const catalogue = new IndicatorCatalogue({ current: () => snapshot, now: Date.now, onDiskProblem: quiet });
    const request = { path: `${API_ROOT_PATH}collections/indicators/objects/`, query: new URLSearchParams() };
    const { status, body } = await new TaxiiServer([catalogue], 'test').answer({ ...request, accept: undefined });
    expect(status).toBe(200);
    expect(JSON.parse(body).objects.map(({ modified }: { modified: string }) => modified)).toEqual([
      '9999-12-31T23:59:59.999Z',
      '0001-01-01T00:00:00.000Z',
      '9999-12-31T23:59:59.999Z',
    ]);
  });

  it('answer 503 while they are put together for too long', async () => {
    const slow: IndicatorSnapshot = {
      capacity: 3000,
      *entries() {
        for (let n = 0; n < 3000; n++) {
          const until = performance.now() + 0.1;
          while (performance.now() < until);
          yield { id: `indicator--${n}`, version: '2024-01-01T00:00:00.000Z', position: n };
        }
      },
      entryAt: () => undefined,
      jsonAt: (position) => JSON.stringify({ name: position }),
    };
    const catalogue = new IndicatorCatalogue({ current: () => slow, now: Date.now, waitMs: 0, onDiskProblem: quiet });
    const server = new TaxiiServer([catalogue], 'test');
    const request = {
      path: `${API_ROOT_PATH}collections/indicators/objects/`,
      query: new URLSearchParams(),
      accept: '*/*',
    };
    expect(await server.answer(request)).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    while (!(await catalogue.ready())) await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await server.answer(request)).status).toBe(200);
  });
});

describe('a table of many indicators', () => {
  it('is catalogued with 64-bit keys: every id is found at its own place', async () => {
    const { ask } = setup(20_000);
    const ids: string[] = [];
    for (let next = ''; ; ) {
      const { content } = await ask(`collections/indicators/manifest/?limit=5000${next}`);
      ids.push(...content.objects.map(({ id }: { id: string }) => id));
      if (content.more !== true) break;
      next = `&next=${content.next}`;
    }
    expect(new Set(ids).size).toBe(20_002);
    for (const id of ids.filter((_, i) => i % 997 === 0)) {
      const { content } = await ask(`collections/indicators/objects/${id}/`);
      expect(content.objects).toHaveLength(1);
      expect(content.objects[0].id).toBe(id);
    }
  });
});
