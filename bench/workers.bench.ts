/**
 * What further threads gain and cost in `flint scan` with Sigma rules, in fresh processes: `npm run build && node scripts/bench.mjs workers`.
 * Clock, processor time, that of the main thread alone (which bounds the clock from below, however many others there are) and peak
 * memory; numbers of workers take turns, and so do programs; the least of each is told, and what it is of one worker. The alerts must be
 * the same, in the same order, whatever the number.
 *
 * Options: --program FILE (repeatable), --workers N (repeatable; 1, 2), --rounds N (3), --file FILE (attack-mix 24 times), --rules DIR
 * (SigmaHQ), --no-memory (processes are not remembered, and no rule keeps state). Linux.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { sharedData } from '../src/testing/shared-data.ts';
import { memoryOf, processorSeconds } from './process-figures.ts';
import { writeRules } from './sigma-corpus.ts';

const { values: flags } = parseArgs({
  options: {
    program: { type: 'string', multiple: true, default: ['dist/cli/main.js'] },
    workers: { type: 'string', multiple: true, default: ['1', '2'] },
    rounds: { type: 'string', default: '3' },
    file: { type: 'string' },
    rules: { type: 'string' },
    'no-memory': { type: 'boolean', default: false },
  },
});
const programs = flags.program.map((path) => resolve(path));
const REPEATS = 24;
const POLL_MS = 20;

interface Run {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly mainMs: number;
  readonly peakBytes: number;
  readonly alerts: number;
  /** Of the ids in their order. */
  readonly digest: string;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'flint-workers-bench-'));
  try {
    print(`${cpus()[0]?.model.trim()}, ${cpus().length} processors, Node ${process.version}, load ${load()}`);
    const args = ['--rules', flags.rules ?? writeRules(join(folder, 'rules')), flags.file ?? logIn(folder)];
    const runs = new Map<string, Run[]>();
    for (let round = 0; round < Number(flags.rounds); round++)
      for (const program of programs)
        for (const workers of flags.workers) {
          const key = `${program} ${workers}`;
          runs.set(key, [...(runs.get(key) ?? []), await scan(program, workers, args)]);
        }
    const digests = new Set([...runs.values()].flat().map(({ digest }) => digest));
    if (digests.size !== 1) throw new Error('the alerts differ');
    for (const program of programs) {
      const [first = []] = flags.workers.map((workers) => runs.get(`${program} ${workers}`) ?? []);
      if (programs.length > 1) print(program);
      for (const workers of flags.workers) tell(workers, runs.get(`${program} ${workers}`) ?? [], first);
    }
    print(`${[...runs.values()][0]?.[0]?.alerts} alerts each; load at the end ${load()}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function tell(workers: string, runs: readonly Run[], first: readonly Run[]): void {
  const least = (list: readonly Run[], of: (run: Run) => number): number => Math.min(...list.map(of));
  const shown = (name: string, of: (run: Run) => number): string =>
    `${name} ${(least(runs, of) / 1000).toFixed(2)} s (${(least(runs, of) / least(first, of)).toFixed(2)})`;
  const times = [
    shown('clock', ({ wallMs }) => wallMs),
    shown('processor', ({ cpuMs }) => cpuMs),
    shown('main thread', ({ mainMs }) => mainMs),
  ];
  print(
    `workers ${workers}: ${times.join(', ')}, ${Math.round(least(runs, ({ peakBytes }) => peakBytes) / 2 ** 20)} MiB`,
  );
}

/** Processor time is read while the process runs: what it takes in the last hundredths of a second is not seen. */
async function scan(program: string, workers: string, args: readonly string[]): Promise<Run> {
  const started = performance.now();
  const child = spawn(process.execPath, [program, 'scan', '--json', '-q', '--workers', workers, ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...(flags['no-memory'] && { FLINT_PROCESS_MEMORY__MODE: 'off' }) },
  });
  const seen = { cpuMs: 0, mainMs: 0, peakBytes: 0 };
  const timer = setInterval(() => look(child.pid ?? 0, seen), POLL_MS);
  const ended = new Promise<number | null>((done) => child.once('exit', done));
  const hash = createHash('sha256');
  let alerts = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    hash.update(/"id":"[0-9a-f]{32}"/.exec(line)?.[0] ?? line);
    alerts++;
  }
  const code = await ended;
  clearInterval(timer);
  if (code !== 0) throw new Error(`flint ended with ${code}`);
  return { wallMs: performance.now() - started, ...seen, alerts, digest: hash.digest('hex') };
}

function look(pid: number, seen: { cpuMs: number; mainMs: number; peakBytes: number }): void {
  try {
    seen.cpuMs = 1000 * processorSeconds(pid);
    seen.mainMs = 1000 * processorSeconds(pid, pid);
    seen.peakBytes = Math.max(seen.peakBytes, memoryOf(pid).peakBytes);
  } catch {
    // ENOENT: it has ended.
  }
}

function logIn(folder: string): string {
  const path = join(folder, 'attack-mix.ndjson');
  const events = gunzipSync(readFileSync(sharedData('events', 'attack-mix.ndjson.gz')));
  for (let i = 0; i < REPEATS; i++) writeFileSync(path, events, { flag: 'a' });
  return path;
}

function load(): string {
  return (loadavg()[0] ?? 0).toFixed(1);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

await main();
