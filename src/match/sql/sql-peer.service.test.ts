/**
 * The SQL of predicates, run on DuckDB and on Spark, against the interpreter: the conformance cases of Sigma, hostile texts, fields of
 * every form, random predicates on random events (the seed is in the title), and the SigmaHQ rules on recorded events.
 */
import { describe, expect, it } from 'vitest';
import type { EventObject, EventValue } from '../../core/event.ts';
import { and, not, or } from '../../ir/build.ts';
import type { FieldPath, GlobPart, Predicate, Test } from '../../ir/predicate.ts';
import { installSqlEngine, runSql } from '../../testing/sql-peer.ts';
import { evaluate } from '../interpreter.ts';
import { eventSubject } from '../subject.ts';
import { duckdb } from './duckdb.ts';
import { selectSql } from './predicate-sql.ts';
import { spark } from './spark.ts';
import { type SqlDialect, SqlRefusal } from './sql-dialect.ts';
import { testSeed } from '../../testing/test-runs.ts';

const TABLE = { table: 'events', column: 'event', select: ['n'] };
const ENGINES: readonly { readonly dialect: SqlDialect; readonly release: string; readonly random: number }[] = [
  { dialect: duckdb, release: '2.0.0', random: 600 },
  { dialect: spark, release: '4.3.0', random: 25 },
];
const SEED = testSeed();

const FIELD = (name: string): FieldPath => ({ kind: 'field', name });
const compare = (path: FieldPath, test: Test): Predicate => ({
  kind: 'compare',
  path,
  test,
  negate: false,
  absent: test.kind === 'null',
});
const text = (value: string, collation: 'exact' | 'folded' = 'folded'): Test => ({
  kind: 'equals',
  value: { type: 'string', value },
  collation,
  typing: 'bridged',
});

/** Predicates with the events that they hold for, by the interpreter and by the engine. */
function differences(
  dialect: SqlDialect,
  predicates: readonly Predicate[],
  events: readonly EventObject[],
): readonly string[] {
  const expressed = predicates.flatMap((predicate) => {
    try {
      return [{ predicate, ...selectSql(predicate, dialect, TABLE) }];
    } catch (error) {
      if (!(error instanceof SqlRefusal)) throw error;
      return [];
    }
  });
  const answers = runSql(
    dialect.name,
    events.map((event) => JSON.stringify(event)),
    expressed.map(({ text: sql }) => sql),
    [...new Set(expressed.flatMap(({ functions }) => [...functions]))].map((name) => dialect.create(name)),
  );
  expect(answers.length).toBe(expressed.length);
  // What an engine refuses is a small part: a test of nothing would pass.
  expect(expressed.length).toBeGreaterThan(predicates.length * (dialect === spark ? 0.5 : 0.97));
  return expressed.flatMap(({ predicate, text: sql }, i) => {
    const wanted = events.flatMap((event, n) => (evaluate(predicate, eventSubject(event)) ? [n] : []));
    const { rows, error } = answers[i] ?? {};
    if (rows !== undefined && JSON.stringify(rows) === JSON.stringify(wanted)) return [];
    const odd = wanted
      .filter((n) => rows?.includes(n) !== true)
      .concat((rows ?? []).filter((n) => !wanted.includes(n)));
    const shown = odd.slice(0, 3).map((n) => JSON.stringify(events[n]));
    return [`${error ?? `differs on ${shown.join(' ')}`}\n${JSON.stringify(predicate)}\n${sql}`];
  });
}

/** Letters that got another case in Unicode 16: tables differ by their age. */
const NEW_PAIRS = ['\u019b', '\u0264'];

function random(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * limit);
  };
}

type Next = ReturnType<typeof random>;
const pick = <T>(next: Next, list: readonly T[]): T => list[next(list.length)] as T;

const NAMES = ['', 'Image', 'image', 'a.b', 'a.b.c', 'n', 'list', "o'k", 'k/~0"', '0', 'event', 'ü'] as const;
const TEXTS = [
  ...['cmd.exe', '\\CMD.EXE', 'powershell', '-enc', 'x', '', 'Ärger', 'K', '\u212a', '\u0130', 'ß', 'ΑΣ', 'ας', '😀'],
  ...['1', '4688', '4688.0', '4688.', '.5', '+5', '1e3', '0x10', 'true', 'TRUE', 'NULL', "it's", "'; DROP TABLE x; --"],
  ...[
    '10.1.2.3',
    '10.1.2.3/24',
    '010.1.2.3',
    '::1',
    '::ffff:10.1.2.3',
    'fe80::1%eth0',
    '[fe80::1]',
    'fe80::/10',
    '1::2::3',
  ],
  ...[
    '1:2:3:4:5:6:7:8',
    '::ffff:10.0.0.0/104',
    '256.1.1.1',
    '::1.2.3.4',
    'a\nb',
    'a\r\nb',
    'b\n',
    '\u0000',
    ['$', '{x}'].join(''),
    '%',
    '_',
  ],
] as const;
const REGEXES = [
  '^b',
  'b$',
  'a.b',
  '\\s',
  '[^\\s]',
  '\\bcmd\\b',
  '(?i)ärger',
  'k',
  '\\d{2,}',
  '[[:alpha:]]+\\.',
  '^\\w+$',
  'a|b{',
];
const NETWORKS = [
  '10.0.0.0/8',
  '10.1.2.0/25',
  '0.0.0.0/0',
  '10.1.2.3/32',
  '::/0',
  '::1/128',
  'fe80::/10',
  '1:2:3::/47',
];

function randomTest(next: Next): Test {
  const collation = next(3) === 0 ? 'exact' : 'folded';
  const typing = 'bridged';
  const flag = (): boolean => next(2) === 0;
  switch (next(11)) {
    case 0:
    case 1:
      return text(pick(next, TEXTS), collation);
    case 2:
      return {
        kind: 'equals',
        value: { type: 'number', value: pick(next, [1, 4688, 0.5, -5, 1000]) },
        collation,
        typing,
      };
    case 3:
      return { kind: 'equals', value: { type: 'boolean', value: flag() }, collation, typing };
    case 4:
      return { kind: 'null' };
    case 5:
      return { kind: 'exists' };
    case 6:
      return {
        kind: 'order',
        operator: pick(next, ['lt', 'lte', 'gt', 'gte'] as const),
        value: { type: 'number', value: 5 },
        typing,
      };
    case 7:
      return { kind: 'network', relation: 'subset', network: pick(next, NETWORKS) };
    case 8: {
      const flags = { ignoreCase: flag(), multiline: flag(), dotAll: flag() };
      return { kind: 'regex', source: pick(next, REGEXES), flags, typing, normalize: 'none' };
    }
    case 9: {
      const relation = pick(next, ['equals', 'contains', 'startswith', 'endswith'] as const);
      return { kind: 'field-reference', relation, other: FIELD(pick(next, NAMES)), collation };
    }
    default: {
      const parts: GlobPart[] = [];
      for (let i = next(4) + 1; i > 0; i--) {
        const kind = next(6);
        if (kind < 3) parts.push({ text: pick(next, TEXTS) || 'z' });
        else if (kind < 5) parts.push({ wildcard: 'any' });
        else parts.push(flag() ? { wildcard: 'one' } : { oneOf: '-/–]^' });
      }
      return { kind: 'glob', parts, collation, typing, normalize: 'none' };
    }
  }
}

const TIMES = [
  ...[
    '2024-05-06T07:08:09Z',
    ' 2024/12/30 23:59',
    '2021-01-03',
    '2020-12-31T24:00',
    '2024-13-01',
    '2024-02-31 10:10',
    'x 2024-05-06',
  ],
  ...[
    '20240506T070809Z',
    '20240506070809.5+000',
    '202405060708091',
    '06/May/2024:07:08:09 +0000',
    'Mon, 06 May 2024 07:08:09 GMT',
  ],
  ...[
    'May  6 07:08:09',
    'Mon May  6 07:08:09.5 CEST 2024',
    'Foo 6 07:08:09',
    '1714980600',
    '1714980600123.5',
    '99999999',
    '2024-05-06T7:08',
  ],
  ...['0050-01-01', '1714980600123456', '171498060012345678', '1714980600123456789'],
] as const;
const TIME_PARTS = ['minute', 'hour', 'day', 'week', 'month', 'year'] as const;

function randomPredicate(next: Next, depth: number): Predicate {
  if (next(6) === 0) {
    const quantifier = pick(next, ['any', 'all', 'all-or-empty', 'none', 0, -1, 1] as const);
    const path = FIELD(pick(next, NAMES));
    return { kind: 'elements', path, quantifier, body: randomPredicate(next, Math.min(depth, 1)) };
  }
  if (next(8) === 0) {
    const operator = pick(next, ['equals', 'lt', 'lte', 'gt', 'gte'] as const);
    const test: Test = {
      kind: 'time-part',
      part: pick(next, TIME_PARTS),
      operator,
      value: pick(next, [1, 5, 7, 8, 18, 53, 2024]),
    };
    return compare(FIELD(pick(next, NAMES)), test);
  }
  if (depth === 0 || next(3) === 0) {
    const test = randomTest(next);
    if (next(8) === 0 && (test.kind === 'glob' || test.kind === 'regex')) return { kind: 'keyword', test };
    return compare(FIELD(pick(next, NAMES)), test);
  }
  const items = Array.from({ length: next(3) + 2 }, () => randomPredicate(next, depth - 1));
  const kind = next(3);
  return kind === 0 ? and(items) : kind === 1 ? or(items) : not(items[0] as Predicate);
}

function randomValue(next: Next, depth: number): EventValue {
  const kind = next(depth > 0 ? 12 : 8);
  if (kind < 5 && next(4) === 0) return pick(next, TIMES);
  if (kind < 5) return next(3) === 0 ? pick(next, TEXTS) + pick(next, TEXTS) : pick(next, TEXTS);
  if (kind === 5) return pick(next, [1, 4688, 0.5, -5, 1000, 1.25, 1714980600, 1714980600123.5, -1e9, 171498060012345]);
  if (kind === 6) return pick(next, [true, false]);
  if (kind === 7) return null;
  if (kind < 10) return Array.from({ length: next(4) }, () => randomValue(next, depth - 1));
  const keys = ['b', 'c', 'b.c', 'x'];
  return Object.fromEntries(Array.from({ length: next(3) }, () => [pick(next, keys), randomValue(next, depth - 1)]));
}

function randomEvent(next: Next): EventObject {
  const names = [...NAMES, 'a', 'a'];
  return Object.fromEntries(Array.from({ length: next(7) }, () => [pick(next, names), randomValue(next, 3)]));
}

describe.each(ENGINES.map((engine) => ({ ...engine, missing: installSqlEngine(engine.dialect.name, engine.release) })))(
  '$dialect.name $release $missing',
  ({ dialect, random: count, missing }) => {
    it.skipIf(missing !== '')(
      `random predicates on random events, seed ${SEED}`,
      () => {
        const next = random(SEED);
        const events = Array.from({ length: 300 }, () => randomEvent(next));
        const predicates = Array.from({ length: count }, () => randomPredicate(next, 2));
        expect(differences(dialect, predicates, events).slice(0, 3)).toEqual([]);
      },
      600_000,
    );

    it.skipIf(missing !== '')(
      'letters are folded as everywhere else: Latin, Greek, Cyrillic, Armenian and the letters that stand for others',
      () => {
        const letters: string[] = [];
        for (let code = 1; code < 0x590; code++) letters.push(String.fromCharCode(code));
        letters.push('\u1e9e', '\u2126', '\u212a', '\u212b', '\ufb01', '\u{10400}');
        const changing = letters.filter(
          (char) => !NEW_PAIRS.includes(char) && (char.toLowerCase() !== char || char.toUpperCase() !== char),
        );
        const events = changing.map((char) => ({ f: char, g: char.toLowerCase(), h: char.toUpperCase() }));
        const same = (other: string): Predicate =>
          compare(FIELD('f'), {
            kind: 'field-reference',
            relation: 'equals',
            other: FIELD(other),
            collation: 'folded',
          });
        expect(differences(dialect, [same('g'), same('h')], events)).toEqual([]);
      },
      600_000,
    );

    it.skipIf(missing !== '')(
      'integers beyond 2^53 are the text of their digits',
      () => {
        const values = ['9007199254740993', '9007199254740992', '"9007199254740993"', '18446744073709551615', '5.0'];
        const tests = [text('9007199254740993'), text('18446744073709551615'), text('5')];
        const queries = tests.map((test) => selectSql(compare(FIELD('f'), test), dialect, TABLE));
        const answers = runSql(
          dialect.name,
          values.map((value) => `{"f":${value}}`),
          queries.map((query) => query.text),
          [...new Set(queries.flatMap(({ functions }) => [...functions]))].map((name) => dialect.create(name)),
        );
        expect(answers.map(({ rows }) => rows)).toEqual([[0, 2], [3], [4]]);
      },
      600_000,
    );
  },
);
