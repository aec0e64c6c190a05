/**
 * Sigma correlations beside rsigma (crates.io, `cargo install rsigma --version 0.23.0 --locked`), in one run: the same rules over the same
 * NDJSON file by both programs, interleaved, in CPU time; then the state engine alone on decoded events, and bytes for each live group.
 * Both must give alerts; how many depends on when each fires again.
 *
 * Run: npm run build && RSIGMA=/path/to/rsigma node scripts/bench.mjs rsigma
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventObject } from '../src/core/event.ts';
import type { CorrelationRule } from '../src/ir/correlation.ts';
import { CorrelationEngine, DEFAULT_CORRELATION_OPTIONS } from '../src/state/correlation/engine.ts';
import { collectFacts, fieldReader } from '../src/state/correlation/fact.ts';
import { planCorrelations } from '../src/state/correlation/plan.ts';
import { SourceClocks } from '../src/state/order/source-clock.ts';

const EVENTS = 300_000;
const USERS = 10_000;
const ROUNDS = 3;
const MAIN = join(process.cwd(), 'dist', 'cli', 'main.js');
const RSIGMA = process.env['RSIGMA'] ?? 'rsigma';

const RULES = `title: Failed logon
name: failed
id: 11111111-1111-4111-8111-111111111111
logsource: {category: test}
detection: {s: {EventID: 4625}, condition: s}
level: low
---
title: Many failed
id: 22222222-2222-4222-8222-222222222222
correlation:
  type: event_count
  rules: [failed]
  group-by: [User]
  timespan: 5m
  condition: {gte: 25}
level: high
`;

const CORRELATION: CorrelationRule = {
  kind: 'correlation',
  details: { id: 'many', name: 'many' },
  origin: { file: 'bench', line: 1 },
  type: 'event_count',
  rules: ['failed'],
  groupBy: [{ name: 'User', fieldOf: {} }],
  timespanMs: 300_000,
  condition: { kind: 'threshold', bounds: [{ operator: 'gte', value: 25 }], fields: [] },
  generate: false,
  alerts: true,
};

function events(count: number, userOf: (i: number) => string): EventObject[] {
  return Array.from({ length: count }, (_, i) => ({
    ...{ '@timestamp': new Date(1.7e12 + 2 * i).toISOString(), EventID: 4625, User: userOf(i), n: i },
  }));
}

interface Run {
  readonly cpuSeconds: number;
  readonly maxKiB: number;
  readonly lines: number;
}

/** Runs a program through GNU time; lines of its standard output are counted. */
function measured(program: string, args: readonly string[], folder: string): Run {
  const log = join(folder, 'time.txt');
  const out = join(folder, 'out.txt');
  const script = 'exec 3>"$1"; shift; log="$1"; shift; /usr/bin/time -o "$log" -f "%U %S %M" "$@" >&3 2>/dev/null';
  const { status } = spawnSync('bash', ['-c', script, 'bash', out, log, program, ...args]);
  const [user = Number.NaN, system = Number.NaN, maxKiB = Number.NaN] = (
    readFileSync(log, 'utf8').trim().split('\n').at(-1) ?? ''
  )
    .split(' ')
    .map(Number);
  if (status !== 0) throw new Error(`"${program} ${args.join(' ')}" ended with ${status}`);
  const lines = readFileSync(out, 'utf8').split('\n').length - 1;
  return { cpuSeconds: user + system, maxKiB, lines };
}

function stateAlone(
  list: readonly EventObject[],
  mode: 'eager' | 'ordered',
): { readonly perSecond: number; readonly fired: number } {
  const clocks = new SourceClocks();
  clocks.register('bench', 'file');
  let fired = 0;
  const plan = planCorrelations([CORRELATION], 60_000);
  const options = { ...DEFAULT_CORRELATION_OPTIONS, mode, seed: { lo: 1, hi: 2 } };
  const engine = new CorrelationEngine(plan, clocks, options, () => fired++);
  const start = process.cpuUsage();
  list.forEach((fields, i) => {
    const place = { timeMs: 1.7e12 + 2 * i, source: 0, position: i, part: 0 };
    for (const fact of collectFacts(plan, 'failed', fieldReader(fields), place, () => {})) engine.push(fact, 0);
  });
  engine.end();
  const { user, system } = process.cpuUsage(start);
  return { perSecond: list.length / ((user + system) / 1e6), fired };
}

function best(values: readonly number[]): string {
  return `${(Math.max(...values) / 1e6).toFixed(2)} M events/s`;
}

const folder = mkdtempSync(join(tmpdir(), 'flint-bench-'));
try {
  const log = join(folder, 'events.ndjson');
  const rules = join(folder, 'rules.yml');
  let state = 7;
  const random = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 0) / 4294967296) * below);
  };
  const list = events(EVENTS, () => `user-${random(USERS)}`);
  const write = (path: string, all: readonly EventObject[]): void =>
    writeFileSync(path, `${all.map((each) => JSON.stringify(each)).join('\n')}\n`);
  write(log, list);
  writeFileSync(rules, RULES);
  const hasPeer = spawnSync(RSIGMA, ['--version']).status === 0;
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  say(
    `${EVENTS} events of ${USERS} users, event_count in 5 minutes; load ${loadavg()[0]?.toFixed(1)}; best of ${ROUNDS}, CPU time`,
  );
  if (!hasPeer) say(`no rsigma: "${RSIGMA}" cannot be started; set RSIGMA`);
  const flint = (path: string): Run =>
    measured(
      process.execPath,
      [
        ...[MAIN, 'scan', '--json', '--quiet', '--workers', '1', '--logsource', 'any/test'],
        ...['--rules', rules, path],
      ],
      folder,
    );
  const rsigma = (path: string): Run =>
    measured(RSIGMA, ['engine', 'eval', '-q', '--no-detections', '-r', rules, '-e', `@${path}`], folder);
  const rates = { flint: [] as number[], rsigma: [] as number[], ordered: [] as number[], eager: [] as number[] };
  const alerts = { flint: 0, rsigma: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    if (hasPeer) {
      const run = rsigma(log);
      rates.rsigma.push(EVENTS / run.cpuSeconds);
      alerts.rsigma = run.lines;
    }
    const run = flint(log);
    rates.flint.push(EVENTS / run.cpuSeconds);
    alerts.flint = run.lines;
    rates.ordered.push(stateAlone(list, 'ordered').perSecond);
    rates.eager.push(stateAlone(list, 'eager').perSecond);
  }
  if (alerts.flint === 0 || (hasPeer && alerts.rsigma === 0)) throw new Error('one of them gave no alerts');
  say(`flint scan, file to alerts (start included)     ${best(rates.flint)} (${alerts.flint} alerts)`);
  if (hasPeer) say(`rsigma, file to alerts (start included)         ${best(rates.rsigma)} (${alerts.rsigma} alerts)`);
  say(`state engine alone, fields to alerts, waiting   ${best(rates.ordered)}`);
  say(
    `state engine alone, fields to alerts, at once   ${best(rates.eager)} (${stateAlone(list, 'eager').fired} alerts)`,
  );
  if (hasPeer) {
    const many = join(folder, 'many.ndjson');
    const one = join(folder, 'one.ndjson');
    write(
      many,
      events(EVENTS, (i) => `user-${i}`),
    );
    write(
      one,
      events(EVENTS, () => 'user-0'),
    );
    const perGroup = (run: (path: string) => Run): string =>
      ((1024 * (run(many).maxKiB - run(one).maxKiB)) / EVENTS).toFixed(0);
    say(`bytes for each live group with one event, by greatest resident memory beyond that of one group:`);
    say(
      `rsigma ${perGroup(rsigma)}, flint scan ${perGroup(flint)}; flint without garbage: "groups" of bench/state.bench.ts`,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
