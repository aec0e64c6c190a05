/**
 * Correlations as SQL on DuckDB and Spark: the vectors of conformance/correlation from rule text to what fires, and random correlations on random
 * matches against the naive executor.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { EventObject } from '../../core/event.ts';
import type { CorrelationBound, CorrelationCondition, CorrelationRule, RuleExpression } from '../../ir/correlation.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import { evaluate } from '../../match/interpreter.ts';
import { regexProblem } from '../../match/regex.ts';
import type { CorrelationDialect } from '../../match/sql/correlation-dialect.ts';
import { duckdbCorrelations } from '../../match/sql/correlation-duckdb.ts';
import { sparkCorrelations } from '../../match/sql/correlation-spark.ts';
import { correlationSql } from '../../match/sql/correlation-sql.ts';
import type { SqlFunction } from '../../match/sql/sql-dialect.ts';
import { eventSubject } from '../../match/subject.ts';
import { collectFacts, fieldReader } from '../../state/correlation/fact.ts';
import { naiveFirings } from '../../state/correlation/naive-executor.ts';
import { planCorrelations } from '../../state/correlation/plan.ts';
import { installSqlEngine, runSql } from '../../testing/sql-peer.ts';
import { loadSigma, type SigmaRules } from './load.ts';
import { testRounds, testSeed } from '../../testing/test-runs.ts';

const SEED = testSeed();
const START_MS = Date.UTC(2026, 2, 1, 10);

interface Engine {
  readonly dialect: CorrelationDialect;
  readonly release: string;
  /** Random correlations. */
  readonly rounds: number;
  /** Of the vectors each so manieth: a query takes Spark seconds. */
  readonly every: number;
  /** The records with their time, from `events`; and some of them, counted from 0. */
  readonly timed: string;
  readonly part: (name: string, start: number, end: number) => string;
  /** A row of the answer as JSON. */
  readonly shown: (groups: readonly string[]) => string;
}

const ENGINES: readonly Engine[] = [
  {
    dialect: duckdbCorrelations,
    release: '2.0.0',
    rounds: testRounds(150, 2000),
    every: 1,
    timed: `CREATE VIEW timed AS SELECT n, event, CAST(event->>'$."@timestamp"' AS TIMESTAMP) AS at FROM events`,
    part: (name, start, end) =>
      `CREATE VIEW ${name} AS SELECT * REPLACE (n - ${start} AS n) FROM timed WHERE n >= ${start} AND n < ${end}`,
    shown: (groups) =>
      `CAST(to_json({n: n, "group": CAST([${groups.join(', ')}] AS VARCHAR[]), value: CAST(value AS DOUBLE), matches: matches}) AS VARCHAR)`,
  },
  {
    dialect: sparkCorrelations,
    release: '4.3.0',
    rounds: testRounds(8, 100),
    every: 6,
    timed: `CREATE TEMP VIEW timed AS SELECT n, event, CAST(variant_get(event, '$["@timestamp"]', 'string') AS TIMESTAMP) AS at FROM events`,
    part: (name, start, end) =>
      `CREATE TEMP VIEW ${name} AS SELECT n - ${start} AS n, event, at FROM timed WHERE n >= ${start} AND n < ${end}`,
    shown: (groups) =>
      `to_json(struct(n, CAST(array(${groups.join(', ')}) AS ARRAY<STRING>) AS group, CAST(value AS DOUBLE) AS value, matches))`,
  },
];

interface Fired {
  readonly n: number;
  readonly group: readonly string[];
  readonly value: number;
  readonly matches: number;
}

/** Correlations over records of their own. */
interface Batch {
  readonly correlations: readonly CorrelationRule[];
  readonly loaded: Pick<SigmaRules, 'detections' | 'correlations'>;
  readonly events: readonly EventObject[];
}

/** What each correlation of each batch fires, by record, in one run of the engine. */
function fired(engine: Engine, batches: readonly Batch[]): readonly (readonly (readonly Fired[])[])[] {
  const { dialect, timed, part, shown } = engine;
  const setup = [timed];
  const functions = new Set<SqlFunction>();
  let start = 0;
  const queries = batches.flatMap(({ correlations, loaded, events }, i) => {
    setup.push(part(`timed${i}`, start, start + events.length));
    start += events.length;
    return correlations.map((rule) => {
      const watched = {
        predicate: (id: string) => loaded.detections.find(({ details }) => details.id === id)?.predicate,
        correlation: (id: string) => loaded.correlations.find(({ details }) => details.id === id),
      };
      const table = { table: `timed${i}`, column: 'event', select: ['n'], time: 'at', order: 'n' };
      const query = correlationSql(rule, watched, table, dialect);
      for (const name of query.functions) functions.add(name);
      const groups = rule.groupBy.map(({ name }) => dialect.sql.identifier(`group ${name}`));
      return `SELECT ${shown(groups)} FROM (${query.text})`;
    });
  });
  const records = batches.flatMap(({ events }) => events.map((event) => JSON.stringify(event)));
  const made = [...functions].map((name) => dialect.sql.create(name));
  const answers = runSql(dialect.sql.name, records, queries, [...setup, ...made]);
  let answer = 0;
  return batches.map(({ correlations }) =>
    correlations.map(() => {
      const { rows, error } = answers[answer++] ?? {};
      if (rows === undefined) throw new Error(error);
      const texts = rows as readonly unknown[] as readonly string[];
      return texts.map((row) => JSON.parse(row) as Fired).sort((a, b) => a.n - b.n);
    }),
  );
}

interface Vector {
  readonly id: string;
  readonly correlations: Readonly<Record<string, object>>;
  readonly more?: Readonly<Record<string, object>>;
  readonly events?: readonly ({ readonly t: number } & EventObject)[];
  readonly fires: readonly (string | Readonly<Record<string, Readonly<Record<string, unknown>>>>)[];
  readonly state?: object;
  readonly files?: object;
}

/** What a table cannot know: how late records came, and jumps of the clock; and keys of objects, which it leaves in their order. */
const LEFT_OUT = /\blate\b|lateness|epoch|jump|budget|arriv|in whatever order its keys stand/;

describe.each(ENGINES)('correlations on $dialect.sql.name', (engine) => {
  const missing = installSqlEngine(engine.dialect.sql.name, engine.release);
  const { rounds } = engine;

  it.skipIf(missing !== '')(
    `fire in the vectors as Flint does ${missing}`,
    () => {
      const source = new URL('../../../conformance/correlation/scan-vectors.yaml', import.meta.url);
      const { vectors } = parse(readFileSync(source, 'utf8'), { merge: true }) as { vectors: Vector[] };
      const usable = vectors.flatMap((vector) => {
        const { id, events, files, state } = vector;
        return files !== undefined || state !== undefined || LEFT_OUT.test(id) || events === undefined
          ? []
          : [{ ...vector, events }];
      });
      const chosen = usable.filter((_, i) => i % engine.every === 0);
      const batches = chosen.map(({ correlations, more = {}, events }): Batch => {
        const documents: Record<string, object> = {};
        for (const r of ['A', 'B', 'C', 'D'])
          documents[r] = { name: r, logsource: { category: 'test' }, detection: { s: { r }, condition: 's' } };
        for (const [name, correlation] of Object.entries(correlations)) documents[name] = { name, correlation };
        for (const [title, part] of Object.entries(more)) documents[title] = { ...documents[title], ...part };
        const texts = Object.entries(documents).map(([title, document], i) => ({
          path: `${i}.yml`,
          text: JSON.stringify({ title, ...document }),
        }));
        const loaded = loadSigma(texts, { regexProblem });
        return {
          correlations: loaded.correlations.filter(({ alerts }) => alerts),
          loaded,
          events: events.map(({ t, ...fields }) => ({
            '@timestamp': new Date(START_MS + Math.round(t * 1000)).toISOString(),
            ...fields,
          })),
        };
      });
      const answers = fired(engine, batches);
      const wrong: string[] = [];
      let compared = 0;
      for (const [i, { id, events, fires }] of chosen.entries()) {
        const names = batches[i]?.correlations.map(({ details }) => details.name) ?? [];
        const found = (answers[i] ?? []).flatMap((rows, rule) => rows.map(({ n }) => `${names[rule]}@${events[n]?.t}`));
        const wanted = fires
          .map((one) => (typeof one === 'string' ? one : (Object.keys(one)[0] ?? '')))
          .filter((one) => names.includes(one.split('@')[0] ?? ''));
        if (JSON.stringify(found.sort()) !== JSON.stringify(wanted.sort()))
          wrong.push(`${id}: found ${found.join(' ')}, wanted ${wanted.join(' ')}`);
        compared += wanted.length;
      }
      expect(wrong).toEqual([]);
      expect(compared).toBeGreaterThan(48 / engine.every);
    },
    900_000,
  );

  it.skipIf(missing !== '')(
    `fire on random matches as the naive executor says, seed ${SEED} ${missing}`,
    () => {
      const next = random(SEED);
      const events = Array.from({ length: 120 }, () => randomEvent(next));
      const detections = RULES.map((r): DetectionRule => {
        const text = JSON.stringify({
          title: r,
          id: r,
          logsource: { category: 'test' },
          detection: { s: { r }, condition: 's' },
        });
        return loadSigma([{ path: `${r}.yml`, text }], { regexProblem }).detections[0] as DetectionRule;
      });
      const rules = Array.from({ length: rounds }, (_, i) => randomRule(next, `X${i}`));
      const [answers = []] = fired(engine, [{ correlations: rules, loaded: { detections, correlations: [] }, events }]);
      let firings = 0;
      for (const [i, rule] of rules.entries()) {
        const plan = planCorrelations([rule], 0);
        const facts = events.flatMap((event, n) =>
          detections.flatMap(({ details, predicate }) => {
            if (!evaluate(predicate, eventSubject(event))) return [];
            const place = { timeMs: Date.parse(String(event['@timestamp'])), source: 0, position: n, part: 0 };
            return collectFacts(plan, details.id, fieldReader(event), place, () => {});
          }),
        );
        const wanted = naiveFirings(plan.correlations[0] as (typeof plan.correlations)[number], facts)
          .map(({ completing, group, value, window }) => ({
            n: completing.position,
            group: JSON.parse(group) as string[],
            value,
            matches: window.length,
          }))
          .sort((a, b) => a.n - b.n);
        expect({ rule, fired: answers[i] }).toEqual({ rule, fired: wanted });
        firings += wanted.length;
      }
      expect(firings).toBeGreaterThan(rounds);
    },
    900_000,
  );
});

const RULES = ['A', 'B', 'C'];
type Next = (limit: number) => number;

function random(seed: number): Next {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * limit);
  };
}

const pick = <T>(next: Next, list: readonly T[]): T => list[next(list.length)] as T;

function randomEvent(next: Next): EventObject {
  const u = pick<EventObject[string]>(next, ['a', 'b', 'A', 1, '1', null, ['a', 1], true]);
  const v = pick<EventObject[string]>(next, [1, 2, '3', 0.1, 0.2, -4, 'x', '', null, '1e1', 7]);
  return {
    '@timestamp': new Date(START_MS + next(40) * 500).toISOString(),
    r: next(6) === 0 ? [pick(next, RULES), pick(next, RULES)] : pick(next, RULES),
    ...(next(8) > 0 && { u }),
    ...(next(8) > 0 && { v }),
    ...(next(3) > 0 && { w: { x: pick(next, ['p', 'q']) } }),
  };
}

function randomRule(next: Next, id: string): CorrelationRule {
  const type = pick<CorrelationRule['type']>(next, [
    ...(['event_count', 'value_count', 'temporal', 'temporal_ordered'] as const),
    ...(['value_sum', 'value_avg', 'value_percentile', 'value_median'] as const),
  ]);
  const field = (name: string): CorrelationRule['groupBy'][number] => ({ name, fieldOf: {} });
  const bound = (): CorrelationBound => ({
    operator: pick(next, ['gt', 'gte', 'gte', 'gte', 'lt', 'lte', 'equals', 'not-equals'] as const),
    value: 1 + next(5),
  });
  const expression = (depth: number): RuleExpression => {
    const kind = depth === 0 ? 0 : next(4);
    if (kind === 0) return { kind: 'rule', id: pick(next, RULES) };
    if (kind === 1) return { kind: 'not', item: expression(depth - 1) };
    return { kind: kind === 2 ? 'and' : 'or', items: [expression(depth - 1), expression(depth - 1)] };
  };
  const counted = type === 'value_count' && next(3) === 0 ? [field('v'), field('w.x')] : [field('v')];
  const condition: CorrelationCondition =
    type.startsWith('temporal') && next(2) === 0
      ? { kind: 'expression', root: expression(2) }
      : {
          kind: 'threshold',
          bounds: next(4) === 0 ? [bound(), bound()] : [bound()],
          fields: type.startsWith('value_') ? counted : [],
          percentile: pick(next, [0, 10, 50, 90, 99, 100]),
        };
  return {
    kind: 'correlation',
    details: { id, name: id },
    origin: { file: 'random', line: 1 },
    type,
    rules: RULES,
    groupBy: pick(next, [[], [field('u')], [field('u'), field('w.x')]]),
    timespanMs: 500 * (1 + next(16)),
    condition,
    generate: false,
    alerts: true,
  };
}
