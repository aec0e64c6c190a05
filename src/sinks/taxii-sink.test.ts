import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { checkOptions } from '../config/options.ts';
import { FlintError } from '../errors/diagnostic.ts';
import { ComponentCounters } from '../telemetry/component-counters.ts';
import { Delivery } from './delivery.ts';
import { SinkError } from './sink.ts';
import { envelopes } from './taxii-envelope.ts';
import { taxiiKind } from './taxii-sink.ts';

const ID = '91a7b528-80eb-42ed-a74d-c6fbd5a26116';
const MEDIA = 'application/taxii+json;version=2.1';
const folder = mkdtempSync(join(tmpdir(), 'flint-taxii-sink-'));
writeFileSync(join(folder, 'secret'), 'p4ssword\n');
afterAll(() => rmSync(folder, { recursive: true }));

interface Script {
  canWrite: boolean;
  maxContentLength: number;
  /** Answers to POSTs in order; the last one is repeated. */
  posts: readonly (readonly [number, unknown, Record<string, string>?])[];
  /** Answers to requests for a status, in order. */
  statuses: unknown[];
  /** Answer to requests for a manifest. */
  manifest?: unknown;
  /** Status of every answer but those to POSTs. */
  reads?: number;
}

let server: Server | undefined;
const seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = [];
afterEach(async () => {
  seen.length = 0;
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
});

async function start(script: Partial<Script>): Promise<number> {
  const full: Script = {
    canWrite: true,
    maxContentLength: 100_000,
    posts: [[202, { id: 's-1', status: 'complete' }]],
    statuses: [],
    ...script,
  };
  let posts = 0;
  server = createServer((request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      seen.push({ method, url, headers, body });
      const collection = { id: ID, title: 'sightings', alias: 'seen', can_read: true, can_write: full.canWrite };
      const lists: Readonly<Record<string, unknown>> = {
        '/taxii2/': { title: 'test', api_roots: ['/root/'] },
        '/root/': { title: 'root', versions: [MEDIA], max_content_length: full.maxContentLength },
        '/root/collections/': { collections: [collection] },
        [`/root/collections/${ID}/`]: collection,
      };
      const send = (status: number, content: unknown, more: Record<string, string> = {}): void => {
        response.writeHead(status, { 'content-type': MEDIA, ...more }).end(JSON.stringify(content));
      };
      if (method === 'POST') send(...(full.posts[Math.min(posts++, full.posts.length - 1)] ?? [500, {}]));
      else if (full.reads !== undefined) send(full.reads, { title: 'no' });
      else if (url.includes('/manifest/') && full.manifest !== undefined) send(200, full.manifest);
      else if (url.startsWith('/root/status/')) {
        const status = full.statuses.shift();
        send(status === undefined ? 404 : 200, status ?? { title: 'expired' });
      } else send(Object.hasOwn(lists, url) ? 200 : 404, lists[url] ?? { title: 'not found' });
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server?.once('listening', resolve));
  return (server.address() as AddressInfo).port;
}

function open(port: number, options: Readonly<Record<string, unknown>> = {}, path = `/root/collections/${ID}/`) {
  const checked = checkOptions(taxiiKind.options, options, 'test');
  expect(checked.diagnostics).toEqual([]);
  const address = { protocol: 'taxii', transport: 'http', host: '127.0.0.1', port, path, options: checked.values };
  return taxiiKind.open(address, {
    name: 'taxii',
    now: Date.now,
    contentType: 'application/json',
    allowPrivateAddresses: true,
  });
}

const identity = { type: 'identity', id: 'identity--1', modified: 'm' };
function message(n: number, padding = '') {
  const objects = [identity, { type: 'sighting', id: `sighting--${n}`, modified: 'm', padding }];
  return { id: String(n), body: Buffer.from(JSON.stringify({ type: 'bundle', id: `bundle--${n}`, objects })) };
}
const posted = (): { ids: string[] }[] =>
  seen
    .filter(({ method }) => method === 'POST')
    .map(({ body }) => ({ ids: (JSON.parse(body) as { objects: { id: string }[] }).objects.map(({ id }) => id) }));

describe('taxii output', () => {
  it('adds the objects of many alerts in one envelope, each once, with the media types of TAXII 2.1', async () => {
    const sink = open(await start({}));
    await sink.send([message(1), message(2)]);
    await sink.send([message(3)]);
    await sink.close();
    expect(posted()).toEqual([
      { ids: ['identity--1', 'sighting--1', 'sighting--2'] },
      { ids: ['identity--1', 'sighting--3'] },
    ]);
    const post = seen.find(({ method }) => method === 'POST');
    expect(post?.url).toBe(`/root/collections/${ID}/objects/`);
    expect(post?.headers).toMatchObject({ accept: MEDIA, 'content-type': MEDIA });
    // Asked for once: what was learned is kept.
    expect(seen.filter(({ url }) => url === '/root/')).toHaveLength(1);
  });

  it.each([
    ['id', ID],
    ['alias', 'seen'],
    ['title', 'sightings'],
  ])('finds the collection by %s', async (_how, collection) => {
    const sink = open(await start({}), { collection }, '');
    await sink.send([message(1)]);
    await sink.close();
    expect(posted()).toHaveLength(1);
  });

  it('stays within max_content_length, and refuses an alert that is larger alone', async () => {
    const sink = open(await start({ maxContentLength: 400 }));
    const failure = await sink
      .send([
        message(1, 'x'.repeat(100)),
        message(2, 'x'.repeat(999)),
        message(3, 'x'.repeat(100)),
        message(4, 'x'.repeat(100)),
      ])
      .catch((error) => error);
    await sink.close();
    expect(failure).toBeInstanceOf(SinkError);
    expect(failure).toMatchObject({ retryable: false, delivered: 4, refused: 1 });
    for (const { body } of seen) expect(Buffer.byteLength(body)).toBeLessThanOrEqual(400);
    expect(posted().flatMap(({ ids }) => ids.filter((id) => id !== 'identity--1'))).toEqual([
      'sighting--1',
      'sighting--3',
      'sighting--4',
    ]);
  });

  it('halves an envelope that the server finds too large', async () => {
    const complete = { id: 's', status: 'complete' };
    const sink = open(
      await start({
        posts: [
          [413, {}],
          [202, complete],
        ],
      }),
    );
    await sink.send([message(1), message(2), message(3)]);
    await sink.close();
    expect(posted().slice(1)).toEqual([
      { ids: ['identity--1', 'sighting--1', 'sighting--2'] },
      { ids: ['identity--1', 'sighting--3'] },
    ]);
  });

  it('asks for the status until it is complete, and reports what the server refused', async () => {
    const pending = { id: 's-1', status: 'pending', pending_count: 3 };
    const sink = open(
      await start({
        posts: [[202, pending]],
        statuses: [
          pending,
          { id: 's-1', status: 'complete', failures: [{ id: 'sighting--2', version: 'm', message: 'bad' }] },
        ],
      }),
    );
    const failure = await sink.send([message(1), message(2)]).catch((error) => error);
    await sink.close();
    expect(failure).toMatchObject({ retryable: false, delivered: 2, refused: 1 });
    expect(failure.message).toContain('bad');
    expect(seen.filter(({ url }) => url === '/root/status/s-1/')).toHaveLength(2);
  });

  it('takes a manifest as it comes: entries that are none count for nothing', async () => {
    const status = { id: 's-1', status: 'complete', failures: [null, 7, { id: 'sighting--2', version: 'm' }] };
    const sink = open(await start({ posts: [[202, status]], manifest: { objects: [null, 'x', {}] } }));
    const failure = await sink.send([message(1), message(2)]).catch((error) => error);
    await sink.close();
    expect(failure).toMatchObject({ retryable: false, delivered: 2, refused: 1 });
  });

  it('trusts the server with what it accepted when the status is forgotten or never ends', async () => {
    const pending = { id: 's-1', status: 'pending' };
    const forgotten = open(await start({ posts: [[202, pending]] }));
    await forgotten.send([message(1)]);
    await forgotten.close();
    expect(seen.at(-1)?.url).toBe('/root/status/s-1/');
    server?.close();
    const endless = open(await start({ posts: [[202, pending]], statuses: Array(1000).fill(pending) }), {
      status_ms: 200,
    });
    await endless.send([message(1)]);
    await endless.close();
  });

  it.each([
    [202, undefined],
    [200, 'added'],
    [201, []],
  ])('takes %d without a status for what it says: the objects are not sent again', async (status, body) => {
    const sink = open(await start({ posts: [[status, body]] }));
    await sink.send([message(1)]);
    await sink.close();
    expect(posted()).toHaveLength(1);
  });

  it.each([
    [422, {}, { retryable: false }],
    [401, {}, { retryable: true }],
    [503, { 'retry-after': '7' }, { retryable: true, retryAfterMs: 7000 }],
    [429, { 'retry-after': '1' }, { retryable: true, retryAfterMs: 1000 }],
  ])('answers to %d are told as what they are', async (status, headers, expected) => {
    const sink = open(await start({ posts: [[status, { title: 'no' }, headers]] }));
    await expect(sink.send([message(1)])).rejects.toMatchObject(expected);
    await sink.close();
  });

  it.each([400, 404, 413, 422])(
    'takes %d while it looks for the collection for no refusal of an alert',
    async (reads) => {
      const sink = open(await start({ reads }));
      await expect(sink.send([message(1)])).rejects.toMatchObject({ retryable: true, refused: 0 });
      await sink.close();
      expect(posted()).toEqual([]);
    },
  );

  it('waits while the collection may not be written', async () => {
    const sink = open(await start({ canWrite: false }));
    await expect(sink.send([message(1)])).rejects.toMatchObject({ retryable: true });
    await sink.close();
    expect(posted()).toEqual([]);
  });

  it('authenticates, and keeps the secret out of messages', async () => {
    // The second one would be cut in the middle.
    const title = `wrong p4ssword ${'x'.repeat(180)} p4ssword`;
    const port = await start({ posts: [[401, { title }]] });
    const sink = open(port, { user: 'flint', password_file: join(folder, 'secret') });
    const failure = (await sink.send([message(1)]).catch((error) => error)) as SinkError;
    await sink.close();
    expect(seen.at(-1)?.headers.authorization).toBe(`Basic ${Buffer.from('flint:p4ssword').toString('base64')}`);
    expect(failure.message).toContain('wrong ***');
    expect(failure.message).not.toContain('p4ss');
  });

  it('refuses credentials that contradict or cannot be read', () => {
    const secret = join(folder, 'secret');
    for (const options of [
      { user: 'u', token_file: secret },
      { password_file: secret },
      { token_header: 'X-Key' },
      { token_env: 'FLINT_TEST_NO_SUCH_VARIABLE' },
      { token_file: join(folder, 'none') },
      { cert_file: secret },
    ])
      expect(() => open(1, options), JSON.stringify(options)).toThrow(FlintError);
  });

  it('delivers through the queue: refused alerts are dropped once, the others counted as delivered', async () => {
    const failures = [{ id: 'sighting--2', message: 'bad' }];
    const counters = new ComponentCounters('sink', 'taxii');
    const nothing = () => {};
    const delivery = await Delivery.open({
      sink: open(
        await start({
          posts: [
            [503, {}],
            [202, { id: 's', status: 'complete', failures }],
          ],
        }),
      ),
      counters,
      logger: { debug: nothing, info: nothing, warn: nothing, error: nothing } as never,
      now: Date.now,
      random: () => 0,
      sleep: async () => {},
      attempts: Number.POSITIVE_INFINITY,
    });
    await delivery.enqueue([message(1), message(2), message(3)]);
    await delivery.close(1000);
    expect(counters.snapshot()).toMatchObject({
      counts: { enqueued: 3, delivered: 2, retries: 1 },
      dropped: { refused: 1 },
    });
  });
});

describe('envelopes', () => {
  it('never tear a message, and set apart what is no bundle', () => {
    const odd = { id: 'x', body: Buffer.from('{"a":1}') };
    const broken = { id: 'y', body: Buffer.from('{') };
    const made = [...envelopes([message(1), odd, message(2), message(3), broken], 10_000)];
    expect(made.map(({ messages, problem }) => [messages, problem])).toEqual([
      [1, undefined],
      [1, 'the message is no STIX bundle'],
      [2, undefined],
      [1, 'the message is no STIX bundle'],
    ]);
  });
});
