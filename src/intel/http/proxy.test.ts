import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { TEST_CERTIFICATE, TEST_KEY } from '../../testing/tls-certificate.ts';
import { type GetOptions, httpGet } from './http-get.ts';
import { proxyFor } from './proxy.ts';

const cleanup: (() => void)[] = [];
afterEach(() => {
  for (const clean of cleanup.splice(0)) clean();
});

async function listening(server: ReturnType<typeof createServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A proxy that leads every name to one port of this machine, and keeps what it was asked. */
async function proxyTo(port: number, status = 200): Promise<{ address: string; asked: IncomingMessage[] }> {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    response.end(`plain ${request.url}`);
  });
  server.on('connect', (request, socket, head) => {
    asked.push(request);
    if (status !== 200) {
      socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
      return;
    }
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.write(head);
      onward.pipe(socket);
      socket.pipe(onward);
    });
    for (const end of [onward, socket]) end.on('error', () => onward.destroy());
    cleanup.push(() => onward.destroy());
  });
  return { address: `http://127.0.0.1:${await listening(server)}`, asked };
}

async function get(address: string, more: Partial<GetOptions>): Promise<string> {
  const url = new URL(address);
  const { body } = await httpGet(url, {
    ...{ auth: { kind: 'header', name: 'X-Key', value: 's3cret' }, home: url, headers: {}, timeoutMs: 5_000 },
    ...{ maxBytes: 10_000, allowPrivateAddresses: false, otherOrigins: 'follow', ...more },
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

describe('a proxy', () => {
  it('is asked for an http address as a whole, and is told its own credentials', async () => {
    const { address, asked } = await proxyTo(0);
    const proxy = address.replace('//', '//me:p%40ss@');
    expect(await get('http://feed.example/list?k=1', { proxy })).toBe('plain http://feed.example/list?k=1');
    expect(asked[0]?.headers).toMatchObject({ host: 'feed.example', 'x-key': 's3cret' });
    expect(asked[0]?.headers['proxy-authorization']).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`);
  });

  it('carries https through a tunnel, and sees neither path nor credentials', async () => {
    const target = createTlsServer({ cert: TEST_CERTIFICATE, key: TEST_KEY }, (request, response) =>
      response.end(`${request.headers.host} ${request.url} ${request.headers['x-key']}`),
    );
    const { address, asked } = await proxyTo(await listening(target as never));
    const tls = { ca: TEST_CERTIFICATE };
    // The certificate is that of localhost, which with its full stop is no name of this machine to us.
    expect(await get('https://localhost.:8443/list', { proxy: address, tls })).toBe('localhost.:8443 /list s3cret');
    expect(asked.map(({ url, headers }) => [url, headers['x-key']])).toEqual([['localhost.:8443', undefined]]);
    await expect(get('https://feed.example/list', { proxy: address, tls })).rejects.toThrow('ERR_TLS_CERT_ALTNAME');
    await expect(get('https://localhost./list', { proxy: address })).rejects.toThrow('DEPTH_ZERO_SELF_SIGNED_CERT');
  });

  it('that refuses is named, without its credentials', async () => {
    const { address } = await proxyTo(0, 407);
    const proxy = address.replace('//', '//me:hidden@');
    const failure = await get('https://feed.example/', { proxy }).catch((error: Error) => error.message);
    expect(failure).toContain('answers 407');
    expect(failure).not.toContain('hidden');
    await expect(get('https://feed.example/', { proxy: 'http://127.0.0.1:1' })).rejects.toThrow(
      'the proxy 127.0.0.1:1: ECONNREFUSED',
    );
  });

  it('does not lead to addresses that are private, as far as they are known', async () => {
    const { address, asked } = await proxyTo(0);
    await expect(get('http://10.0.0.1/', { proxy: address })).rejects.toMatchObject({ code: 'INTEL_ADDRESS_REFUSED' });
    expect(asked).toEqual([]);
  });

  it.each([
    ['https://a.example/', {}, undefined],
    ['https://a.example/', { HTTPS_PROXY: 'http://p:3128' }, 'http://p:3128/'],
    ['http://a.example/', { HTTPS_PROXY: 'http://p:3128' }, undefined],
    ['http://a.example/', { http_proxy: 'p:3128' }, 'http://p:3128/'],
    ['https://a.example/', { https_proxy: 'p:1', no_proxy: 'b.example, .example' }, undefined],
    ['https://a.example/', { https_proxy: 'http://p:1', NO_PROXY: 'a.example:8443' }, 'http://p:1/'],
    ['https://a.example:8443/', { https_proxy: 'http://p:1', NO_PROXY: 'a.example:8443' }, undefined],
    ['https://nota.example/', { https_proxy: 'http://p:1', NO_PROXY: 'a.example' }, 'http://p:1/'],
    ['https://a.example/', { https_proxy: 'http://p:1', NO_PROXY: '*' }, undefined],
    ['https://127.0.0.1/', { https_proxy: 'http://p:1' }, undefined],
  ] as const)('stands in the environment: %s with %j', (url, environment, expected) => {
    expect(proxyFor(new URL(url), undefined, environment)?.href).toBe(expected);
  });

  it('of the source counts before that of the environment', () => {
    const environment = { https_proxy: 'http://p:1' };
    expect(proxyFor(new URL('https://a.example/'), 'none', environment)).toBeUndefined();
    expect(proxyFor(new URL('https://a.example/'), 'http://q:2', environment)?.href).toBe('http://q:2/');
  });
});
