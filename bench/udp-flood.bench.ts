/**
 * A sender as fast as it can: processor time of each datagram that is taken (user and system told apart, all threads), Flint and a Node
 * receiver that only counts in turns. The sender is a process of its own and does the kernel's half of the way as well, so that the
 * receiver's system time is what its own calls take. Load of the machine changes these figures less than any rate or delay. `--perf` takes samples besides
 * (perf(1) must be there) and says where they lie: kernel, Node.js, JavaScript of Node.js, JavaScript of Flint, scanner.
 *
 * Run: node scripts/bench.mjs udp-flood [--rounds N] [--seconds N] [--intel FILE] [--program NAME=FILE …] [--perf]     (Linux)
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ownDescriptor, ownSocketInode } from '../src/inputs/udp-kernel-drops.ts';
import { freePort } from './free-port.ts';
import { processorTimes } from './process-figures.ts';
import { dropsOf, listening } from './udp-socket.ts';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    intel: { type: 'string' },
    program: { type: 'string', multiple: true, default: ['flint=dist/cli/main.js'] },
    perf: { type: 'boolean', default: false },
    /** Set for the process that sends. */
    flood: { type: 'string' },
  },
});
const SECONDS = Number(flags.seconds);
/** Nobody takes alerts: there are none. */
const DISCARD_PORT = 9;

interface Receiver {
  readonly name: string;
  readonly port: number;
  readonly child: ChildProcess;
  readonly rounds: { readonly user: number; readonly system: number; readonly perSecond: number }[];
}

if (flags.flood !== undefined) await flood(Number(flags.flood));
else await main();

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'flint-flood-'));
  const receivers: Receiver[] = [];
  try {
    const intel = flags.intel === undefined ? smallList(folder) : resolve(flags.intel);
    receivers.push(await start('counter', (port) => [counterFile(), String(port), String(DISCARD_PORT)]));
    for (const program of flags.program) {
      const [name = '', file = ''] = program.split('=');
      const args = ['--quiet', '--http', 'off', '--data-dir', join(folder, name), '--intel', intel, '--workers', '1'];
      const listen = (port: number): string[] => ['--listen', `gelf+udp://127.0.0.1:${port}`];
      receivers.push(await start(name, (port) => [resolve(file), 'run', ...args, ...listen(port)]));
    }
    for (const receiver of receivers) await sendTo(receiver);
    for (let round = 0; round < Number(flags.rounds); round++)
      for (const receiver of receivers) receiver.rounds.push(await measure(receiver));
    for (const receiver of receivers) print(receiver);
    if (flags.perf) for (const receiver of receivers) await sample(receiver, folder);
  } finally {
    for (const { child } of receivers) {
      const gone = new Promise((done) => child.once('exit', done));
      child.kill('SIGTERM');
      await gone;
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

function counterFile(): string {
  return fileURLToPath(new URL('./udp-counter.js', import.meta.url));
}

function smallList(folder: string): string {
  const path = join(folder, 'list.txt');
  writeFileSync(path, Array.from({ length: 10_000 }, (_, n) => `bad${n}.example.net\n`).join(''));
  return path;
}

async function start(name: string, command: (port: number) => readonly string[]): Promise<Receiver> {
  const port = await freePort();
  const node = flags.perf ? ['--perf-basic-prof', '--interpreted-frames-native-stack'] : [];
  const child = spawn(process.execPath, [...node, ...command(port)], { stdio: 'ignore' });
  await listening(port);
  return { name, port, child, rounds: [] };
}

/** Resolves with the number of datagrams that were sent. */
function sendTo({ port }: Receiver): Promise<number> {
  const args = ['--flood', String(port), '--seconds', String(SECONDS)];
  const sender = spawn(process.execPath, [fileURLToPath(import.meta.url), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  sender.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  return new Promise((done) => sender.once('close', () => done(Number(said))));
}

async function measure(receiver: Receiver): Promise<Receiver['rounds'][number]> {
  const { child, port } = receiver;
  const [before, dropsBefore] = [processorTimes(child.pid ?? 0), dropsOf(port)];
  const sent = await sendTo(receiver);
  await new Promise((done) => setTimeout(done, 200));
  const [after, dropped] = [processorTimes(child.pid ?? 0), dropsOf(port) - dropsBefore];
  const taken = sent - dropped;
  return {
    user: ((after.user - before.user) / taken) * 1e6,
    system: ((after.system - before.system) / taken) * 1e6,
    perSecond: taken / SECONDS,
  };
}

function print({ name, rounds }: Receiver): void {
  const sorted = rounds.toSorted((a, b) => a.user + a.system - b.user - b.system);
  const [least, middle] = [sorted[0], sorted[Math.floor(sorted.length / 2)]];
  if (least === undefined || middle === undefined) return;
  const most = Math.max(...rounds.map(({ perSecond }) => perSecond));
  const said = [least, middle].map(
    ({ user, system }) => `${(user + system).toFixed(2)} (user ${user.toFixed(2)}, system ${system.toFixed(2)})`,
  );
  process.stdout.write(
    `${name.padEnd(10)} us of processor time a datagram: ${said[0]} at least, ${said[1]} in the middle of ${rounds.length}; at most ${most.toFixed(0)} a second; load ${loadavg()[0]?.toFixed(1)}\n`,
  );
}

/** Shares of samples by where they lie. */
async function sample(receiver: Receiver, folder: string): Promise<void> {
  const data = join(folder, 'perf.data');
  const options = ['-q', '-o', data, '-F', '2000', '-p', String(receiver.child.pid)];
  const perf = spawn('perf', ['record', ...options, '--', 'sleep', String(SECONDS)], { stdio: 'ignore' });
  const ended = new Promise((done) => perf.once('close', done));
  await sendTo(receiver);
  await ended;
  const report = execFileSync('perf', ['report', '-i', data, '--sort', 'dso,symbol', '-g', 'none', '--stdio'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 1 << 26,
  });
  const shares = new Map<string, number>();
  for (const line of report.split('\n')) {
    const share = /^\s*([\d.]+)%\s+(.*)$/.exec(line);
    if (share === null) continue;
    const where = placeOf(share[2] as string);
    shares.set(where, (shares.get(where) ?? 0) + Number(share[1]));
  }
  const said = [...shares].sort((a, b) => b[1] - a[1]).map(([where, share]) => `${where} ${share.toFixed(0)} %`);
  process.stdout.write(`${receiver.name.padEnd(10)} ${said.join(', ')}\n`);
}

function placeOf(row: string): string {
  if (/kernel|\[k\]/.test(row)) return 'kernel';
  if (/wasm-function/.test(row)) return 'scanner';
  if (/(JS|Script|Function|Eval):.* node:/.test(row)) return 'JavaScript of Node.js';
  if (/(JS|Script|Function|Eval|RegExp|LazyCompile):/.test(row)) return 'JavaScript of the program';
  return 'Node.js and its libraries';
}

/** The sender: writes to the socket's descriptor, so that it waits for no turn of an event loop. Prints how many. */
async function flood(port: number): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
  await new Promise<void>((done) => socket.connect(port, '127.0.0.1', done));
  const descriptor = ownDescriptor(ownSocketInode(socket.address().port) ?? '');
  if (descriptor === undefined) throw new Error('the descriptor of the socket was not found');
  const record = { version: '1.1', host: 'web7', short_message: 'GET /index', _dst_ip: '203.0.113.9', _dst_port: 8080 };
  const text = JSON.stringify({ ...record, _url: 'http://www.shop.test/static/page-7.html?q=1', filler: '' });
  const datagram = Buffer.from(`${text.slice(0, -2)}${'a'.repeat(500 - text.length)}"}`);
  const endMs = performance.now() + SECONDS * 1000;
  let sent = 0;
  while (performance.now() < endMs) for (let n = 0; n < 100; n++, sent++) writeSync(descriptor, datagram);
  process.stdout.write(String(sent));
  socket.close();
}
