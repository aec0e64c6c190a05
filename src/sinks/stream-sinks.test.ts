/** Sinks over TCP and TLS against servers on the loopback. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { TEST_CERTIFICATE, TEST_KEY } from '../testing/tls-certificate.ts';
import { gelfKind } from './gelf-sink.ts';
import { jsonKind } from './json-sink.ts';
import type { SinkAddress, SinkContext } from './sink.ts';
import { cefKind, syslogKind } from './syslog-sink.ts';

const context: SinkContext = {
  name: 'out',
  now: () => 0,
  contentType: 'application/json',
  allowPrivateAddresses: false,
  lookup: async () => ({ address: '127.0.0.1', family: 4 }),
};
const message = (text: string) => ({ id: text, body: Buffer.from(text) });

describe('stream sinks', () => {
  const servers: Server[] = [];
  const clients = new Set<Socket>();
  let received = '';
  const arrived: (() => void)[] = [];

  afterEach(async () => {
    for (const client of clients) client.destroy();
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
    clients.clear();
    received = '';
  });

  async function listen(tls: boolean, port = 0): Promise<number> {
    const onClient = (client: Socket) => {
      clients.add(client);
      client.on('error', () => client.destroy());
      client.on('data', (bytes) => {
        received += bytes.toString('latin1');
        for (const resolve of arrived.splice(0)) resolve();
      });
    };
    const server = tls ? createTlsServer({ cert: TEST_CERTIFICATE, key: TEST_KEY }, onClient) : createServer(onClient);
    servers.push(server);
    server.on('tlsClientError', () => {});
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  async function until(expected: string): Promise<void> {
    while (received.length < expected.length) await new Promise<void>((resolve) => arrived.push(resolve));
    expect(received).toBe(expected);
  }

  const address = (
    protocol: string,
    transport: string,
    port: number,
    options: Record<string, unknown> = {},
  ): SinkAddress => ({
    protocol,
    transport,
    host: 'localhost',
    port,
    path: '',
    options,
  });

  it.each([
    ['json lines', jsonKind, {}, 'a\nb c\n'],
    ['gelf with NUL', gelfKind, {}, 'a\0b\nc\0'],
    ['syslog with octet counts', syslogKind, {}, '1 a3 b\nc'],
    ['syslog with newlines', syslogKind, { framing: 'newline' }, 'a\nb c\n'],
    ['cef with octet counts', cefKind, {}, '1 a3 b\nc'],
  ] as const)('frame %s', async (_name, kind, options, expected) => {
    const port = await listen(false);
    const sink = kind.open(address(kind.protocol, 'tcp', port, options), context);
    await sink.send([message('a'), message('b\nc')]);
    await until(expected);
    await sink.close();
    await sink.close();
    await expect(sink.send([message('late')])).rejects.toMatchObject({ retryable: false });
  });

  it('connect again after the peer went away', async () => {
    const port = await listen(false);
    const sink = jsonKind.open(address('json', 'tcp', port), context);
    await sink.send([message('one')]);
    await until('one\n');
    const [client] = clients;
    client?.end();
    await once(client as Socket, 'close');
    await sink.send([message('two')]);
    await until('one\ntwo\n');
    await sink.close();
  });

  it('report a destination that refuses as worth trying again, and deliver when it is there', async () => {
    const port = await listen(false);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const sink = jsonKind.open(address('json', 'tcp', port), context);
    await expect(sink.send([message('one')])).rejects.toMatchObject({
      retryable: true,
      message: expect.stringContaining('ECONNREFUSED'),
    });
    await listen(false, port);
    await sink.send([message('one')]);
    await until('one\n');
    await sink.close();
  });

  describe('over TLS', () => {
    const directory = mkdtempSync(join(tmpdir(), 'flint-tls-'));
    const ca = join(directory, 'ca.pem');
    writeFileSync(ca, TEST_CERTIFICATE);
    afterEach(() => rmSync(join(directory, 'none'), { force: true }));

    it('deliver to a destination whose certificate is good', async () => {
      const port = await listen(true);
      const sink = syslogKind.open(address('syslog', 'tls', port, { ca_file: ca }), context);
      await sink.send([message('secret')]);
      await until('6 secret');
      await sink.close();
    });

    it('refuse a certificate that is not trusted, or of another name', async () => {
      const port = await listen(true);
      const untrusted = jsonKind.open(address('json', 'tls', port), context);
      await expect(untrusted.send([message('x')])).rejects.toMatchObject({
        retryable: true,
        message: expect.stringContaining('SELF_SIGNED'),
      });
      const elsewhere = jsonKind.open(
        { ...address('json', 'tls', port, { ca_file: ca }), host: 'other.example' },
        context,
      );
      await expect(elsewhere.send([message('x')])).rejects.toMatchObject({
        message: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID'),
      });
      expect(received).toBe('');
      await untrusted.close();
      await elsewhere.close();
      rmSync(directory, { recursive: true });
    });
  });
});
