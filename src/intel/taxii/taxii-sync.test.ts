import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { ServedObject } from '../../testing/taxii-server.ts';
import { cleanUp, cleanup, folder, ids, objects, reply, serve, stamp, sync } from '../../testing/taxii-run.ts';
import { TaxiiStore } from './taxii-store.ts';
import { storeName } from './taxii-sync.ts';

afterEach(cleanUp);

describe('TAXII sync', () => {
  it.each([
    ['2.1 by next', { version: '2.1', next: true }],
    ['2.1 by added_after', { version: '2.1', next: false }],
    ['2.0 by ranges', { version: '2.0' }],
  ] as const)('fetches a collection once, then only what is new (%s)', async (_name, how) => {
    const { server, script } = await serve({ ...how, objects: objects(50) });
    const parent = folder();
    const first = await sync(server.url, parent);
    expect(first.report).toMatchObject({ added: 50, damaged: 0, complete: true, diagnostics: [] });
    // Asking from just before the last date gives the last object of each page once more.
    expect(first.report.known).toBe('next' in how && !how.next ? 8 : 0);
    expect(first.ids).toEqual(ids(50));
    script.objects.push(...objects(20, 50));
    const second = await sync(server.url, parent);
    expect(second.report).toMatchObject({ added: 20, complete: true });
    expect(second.ids).toEqual(ids(70));
    expect((await sync(server.url, parent)).report).toMatchObject({ pages: 1, added: 0, known: 0, complete: true });
  });

  it.each(['2.1', '2.0'] as const)(
    'keeps its place when a poll brings nothing, whatever the clock says (%s)',
    async (version) => {
      const { server, script } = await serve({ version, objects: objects(3) });
      const parent = folder();
      for (let poll = 0; poll < 3; poll++) await sync(server.url, parent);
      script.objects.push(...objects(2, 3));
      expect((await sync(server.url, parent)).report).toMatchObject({ added: 2, known: 0, complete: true });
      expect((await sync(server.url, parent)).ids).toEqual(ids(5));
    },
  );

  it.each(['2.1', '2.0'] as const)(
    'misses nothing that comes to bear the date of the last poll (%s)',
    async (version) => {
      // A server that counts in seconds: all that is added within one bears its date.
      const second = `${new Date(Date.now()).toISOString().slice(0, -5)}.000000Z`;
      const { server, script } = await serve({ version, objects: objects(3, 0, () => second) });
      const parent = folder();
      expect((await sync(server.url, parent)).report).toMatchObject({ added: 3, complete: true });
      script.objects.push(...objects(2, 3, () => second));
      expect((await sync(server.url, parent)).report).toMatchObject({ added: 2, known: 3, complete: true });
      expect((await sync(server.url, parent)).ids).toEqual(ids(5));
    },
  );

  it.each(['2.1', '2.0'] as const)('misses nothing when a server that ran ahead is put right (%s)', async (version) => {
    const hour = 3_600_000;
    const at = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');
    const realMs = Date.now();
    // The server's clock is the machine's, which is what its Date header says; its objects bear the time of an hour ahead.
    const { server, script } = await serve({ version, objects: objects(3, 0, (i) => at(realMs + hour + i)) });
    const parent = folder();
    expect((await sync(server.url, parent, { now: () => realMs })).report).toMatchObject({ added: 3, complete: true });
    script.objects = [...objects(2, 3, (i) => at(realMs + i)), ...script.objects];
    const second = await sync(server.url, parent, { now: () => realMs + 1000 });
    expect(second.report).toMatchObject({ added: 2, complete: true });
    expect([...second.ids].sort()).toEqual(ids(5));
    expect((await sync(server.url, parent, { now: () => realMs + 2000 })).report).toMatchObject({ added: 0 });
  });

  it('keeps the microseconds of the cursor as the server sent them', async () => {
    const { server } = await serve({ objects: objects(3) });
    const parent = folder();
    await sync(server.url, parent);
    await sync(server.url, parent);
    expect(server.requests.at(-1)?.url.searchParams.get('added_after')).toBe('2024-01-01T00:00:10.000002Z');
  });

  it.each(['2.1', '2.0'] as const)(
    'misses nothing and doubles nothing when it dies at any page, objects arrive and pages shrink (%s)',
    async (version) => {
      for (let diesAt = 1; diesAt <= 9; diesAt++) {
        const { server, script } = await serve({ version, objects: objects(50) });
        const parent = folder();
        let pages = 0;
        const dying = {
          progress: () => {
            if (++pages === diesAt) throw new Error('killed');
          },
        };
        await sync(server.url, parent, dying).catch((error: Error) => expect(error.message).toBe('killed'));
        script.objects.push(...objects(9, 50));
        script.maxPage = 3 + (diesAt % 4);
        const { report, ids: stored } = await sync(server.url, parent);
        expect(report.complete).toBe(true);
        // 2.1 begins just before the last object, which is therefore given once more.
        expect(report.known).toBeLessThanOrEqual(version === '2.1' ? 1 : 0);
        expect([...stored].sort(), `died at page ${diesAt}`).toEqual(ids(59).sort());
      }
    },
  );

  it('cuts off what was written after the last state, and begins anew when the state is damaged', async () => {
    const { server } = await serve({ objects: objects(10) });
    const parent = folder();
    await sync(server.url, parent);
    const store = await TaxiiStore.open(
      parent,
      storeName(
        {
          root: { url: new URL(`${server.url}/root/`), version: '2.1', title: '' },
          id: server.collection,
        },
        {},
      ),
    );
    await store.close();
    expect(store.state.objects).toBe(10);
    writeFileSync(store.objectsPath, '{"torn', { flag: 'a' });
    expect((await sync(server.url, parent)).ids).toEqual(ids(10));
    const state = join(store.folder, 'state.json');
    writeFileSync(state, readFileSync(state, 'utf8').replace('"objects":10', '"objects":11'));
    expect((await sync(server.url, parent)).ids).toEqual(ids(10));
  });

  it('drops superseded versions when they have come to outweigh the others', async () => {
    const { server, script } = await serve({ objects: objects(40), maxPage: 100 });
    const parent = folder();
    const name = {
      root: { url: new URL(`${server.url}/root/`), version: '2.1', title: '' },
      id: server.collection,
    } as const;
    const tidied = async (): Promise<boolean> => {
      const store = await TaxiiStore.open(parent, storeName(name, {}));
      const isTidied = await store.tidy(10);
      await store.close();
      return isTidied;
    };
    await sync(server.url, parent);
    expect(await tidied()).toBe(false);
    const version = (i: number, round: number, more: object = {}) => ({
      dateAdded: stamp(40 + round * 40 + i),
      object: { type: 'indicator', id: `indicator--${i}`, modified: `2024-01-0${round + 2}T00:00:00Z`, ...more },
    });
    for (let round = 0; round < 2; round++)
      script.objects.push(
        ...Array.from({ length: 30 }, (_, i) => version(i, round, i === 7 && round === 0 ? { revoked: true } : {})),
      );
    expect((await sync(server.url, parent)).ids).toHaveLength(100);
    expect(await tidied()).toBe(true);
    expect(await tidied()).toBe(false);
    const after = await sync(server.url, parent);
    expect(after.report).toMatchObject({ added: 0, known: 0, complete: true });
    expect([...after.ids].sort()).toEqual(ids(40).sort());
    const store = await TaxiiStore.open(parent, storeName(name, {}));
    cleanup.push(() => store.close());
    const kept = readFileSync(store.objectsPath, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; modified: string; revoked?: boolean });
    expect(kept.find(({ id }) => id === 'indicator--7')).toMatchObject({ revoked: true });
    expect(kept.find(({ id }) => id === 'indicator--8')).toMatchObject({ modified: '2024-01-03T00:00:00Z' });
    expect(readdirSync(store.folder).filter((file) => file.startsWith('objects'))).toEqual(['objects.1.ndjson']);
    // What was dropped is known all the same, and not taken for new when a server sends it again.
    script.objects = script.objects.map((one, i) => ({ ...one, dateAdded: stamp(500 + i) }));
    expect((await sync(server.url, parent)).report).toMatchObject({ added: 0, complete: true });
  });

  it('stops at the limit of what is kept', async () => {
    const { server } = await serve({ objects: objects(40) });
    const parent = folder();
    const { report, ids: stored } = await sync(server.url, parent, { maxBytes: 1_000 });
    expect(report).toMatchObject({ complete: false, diagnostics: [{ code: 'INTEL_TOO_LARGE' }] });
    expect(stored.length).toBeLessThan(40);
    expect((await sync(server.url, parent)).ids).toEqual(ids(40));
  });

  it('begins the query again when the server has forgotten its next and sends no dates', async () => {
    const { server, script } = await serve({ objects: objects(30), dates: false });
    const parent = folder();
    let pages = 0;
    await sync(server.url, parent, {
      progress: () => {
        if (++pages === 2) throw new Error('killed');
      },
    }).catch(() => undefined);
    let isForgotten = true;
    script.intercept = (request, response) => {
      if (!isForgotten || request.url?.includes('next=') !== true) return false;
      isForgotten = false;
      return reply(response, 400, '{"title":"unknown next"}');
    };
    const { report, ids: stored } = await sync(server.url, parent);
    expect(report).toMatchObject({ complete: true, known: 14 });
    expect(stored).toEqual(ids(30));
  });

  it('loses no page when an answer gets lost and next is a session that has moved on', async () => {
    // As medallion does: one token for all pages, each request takes the next objects out.
    const served = objects(40);
    let session: ServedObject[] = [];
    let count = 0;
    const { server } = await serve({
      intercept: (request, response) => {
        const url = new URL(request.url ?? '', 'http://127.0.0.1');
        if (!url.pathname.endsWith('/objects/')) return false;
        const after = url.searchParams.get('added_after') ?? '';
        if (!url.searchParams.has('next')) session = served.filter(({ dateAdded }) => dateAdded > after);
        const page = session.splice(0, 6);
        if (++count % 3 === 0) {
          response.destroy();
          return true;
        }
        const body = { more: session.length > 0, next: 'session', objects: page.map(({ object }) => object) };
        return reply(response, 200, JSON.stringify(body), { 'x-taxii-date-added-last': page.at(-1)?.dateAdded ?? '' });
      },
    });
    expect((await sync(server.url, folder())).ids).toEqual(ids(40));
  });

  it('polls again with an overlap, without doubles, when the server sends no date-added', async () => {
    const { server, script } = await serve({ objects: objects(10), dates: false });
    const parent = folder();
    await sync(server.url, parent);
    const now = new Date().toISOString().replace('Z', '000Z');
    script.objects.push(...objects(1, 10, () => now));
    expect((await sync(server.url, parent)).ids).toEqual(ids(11));
    expect((await sync(server.url, parent)).report).toMatchObject({ added: 0, known: 1, complete: true });
  });

  it('loses none of the objects added at one instant that two pages share', async () => {
    const { server } = await serve({
      objects: objects(40, 0, (i) => stamp(Math.floor(i / 5))),
      next: false,
      maxPage: 7,
    });
    expect((await sync(server.url, folder())).ids).toEqual(ids(40));
  });

  it('asks for larger pages when one date-added covers more objects than a page', async () => {
    const { server } = await serve({ objects: objects(40, 0, () => stamp(0)), next: false, maxPage: 1_000 });
    const { report, ids: stored } = await sync(server.url, folder(), { pageSize: 10 });
    expect(report.complete).toBe(true);
    expect(stored).toEqual(ids(40));
  });

  it('stops, saying so, at a server that goes round in circles', async () => {
    const page = JSON.stringify({ more: true, next: 'same', objects: [{ type: 'indicator', id: 'indicator--0' }] });
    const { server } = await serve({
      intercept: (request, response) => request.url?.includes('/objects/') === true && reply(response, 200, page),
    });
    const { report, ids: stored } = await sync(server.url, folder());
    expect(report.complete).toBe(false);
    expect(report.diagnostics.map(({ code }) => code)).toEqual(['INTEL_TAXII_NO_PROGRESS']);
    expect(stored).toEqual(['indicator--0']);
    const empty = await serve({
      intercept: (request, response) =>
        request.url?.includes('/objects/') === true && reply(response, 200, `{"more":true,"next":"${Math.random()}"}`),
    });
    expect((await sync(empty.server.url, folder())).report.diagnostics[0]?.message).toContain(
      'page after page is empty',
    );
  });

  it('skips damaged objects and keeps the rest', async () => {
    const body =
      '{"objects":[{"type":"indicator","id":"indicator--0"},{"type":"x" "id":"indicator--00000000-0000-4000-8000-000000000001"},{"id":"no type"},7,{"type":"tool","id":"tool--1"}],"more":false}';
    const { server } = await serve({
      intercept: (request, response) => request.url?.includes('/objects/') === true && reply(response, 200, body),
    });
    const { report, ids: stored } = await sync(server.url, folder(), { match: { type: ['indicator', 'tool'] } });
    expect(report).toMatchObject({ complete: true, added: 2, damaged: 3 });
    expect(report.diagnostics[0]?.message).toContain(
      'object skipped: "indicator--00000000-0000-4000-8000-000000000001": ',
    );
    expect(stored).toEqual(['indicator--0', 'tool--1']);
  });

  it('filters types itself when the server ignores the match filter', async () => {
    const served = [...objects(2), { dateAdded: stamp(5), object: { type: 'malware', id: 'malware--1' } }];
    const { server } = await serve({ objects: served });
    const { report, ids: stored } = await sync(server.url, folder(), { match: { type: ['indicator'] } });
    expect(server.requests.at(-1)?.url.searchParams.get('match[type]')).toBe('indicator');
    expect(report.filtered).toBe(1);
    expect(stored).toEqual(ids(2));
  });

  it('waits as long as Retry-After says, backs off otherwise, and reads a page again that broke off', async () => {
    const failures: ((response: ServerResponse) => true)[] = [
      (response) => reply(response, 429, '', { 'retry-after': '7' }),
      (response) =>
        reply(response, 503, '<html>', {
          'retry-after': new Date(1_700_000_000_000 + 9_000).toUTCString(),
          date: new Date(1_700_000_000_000).toUTCString(),
        }),
      (response) => reply(response, 502, ''),
      (response) => reply(response, 200, '{"objects":[{"type":"indicator","id":"indi'),
      (response) => {
        response.destroy();
        return true;
      },
    ];
    const { server } = await serve({
      objects: objects(10),
      intercept: (request, response) =>
        request.url?.includes('/objects/') === true && failures.shift()?.(response) === true,
    });
    const { report, ids: stored, waits } = await sync(server.url, folder());
    expect(report).toMatchObject({ complete: true, added: 10 });
    expect(stored).toEqual(ids(10));
    expect(waits).toEqual([7_000, 9_000, 4_000, 8_000, 16_000]);
  });

  it('gives up after a bounded number of tries and goes on there the next time', async () => {
    let isDown = false;
    const { server } = await serve({
      objects: objects(20),
      intercept: (request, response) =>
        isDown && request.url?.includes('/objects/') === true && reply(response, 503, ''),
    });
    const parent = folder();
    const down = {
      progress: () => {
        isDown = true;
      },
    };
    const { report, waits } = await sync(server.url, parent, down, { maxTries: 3 });
    expect(report).toMatchObject({ complete: false, added: 7 });
    expect(report.diagnostics[0]).toMatchObject({
      code: 'INTEL_TAXII_FAILED',
      message: expect.stringContaining('answers 503'),
    });
    expect(waits).toHaveLength(2);
    isDown = false;
    expect((await sync(server.url, parent)).ids).toEqual(ids(20));
  });

  it('sends each kind of credentials, to its own server only, and never shows them', async () => {
    const { server: other } = await serve();
    const seen: (string | undefined)[] = [];
    const { server } = await serve({
      objects: objects(1),
      intercept: (request, response) => {
        seen.push(request.headers.authorization ?? (request.headers['x-api-key'] as string | undefined));
        return (
          (false as const) || (request.url === '/root/collections/' && seen.length > 100 && reply(response, 401, ''))
        );
      },
    });
    await sync(server.url, folder(), {}, { auth: { kind: 'basic', user: 'u', password: 'p' } });
    await sync(server.url, folder(), {}, { auth: { kind: 'bearer', token: 't0ken' } });
    await sync(server.url, folder(), {}, { auth: { kind: 'header', name: 'X-API-Key', value: 's3cret' } });
    expect(new Set(seen)).toEqual(new Set(['Basic dTpw', 'Bearer t0ken', 's3cret']));
    const echo = await serve({
      intercept: (request, response) =>
        reply(response, 401, JSON.stringify({ title: `bad ${request.headers.authorization}` })),
    });
    await expect(sync(echo.server.url, folder(), {}, { auth: { kind: 'bearer', token: 't0ken' } })).rejects.toThrow(
      /401: bad \*\*\*/,
    );
    const away = await serve({
      intercept: (_request, response) => reply(response, 302, '', { location: `${other.url}/taxii2/` }),
    });
    await expect(sync(away.server.url, folder(), {}, { auth: { kind: 'bearer', token: 't0ken' } })).rejects.toThrow(
      'redirects to another server',
    );
    expect(other.requests).toEqual([]);
  });

  it('bounds the size of an answer and refuses private addresses unless allowed', async () => {
    const { server } = await serve({ objects: objects(200), maxPage: 200 });
    const { report } = await sync(server.url, folder(), { pageSize: 200 }, { maxBytes: 5_000 });
    expect(report.diagnostics.map(({ code }) => code)).toEqual(['INTEL_TOO_LARGE']);
    await expect(sync(server.url, folder(), {}, { allowPrivateAddresses: false })).rejects.toThrow('no public address');
  });

  it('takes a server without discovery as API root, with collections of no members', async () => {
    const { server } = await serve({
      objects: objects(2),
      intercept: (request, response) => request.url === '/taxii2/' && reply(response, 404, ''),
    });
    expect((await sync(`${server.url}/root`, folder())).ids).toEqual(ids(2));
    const { server: empty } = await serve({
      intercept: (request, response) => request.url === '/root/collections/' && reply(response, 200, '{}'),
    });
    await expect(sync(empty.url, folder())).rejects.toThrow('no collection');
  });

  it.each([406, 415, 400])('asks in 2.0 where 2.1 is answered with %i', async (status) => {
    const { server } = await serve({
      version: '2.0',
      objects: objects(3),
      intercept: (request, response) =>
        request.headers.accept?.includes('2.1') === true && reply(response, status, '{"title":"no"}'),
    });
    expect((await sync(`${server.url}/taxii/`, folder())).ids).toEqual(ids(3));
  });

  it('writes the range of 2.0 in the other way when the first is refused', async () => {
    const { server } = await serve({
      version: '2.0',
      objects: objects(20),
      intercept: (request, response) =>
        request.headers.range?.startsWith('items=') === true && reply(response, 400, ''),
    });
    expect((await sync(server.url, folder())).ids).toEqual(ids(20));
  });
});
