/**
 * Sigma correlations beside rsigma (crates.io, `cargo install rsigma --version 0.23.0 --locked`), in one run: the same rules over the same
 * NDJSON file by both programs, interleaved, in CPU time, with a threshold that many groups reach and with one that none does, and once more
 * over more events, where the start and the compiler weigh less; then the state engine alone on decoded events, and bytes for each of a
 * million live groups. How many alerts each gives depends on when it fires again; ours carry the events behind them, with their texts unless
 * `alerts.original` is off (then their times and ids). The watched rule is named by its id: named by its name, rsigma 0.23 writes a line for each event
 * it holds for, whatever `--no-detections` says. rsigma forgets groups beyond 100,000 unless it is told how many it may keep.
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
const MORE_EVENTS = 1_000_000;
const USERS = 10_000;
const GROUPS = 1_000_000;
const ROUNDS = 3;
const MAIN = join(process.cwd(), 'dist', 'cli', 'main.js');
const RSIGMA = process.env['RSIGMA'] ?? 'rsigma';

const MANY = 25;
/** More than there are events. */
const NEVER = 1_000_000_000;

const rulesWith = (threshold: number): string => `title: Failed logon
id: 11111111-1111-4111-8111-111111111111
logsource: {category: test}
detection: {s: {EventID: 4625}, condition: s}
level: low
---
title: Many failed
id: 22222222-2222-4222-8222-222222222222
correlation:
  type: event_count
  rules: [11111111-1111-4111-8111-111111111111]
  group-by: [User]
  timespan: 5m
  condition: {gte: ${threshold}}
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
  condition: { kind: 'threshold', bounds: [{ operator: 'gte', value: MANY }], fields: [] },
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
function measured(program: string, args: readonly string[], folder: string, settings: NodeJS.ProcessEnv = {}): Run {
  const log = join(folder, 'time.txt');
  const out = join(folder, 'out.txt');
  const script = 'exec 3>"$1"; shift; log="$1"; shift; /usr/bin/time -o "$log" -f "%U %S %M" "$@" >&3 2>/dev/null';
  const { status } = spawnSync('bash', ['-c', script, 'bash', out, log, program, ...args], {
    env: { ...process.env, ...settings },
  });
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
  const [rules, quiet] = ['rules.yml', 'quiet.yml'].map((name) => join(folder, name)) as [string, string];
  let state = 7;
  const random = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 0) / 4294967296) * below);
  };
  const all = events(MORE_EVENTS, () => `user-${random(USERS)}`);
  const list = all.slice(0, EVENTS);
  const write = (path: string, from: readonly EventObject[]): void =>
    writeFileSync(path, `${from.map((each) => JSON.stringify(each)).join('\n')}\n`);
  const longer = join(folder, 'more.ndjson');
  write(log, list);
  write(longer, all);
  writeFileSync(rules, rulesWith(MANY));
  writeFileSync(quiet, rulesWith(NEVER));
  const hasPeer = spawnSync(RSIGMA, ['--version']).status === 0;
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  const row = (what: string, text: string): void => say(`${what.padEnd(55)} ${text}`);
  say(
    `${EVENTS} events of ${USERS} users, event_count in 5 minutes; load ${loadavg()[0]?.toFixed(1)}; best of ${ROUNDS}, CPU time`,
  );
  if (!hasPeer) say(`no rsigma: "${RSIGMA}" cannot be started; set RSIGMA`);
  const flint = (path: string, by = rules, settings: NodeJS.ProcessEnv = {}): Run =>
    measured(
      process.execPath,
      [...[MAIN, 'scan', '--json', '--quiet', '--workers', '1', '--logsource', 'any/test'], ...['--rules', by, path]],
      folder,
      settings,
    );
  const rsigma = (path: string, by = rules): Run =>
    measured(
      RSIGMA,
      [
        ...['engine', 'eval', '-q', '--no-detections', '--max-state-entries', String(10 * GROUPS)],
        ...['-r', by, '-e', `@${path}`],
      ],
      folder,
    );
  const ways: Readonly<Record<string, (path: string, by?: string) => Run>> = { flint, ...(hasPeer && { rsigma }) };
  const rates = new Map<string, number[]>();
  const add = (what: string, perSecond: number): void => void rates.set(what, [...(rates.get(what) ?? []), perSecond]);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of Object.entries(ways)) {
      const fires = run(log);
      if (fires.lines === 0) throw new Error(`${name} gave no alerts`);
      const silent = run(log, quiet);
      if (silent.lines > 0) throw new Error(`${name} gave alerts`);
      add(`${name}, file to ${fires.lines} alerts (start included)`, EVENTS / fires.cpuSeconds);
      add(`${name}, the same where nothing fires`, EVENTS / silent.cpuSeconds);
      const more = run(longer);
      add(`${name}, ${MORE_EVENTS} events to ${more.lines} alerts`, MORE_EVENTS / more.cpuSeconds);
      add(`${name}, the same where nothing fires, ${MORE_EVENTS}`, MORE_EVENTS / run(longer, quiet).cpuSeconds);
    }
    const plain = flint(log, rules, { FLINT_ALERTS__ORIGINAL: 'false' });
    add(`flint, ${plain.lines} alerts that show times and ids of events only`, EVENTS / plain.cpuSeconds);
    add('state engine alone, fields to alerts, waiting', stateAlone(list, 'ordered').perSecond);
    const eager = stateAlone(list, 'eager');
    add(`state engine alone, fields to ${eager.fired} alerts, at once`, eager.perSecond);
  }
  for (const [what, perSecond] of rates) row(what, best(perSecond));
  const many = join(folder, 'many.ndjson');
  const one = join(folder, 'one.ndjson');
  write(
    many,
    events(GROUPS, (i) => `user-${i}`),
  );
  write(
    one,
    events(GROUPS, () => 'user-0'),
  );
  say(`${GROUPS} live groups with one event each, beside one group with as many events:`);
  for (const [name, run] of Object.entries(ways)) {
    const [all, single] = [run(many, quiet), run(one, quiet)];
    row(
      `${name}, bytes for each group, by greatest memory`,
      ((1024 * (all.maxKiB - single.maxKiB)) / GROUPS).toFixed(0),
    );
    row(`${name}, the groups, start included`, `${(GROUPS / all.cpuSeconds / 1e6).toFixed(2)} M events/s`);
  }
  say('flint without garbage: "groups" of bench/state.bench.ts');
} finally {
  rmSync(folder, { recursive: true });
}
