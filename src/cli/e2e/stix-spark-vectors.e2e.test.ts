/**
 * The vectors of STIX Spark (conformance/stix-spark) over real sockets: one `flint run` in drop-in mode, started with LISTEN_PORT and
 * OUTPUT as the container was, a TCP input and a syslog output beside; a second one for the vectors with another library. Each vector is
 * followed by an event whose alert is waited for. Threads may overtake each other: the last test counts again when both have drained.
 */
import { createSocket } from 'node:dgram';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UdpReceiver } from '../../testing/alert-receiver.ts';
import { FlintProcess, temporaryFolder } from '../../testing/flint-process.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Vector {
  readonly id: string;
  readonly what: string;
  readonly events: readonly Fields[];
  /** Names of the indicators, one alert each. */
  readonly expect: readonly string[];
  readonly library?: 'mining';
  readonly transport?: 'tcp';
  readonly wire?: 'gzip' | 'zlib' | 'pretty' | 'gelf-chunks' | 'newline' | 'nul' | 'concatenated';
  readonly gelf?: true;
  readonly keyCase?: 'lower';
  readonly output?: 'syslog';
  readonly without?: readonly string[];
  readonly alert?: Readonly<Record<string, string>>;
}

const FOLDER = fileURLToPath(new URL('../../../conformance/stix-spark/', import.meta.url));
const data = JSON.parse(readFileSync(`${FOLDER}vectors.json`, 'utf8')) as {
  readonly timezone: string;
  readonly event: Fields;
  readonly alert: Readonly<Record<string, string>>;
  readonly ruleIds: Readonly<Record<string, string>>;
  readonly vectors: readonly Vector[];
};

interface Service {
  readonly flint: FlintProcess;
  readonly alerts: UdpReceiver;
  readonly syslog: UdpReceiver;
}

const folder = temporaryFolder();
let main: Service;
let mining: Service;

beforeAll(async () => {
  writeFileSync(join(folder.path, 'key.map'), 'src_ip : cip\n');
  [main, mining] = await Promise.all([
    start('main', [`${FOLDER}library.json`, `${FOLDER}mining.json`], []),
    start('mining', [`${FOLDER}mining.json`], ['-k', join(folder.path, 'key.map')]),
  ]);
});

afterAll(async () => {
  await Promise.all([main, mining].map((service) => service?.flint.stop()));
  for (const service of [main, mining]) {
    service?.alerts.close();
    service?.syslog.close();
  }
  folder.remove();
});

async function start(name: string, libraries: readonly string[], args: readonly string[]): Promise<Service> {
  const alerts = await UdpReceiver.open();
  const syslog = await UdpReceiver.open();
  const intel = libraries.flatMap((path, i) => [
    [`FLINT_INTEL__${i}__SOURCE`, path],
    [`FLINT_INTEL__${i}__LIBRARY`, path.endsWith('mining.json') ? 'mine' : 'threat'],
  ]);
  const flint = new FlintProcess({
    args: [
      ...['run', '--data-dir', join(folder.path, name), '--listen', 'gelf+tcp://127.0.0.1:0'],
      ...['--output', `syslog+udp://127.0.0.1:${syslog.port}`, ...args],
    ],
    env: {
      LISTEN_PORT: '0',
      OUTPUT: `127.0.0.1:${alerts.port}`,
      TZ: data.timezone,
      ...Object.fromEntries(intel),
    },
  });
  await flint.logged('ready');
  return { flint, alerts, syslog };
}

describe('vectors of STIX Spark', () => {
  it('start without a word of complaint', () => {
    for (const { flint } of [main, mining]) {
      expect(flint.stderr).not.toMatch(/Warning|DEP\d+/);
      expect(flint.log.filter((line) => line.level === 'error')).toEqual([]);
    }
  });

  it.each(data.vectors.map((vector) => [vector.id, vector.what, vector] as const))('%s: %s', (_id, _what, vector) =>
    decide(vector),
  );

  it('give no alert beyond those when the services have drained and stopped', async () => {
    const exits = await Promise.all([main.flint.stop(), mining.flint.stop()]);
    expect(exits).toEqual([
      { code: 0, signal: null },
      { code: 0, signal: null },
    ]);
    const counts = data.vectors.map((vector) => [
      vector.id,
      alertsOf(vector.library === 'mining' ? mining : main, vector).length,
    ]);
    expect(counts).toEqual(data.vectors.map((vector) => [vector.id, vector.expect.length]));
  });
});

function alertsOf(service: Service, vector: Vector): string[] {
  return service.alerts.messages.filter((text) => text.includes(`"message":"${vector.id}.`));
}

async function decide(vector: Vector): Promise<void> {
  const service = vector.library === 'mining' ? mining : main;
  const sent = vector.events.map((event, i) => complete(vector, event, i));
  await send(service, vector, sent);
  await settle(service, vector);
  const came = alertsOf(service, vector);
  const expected = vector.expect.map((name, i) => alertOf(vector, name, sent[sent.length === 1 ? 0 : i] ?? {}));
  expect(came.map((text) => JSON.parse(text)).sort(byRule)).toEqual(expected.sort(byRule));
  for (const text of came) {
    const alert = JSON.parse(text) as Record<string, unknown>;
    expect(Object.keys(alert)).toEqual(Object.keys(data.alert));
    expect(Object.values(alert).every((value) => typeof value === 'string')).toBe(true);
  }
  if (vector.output !== 'syslog') return;
  const line = /^<16\d>1 2024-06-12T07:00:00(\.\d+)?Z \S+ flint - alert \[flint@32473 id="[0-9a-f]{32}" .*name="E1"/;
  await service.syslog.until((text) => line.test(text), 'an RFC 5424 header and structured data');
}

function complete(vector: Vector, event: Fields, index: number): Fields {
  const all = { ...data.event, ...event, message: `${vector.id}.${index}` };
  const entries = Object.entries(all).filter(([key, value]) => value !== undefined && !vector.without?.includes(key));
  if (vector.keyCase === 'lower') return Object.fromEntries(entries.map(([key, value]) => [key.toLowerCase(), value]));
  if (vector.gelf !== true) return Object.fromEntries(entries);
  const own = ['host', 'timestamp'];
  return {
    version: '1.1',
    short_message: 'event',
    ...Object.fromEntries(entries.map(([key, value]) => [own.includes(key) ? key : `_${key}`, value])),
  };
}

/** The alert's keys have the names of the event's, in lower case; `message` of the event tells the vectors apart. */
function alertOf(vector: Vector, name: string, event: Fields): Record<string, string> {
  const alert: Record<string, string> = { ...data.alert, msg: name, rule_id: data.ruleIds[name] ?? '0' };
  for (const [key, value] of Object.entries(event)) {
    const own = key.toLowerCase().replace(/^_/, '');
    if (own in data.alert && value !== null) alert[own] = String(value);
  }
  return { ...alert, ...vector.alert };
}

function byRule(a: Record<string, string>, b: Record<string, string>): number {
  return Number(a.rule_id) - Number(b.rule_id);
}

async function send({ flint }: Service, vector: Vector, events: readonly Fields[]): Promise<void> {
  const texts = events.map((event) => JSON.stringify(event));
  if (vector.transport === 'tcp') {
    const between = { newline: '\n', nul: '\0', concatenated: '' }[vector.wire as 'nul'];
    await sendTcp(await flint.port('gelf+tcp'), texts.map((text) => text + between).join(''));
    return;
  }
  const port = await flint.port('gelf+udp');
  for (const [i, text] of texts.entries()) await sendUdp(port, datagrams(vector, text, events[i] ?? {}));
}

function datagrams(vector: Vector, text: string, event: Fields): Uint8Array[] {
  switch (vector.wire) {
    case 'gzip':
      return [gzipSync(text)];
    case 'zlib':
      return [deflateSync(text)];
    case 'pretty':
      return [Buffer.from(JSON.stringify(event, null, 2))];
    case 'gelf-chunks':
      return chunks(Buffer.from(text), 3).reverse();
    default:
      return [Buffer.from(text)];
  }
}

/** GELF 1.1: magic, eight bytes of message id, number and count, payload. */
function chunks(message: Buffer, count: number): Uint8Array[] {
  const size = Math.ceil(message.length / count);
  return Array.from({ length: count }, (_, i) =>
    Buffer.concat([
      Buffer.from([0x1e, 0x0f, 1, 2, 3, 4, 5, 6, 7, 8, i, count]),
      message.subarray(i * size, (i + 1) * size),
    ]),
  );
}

async function sendUdp(port: number, messages: readonly Uint8Array[]): Promise<void> {
  const socket = createSocket('udp4');
  for (const message of messages)
    await new Promise<void>((resolve, reject) =>
      socket.send(message, port, '127.0.0.1', (error) => (error === null ? resolve() : reject(error))),
    );
  socket.close();
}

async function sendTcp(port: number, text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.end(text));
    socket.once('error', reject);
    socket.once('close', () => resolve());
    socket.resume();
  });
}

/** An event of a known indicator sent the same way: its alert comes after everything that came before it. */
async function settle(service: Service, vector: Vector): Promise<void> {
  const end = `end of ${vector.id}`;
  const hit = vector.library === 'mining' ? { DST_IP: '10.3.3.3', DST_PORT: '3333' } : { DST_IP: '9.9.9.9' };
  const text = JSON.stringify({ ...data.event, ...hit, message: end });
  if (vector.transport === 'tcp') await sendTcp(await service.flint.port('gelf+tcp'), `${text}\n`);
  else await sendUdp(await service.flint.port('gelf+udp'), [Buffer.from(text)]);
  await service.alerts.until(
    (message) => message.includes(`"${end}"`) && alertsOf(service, vector).length >= vector.expect.length,
    `"${end}", after ${vector.expect.length} alerts of the vector`,
  );
}
