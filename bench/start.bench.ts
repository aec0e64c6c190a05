/**
 * From process start to ready, and memory per indicator, with the real program: `flint run` on a list and on the compiled file made of
 * it, with a warm cache. Ready is when its UDP port listens, which it does last. Memory is resident memory with the indicators minus that
 * without any, after the load.
 *
 * Run: node scripts/bench.mjs start LIST [--runs N] [--program FILE] [--record FILE]
 * (dist/ must be built; Linux)
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type ServiceStart, startService } from './service-start.ts';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '5' },
    program: { type: 'string', default: 'dist/cli/main.js' },
    record: { type: 'string' },
  },
});
const [list] = positionals;
if (list === undefined) throw new Error('give a list of indicators');
const program = resolve(flags.program);

const folder = mkdtempSync(join(tmpdir(), 'flint-start-'));
try {
  const compiled = join(folder, 'list.flint');
  const empty = join(folder, 'one.txt');
  writeFileSync(empty, 'one.example\n');
  const said = execFileSync(process.execPath, [program, 'intel', 'compile', list, '-o', compiled, '--json', '-q'], {
    encoding: 'utf8',
  });
  const { indicators } = JSON.parse(said) as { indicators: number };
  const results = { none: await starts(empty), list: await starts(list), compiled: await starts(compiled) };
  const perIndicator = (with_: readonly ServiceStart[]): number =>
    (median(with_.map(({ rssBytes }) => rssBytes)) - median(results.none.map(({ rssBytes }) => rssBytes))) / indicators;
  for (const [name, runs] of Object.entries(results)) {
    const [ready, cpu, rss] = [
      median(runs.map(({ readyMs }) => readyMs)),
      median(runs.map(({ cpuSeconds }) => cpuSeconds)),
      median(runs.map(({ rssBytes }) => rssBytes)),
    ];
    process.stdout.write(
      `${name.padEnd(10)} ready after ${ready.toFixed(0)} ms (least ${Math.min(...runs.map(({ readyMs }) => readyMs)).toFixed(0)}), ${cpu.toFixed(2)} CPU s, ${(rss / 2 ** 20).toFixed(0)} MiB resident\n`,
    );
  }
  const memory = { list: perIndicator(results.list), compiled: perIndicator(results.compiled) };
  process.stdout.write(
    `${indicators} indicators: ${memory.list.toFixed(0)} bytes each from the list, ${memory.compiled.toFixed(0)} from the compiled file\n`,
  );
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, load: loadavg() };
  const files = { listBytes: statSync(list).size, compiledBytes: statSync(compiled).size };
  const whole = { date: new Date().toISOString(), machine, indicators, ...files, bytesPerIndicator: memory, results };
  if (flags.record !== undefined) writeFileSync(flags.record, `${JSON.stringify(whole, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function starts(intel: string): Promise<ServiceStart[]> {
  const runs: ServiceStart[] = [];
  for (let i = 0; i < Number(flags.runs); i++) {
    const data = mkdtempSync(join(folder, 'data-'));
    runs.push(await startService(program, ['--workers', '1', '--data-dir', data, '--intel', intel]));
  }
  return runs;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
}
