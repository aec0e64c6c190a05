/** Servers that do what no server should: nothing is lost, nothing doubled, nothing runs for ever, and the report says what was wrong. */
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { ServedObject } from '../../testing/taxii-server.ts';
import { cleanUp, folder, ids, objects, reply, serve, stamp, sync } from '../../testing/taxii-run.ts';

afterEach(cleanUp);

const isObjects = (url: string | undefined): boolean => url?.includes('/objects/') === true;
const text = (served: readonly ServedObject[], more: object = {}): string =>
  JSON.stringify({ ...more, objects: served.map(({ object }) => object) });

describe('a TAXII server', () => {
  it.each([
    ['a word that is no time', { 'x-taxii-date-added-last': 'yesterday' }],
    ['nothing', {}],
  ])(
    'that promises more and names as the place %s: what it gave is kept, and larger pages are tried',
    async (_, dates) => {
      let largest = 0;
      const { server } = await serve({
        intercept: (request, response) => {
          if (!isObjects(request.url)) return false;
          const limit = Number(new URL(request.url ?? '', 'http://127.0.0.1').searchParams.get('limit'));
          largest = Math.max(largest, limit);
          const page = objects(Math.min(limit, 40));
          return reply(response, 200, text(page, { more: page.length < 40 }), dates);
        },
      });
      const { report, ids: stored } = await sync(server.url, folder(), { pageSize: 10 });
      expect(report).toMatchObject({ complete: true, added: 40 });
      expect(stored).toEqual(ids(40));
      expect(largest).toBe(40);
      const { server: mean } = await serve({
        intercept: (request, response) =>
          isObjects(request.url) && reply(response, 200, text(objects(5), { more: true }), dates),
      });
      const parent = folder();
      for (const added of [5, 0]) {
        const again = await sync(mean.url, parent, { pageSize: 10 });
        expect(again.report).toMatchObject({ complete: false, added });
        expect(again.report.diagnostics[0]?.message).toContain('does not say where');
        expect(again.ids).toEqual(ids(5));
      }
    },
  );

  it('that calls the same page by a new name each time is left', async () => {
    let requests = 0;
    const { server } = await serve({
      intercept: (request, response) =>
        isObjects(request.url) && reply(response, 200, text(objects(3), { more: true, next: `page${requests++}` })),
    });
    const { report, ids: stored } = await sync(server.url, folder());
    expect(report.diagnostics.map(({ code }) => code)).toEqual(['INTEL_TAXII_NO_PROGRESS']);
    expect(stored).toEqual(ids(3));
    expect(requests).toBeLessThan(20);
  });

  it('whose next leads in a circle of several pages is left', async () => {
    const pages = ['a', 'b', 'c'];
    const { server } = await serve({
      intercept: (request, response) => {
        if (!isObjects(request.url)) return false;
        const at = pages.indexOf(new URL(request.url ?? '', 'http://127.0.0.1').searchParams.get('next') ?? 'c') + 1;
        const next = pages[at % 3] as string;
        return reply(response, 200, text(objects(2, 2 * (at % 3)), { more: true, next }));
      },
    });
    const { report, ids: stored } = await sync(server.url, folder());
    expect(report.diagnostics[0]?.message).toContain('the same page again');
    expect([...stored].sort()).toEqual(ids(6));
  });

  it('that gives an id twice in a page: once each version, and the other versions with it', async () => {
    const [one] = objects(1) as [ServedObject];
    const newer = { ...one, object: { ...one.object, modified: '2024-02-01T00:00:00Z' } };
    const { server } = await serve({ objects: [one, one, newer, one, newer] });
    const { report, ids: stored } = await sync(server.url, folder());
    expect(report).toMatchObject({ added: 2, known: 3, complete: true });
    expect(stored).toEqual(['indicator--0', 'indicator--0']);
  });

  it.each(['2.1', '2.0'] as const)('whose dates are missing on some pages loses nothing (%s)', async (version) => {
    const { server, script } = await serve({ version, objects: objects(50) });
    let count = 0;
    script.intercept = (request) => {
      if (isObjects(request.url)) script.dates = ++count % 2 === 0;
      return false;
    };
    const parent = folder();
    expect((await sync(server.url, parent)).ids).toEqual(ids(50));
    script.objects.push(...objects(9, 50));
    expect((await sync(server.url, parent)).ids).toEqual(ids(59));
  });

  it('of 2.0 in which an object moves to the end while it is read: the one that takes its place is not missed', async () => {
    for (const dates of [true, false]) {
      const { server, script } = await serve({ version: '2.0', objects: objects(30), dates });
      let pages = 0;
      const { report, ids: stored } = await sync(server.url, folder(), {
        progress: () => {
          if (++pages !== 2) return;
          const [first] = script.objects.splice(0, 1) as [ServedObject];
          script.objects.push({ dateAdded: stamp(30), object: { ...first.object, modified: '2024-03-01T00:00:00Z' } });
        },
      });
      expect(report.complete).toBe(true);
      expect(new Set(stored)).toEqual(new Set(ids(30)));
      expect(stored).toHaveLength(31);
    }
  });

  it('of 2.0 that shrinks below where the reader is: what is left is read whole', async () => {
    const { server, script } = await serve({ version: '2.0', objects: objects(30) });
    let pages = 0;
    const { report, ids: stored } = await sync(server.url, folder(), {
      progress: () => {
        if (++pages === 3) script.objects.splice(0, 15);
      },
    });
    expect(report.complete).toBe(true);
    expect(new Set(stored)).toEqual(new Set(ids(30)));
  });

  it.each([
    ['that changes with each page', (total: number, count: number) => total + 7 * count],
    ['of all ever', () => 1_000_000],
    ['unknown', () => '*'],
  ])('of 2.0 with a total %s, and a range that says more than it gives, is read to its end', async (_, totalOf) => {
    const served = objects(40);
    let count = 0;
    const { server } = await serve({
      version: '2.0',
      intercept: (request, response) => {
        if (!isObjects(request.url)) return false;
        const [first = 0, last = 0] = (request.headers.range ?? '').match(/\d+/g)?.map(Number) ?? [];
        const page = served.slice(first, first + 6);
        if (page.length === 0) return reply(response, 416, '');
        const range = `items ${first}-${last}/${totalOf(40, ++count)}`;
        return reply(response, 206, text(page, { type: 'bundle', id: 'bundle--1' }), { 'content-range': range });
      },
    });
    const { report, ids: stored } = await sync(server.url, folder());
    expect(report.complete).toBe(true);
    expect(stored).toEqual(ids(40));
  });

  it('of 2.0 that takes no notice of ranges and says 206 is left', async () => {
    let requests = 0;
    const { server } = await serve({
      version: '2.0',
      intercept: (request, response) => {
        if (!isObjects(request.url)) return false;
        requests++;
        return reply(response, 206, text(objects(3), { type: 'bundle', id: 'bundle--1' }));
      },
    });
    const { report, ids: stored } = await sync(server.url, folder());
    expect(report.diagnostics.map(({ code }) => code)).toEqual(['INTEL_TAXII_NO_PROGRESS']);
    expect(stored).toEqual(ids(3));
    expect(requests).toBeLessThan(40);
  });

  it('whose credentials run out on the way is asked once, and goes on with new ones', async () => {
    let token = 'first';
    const { server } = await serve({
      objects: objects(20),
      intercept: (request, response) =>
        request.headers.authorization !== `Bearer ${token}` && reply(response, 401, '{"title":"token expired"}'),
    });
    const parent = folder();
    const auth = (bearer: string): object => ({ auth: { kind: 'bearer', token: bearer } });
    const progress = (): void => {
      token = 'second';
    };
    const { report, waits } = await sync(server.url, parent, { progress }, auth('first'));
    expect(report).toMatchObject({ complete: false, added: 7 });
    expect(report.diagnostics[0]).toMatchObject({
      code: 'INTEL_TAXII_AUTH',
      message: expect.stringContaining('answers 401: token expired'),
    });
    expect(waits).toEqual([]);
    expect((await sync(server.url, parent, {}, auth('second'))).ids).toEqual(ids(20));
  });

  it.each([
    ['seconds', '86400'],
    ['a date', new Date(1_600_000_000_000 + 86_400_000).toUTCString()],
  ])('that wants to be left alone for a day, in %s, is left alone, and the schedule is told', async (_, value) => {
    // By its own clock, which is years behind ours.
    const headers = { 'retry-after': value, date: new Date(1_600_000_000_000).toUTCString() };
    const { server } = await serve({
      objects: objects(3),
      intercept: (request, response) => isObjects(request.url) && reply(response, 429, '', headers),
    });
    const { report, waits } = await sync(server.url, folder());
    expect(report).toMatchObject({ complete: false, retryAfterMs: 86_400_000 });
    expect(report.diagnostics[0]?.message).toContain('asks to come back in 86400 s');
    expect(waits).toEqual([]);
  });

  it('that compresses although nobody asked for it is understood; what is cut off is asked for again', async () => {
    const { server, script } = await serve({ objects: objects(3) });
    const whole = gzipSync(text(objects(3)));
    const bodies = [whole.subarray(0, whole.length - 9), whole];
    script.intercept = (request, response) => {
      if (!isObjects(request.url)) return false;
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.end(bodies.shift());
      return true;
    };
    const { report, ids: stored, waits } = await sync(server.url, folder());
    expect(report).toMatchObject({ complete: true, added: 3 });
    expect(stored).toEqual(ids(3));
    expect(waits).toHaveLength(1);
  });

  it('that sends a bomb is not unpacked beyond the limit', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20));
    const { server } = await serve({
      intercept: (request, response) => {
        if (!isObjects(request.url)) return false;
        response.writeHead(200, { 'content-encoding': 'gzip' });
        response.end(bomb);
        return true;
      },
    });
    const { report, waits } = await sync(server.url, folder(), {}, { maxBytes: 4_000_000 });
    expect(report.diagnostics[0]).toMatchObject({
      code: 'INTEL_TOO_LARGE',
      message: expect.stringContaining('compressed data inflates too far'),
    });
    expect(waits).toEqual([]);
  });

  it('that sends a page a byte at a time is not waited for longer than the time limit', async () => {
    const timers: NodeJS.Timeout[] = [];
    const { server } = await serve({
      intercept: (request, response) => {
        if (!isObjects(request.url)) return false;
        response.writeHead(200);
        timers.push(setInterval(() => response.write(' '), 20));
        return true;
      },
    });
    const { report } = await sync(server.url, folder(), {}, { timeoutMs: 300, maxTries: 2 });
    for (const timer of timers) clearInterval(timer);
    expect(report.diagnostics[0]?.message).toContain('no complete answer within 0.3 s');
    expect(timers).toHaveLength(2);
  });

  it.each([
    ['a page for people', 200, '<!doctype html><title>Log in</title>', 'not JSON, but "text/html"'],
    ['a list', 200, '[]', 'not JSON, but "text/html"'],
    ['406', 406, '{"title":"not acceptable"}', 'answers 406: not acceptable'],
  ])('that answers with %s is named with it', async (_, status, body, said) => {
    const { server } = await serve({
      intercept: (request, response) =>
        isObjects(request.url) && reply(response, status, body, { 'content-type': 'text/html' }),
    });
    const { report } = await sync(server.url, folder(), {}, { maxTries: 2 });
    expect(report.complete).toBe(false);
    expect(report.diagnostics[0]?.message).toContain(said);
    expect(report.diagnostics).toHaveLength(1);
  });

  it('that says text/plain, or begins with a byte order mark, is understood', async () => {
    const { server } = await serve({
      intercept: (request, response) =>
        isObjects(request.url) &&
        reply(response, 200, `\ufeff${text(objects(2))}`, { 'content-type': 'text/plain; charset=utf-8' }),
    });
    expect((await sync(server.url, folder())).ids).toEqual(ids(2));
  });

  it('that redirects a page to another one gets no credentials there, and the page counts as not fetched', async () => {
    const { server: other } = await serve({ objects: objects(3) });
    const { server } = await serve({
      intercept: (request, response) =>
        isObjects(request.url) && reply(response, 307, '', { location: `${other.url}${request.url}` }),
    });
    const { report } = await sync(server.url, folder(), {}, { auth: { kind: 'bearer', token: 't0ken' } });
    expect(report.diagnostics[0]?.message).toContain('redirects to another server');
    expect(other.requests).toEqual([]);
  });

  it.each(['0', '-1', 'Sun, 06 Nov 1994 08:49:37 GMT'])(
    'that asks to be left alone for no time at all (%s) is left alone as after any failure',
    async (value) => {
      let failures = 2;
      const { server } = await serve({
        objects: objects(3),
        intercept: (request, response) =>
          isObjects(request.url) && failures-- > 0 && reply(response, 429, '', { 'retry-after': value }),
      });
      const { report, waits } = await sync(server.url, folder());
      expect(report).toMatchObject({ complete: true, added: 3 });
      expect(waits).toEqual([1_000, 2_000]);
    },
  );

  it.each(['2.1', '2.0'] as const)(
    'whose proxy finds pages too large is asked for smaller ones (%s)',
    async (version) => {
      const sizes: number[] = [];
      const { server } = await serve({
        version,
        objects: objects(50),
        maxPage: 100,
        intercept: (request, response) => {
          if (!isObjects(request.url)) return false;
          const [first = 0, last = 0] = (request.headers.range ?? '').match(/\d+/g)?.map(Number) ?? [];
          const limit = new URL(request.url ?? '', 'http://127.0.0.1').searchParams.get('limit');
          const size = version === '2.1' ? Number(limit) : last - first + 1;
          sizes.push(size);
          return size > 20 && reply(response, 413, '<html>Request Entity Too Large</html>');
        },
      });
      const { report, ids: stored, waits } = await sync(server.url, folder(), { pageSize: 200 });
      expect(report.complete).toBe(true);
      expect(stored).toEqual(ids(50));
      expect(waits).toEqual([]);
      expect(sizes.slice(0, 3)).toEqual([200, 50, 13]);
      const { server: mean } = await serve({
        version,
        intercept: (request, response) => isObjects(request.url) && reply(response, 413, ''),
      });
      const left = await sync(mean.url, folder());
      expect(left.report.diagnostics[0]?.message).toContain('answers 413');
      expect(mean.requests.length).toBeLessThan(20);
    },
  );

  it('whose next is a number is followed', async () => {
    const { server } = await serve({
      intercept: (request, response) => {
        if (!isObjects(request.url)) return false;
        const from = Number(new URL(request.url ?? '', 'http://127.0.0.1').searchParams.get('next') ?? 0);
        const more = from < 6 ? { more: true, next: from + 3 } : {};
        return reply(response, 200, text(objects(3, from), more));
      },
    });
    expect((await sync(server.url, folder())).ids).toEqual(ids(9));
  });

  it.each([
    ['null for no objects', '{"more":null,"next":null,"objects":null}'],
    ['an envelope without members', '{}'],
  ])('that answers %s has none', async (_, body) => {
    const { server } = await serve({
      intercept: (request, response) => isObjects(request.url) && reply(response, 200, body),
    });
    expect((await sync(server.url, folder())).report).toMatchObject({ complete: true, damaged: 0, diagnostics: [] });
  });

  it.each([
    ['a redirect that leads nowhere', 302, '', {}, 'answers 302'],
    ['"not modified", which nobody asked', 304, '', {}, 'answers 304'],
    ['an error that calls itself a success', 200, '{"title":"out of order","http_status":"500"}', {}, 'out of order'],
    ['what nobody can unpack', 200, 'br', { 'content-encoding': 'br' }, 'compressed ("br")'],
    ['lines of its own', 400, '{"title":"bad\\r\\nerror: all is well"}', {}, 'answers 400: bad error: all is well'],
  ] as const)('that answers with %s counts as failed, and says so', async (_, status, body, headers, said) => {
    const { server } = await serve({
      intercept: (request, response) => isObjects(request.url) && reply(response, status, body, headers),
    });
    const { report } = await sync(server.url, folder());
    expect(report.complete).toBe(false);
    expect(report.diagnostics[0]?.message).toContain(said);
  });
});
