/**
 * Bad input through real sockets of one running service: whatever is sent, it is counted under its code, sampled where it makes sense,
 * and the records before and after it are matched. At the end the sums must hold: received = matched + dropped by reason.
 */
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FlintProcess, pause, temporaryFolder, total } from '../../testing/flint-process.ts';

const BAD_NAME = 'bad.example.org';
const RECORD_BYTES = 16 << 20;
const folder = temporaryFolder();
const dataDir = join(folder.path, 'data');
let flint: FlintProcess;
let udp: DatagramSocket;
let valid = 0;

beforeAll(async () => {
  const list = join(folder.path, 'list.txt');
  writeFileSync(list, `${BAD_NAME}\n`);
  flint = new FlintProcess({
    args: [
      ...['run', '--data-dir', dataDir, '--intel', list, '--http', '127.0.0.1:0', '--output', 'stdout:'],
      ...['--listen', 'gelf+udp://127.0.0.1:0', '--listen', 'json+tcp://127.0.0.1:0'],
      ...[
        '--listen',
        'json+tcp://127.0.0.1:0?idle_seconds=1&framing=octet-counting&buffer_bytes=65536&max_connections=4',
      ],
      ...['--listen', 'http://127.0.0.1:0?request_seconds=1&max_body_bytes=1000000'],
    ],
    env: { FLINT_ALERTS__SUPPRESS_SECONDS: '0', FLINT_ALERTS__ORIGINAL: 'false' },
  });
  await flint.logged('ready');
  udp = createSocket('udp4');
});

afterAll(async () => {
  udp.close();
  await flint.stop();
  folder.remove();
});

interface AlertLine {
  readonly flint: { readonly matched: readonly { readonly field: string; readonly value: string }[] };
  readonly event: { readonly id: string };
}

function alerts(): readonly AlertLine[] {
  return flint.lines.map((line) => JSON.parse(line) as AlertLine);
}

function matchedValues(): readonly string[] {
  return alerts().flatMap((alert) => alert.flint.matched.map(({ value }) => value));
}

async function datagram(bytes: Uint8Array | string): Promise<void> {
  const port = await flint.port('gelf+udp');
  await new Promise<void>((resolve, reject) =>
    udp.send(bytes, port, '127.0.0.1', (error) => (error === null ? resolve() : reject(error))),
  );
}

/** A record that must alert; its name tells it apart. */
function good(): { readonly name: string; readonly text: string } {
  const name = `n${++valid}.${BAD_NAME}`;
  return { name, text: JSON.stringify({ domain: name }) };
}

async function alerted(name: string): Promise<void> {
  await flint.until(() => matchedValues().includes(name), `an alert on ${name}`);
}

async function errors(component: 'input' | 'engine', code: string): Promise<number> {
  return total(await flint.metrics(), `flint_${component}_errors_total`, `code="${code}"`);
}

async function dropped(reason: string): Promise<number> {
  return total(await flint.metrics(), 'flint_input_dropped_total', `reason="${reason}"`);
}

/** Threads report what they count a little later; a count that goes beyond is wrong for ever. */
async function reaches(count: () => Promise<number>, expected: number): Promise<void> {
  await flint.until(async () => (await count()) >= expected, `a count of ${expected}`);
  expect(await count()).toBe(expected);
}

/** Sends bad datagrams between two good ones, both of which must alert. */
async function between(bad: readonly (Uint8Array | string)[]): Promise<void> {
  const before = good();
  const after = good();
  await datagram(before.text);
  for (const bytes of bad) await datagram(bytes);
  await datagram(after.text);
  await alerted(before.name);
  await alerted(after.name);
}

async function clientTo(input: string, index = 0): Promise<Socket> {
  await flint.logged('ready');
  const lines = flint.log.filter((line) => line.message === 'input ready' && String(line.input).includes(input));
  const port = Number(/:(\d+)$/.exec(String(lines[index]?.address))?.[1]);
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

function closed(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => (socket.destroyed ? resolve(undefined) : socket.once('close', resolve)));
}

function deadLetters(): readonly { readonly code: string; readonly sample?: string; readonly input: string }[] {
  const file = join(dataDir, 'dead-letters.ndjson');
  const text = existsSync(file) ? readFileSync(file, 'latin1') : '';
  expect([...text].every((char) => char === '\n' || (char >= ' ' && char <= '~'))).toBe(true);
  // The last line may still be being written.
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { code: string; input: string });
}

async function sampled(code: string, sample: string): Promise<void> {
  await flint.until(
    () => deadLetters().some((letter) => letter.code === code && (letter.sample ?? '').includes(sample)),
    `a sample of ${code} with ${sample}`,
  );
}

describe('datagrams', () => {
  it('without a byte, with blanks only', async () => {
    await between(['', '\n', '\0']);
    await reaches(() => dropped('empty'), 3);
    await reaches(() => errors('input', 'DATA_EMPTY'), 3);
  });

  it('of the greatest size, with an indicator at the end and without', async () => {
    const head = '{"pad":"';
    const tail = `","domain":"big.${BAD_NAME}"}`;
    await between([head + 'x'.repeat(65_507 - head.length - tail.length) + tail, 'y'.repeat(65_507)]);
    await alerted(`big.${BAD_NAME}`);
  });

  it('that are no JSON are searched as text, counted and sampled', async () => {
    await between([`{"domain":"text.${BAD_NAME}", oops \u001b[31m`]);
    await alerted(`text.${BAD_NAME}`);
    await reaches(() => errors('engine', 'DATA_BAD_JSON'), 1);
    await sampled('DATA_BAD_JSON', 'oops \\x1b[31m');
    expect(flint.log.some((line) => line.code === 'DATA_BAD_JSON' && line.level === 'warn')).toBe(true);
  });

  it('nested 200 levels deep are searched as text', async () => {
    await between([`${'{"a":'.repeat(200)}"deep.${BAD_NAME}"${'}'.repeat(200)}`, '['.repeat(60_000)]);
    await alerted(`deep.${BAD_NAME}`);
    await reaches(() => errors('engine', 'DATA_TOO_DEEP'), 1);
  });

  it('with invalid UTF-8 and NUL bytes keep what is readable', async () => {
    const invalid = Buffer.concat([
      Buffer.from('{"a":"'),
      Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0xed, 0xa0, 0x80]),
      Buffer.from(`","domain":"utf8.${BAD_NAME}"}`),
    ]);
    await between([
      invalid,
      `{"a":"\0","domain":"nul1.${BAD_NAME}"}`,
      `{"a":"\\u0000","domain":"nul2.${BAD_NAME}"}`,
      `\0\0{"domain":"nul3.${BAD_NAME}"}\0`,
    ]);
    for (const name of ['utf8', 'nul1', 'nul2', 'nul3']) await alerted(`${name}.${BAD_NAME}`);
  });

  it('with other types than expected, and with names of prototypes', async () => {
    await between([
      `{"DOMAIN":5,"URL":null,"SRC_IP":[1,{"a":2}],"DST_PORT":{},"timestamp":"x","host":true,"a":"types.${BAD_NAME}"}`,
      `{"__proto__":{"domain":"proto.${BAD_NAME}"},"constructor":{"prototype":{"host":1}},"toString":1}`,
      `{"Records":[{"__proto__":1},{"hasOwnProperty":"own.${BAD_NAME}"}]}`,
    ]);
    for (const name of ['types', 'proto', 'own']) await alerted(`${name}.${BAD_NAME}`);
  });

  it('that inflate too far, or not at all', async () => {
    const bomb = gzipSync(Buffer.alloc(50 << 20));
    const broken = gzipSync(good().text);
    broken.fill(0xff, 12, 20);
    await between([bomb.subarray(0, 65_000), deflateSync(Buffer.alloc(20 << 20)), broken]);
    await reaches(() => dropped('inflates_too_far'), 2);
    await reaches(() => dropped('bad_compression'), 1);
    await reaches(() => errors('input', 'DATA_INFLATES_TOO_FAR'), 2);
    await sampled('DATA_BAD_COMPRESSION', '\\x1f\\x8b');
  });

  it('that are chunks which cannot be right', async () => {
    const header = [0x1e, 0x0f, 1, 2, 3, 4, 5, 6, 7, 8];
    await between([
      Buffer.from(header),
      Buffer.from([...header, 5, 2, 0x7b]),
      Buffer.from([...header, 0, 200, 0x7b]),
      Buffer.from([...header, 0, 0]),
    ]);
    await reaches(() => dropped('bad_chunk'), 4);
  });
});

describe('streams', () => {
  it('a line of 10 MB is searched whole, one beyond the limit is dropped, those around it alert', async () => {
    const [before, after] = [good(), good()];
    const client = await clientTo('json+tcp');
    client.write(`${before.text}\n{"pad":"${'x'.repeat(10 << 20)}","domain":"long.${BAD_NAME}"}\n`);
    client.end(`${'z'.repeat(RECORD_BYTES + 1000)}\n${after.text}\n`);
    await closed(client);
    for (const name of [before.name, `long.${BAD_NAME}`, after.name]) await alerted(name);
    await reaches(() => dropped('too_long'), 1);
    await sampled('DATA_TOO_LONG', 'zzzz');
  });

  it('half a record at the end of a connection is searched, as text', async () => {
    const client = await clientTo('json+tcp');
    client.end(`{"domain":"half.${BAD_NAME}","rest":"`);
    await alerted(`half.${BAD_NAME}`);
  });

  it('half a counted frame is dropped as incomplete', async () => {
    const client = await clientTo('json+tcp', 1);
    const { name, text } = good();
    client.end(`${text.length} ${text}500 {"domain":"`);
    await alerted(name);
    await reaches(() => dropped('incomplete'), 1);
    await reaches(() => errors('input', 'DATA_INCOMPLETE'), 1);
  });

  it('clients that send nothing are closed; many of them do not keep others out for long', async () => {
    const refusedBefore = total(await flint.metrics(), 'flint_input_refused_connections_total');
    const slow = await Promise.all(Array.from({ length: 4 }, () => clientTo('json+tcp', 1)));
    for (const client of slow) client.write('9');
    const fifth = await clientTo('json+tcp', 1);
    await closed(fifth);
    expect(total(await flint.metrics(), 'flint_input_refused_connections_total')).toBe(refusedBefore + 1);
    await Promise.all(slow.map(closed));
    expect(await errors('input', 'ENV_CLIENT_GIVEN_UP')).toBeGreaterThanOrEqual(4);
    const { name, text } = good();
    const client = await clientTo('json+tcp', 1);
    client.end(`${text.length} ${text}`);
    await alerted(name);
  });

  it('unfinished records of all clients together are bounded', async () => {
    const client = await clientTo('json+tcp', 1);
    client.write(`1000000 ${'b'.repeat(200_000)}`);
    await closed(client);
    await reaches(() => dropped('buffers_full'), 1);
  });
});

describe('HTTP', () => {
  it('bombs, bodies that are too long, damaged ones and slow ones are refused; good ones are answered when settled', async () => {
    const address = `http://127.0.0.1:${await flint.port('http')}/`;
    const bomb = gzipSync(Buffer.alloc(100 << 20));
    const post = (body: Uint8Array | string, headers: Record<string, string> = {}) =>
      fetch(address, { method: 'POST', body, headers });
    expect((await post(new Uint8Array(bomb), { 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await post('x'.repeat(1_000_001))).status).toBe(413);
    expect((await post('no gzip', { 'content-encoding': 'gzip' })).status).toBe(400);
    expect(
      (await fetch(address, { headers: { origin: 'https://evil.example' }, method: 'POST', body: '{}' })).status,
    ).toBe(403);
    const slow = await clientTo('http');
    slow.write('POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{"a":');
    await closed(slow);
    const { name, text } = good();
    const answer = await post(text);
    expect([answer.status, await answer.json()]).toEqual([200, { accepted: 1, dropped: 0 }]);
    expect(matchedValues()).toContain(name);
  });
});

describe('after all of it', () => {
  it('received = matched + dropped by reason, for each input; alerts given = delivered', async () => {
    await pause(100);
    const metrics = await flint.metrics();
    for (const line of flint.log.filter((each) => each.message === 'input ready')) {
      const labels = `name="${line.input}"`;
      const received = total(metrics, 'flint_input_received_records_total', labels);
      const settled = total(metrics, 'flint_input_settled_records_total', labels);
      const lost = total(metrics, 'flint_input_dropped_total', labels);
      expect({ input: line.input, received }).toEqual({ input: line.input, received: settled + lost });
      expect(received).toBeGreaterThan(0);
    }
    expect(total(metrics, 'flint_input_settled_records_total')).toBe(total(metrics, 'flint_engine_records_scanned'));
    expect(total(metrics, 'flint_engine_dropped_total')).toBe(0);
    const sent = total(metrics, 'flint_sink_enqueued_messages_total');
    expect(total(metrics, 'flint_sink_delivered_messages_total')).toBe(sent);
    expect(alerts().length).toBe(sent);
    expect(new Set(alerts().map((alert) => alert.event.id)).size).toBe(sent);
  });

  it('nothing is hidden: each drop has its code in the metrics, and the process is well', async () => {
    const metrics = await flint.metrics();
    const drops = total(metrics, 'flint_input_dropped_total');
    const codes = total(metrics, 'flint_input_errors_total');
    expect(codes).toBeGreaterThanOrEqual(drops);
    expect(flint.log.filter((line) => line.level === 'error')).toEqual([]);
    expect((await fetch(`${await flint.url()}/readyz`)).status).toBe(200);
  });
});
