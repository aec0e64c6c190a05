import { Buffer } from 'node:buffer';
import { type OutgoingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { checkOptions } from '../config/options.ts';
import { assertCompliance, assertConservation, type TestContext, testContext } from './compliance.ts';
import { httpInput } from './http.ts';
import type { Input } from './input.ts';

const open: Input[] = [];

afterEach(async () => {
  for (const input of open.splice(0)) await input.stop();
});

function make(given: Record<string, unknown> = {}, host = '127.0.0.1'): { input: Input; context: TestContext } {
  const { values, diagnostics } = checkOptions(httpInput.options, given, 'test');
  expect(diagnostics).toEqual([]);
  const context = testContext();
  const input = httpInput.create(
    { protocol: 'http', transport: 'tcp', host, port: 0, path: '', options: values },
    context,
  );
  open.push(input);
  return { input, context };
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

function post(
  to: string,
  body: string | Uint8Array,
  headers: OutgoingHttpHeaders = {},
  method = 'POST',
): Promise<Answer> {
  const [host = '', port = ''] = to.split(':');
  return new Promise((resolve, reject) => {
    const sent = request({ host, port: Number(port), method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: JSON.parse(text) });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('http', () => {
  it('keeps the contract of inputs', async () => {
    const { input, context } = make();
    const send = async (to: string): Promise<void> => {
      expect(await post(to, '{"a":1}\n{"b":2}\n')).toMatchObject({ status: 200, body: { accepted: 2, dropped: 0 } });
    };
    await assertCompliance(input, context, send, 2);
  });

  it('takes NDJSON, arrays, pretty-printed JSON and text, in every encoding', async () => {
    const { input, context } = make();
    await input.start();
    const to = input.boundAddress;
    const zstd = Buffer.from('28b52ffd04584100007b2261223a317d0ae2efece0', 'hex');
    const bodies: [string | Uint8Array, OutgoingHttpHeaders, number][] = [
      ['[{"a":1},{"b":2}]', {}, 2],
      ['{\n "a": 1\n}\n{\n "b": 2\n}', {}, 2],
      ['text one\ntext two', {}, 2],
      [gzipSync('{"a":1}\n{"b":2}'), { 'Content-Encoding': 'gzip' }, 2],
      [deflateSync('{"a":1}\n{"b":2}'), { 'Content-Encoding': 'deflate' }, 2],
      [zstd, { 'Content-Encoding': 'zstd' }, 1],
      [gzipSync('by its magic'), {}, 1],
      ['', {}, 0],
    ];
    for (const [body, headers, accepted] of bodies)
      expect(await post(to, body, headers)).toMatchObject({ status: 200, body: { accepted, dropped: 0 } });
    await input.stop();
    assertConservation(context);
  });

  it('answers only when the records are settled', async () => {
    const { input, context } = make();
    await input.start();
    context.intake.holding = true;
    let answered = false;
    const answer = post(input.boundAddress, '{"a":1}').then((got) => {
      answered = true;
      return got;
    });
    await context.intake.received(1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(answered).toBe(false);
    context.intake.release();
    expect((await answer).status).toBe(200);
  });

  it('answers 429 with Retry-After under pressure and takes nothing', async () => {
    const { input, context } = make();
    await input.start();
    context.intake.pressure = 1;
    const answer = await post(input.boundAddress, 'x'.repeat(100_000));
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '1']);
    context.intake.pressure = 0;
    expect((await post(input.boundAddress, 'x')).status).toBe(200);
    expect(context.intake.texts).toEqual(['x']);
  });

  it('answers 413 to long bodies, announced or not, and 400 to bombs and damage', async () => {
    const { input, context } = make({ max_body_bytes: 100_000, max_inflated_bytes: 1_000_000 });
    await input.start();
    const to = input.boundAddress;
    expect((await post(to, '', { 'Content-Length': 200_000 }).catch(() => ({ status: 413 }))).status).toBe(413);
    const chunked = await post(to, 'y'.repeat(120_000), { 'Transfer-Encoding': 'chunked' });
    expect(chunked.status).toBe(413);
    const bomb = await post(to, gzipSync(Buffer.alloc(20_000_000)), { 'Content-Encoding': 'gzip' });
    expect([bomb.status, bomb.body]).toEqual([400, { error: 'compressed data inflates too far' }]);
    const damaged = await post(to, gzipSync('{"a":1}').subarray(0, 15), { 'Content-Encoding': 'gzip' });
    expect(damaged.status).toBe(400);
    expect((await post(to, 'x', { 'Content-Encoding': 'br' })).status).toBe(415);
    expect(context.counters.snapshot().dropped).toMatchObject({ inflates_too_far: 1, bad_compression: 1 });
    await input.stop();
    assertConservation(context);
  });

  it('wants the token when one is set, and one when it listens off loopback', async () => {
    const { input, context } = make({ token: 'secret-token' });
    await input.start();
    const to = input.boundAddress;
    for (const authorization of [undefined, 'Bearer wrong', 'secret-token', 'Bearer secret-token2']) {
      const answer = await post(to, '{}', authorization === undefined ? {} : { Authorization: authorization });
      expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer']);
    }
    expect((await post(to, '{}', { Authorization: 'Bearer secret-token' })).status).toBe(200);
    expect(context.intake.texts).toEqual(['{}']);
    const outside = make({}, '0.0.0.0');
    await expect(outside.input.start()).rejects.toMatchObject({ diagnostics: [{ code: 'CONFIG_BAD_VALUE' }] });
  });

  it('refuses foreign Host headers, web pages and other methods', async () => {
    const { input, context } = make();
    await input.start();
    const to = input.boundAddress;
    expect((await post(to, '{}', { Host: 'attacker.example' })).status).toBe(403);
    expect((await post(to, '{}', { Host: '127.0.0.1.attacker.example' })).status).toBe(403);
    expect((await post(to, '{}', { Origin: 'http://attacker.example' })).status).toBe(403);
    expect((await post(to, '{}', { Host: 'localhost:1' })).status).toBe(200);
    expect((await post(to, '{}', { Host: '[::1]:1' })).status).toBe(200);
    expect((await post(to, '', {}, 'GET')).status).toBe(405);
    expect(context.intake.texts).toEqual(['{}', '{}']);
  });

  it('closes a slow sender and takes no half record from it', async () => {
    const { input, context } = make({ request_seconds: 1 });
    await input.start();
    const [host = '', port = ''] = input.boundAddress.split(':');
    const socket = connect(Number(port), host);
    socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{"a":1}\n{"half":');
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      socket.on('close', () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 408/);
    expect(context.intake.texts).toEqual(['{"a":1}']);
    await input.stop();
    assertConservation(context);
  });

  it('answers 500 and acknowledges nothing when the intake fails', async () => {
    const { input, context } = make();
    await input.start();
    context.intake.push = () => Promise.reject(new Error('broken'));
    expect((await post(input.boundAddress, '{"a":1}')).status).toBe(500);
    expect(context.reported).toEqual(['ENV_INTAKE_FAILED']);
  });

  it('stops at once although a body is still arriving', async () => {
    const { input, context } = make();
    await input.start();
    const [host = '', port = ''] = input.boundAddress.split(':');
    const socket = connect(Number(port), host);
    socket.on('error', () => {});
    socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{"a":1}\n');
    await context.intake.received(1);
    await input.stop();
    socket.destroy();
    assertConservation(context);
  });
});
