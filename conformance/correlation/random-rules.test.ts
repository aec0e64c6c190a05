/**
 * Random correlation rules as texts, over random events that arrive in any order within the lateness, in one file or several: all types,
 * groups of several fields and under aliases, chains, `generate`. What must come out is worked out by the plain reading of the Sigma
 * reference below, which sorts all matches and looks at each window anew; it shares nothing with the engine.
 */
import { expect, it } from 'vitest';
import type { Event, EventObject } from '../../src/core/event.ts';
import { loadConfig } from '../../src/engine/config/load-config.ts';
import { EventRules } from '../../src/engine/rules/event-rules.ts';
import { readSigmaTexts, type RuleTexts } from '../../src/engine/rules/rule-texts.ts';
import { Random } from '../../src/testing/random.ts';
import { NIGHTLY, testRounds, testSeed } from '../../src/testing/test-runs.ts';

const ROUNDS = testRounds(5, 500);
const FIRST_SEED = testSeed(NIGHTLY ? undefined : 0);
const RULES = 20;
const EVENTS = 150;
const START_MS = Date.parse('2026-03-01T10:00:00Z');
const LATENESS_MS = 60_000;
const DETECTIONS = ['A', 'B', 'C', 'D'] as const;
const ALIASED: Readonly<Record<string, string>> = { A: 'src', B: 'dst', C: 'u' };

type Bounds = Readonly<Record<string, number>>;

interface Correlation {
  readonly name: string;
  readonly type: string;
  readonly rules: readonly string[];
  readonly groupBy: readonly string[];
  readonly seconds: number;
  readonly bounds?: Bounds;
  readonly field?: readonly string[];
  readonly percentile?: number;
  readonly generate?: boolean;
}

interface Found {
  readonly rule: string;
  readonly timeMs: number;
  readonly n: number;
  readonly group: readonly string[];
}

interface Match {
  readonly timeMs: number;
  /** Order of arrival. */
  readonly arrival: number;
  readonly fields: EventObject;
  /** Of a firing: the values of its group by name. */
  readonly group: ReadonlyMap<string, string>;
}

interface Member extends Match {
  readonly rule: string;
  readonly key: readonly string[];
  readonly value: number | string;
}

function randomBounds(random: Random, low: number, high: number): Bounds {
  const value = low + random.int(high - low + 1);
  if (random.chance(0.15)) return { gte: value, lte: value + random.int(3) };
  return { [random.pick(['gte', 'gte', 'gt', 'gte', 'lt', 'lte', 'eq', 'neq'])]: value };
}

function randomRules(random: Random): readonly Correlation[] {
  const some = (least: number): string[] => {
    const all = ['A', 'B', 'C'].sort(() => random.next() - 0.5);
    return all.slice(0, least + random.int(4 - least));
  };
  const inner = Array.from({ length: RULES }, (_, i): Correlation => {
    const type = random.pick([
      ...['event_count', 'event_count', 'value_count', 'temporal', 'temporal_ordered'],
      ...['value_sum', 'value_avg', 'value_median', 'value_percentile'],
    ]);
    const rules = some(type.startsWith('temporal') ? 2 : 1);
    const base = {
      ...{ name: `X${i}`, type, rules, seconds: random.pick([1, 2, 5, 10, 20, 30]) },
      groupBy: random.pick([[], ['u'], ['u'], ['u', 'w'], ['ip']]),
      ...(random.chance(0.3) && { generate: random.chance(0.5) }),
    };
    if (type === 'event_count') return { ...base, bounds: randomBounds(random, 1, 5) };
    if (type === 'value_count')
      return { ...base, bounds: randomBounds(random, 1, 4), field: random.pick([['v'], ['h'], ['v', 'h']]) };
    if (type.startsWith('temporal'))
      return random.chance(0.5) ? base : { ...base, bounds: randomBounds(random, 1, rules.length) };
    const percentile = type === 'value_percentile' ? { percentile: random.pick([0, 10, 50, 90, 99, 100]) } : {};
    return { ...base, ...percentile, bounds: randomBounds(random, -3, 12), field: ['v'] };
  });
  const outer = Array.from({ length: RULES / 4 }, (_, i): Correlation => {
    const type = random.pick(['event_count', 'temporal', 'temporal_ordered']);
    const { name } = random.pick(inner);
    return {
      ...{
        name: `Y${i}`,
        type,
        rules: type === 'event_count' ? [name] : [name, 'D'],
        groupBy: random.pick([[], ['u']]),
      },
      seconds: random.pick([10, 30, 40]),
      ...(type === 'event_count' && { bounds: { gte: 1 + random.int(3) } }),
      ...(random.chance(0.3) && { generate: true }),
    };
  });
  return [...inner, ...outer];
}

function textOf(rules: readonly Correlation[]): string {
  const correlations = rules.map(
    ({ name, type, rules: of, groupBy, seconds, bounds, field, percentile, generate }) => ({
      ...{ title: name, name, id: idOf(name) },
      correlation: {
        ...{ type, rules: of, timespan: `${seconds}s`, 'group-by': groupBy },
        ...(bounds !== undefined && {
          condition: {
            ...bounds,
            ...(field !== undefined && { field: field.length === 1 ? field[0] : field }),
            ...(percentile !== undefined && { percentile }),
          },
        }),
        ...(groupBy.includes('ip') && { aliases: { ip: Object.fromEntries(of.map((one) => [one, ALIASED[one]])) } }),
        ...(generate !== undefined && { generate }),
      },
    }),
  );
  const detections = DETECTIONS.map((name) => ({
    ...{ title: name, name, id: idOf(name), logsource: { category: 'test' } },
    detection: { s: { 'r|contains': name }, condition: 's' },
  }));
  return [...correlations, ...detections].map((rule) => JSON.stringify(rule)).join('\n---\n');
}

function idOf(name: string): string {
  return `00000000-0000-4000-8000-${Buffer.from(name).toString('hex').padStart(12, '0')}`;
}

function randomEvents(random: Random): readonly Event[] {
  let timeMs = START_MS;
  const sources = Array.from({ length: random.pick([1, 1, 2, 3]) }, (_, i) => ({
    ...{ input: 'file', path: `f${i}`, id: `f${i}`, replayable: true, timezone: 'Z', logsource: 'any/test' },
  }));
  const maybe = (name: string, values: readonly (string | number)[]): EventObject => {
    const value = random.pick([...values, null]);
    return value === null && random.chance(0.6) ? {} : { [name]: value };
  };
  const made = Array.from({ length: EVENTS }, (_, n) => {
    timeMs += random.pick([0, 1, 500, 1000, 1000, 2000, 5000, random.int(12_000)]);
    const fields: EventObject = {
      ...{ n, r: random.pick(['A', 'B', 'C', 'D', 'A', 'AB', 'BC', 'ABC', 'x']) },
      ...maybe('u', ['1', '2', 1, 'x']),
      ...maybe('w', ['p', 'q']),
      ...maybe('src', ['192.0.2.1', '192.0.2.2']),
      ...maybe('dst', ['192.0.2.1', '192.0.2.2']),
      ...maybe('h', ['h1', 'h2', 'h3']),
      ...maybe('v', [1, 2, 3, -2, 5, '7', 'abc', 2.5, 0]),
    };
    return {
      fields,
      timeMs,
      source: random.pick(sources),
      comesMs: timeMs + random.pick([0, 0, random.int(LATENESS_MS)]),
    };
  });
  // File after file, each in its own order of arrival.
  const arrived = sources.flatMap((source) =>
    made.filter((one) => one.source === source).sort((a, b) => a.comesMs - b.comesMs),
  );
  return arrived.map(({ fields, timeMs: at, source }, position): Event => {
    const origin = { source, position, line: position + 1, record: position, part: 0, arrivalMs: 0 };
    return { fields, original: '', format: 'json', timeMs: at, timeOrigin: 'field', origin };
  });
}

/** The plain reading. */
function expectedOf(rules: readonly Correlation[], events: readonly Event[]): readonly Found[] {
  const byName = new Map(rules.map((rule) => [rule.name, rule]));
  const firings = new Map<string, readonly Match[]>();
  const detected = (name: string): readonly Match[] =>
    events.flatMap(({ fields, timeMs }, arrival) =>
      String(fields['r']).includes(name) ? [{ timeMs, arrival, fields, group: new Map() }] : [],
    );
  const matchesOf = (name: string): readonly Match[] => {
    const rule = byName.get(name);
    if (rule === undefined) return detected(name);
    const known = firings.get(name);
    if (known !== undefined) return known;
    const fired = fire(
      rule,
      rule.rules.flatMap((of) => matchesOf(of).flatMap((match) => memberOf(rule, of, match))),
    );
    firings.set(name, fired);
    return fired;
  };
  const watched = new Set(rules.flatMap((rule) => rule.rules));
  const generated = new Set(rules.flatMap((rule) => (rule.generate === true ? rule.rules : [])));
  return [...byName.keys(), ...DETECTIONS]
    .filter((name) => !watched.has(name) || generated.has(name))
    .flatMap((rule) =>
      matchesOf(rule).map(({ timeMs, fields, group }) => ({
        rule,
        timeMs,
        n: Number(fields['n']),
        group: [...group.values()],
      })),
    );
}

function memberOf({ type, groupBy, field = [] }: Correlation, rule: string, match: Match): readonly Member[] {
  const key: string[] = [];
  for (const name of groupBy) {
    const real = name === 'ip' ? (ALIASED[rule] ?? name) : name;
    const value = match.group.get(real) ?? match.fields[real];
    if (value === undefined || value === null) return [];
    key.push(String(value));
  }
  const values = field.map((name) => match.fields[name]);
  if (type === 'value_count') {
    if (values.some((value) => value === undefined || value === null)) return [];
    return [{ ...match, rule, key, value: JSON.stringify(values.map(String)) }];
  }
  if (field.length === 0) return [{ ...match, rule, key, value: 0 }];
  const [value] = values;
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && !Number.isNaN(number) ? [{ ...match, rule, key, value: number }] : [];
}

function fire(rule: Correlation, members: readonly Member[]): readonly Match[] {
  const spanMs = 1000 * rule.seconds;
  const bounds = rule.bounds ?? { gte: rule.rules.length };
  const isUpwards =
    ['event_count', 'value_count', 'temporal', 'temporal_ordered', 'value_sum'].includes(rule.type) &&
    Object.keys(bounds).every((operator) => operator === 'gt' || operator === 'gte');
  const groups = new Map<string, Member[]>();
  const place = (one: Member): number => rule.rules.indexOf(one.rule);
  const sorted = [...members].sort((a, b) => a.timeMs - b.timeMs || a.arrival - b.arrival || place(a) - place(b));
  for (const member of sorted) {
    const key = JSON.stringify(member.key);
    groups.set(key, [...(groups.get(key) ?? []), member]);
  }
  const fired: Match[] = [];
  const add = (member: Member | undefined): void => {
    if (member === undefined) return;
    const { timeMs, arrival, fields, key } = member;
    fired.push({ timeMs, arrival, fields, group: new Map(rule.groupBy.map((name, i) => [name, key[i] ?? ''])) });
  };
  for (const group of groups.values()) {
    let held = false;
    let from = 0;
    for (const [i, member] of group.entries()) {
      if (isUpwards) {
        const before = group[i - 1];
        if (before !== undefined && member.timeMs - before.timeMs > spanMs) held = false;
        const window = group.slice(0, i + 1).filter(({ timeMs }) => member.timeMs - timeMs <= spanMs);
        const holds = isWithin(measured(rule, window), bounds);
        if (holds && !held) add(member);
        held = holds;
        continue;
      }
      const next = group[i + 1];
      if (next !== undefined && next.timeMs - (group[from]?.timeMs ?? 0) <= spanMs) continue;
      if (isWithin(measured(rule, group.slice(from, i + 1)), bounds)) add(member);
      from = i + 1;
    }
  }
  return fired;
}

function measured({ type, rules, percentile = 50 }: Correlation, window: readonly Member[]): number {
  if (type === 'event_count') return window.length;
  if (type === 'value_count') return new Set(window.map(({ value }) => value)).size;
  if (type === 'temporal') return new Set(window.map(({ rule }) => rule)).size;
  if (type === 'temporal_ordered') {
    // The longest part of the rules, in their order, that the matches go through.
    const reached = rules.map(() => 0);
    for (const { rule } of window) {
      const at = rules.indexOf(rule);
      reached[at] = Math.max(reached[at] ?? 0, 1 + Math.max(0, ...reached.slice(0, at)));
    }
    return Math.max(...reached);
  }
  const values = window.map(({ value }) => Number(value));
  const sum = values.reduce((total, value) => total + value, 0);
  if (type === 'value_sum') return sum;
  if (type === 'value_avg') return sum / values.length;
  const ordered = values.sort((a, b) => a - b);
  const rank = ((ordered.length - 1) * percentile) / 100;
  const low = ordered[Math.floor(rank)] ?? 0;
  const high = ordered[Math.ceil(rank)] ?? low;
  return low + (high - low) * (rank - Math.floor(rank));
}

const HOLDS: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  gt: (value, bound) => value > bound,
  gte: (value, bound) => value >= bound,
  lt: (value, bound) => value < bound,
  lte: (value, bound) => value <= bound,
  eq: (value, bound) => value === bound,
  neq: (value, bound) => value !== bound,
};

function isWithin(value: number, bounds: Bounds): boolean {
  return Object.entries(bounds).every(([operator, bound]) => HOLDS[operator]?.(value, bound) === true);
}

const { config } = loadConfig({}, {});

function foundBy(text: string, events: readonly Event[]): readonly Found[] {
  const texts: RuleTexts = {
    ...readSigmaTexts(config, [{ path: 'rules.yml', text }]).texts,
    ...{
      patterns: [],
      stixMappings: [],
      patternGroupBy: [],
      flux: [],
      fluxMemory: config.flux_memory,
      correlationMemory: config.correlation_memory,
    },
    ...{ lateness: { latenessMs: LATENESS_MS }, processMemory: config.process_memory, mode: 'ordered' },
  };
  const rules = new EventRules(texts, { seed: { lo: 3, hi: 4 } });
  expect(rules.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const found: Found[] = [];
  const add = ({ timeMs, fields }: Event, matches: ReturnType<EventRules['match']>): void => {
    for (const { rule, group } of matches)
      found.push({ rule: rule.name, timeMs, n: Number(fields['n']), group: Object.values(group ?? {}) });
  };
  rules.stateful?.hold(new Set(events.map(({ origin }) => origin.source)).size > 1);
  for (const event of events) {
    add(event, rules.match(event));
    for (const { event: earlier, match } of rules.drain()) add(earlier, [match]);
  }
  rules.stateful?.hold(false);
  rules.end(0);
  for (const { event, match } of rules.drain()) add(event, [match]);
  return found;
}

function shown(found: readonly Found[]): readonly string[] {
  return found.map(({ rule, timeMs, n, group }) => `${rule} ${timeMs - START_MS} event ${n} ${group.join(' ')}`).sort();
}

it('random rules fire as their plain reading says', { timeout: 60_000 + ROUNDS * 5_000 }, () => {
  let fired = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const seed = FIRST_SEED + round;
    const random = new Random(seed);
    const rules = randomRules(random);
    const events = randomEvents(random);
    const expected = shown(expectedOf(rules, events));
    expect(shown(foundBy(textOf(rules), events)), `seed ${seed}`).toEqual(expected);
    fired += expected.filter((line) => /^[XY]/.test(line)).length;
  }
  expect(fired).toBeGreaterThan(100 * ROUNDS);
});
