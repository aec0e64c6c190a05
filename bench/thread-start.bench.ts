/**
 * What matching threads add to a start: `flint run` with 1, 2 and 4 workers until it is ready, with complex STIX patterns and with Sigma rules (read
 * from what an earlier start has kept): clock, processor time and resident memory. Programs and numbers of workers take turns; told is the least
 * of each. With one worker the main thread matches alone. Linux.
 *
 * Run: npm run build && node scripts/bench.mjs thread-start [--program FILE]… [--workers N]… [--rounds N] [--only patterns|tokens|rules]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { complexPatterns, writePatternBundle } from './pattern-sets.ts';
import { type ServiceStart, startService } from './service-start.ts';
import { writeRules } from './sigma-corpus.ts';

const { values: flags } = parseArgs({
  options: {
    program: { type: 'string', multiple: true, default: ['dist/cli/main.js'] },
    workers: { type: 'string', multiple: true, default: ['1', '2', '4'] },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
  },
});
const PATTERNS = 5_000;
const folder = mkdtempSync(join(tmpdir(), 'flint-thread-start-'));
try {
  print(`${cpus()[0]?.model.trim()}, ${cpus().length} processors, Node ${process.version}, load ${load()}`);
  const one = join(folder, 'one.txt');
  writeFileSync(one, 'one.example\n');
  const [patterns, tokens] = (['all', 'tokens'] as const).map((which) => {
    const path = join(folder, `${which}.json`);
    writePatternBundle(path, complexPatterns(PATTERNS, which));
    return path;
  });
  const loads: readonly (readonly [string, readonly string[]])[] = [
    ['patterns', ['--intel', patterns ?? '']],
    ['tokens', ['--intel', tokens ?? '']],
    ['rules', ['--intel', one, '--rules', writeRules(join(folder, 'rules'))]],
  ];
  for (const [name, args] of loads) if (flags.only === undefined || flags.only === name) await compare(name, args);
  print(`load at the end ${load()}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function compare(name: string, args: readonly string[]): Promise<void> {
  const runs = new Map<string, ServiceStart[]>();
  // The first of each program is not told: it fills what later ones read.
  for (let round = 0; round <= Number(flags.rounds); round++)
    for (const program of flags.program)
      for (const workers of flags.workers) {
        const data = join(folder, `data-${name}-${flags.program.indexOf(program)}`);
        const start = await startService(resolve(program), ['--workers', workers, '--data-dir', data, ...args]);
        const key = `${program} ${workers}`;
        if (round > 0) runs.set(key, [...(runs.get(key) ?? []), start]);
      }
  for (const [key, list] of runs) {
    const least = (of: (start: ServiceStart) => number): number => Math.min(...list.map(of));
    print(
      `${name}, ${key} workers: ready after ${least(({ readyMs }) => readyMs).toFixed(0)} ms, ` +
        `${least(({ cpuSeconds }) => cpuSeconds).toFixed(2)} CPU s, ` +
        `${(least(({ rssBytes }) => rssBytes) / 2 ** 20).toFixed(0)} MiB resident`,
    );
  }
}

function load(): string {
  return (loadavg()[0] ?? 0).toFixed(1);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
