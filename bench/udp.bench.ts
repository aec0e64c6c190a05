/**
 * Datagrams from the wire to the alert, with the real program in a process of its own: processor time per million events, the highest
 * paced rate without loss, and the time from datagram to alert at half of it. Indicators are endpoints (address and port), the one
 * kind that STIX Spark loads exactly, so that its own binary can be measured beside it with the same events and the same sender. A
 * Node receiver that only counts (`udp-counter.ts`) goes first: its highest rate and its delays are what the machine, the kernel and
 * Node allow at the time. Alerts are received and timed on a thread of their own, by the clock that the sender reads.
 *
 * Run: node scripts/bench.mjs udp [--seconds N] [--events N] [--indicators N] [--intel FILE …] [--rates 10000,20000,…]
 *      [--unistix FILE] [--record FILE]       (dist/ must be built; Linux; `--intel`: more for Flint, a million say)
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePort } from './free-port.ts';
import { memoryOf, processorSeconds } from './process-figures.ts';
import { dropsOf, listening } from './udp-socket.ts';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    events: { type: 'string', default: '300000' },
    indicators: { type: 'string', default: '10000' },
    intel: { type: 'string', multiple: true, default: [] },
    rates: { type: 'string', default: '10000,20000,40000,60000,80000,120000,160000' },
    rate: { type: 'string', default: '15000' },
    program: { type: 'string', default: 'dist/cli/main.js' },
    unistix: { type: 'string' },
    record: { type: 'string' },
  },
});
const INDICATORS = Number(flags.indicators);
const EVENT_BYTES = 500;
/** One event of so many meets an indicator. */
const HIT_EVERY = 1000;

interface Round {
  readonly rate: number;
  readonly sent: number;
  readonly expected: number;
  readonly alerts: number;
  readonly drops: number;
  readonly cpuSeconds: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number };
}

interface Program {
  readonly name: string;
  command(port: number, alertPort: number, folder: string): { readonly file: string; readonly args: readonly string[] };
}

const PROGRAMS: Program[] = [
  {
    name: 'counter',
    command: (port, alertPort) => ({
      file: process.execPath,
      args: [fileURLToPath(new URL('./udp-counter.js', import.meta.url)), String(port), String(alertPort)],
    }),
  },
  {
    name: 'flint',
    command: (port, alertPort, folder) => ({
      file: process.execPath,
      args: [
        ...[resolve(flags.program), 'run', '--quiet', '--http', 'off', '--data-dir', join(folder, 'data')],
        ...['--listen', `gelf+udp://127.0.0.1:${port}`, '--intel', join(folder, 'public.json')],
        ...['--output', `json+udp://127.0.0.1:${alertPort}?format=stix-spark`],
        ...flags.intel.flatMap((path) => ['--intel', resolve(path)]),
        ...['--workers', '1', '-c', join(folder, 'flint.yaml')],
      ],
    }),
  },
];
if (flags.unistix !== undefined) {
  const file = resolve(flags.unistix);
  const args = (port: number, alertPort: number, folder: string): string[] => [
    ...['-l', String(port), '-f', join(folder, 'public.json'), '-o', join(folder, 'mining.json')],
    ...['-s', `127.0.0.1:${alertPort}`, '-r'],
  ];
  PROGRAMS.push({ name: 'stix-spark', command: (...where) => ({ file, args: args(...where) }) });
}

if (isMainThread) await main();
else receiveAlerts();

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'flint-udp-'));
  try {
    await measureAll(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureAll(folder: string): Promise<void> {
  writeBundles(folder);
  const results: Record<string, unknown> = {};
  for (const program of PROGRAMS) results[program.name] = await measure(program, folder);
  const whole = {
    date: new Date().toISOString(),
    machine: { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, load: loadavg() },
    indicators: INDICATORS,
    eventBytes: EVENT_BYTES,
    results,
  };
  if (flags.record !== undefined) writeFileSync(flags.record, `${JSON.stringify(whole, null, 2)}\n`);
}

/** The thread that receives alerts: tells its port, then, when asked, the delays in milliseconds seen since it was asked last. */
function receiveAlerts(): void {
  const socket = createSocket('udp4');
  let delays: number[] = [];
  socket.on('message', (message) => {
    const sentMs = Number(/"message":"t(\d+\.\d+)/.exec(message.toString('latin1'))?.[1]);
    if (sentMs > 0) delays.push(clockMs() - sentMs);
  });
  socket.bind(0, '127.0.0.1', () => {
    socket.setRecvBufferSize(4 << 20);
    parentPort?.postMessage(socket.address().port);
  });
  parentPort?.on('message', () => {
    parentPort?.postMessage(delays);
    delays = [];
  });
}

/** The monotonic clock, the same for all threads and processes of the machine. */
function clockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** What the receiving thread has seen since the last call. */
function delaysOf(alerts: Worker): Promise<number[]> {
  return new Promise((done) => {
    alerts.once('message', done);
    alerts.postMessage('take');
  });
}

async function measure(program: Program, folder: string): Promise<unknown> {
  const alerts = new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) });
  const alertPort = await new Promise<number>((done) => alerts.once('message', done));
  const port = await freePort();
  const { file, args } = program.command(port, alertPort, folder);
  const startedMs = performance.now();
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    await listening(port);
    const readyMs = performance.now() - startedMs;
    await round(child, port, alerts, 5000, 10_000);
    const steady = await round(child, port, alerts, Number(flags.rate), Number(flags.events));
    const perMillion = (steady.cpuSeconds / steady.sent) * 1e6;
    print(
      program.name,
      `${perMillion.toFixed(2)} CPU s per million events at ${flags.rate}/s; ${steady.alerts} of ${steady.expected} alerts, ${steady.drops} drops`,
    );
    let highest: Round | undefined;
    const rounds: Round[] = [];
    for (const rate of flags.rates.split(',').map(Number)) {
      const tried = await round(child, port, alerts, rate, rate * Number(flags.seconds));
      rounds.push(tried);
      print(
        program.name,
        `${rate}/s: ${tried.drops} drops, ${tried.alerts} of ${tried.expected} alerts, p50 ${tried.latencyMs.p50.toFixed(2)} ms, p99 ${tried.latencyMs.p99.toFixed(2)} ms`,
      );
      if (tried.drops > 0 || tried.alerts < tried.expected) break;
      highest = tried;
    }
    const half =
      highest === undefined
        ? undefined
        : await round(child, port, alerts, highest.rate / 2, (highest.rate / 2) * Number(flags.seconds));
    if (half !== undefined)
      print(
        program.name,
        `at ${half.rate}/s: datagram to alert p50 ${half.latencyMs.p50.toFixed(2)} ms, p99 ${half.latencyMs.p99.toFixed(2)} ms`,
      );
    const { residentBytes: rssBytes } = memoryOf(child.pid ?? 0);
    return { readyMs, cpuSecondsPerMillion: perMillion, steady, rounds, highestRate: highest?.rate, half, rssBytes };
  } finally {
    child.kill('SIGTERM');
    await Promise.race([
      new Promise((done) => child.once('exit', done)),
      new Promise((done) => setTimeout(done, 5000)),
    ]);
    if (child.exitCode === null) child.kill('SIGKILL');
    await alerts.terminate();
  }
}

/** Sends in slices of a millisecond or more, as many as are due; waits for stragglers at the end. */
async function round(child: ChildProcess, port: number, alerts: Worker, rate: number, events: number): Promise<Round> {
  const sender = createSocket('udp4');
  await new Promise<void>((done) => sender.bind(0, '127.0.0.1', done));
  sender.setSendBufferSize(4 << 20);
  const plain = Array.from({ length: 64 }, (_, i) => event(i, undefined, 0));
  const latencies: number[] = [];
  await delaysOf(alerts);
  const [cpu, drops] = [processorSeconds(child.pid ?? 0), dropsOf(port)];
  const startedMs = performance.now();
  let sent = 0;
  let expected = 0;
  while (sent < events) {
    const due = Math.min(events, Math.floor(((performance.now() - startedMs) / 1000) * rate));
    for (; sent < due; sent++) {
      const isHit = sent % HIT_EVERY === HIT_EVERY - 1;
      if (isHit) expected++;
      sender.send(
        isHit ? event(sent, expected % INDICATORS, clockMs()) : (plain[sent % 64] as Buffer),
        port,
        '127.0.0.1',
      );
    }
    await new Promise((done) => setTimeout(done, 1));
  }
  for (let i = 0; i < 40 && latencies.length < expected; i++) {
    await new Promise((done) => setTimeout(done, 50));
    latencies.push(...(await delaysOf(alerts)));
  }
  sender.close();
  const sorted = latencies.sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return {
    rate,
    sent,
    expected,
    alerts: sorted.length,
    drops: dropsOf(port) - drops,
    cpuSeconds: processorSeconds(child.pid ?? 0) - cpu,
    latencyMs: { p50: at(0.5), p99: at(0.99) },
  };
}

/** `indicator` undefined: an endpoint that no indicator names. */
function event(index: number, indicator: number | undefined, nowMs: number): Buffer {
  const [address, port] = indicator === undefined ? [`203.0.113.${index % 250}`, 443] : endpoint(indicator);
  const record = {
    BEGIN_TIME: '2024-06-12 15:00:00',
    SRC_IP: '192.168.1.12',
    DST_IP: address,
    FORWARD: '32.23.65.32',
    RETCODE: '200',
    SRC_PORT: '20034',
    DST_PORT: String(port),
    REQ_HEADER: 'GET /index.html',
    REQ_BODY: '',
    RSP_HEADER: 'HTTP 200 OK',
    RSP_BODY: '',
    URL: `/static/page-${index % 1000}.html`,
    METHOD: 'GET',
    L7_PROTOCOL: 'http',
    message: `t${nowMs.toFixed(3)}`,
    DOMAIN: 'www.shop.test',
  };
  const missing = EVENT_BYTES - JSON.stringify(record).length;
  return Buffer.from(JSON.stringify({ ...record, REQ_BODY: 'a'.repeat(Math.max(0, missing)) }));
}

function endpoint(index: number): [string, number] {
  return [`198.18.${(index >> 8) & 255}.${index & 255}`, 1024 + (index % 50_000)];
}

function writeBundles(into: string): void {
  const objects = Array.from({ length: INDICATORS }, (_, i) => {
    const [address, port] = endpoint(i);
    const number = i.toString(16).padStart(12, '0');
    return {
      type: 'indicator',
      spec_version: '2.1',
      id: `indicator--00000000-0000-4000-8000-${number}`,
      created: '2024-01-01T00:00:00.000Z',
      modified: '2024-01-01T00:00:00.000Z',
      name: `endpoint ${i}`,
      pattern: `[network-traffic:dst_ref.value='${address}' AND network-traffic:dst_port=${port}]`,
      pattern_type: 'stix',
      valid_from: '2024-01-01T00:00:00Z',
    };
  });
  const bundle = (list: unknown[]): string =>
    JSON.stringify({ type: 'bundle', id: 'bundle--00000000-0000-4000-8000-000000000000', objects: list });
  writeFileSync(join(into, 'public.json'), bundle(objects));
  writeFileSync(join(into, 'mining.json'), bundle([]));
  writeFileSync(join(into, 'flint.yaml'), 'alerts: { suppress_seconds: 0 }\n');
}

function print(name: string, text: string): void {
  process.stdout.write(`${name.padEnd(12)} ${text}\n`);
}
