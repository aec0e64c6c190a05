import { Buffer } from 'node:buffer';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { checkOptions } from '../config/options.ts';
import { hasSharedData, sharedData, sharedDataMissing } from '../testing/shared-data.ts';
import { TEST_CERTIFICATE, TEST_KEY } from '../testing/tls-certificate.ts';
import { assertCompliance, assertConservation, type TestContext, testContext } from './compliance.ts';
import { gelfInput } from './gelf.ts';
import type { Input, InputKind } from './input.ts';
import { jsonInput } from './json.ts';

const open: Input[] = [];

afterEach(async () => {
  for (const input of open.splice(0)) await input.stop();
});

function make(kind: InputKind, transport: string, given: Record<string, unknown> = {}, context = testContext()) {
  const { values, diagnostics } = checkOptions(kind.options, given, 'test');
  expect(diagnostics).toEqual([]);
  const address = { protocol: kind.protocol, transport, host: '127.0.0.1', port: 0, path: '', options: values };
  const input = kind.create(address, context);
  open.push(input);
  return { input, context };
}

async function sendUdp(address: string, datagrams: readonly Uint8Array[]): Promise<void> {
  const [host = '', port = ''] = address.split(':');
  const socket = createSocket('udp4');
  for (const datagram of datagrams)
    await new Promise<void>((resolve, reject) =>
      socket.send(datagram, Number(port), host, (error) => (error === null ? resolve() : reject(error))),
    );
  socket.close();
}

async function dial(address: string): Promise<Socket> {
  const [host = '', port = ''] = address.split(':');
  const socket = connect(Number(port), host);
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return socket;
}

async function closed(socket: Socket): Promise<void> {
  if (socket.closed) return;
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

function drops(context: TestContext): Readonly<Record<string, number>> {
  return context.counters.snapshot().dropped;
}

describe.each([
  ['gelf', gelfInput],
  ['json', jsonInput],
])('%s over UDP', (_name, kind) => {
  it('keeps the contract of inputs', async () => {
    const { input, context } = make(kind, 'udp');
    await assertCompliance(input, context, (to) => sendUdp(to, [Buffer.from('{"a":1}'), Buffer.from('text')]), 2);
    expect(context.intake.texts).toEqual(['{"a":1}', 'text']);
    expect(context.intake.records.map(({ position, line }) => [position, line])).toEqual([
      [0, 0],
      [1, 0],
    ]);
  });

  it('takes every form of datagram: S22 to S29 of the STIX Spark vectors', async () => {
    const { input, context } = make(kind, 'udp');
    await input.start();
    const long = `{"URL":"/${'x'.repeat(3000)}"}`;
    const pretty = '{\n  "a": [\n    1\n  ]\n}\n';
    const id = [0x1e, 0x0f, 1, 2, 3, 4, 5, 6, 7, 8];
    await sendUdp(input.boundAddress, [
      Buffer.from('{"DST_PORT":443,"URL":null}'),
      Buffer.from(long),
      gzipSync('{"gzip":1}'),
      deflateSync('{"zlib":1}'),
      Buffer.from(pretty),
      Buffer.concat([Buffer.from([...id, 1, 2]), Buffer.from('ked":1}')]),
      Buffer.concat([Buffer.from([...id, 0, 2]), Buffer.from('{"chun')]),
      Buffer.from('{"two":1}{"two":2}\n{"two":3}'),
      Buffer.from('[{"array":1},{"array":2}]'),
      Buffer.from('\nleading newline\0'),
      Buffer.from('line one\nline two\n'),
    ]);
    const expected = [
      '{"DST_PORT":443,"URL":null}',
      long,
      '{"gzip":1}',
      '{"zlib":1}',
      pretty.trim(),
      '{"chunked":1}',
      '{"two":1}',
      '{"two":2}',
      '{"two":3}',
      '{"array":1}',
      '{"array":2}',
      'leading newline',
      'line one',
      'line two',
    ];
    await context.intake.received(expected.length);
    expect(context.intake.texts).toEqual(expected);
    await input.stop();
    assertConservation(context);
    expect(drops(context)).toEqual({});
  });

  it('takes bursts of all forms whole and in order, and a datagram alone at once', async () => {
    const { input, context } = make(kind, 'udp');
    await input.start();
    const socket = createSocket({ type: 'udp4', sendBufferSize: 4 << 20 });
    const [host = '', port = ''] = input.boundAddress.split(':');
    await new Promise<void>((resolve) => socket.connect(Number(port), host, resolve));
    const expected: string[] = [];
    for (let burst = 0; burst < 4; burst++) {
      for (let n = 0; n < 300; n++) {
        const text = `{"burst":${burst},"n":${n},"x":"${'x'.repeat((n * 37) % 900)}"}`;
        const id = [0x1e, 0x0f, burst, n & 255, n >> 8, 4, 5, 6, 7, 8];
        const [begin, rest] = [text.slice(0, 9), text.slice(9)];
        const isChunked = burst > 0 && n % 50 === 49;
        if (isChunked) {
          socket.send(Buffer.concat([Buffer.from([...id, 1, 2]), Buffer.from(rest)]));
          socket.send(Buffer.concat([Buffer.from([...id, 0, 2]), Buffer.from(begin)]));
        } else socket.send(n % 60 === 11 ? gzipSync(text) : n % 60 === 12 ? `${text}\n\0` : text);
        expected.push(text);
      }
      await context.intake.received(expected.length);
      socket.send('{"alone":1}');
      expected.push('{"alone":1}');
      await context.intake.received(expected.length);
    }
    expect(context.intake.texts).toEqual(expected);
    expect(context.intake.records.map(({ position }) => position)).toEqual(expected.map((_, n) => n));
    expect(context.counters.snapshot().counts['received_datagrams']).toBe(4 * 301 + 3 * 6);
    socket.close();
    await input.stop();
    assertConservation(context);
    expect(drops(context)).toEqual({});
  });

  it('takes datagrams of 65,507 bytes and counts those without content', async () => {
    const { input, context } = make(kind, 'udp');
    await input.start();
    const largest = Buffer.alloc(65_507, 0x61);
    await sendUdp(input.boundAddress, [Buffer.alloc(0), largest, Buffer.from('\n\0'), Buffer.from('last')]);
    await context.intake.received(2);
    expect(context.intake.records.map(({ text }) => text.length)).toEqual([65_507, 4]);
    expect(drops(context)).toEqual({ empty: 2 });
    await input.stop();
    assertConservation(context);
  });

  it('counts bombs, damaged data and bad chunks, and goes on', async () => {
    const { input, context } = make(kind, 'udp');
    await input.start();
    await sendUdp(input.boundAddress, [
      gzipSync(Buffer.alloc(20 << 20)),
      gzipSync('cut off').subarray(0, 14),
      Buffer.from([0x1e, 0x0f, 1]),
      Buffer.from([0x1e, 0x0f, 1, 2, 3, 4, 5, 6, 7, 8, 0, 2, 0x61]),
      Buffer.from('next'),
    ]);
    await context.intake.received(1);
    await input.stop();
    expect(drops(context)).toEqual({ inflates_too_far: 1, bad_compression: 1, bad_chunk: 1, chunks_expired: 1 });
    expect(context.reported.filter((code) => code.startsWith('DATA_'))).toEqual([
      'DATA_INFLATES_TOO_FAR',
      'DATA_BAD_COMPRESSION',
      'DATA_BAD_CHUNK',
      'DATA_CHUNKS_LOST',
    ]);
    assertConservation(context);
  });

  it('drops and counts under pressure, and while too much is unsettled', async () => {
    const { input, context } = make(kind, 'udp', { pending_bytes: 65_536 });
    await input.start();
    context.intake.pressure = 1;
    await sendUdp(input.boundAddress, [Buffer.from('refused')]);
    await until(() => drops(context)['pressure'] === 1);
    context.intake.pressure = 0;
    context.intake.holding = true;
    await sendUdp(input.boundAddress, [Buffer.alloc(65_507, 0x61), Buffer.alloc(29, 0x62)]);
    await context.intake.received(2);
    await sendUdp(input.boundAddress, [Buffer.from('too much')]);
    await until(() => drops(context)['pressure'] === 2);
    expect(context.reported.filter((code) => code === 'ENV_OVERLOADED').length).toBe(2);
    context.intake.release();
    await input.stop();
    assertConservation(context);
  });

  it('says what receive buffer was granted, and warns when it is less than asked for', async () => {
    const { input, context } = make(kind, 'udp', { receive_buffer_bytes: 1_073_741_824 });
    await input.start();
    expect(context.counters.snapshot().gauges['receive_buffer_bytes']).toBeGreaterThan(1000);
    expect(context.reported).toEqual(['ENV_SMALL_RECEIVE_BUFFER']);
    const modest = make(kind, 'udp', { receive_buffer_bytes: 8192 });
    await modest.input.start();
    expect(modest.context.reported).toEqual([]);
  });

  it('refuses a port that is taken, by name', async () => {
    const { input } = make(kind, 'udp');
    await input.start();
    const port = Number(input.boundAddress.split(':')[1]);
    const { values } = checkOptions(kind.options, {}, 'test');
    const again = kind.create(
      { protocol: kind.protocol, transport: 'udp', host: '127.0.0.1', port, path: '', options: values },
      testContext(),
    );
    await expect(again.start()).rejects.toMatchObject({ diagnostics: [{ code: 'ENV_ADDRESS_IN_USE' }] });
  });
});

describe('gelf over TCP', () => {
  it('keeps the contract of inputs', async () => {
    const { input, context } = make(gelfInput, 'tcp');
    const send = async (to: string): Promise<void> => {
      const socket = await dial(to);
      socket.write('{"a":1}\0{"b":\n2}\0');
      await closed(socket);
    };
    await assertCompliance(input, context, send, 2);
    expect(context.intake.texts).toEqual(['{"a":1}', '{"b":\n2}']);
    expect(context.intake.records[0]?.path).toMatch(/^tcp:\/\/127\.0\.0\.1:\d+$/);
  });

  it.each([
    ['S30 newline-delimited', '{"a":1}\n{"b":2}\n', ['{"a":1}', '{"b":2}']],
    ['S31 NUL-delimited', '{"a":1}\0{"b":2}\0', ['{"a":1}', '{"b":2}']],
    ['S32 back to back', '{"a":1}{"b":2}', ['{"a":1}', '{"b":2}']],
    ['text lines', 'one\r\ntwo\n', ['one', 'two']],
    ['NUL-terminated text', 'one\0two\0', ['one', 'two']],
  ])('gives each record of %s at once, while the connection stays open', async (_name, bytes, expected) => {
    const { input, context } = make(gelfInput, 'tcp');
    await input.start();
    const socket = await dial(input.boundAddress);
    socket.write(bytes);
    await context.intake.received(expected.length);
    expect(context.intake.texts).toEqual(expected);
    socket.destroy();
  });

  it('serves many clients at once, byte by byte, with one number for each record', async () => {
    const { input, context } = make(gelfInput, 'tcp');
    await input.start();
    const sockets = await Promise.all(Array.from({ length: 50 }, () => dial(input.boundAddress)));
    for (const [k, socket] of sockets.entries()) socket.write(`{"client":${k},`);
    for (const [k, socket] of sockets.entries()) socket.write(`"n":1}\n{"client":${k},"n":2}\n`);
    await context.intake.received(100);
    for (const socket of sockets) socket.end();
    await Promise.all(sockets.map(closed));
    await input.stop();
    expect(new Set(context.intake.texts).size).toBe(100);
    assertConservation(context);
  });

  it('takes the last line without newline when the client leaves', async () => {
    const { input, context } = make(gelfInput, 'tcp');
    await input.start();
    const socket = await dial(input.boundAddress);
    socket.end('one\ntwo without end');
    await context.intake.received(2);
    expect(context.intake.texts).toEqual(['one', 'two without end']);
  });

  it('closes a client that stays silent with half a frame, and keeps what it sent', async () => {
    const { input, context } = make(gelfInput, 'tcp', { idle_seconds: 1 });
    await input.start();
    const socket = await dial(input.boundAddress);
    socket.write('{"half":');
    await closed(socket);
    await context.intake.received(1);
    expect(context.intake.texts).toEqual(['{"half":']);
    expect(context.reported).toContain('ENV_CLIENT_GIVEN_UP');
  });

  it('refuses clients beyond the limit and takes new ones when others leave', async () => {
    const { input, context } = make(gelfInput, 'tcp', { max_connections: 2 });
    await input.start();
    const [first, second] = [await dial(input.boundAddress), await dial(input.boundAddress)];
    await until(() => context.counters.snapshot().gauges['connections'] === 2);
    await closed(await dial(input.boundAddress));
    expect(context.reported).toEqual(['ENV_TOO_MANY_CLIENTS']);
    first.destroy();
    await until(() => context.counters.snapshot().gauges['connections'] === 1);
    const third = await dial(input.boundAddress);
    third.write('third\n');
    await context.intake.received(1);
    second.destroy();
    third.destroy();
  });

  it('drops a record beyond the limit, goes on with the next, and bounds what all clients hold', async () => {
    const { input, context } = make(gelfInput, 'tcp', {
      max_record_bytes: 100_000,
      buffer_bytes: 65_536,
      max_connections: 2,
    });
    await input.start();
    const socket = await dial(input.boundAddress);
    socket.write(`start\n${'x'.repeat(60_000)}`);
    await context.intake.received(1);
    await until(() => (context.counters.snapshot().gauges['buffer_bytes'] ?? 0) === 60_000);
    socket.write('x'.repeat(30_000));
    await closed(socket);
    expect(drops(context)).toEqual({ buffers_full: 1 });
    await input.stop();
    expect(context.counters.snapshot().gauges['buffer_bytes']).toBe(0);
    assertConservation(context);
  });

  it('holds a client back while too many of its records are unsettled', async () => {
    const { input, context } = make(gelfInput, 'tcp', { pending_bytes: 65_536 });
    await input.start();
    context.intake.holding = true;
    const socket = await dial(input.boundAddress);
    const line = `${'y'.repeat(999)}\n`;
    const total = 20_000;
    socket.write(line.repeat(total));
    await until(() => context.counters.snapshot().counts['held_back'] === 1);
    const waiting = context.intake.records.length;
    expect(waiting).toBeLessThan(total);
    context.intake.release();
    await context.intake.received(total);
    socket.end();
    await closed(socket);
    await input.stop();
    assertConservation(context);
  });
});

describe('json over TLS', () => {
  it('serves clients that trust its certificate, and counts a failed handshake', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flint-tls-'));
    writeFileSync(join(folder, 'cert.pem'), TEST_CERTIFICATE);
    writeFileSync(join(folder, 'key.pem'), TEST_KEY);
    const files = { cert_file: join(folder, 'cert.pem'), key_file: join(folder, 'key.pem') };
    const { input, context } = make(jsonInput, 'tls', files);
    await input.start();
    const port = Number(input.boundAddress.split(':')[1]);
    const plain = await dial(input.boundAddress);
    plain.on('error', () => {});
    plain.write('{"not":"tls"}\n');
    await closed(plain);
    await until(() => context.reported.includes('ENV_CLIENT_GIVEN_UP'));
    const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: TEST_CERTIFICATE });
    socket.write('{"a":1}\n{"b":2}\n');
    await context.intake.received(2);
    expect(context.intake.texts).toEqual(['{"a":1}', '{"b":2}']);
    expect(context.intake.records[0]?.path).toMatch(/^tls:/);
    socket.destroy();
    await input.stop();
    assertConservation(context);
    rmSync(folder, { recursive: true });
  });

  it('refuses to be made without certificate or with a file that is not there', () => {
    expect(() => make(jsonInput, 'tls')).toThrow('TLS needs "cert_file" and "key_file"');
    expect(() => make(jsonInput, 'tls', { cert_file: '/none', key_file: '/none' })).toThrow('cannot read "/none"');
  });
});

interface GelfCase {
  readonly transport: string;
  readonly datagrams_hex: readonly string[];
  readonly expect: Record<string, unknown> | null;
}

describe.skipIf(!hasSharedData('logs', 'gelf'))(`recorded GELF ${sharedDataMissing('logs', 'gelf')}`, () => {
  const cases = !hasSharedData('logs', 'gelf')
    ? []
    : readFileSync(sharedData('logs', 'gelf', 'gelf-cases.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as GelfCase);

  it('comes through the socket', async () => {
    for (const transport of ['udp', 'tcp']) {
      const { input, context } = make(gelfInput, transport);
      await input.start();
      const chosen = cases.filter((one) => one.transport.startsWith(transport) && one.expect !== null);
      expect(chosen.length).toBeGreaterThan(1);
      for (const one of chosen) {
        const datagrams = one.datagrams_hex.map((hex) => Buffer.from(hex, 'hex'));
        const before = context.intake.records.length;
        if (transport === 'udp') await sendUdp(input.boundAddress, datagrams);
        else {
          const socket = await dial(input.boundAddress);
          socket.write(Buffer.concat(datagrams));
          await context.intake.received(before + 1);
          socket.destroy();
        }
        await context.intake.received(before + 1);
        expect(JSON.parse(context.intake.texts.at(-1) ?? '')).toEqual(one.expect);
      }
    }
  });
});
