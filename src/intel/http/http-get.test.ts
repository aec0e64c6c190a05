import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { TEST_CERTIFICATE, TEST_KEY } from '../../testing/tls-certificate.ts';
import { type GetOptions, httpGet } from './http-get.ts';
import { type Credentials, redacted } from './request-auth.ts';

const cleanup: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanup.splice(0)) await clean();
});

async function listen(server: Server, scheme: 'http' | 'https'): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const plain = (answer: RequestListener): Promise<string> => listen(createServer(answer), 'http');

/** A server that takes clients with a certificate of the test's authority only. */
function mutual(answer: RequestListener): Promise<string> {
  const tls = { cert: TEST_CERTIFICATE, key: TEST_KEY, ca: TEST_CERTIFICATE, requestCert: true };
  return listen(createTlsServer({ ...tls, rejectUnauthorized: true }, answer), 'https');
}

async function get(address: string, more: Partial<GetOptions> = {}): Promise<{ status: number; text: string }> {
  const url = new URL(address);
  const { status, body } = await httpGet(url, {
    auth: { kind: 'none' },
    home: url,
    headers: {},
    timeoutMs: 5_000,
    maxBytes: 10_000,
    allowPrivateAddresses: true,
    otherOrigins: 'follow',
    ...more,
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return { status, text: Buffer.concat(chunks).toString('utf8') };
}

describe('a request with a client certificate', () => {
  const identity = { cert: TEST_CERTIFICATE, key: TEST_KEY };
  const nameOf: RequestListener = (request, response) => {
    const peer = (request.socket as TLSSocket).getPeerCertificate() as Partial<PeerCertificate>;
    response.end(`hello ${peer.subject?.CN}`);
  };

  it('is answered by a server that asks for one', async () => {
    const url = await mutual(nameOf);
    expect(await get(url, { tls: { ...identity, ca: TEST_CERTIFICATE } })).toEqual({
      status: 200,
      text: 'hello localhost',
    });
  });

  it('is refused without one, and refuses a server whose authority is not known', async () => {
    const url = await mutual(nameOf);
    await expect(get(url, { tls: { ca: TEST_CERTIFICATE } })).rejects.toMatchObject({ code: 'INTEL_FETCH_FAILED' });
    await expect(get(url, { tls: identity })).rejects.toThrow('DEPTH_ZERO_SELF_SIGNED_CERT');
  });

  it('shows it to its own server only, not to one it is redirected to', async () => {
    const url = await mutual(nameOf);
    const start = await mutual((_request, response) => response.writeHead(302, { location: url }).end());
    await expect(get(start, { tls: { ...identity, ca: TEST_CERTIFICATE } })).rejects.toMatchObject({
      code: 'INTEL_FETCH_FAILED',
    });
  });
});

describe('a redirect', () => {
  const auth = { kind: 'header', name: 'X-Key', value: 's3cret' } as const;

  it('keeps the credentials on its own server and loses them on another', async () => {
    const seen: (string | undefined)[] = [];
    const other = await plain((request, response) => {
      seen.push(request.headers['x-key'] as string | undefined);
      response.end('there');
    });
    const url = await plain((request, response) => {
      seen.push(request.headers['x-key'] as string | undefined);
      response.writeHead(302, { location: request.url === '/1' ? '/2' : `${other}/` }).end();
    });
    expect((await get(`${url}/1`, { auth })).text).toBe('there');
    expect(seen).toEqual(['s3cret', 's3cret', undefined]);
    await expect(get(`${url}/1`, { auth, otherOrigins: 'refuse' })).rejects.toThrow('redirects to another server');
    expect(seen).toHaveLength(5);
  });

  it('from https to http is refused', async () => {
    const url = await mutual((_request, response) => response.writeHead(301, { location: 'http://127.0.0.1/' }).end());
    const tls = { cert: TEST_CERTIFICATE, key: TEST_KEY, ca: TEST_CERTIFICATE };
    await expect(get(url, { tls })).rejects.toThrow('redirected from https to another protocol');
  });
});

describe('secrets', () => {
  it.each([
    ['basic', { auth: { kind: 'basic', user: 'u', password: 'p4ss' } }, 'p4ss and dTpwNHNz'],
    ['bearer', { auth: { kind: 'bearer', token: 't0ken' } }, 'Bearer t0ken'],
    ['header', { auth: { kind: 'header', name: 'X', value: 'v4lue' } }, 'v4lue'],
    ['passphrase', { auth: { kind: 'none' }, tls: { passphrase: 'w0rd' } }, 'w0rd'],
  ] as const)('are taken out of texts (%s)', (_name, credentials, text) => {
    expect(redacted(`echo ${text}`, credentials as Credentials)).toMatch(/^echo \*\*\*(?: and \*\*\*)?$/);
  });
});
