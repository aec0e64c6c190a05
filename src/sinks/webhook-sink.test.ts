import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TEST_CERTIFICATE, TEST_KEY } from '../testing/tls-certificate.ts';
import type { SinkContext } from './sink.ts';
import { webhookKind } from './webhook-sink.ts';

const message = (text: string) => ({ id: text, body: Buffer.from(text) });
const context: SinkContext = {
  name: 'o',
  now: () => 0,
  contentType: 'application/json',
  allowPrivateAddresses: true,
  lookup: async () => ({ address: '127.0.0.1', family: 4 }),
};

interface Seen {
  readonly url: string | undefined;
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

describe('webhook', () => {
  let server: Server;
  let directory: string;
  const seen: Seen[] = [];
  const answers: [number, Record<string, string>][] = [];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'flint-hook-'));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(directory, { recursive: true });
    seen.length = 0;
    answers.length = 0;
  });

  async function start(secure = false): Promise<number> {
    const handle: Parameters<typeof createServer>[1] = (request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        seen.push({ url: request.url, method: request.method, headers: request.headers, body });
        const [status, headers] = answers.shift() ?? [204, {}];
        if (status > 0) response.writeHead(status, headers).end();
      });
    };
    server = secure ? createHttpsServer({ cert: TEST_CERTIFICATE, key: TEST_KEY }, handle) : createServer(handle);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  const open = (
    port: number,
    options: Record<string, unknown> = {},
    more: Partial<SinkContext> = {},
    transport = 'http',
  ) =>
    webhookKind.open(
      { protocol: 'webhook', transport, host: 'localhost', port, path: '/in coming', options },
      { ...context, ...more },
    );

  it.each([
    ['ndjson', '{"a":1}\n{"b":2}\n', 'application/x-ndjson'],
    ['array', '[{"a":1},{"b":2}]', 'application/json'],
  ])('posts a batch as %s', async (body, expected, type) => {
    writeFileSync(join(directory, 'token'), 's3cret\nmore\n');
    const port = await start();
    const sink = open(port, {
      body,
      query: 'k=v',
      headers: { 'x-team': 'blue' },
      token_file: join(directory, 'token'),
    });
    await sink.send([message('{"a":1}'), message('{"b":2}')]);
    await sink.close();
    expect(seen).toMatchObject([{ method: 'POST', url: '/in%20coming?k=v', body: expected }]);
    expect(seen[0]?.headers).toMatchObject({
      'content-type': type,
      authorization: 'Bearer s3cret',
      'x-team': 'blue',
      host: `localhost:${port}`,
    });
  });

  it('posts one by one when asked, and says how many were taken', async () => {
    const sink = open(await start(), { body: 'single' });
    answers.push([200, {}], [422, {}]);
    await expect(sink.send([message('1'), message('2'), message('3')])).rejects.toMatchObject({
      retryable: false,
      delivered: 1,
    });
    expect(seen.map(({ body }) => body)).toEqual(['1', '2']);
    await sink.close();
  });

  it('hands on what the destination asks for', async () => {
    const sink = open(await start());
    answers.push(
      [429, { 'retry-after': '7' }],
      [503, { 'retry-after': new Date(9000).toUTCString(), date: new Date(0).toUTCString() }],
      [500, {}],
      [400, {}],
    );
    await expect(sink.send([message('1')])).rejects.toMatchObject({ retryable: true, retryAfterMs: 7000 });
    await expect(sink.send([message('1')])).rejects.toMatchObject({ retryable: true, retryAfterMs: 9000 });
    await expect(sink.send([message('1')])).rejects.toMatchObject({ retryable: true, retryAfterMs: undefined });
    await expect(sink.send([message('1')])).rejects.toMatchObject({ retryable: false });
    await sink.close();
  });

  it('does not follow redirects', async () => {
    const port = await start();
    const sink = open(port);
    answers.push([307, { location: `http://localhost:${port}/elsewhere` }]);
    await expect(sink.send([message('1')])).rejects.toMatchObject({
      retryable: true,
      message: expect.stringContaining('307'),
    });
    expect(seen).toHaveLength(1);
    await sink.close();
  });

  it('refuses private addresses before it connects', async () => {
    const sink = open(await start(), {}, { allowPrivateAddresses: false });
    await expect(sink.send([message('1')])).rejects.toThrow('private address');
    expect(seen).toHaveLength(0);
    await sink.close();
  });

  it('gives up an answer that does not come, and at once when closed', async () => {
    const port = await start();
    answers.push([0, {}], [0, {}]);
    const hasty = open(port, { timeout_ms: 30 });
    await expect(hasty.send([message('1')])).rejects.toThrow('no answer for 30 ms');
    await hasty.close();
    const closed = open(port, { timeout_ms: 600_000 });
    const sending = closed.send([message('1')]);
    const settled = expect(sending).rejects.toThrow('sink is closed');
    await closed.close();
    await settled;
  });

  it('checks the certificate', async () => {
    const port = await start(true);
    const untrusting = open(port, {}, {}, 'https');
    await expect(untrusting.send([message('1')])).rejects.toThrow('SELF_SIGNED');
    await untrusting.close();
    writeFileSync(join(directory, 'ca.pem'), TEST_CERTIFICATE);
    const trusting = open(port, { ca_file: join(directory, 'ca.pem') }, {}, 'https');
    await trusting.send([message('1')]);
    expect(seen).toHaveLength(1);
    await trusting.close();
  });

  it('names the place of a missing token, not more', async () => {
    const port = await start();
    expect(() => open(port, { token_env: 'FLINT_TEST_NO_SUCH_TOKEN' })).toThrow(
      'no usable token in environment variable "FLINT_TEST_NO_SUCH_TOKEN"',
    );
  });
});
