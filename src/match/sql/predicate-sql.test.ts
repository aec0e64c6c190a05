/** The SQL of predicates as text: nothing of a rule leaves its literal, one condition per list, refusals by name. */
import { describe, expect, it } from 'vitest';
import { and, not, or } from '../../ir/build.ts';
import type { Predicate, Test } from '../../ir/predicate.ts';
import { duckdb } from './duckdb.ts';
import { javaRegex } from './java-regex.ts';
import { selectSql } from './predicate-sql.ts';
import { spark } from './spark.ts';
import { type SqlDialect, SqlRefusal } from './sql-dialect.ts';

const TABLE = { table: 'lake.events', column: 'event' };
const compare = (name: string, test: Test): Predicate => ({
  kind: 'compare',
  path: { kind: 'field', name },
  test,
  negate: false,
  absent: test.kind === 'null',
});
const text = (value: string): Test => ({
  kind: 'equals',
  value: { type: 'string', value },
  collation: 'folded',
  typing: 'bridged',
});
const ends = (value: string): Test => ({
  kind: 'glob',
  parts: [{ wildcard: 'any' }, { text: value }],
  collation: 'folded',
  typing: 'bridged',
  normalize: 'none',
});
const regex = (source: string): Test => ({
  kind: 'regex',
  source,
  flags: { ignoreCase: false, multiline: false, dotAll: false },
  typing: 'bridged',
  normalize: 'none',
});

function refusal(predicate: Predicate, dialect: SqlDialect): string {
  try {
    selectSql(predicate, dialect, TABLE);
    return 'none';
  } catch (error) {
    if (!(error instanceof SqlRefusal)) throw error;
    return error.feature;
  }
}

describe('selectSql', () => {
  it('looks each field up once and asks its list once for all alternatives', () => {
    const predicate = and([
      or([compare('Image', ends('\\CMD.exe')), compare('Image', ends('\\sh.exe'))]),
      not(compare('User', { kind: 'null' })),
    ]);
    const query = selectSql(predicate, duckdb, { ...TABLE, select: ['n'] });
    expect(query.text).toBe(`WITH
s0 AS (
  SELECT *, CAST("event" AS JSON) AS record FROM "lake"."events"
),
s1 AS (
  SELECT *,
    json_extract(record, '/Image') AS f1,
    json_extract(record, '/User') AS f2
  FROM s0
),
s2 AS (
  SELECT *,
    flint_values([f1]) AS f1_values,
    flint_values([f2]) AS f2_values
  FROM s1
),
s3 AS (
  SELECT *,
    flint_texts(f1_values) AS f1_texts
  FROM s2
),
s4 AS (
  SELECT *,
    flint_folded(f1_texts) AS f1_texts_folded
  FROM s3
)
SELECT "n", "event" FROM s4
WHERE (
  coalesce(list_bool_or([suffix(v, '\\cmd.exe') OR suffix(v, '\\sh.exe') for v in f1_texts_folded]), FALSE)
  AND NOT (NOT (f2 IS NOT NULL) OR coalesce(list_bool_or([json_type(v) = 'NULL' for v in f2_values]), FALSE))
)`);
    expect([...query.functions]).toEqual(['flint_values', 'flint_texts', 'flint_folded']);
    expect(query.fields).toEqual([
      ['f1', 'Image'],
      ['f2', 'User'],
    ]);
  });
});

const HOSTILE = [
  "'; DROP TABLE events; --",
  "\\'; DROP TABLE events; --",
  "\\\\'; --",
  '"; --',
  '`; --',
  "*/ '); --",
  '\n-- x',
  '\u0000',
  ['$', '{spark.x}'].join(''),
  "'||(SELECT 1)||'",
  '$$',
];

/** What is left of a query when its literals and quoted names are taken out. */
function skeleton(sql: string, dialect: SqlDialect): string {
  const literal = dialect.name === 'duckdb' ? "'(?:[^']|'')*'" : "'(?:[^'\\\\]|\\\\.)*'";
  return sql
    .replace(new RegExp(`${literal}|"(?:[^"]|"")*"|\`(?:[^\`]|\`\`)*\``, 'gs'), '?')
    .replace(/\((?:chr\(\d+\)|\?)(?: \|\| (?:chr\(\d+\)|\?))+\)|chr\(\d+\)/g, '?');
}

describe.each([duckdb, spark])('$name', (dialect) => {
  it.each(HOSTILE)('no text leaves its literal: %j', (value) => {
    const of = (word: string, field: string): string =>
      skeleton(selectSql(compare(field, text(word)), dialect, TABLE).text, dialect);
    expect(of(value, 'f')).toBe(of('harmless', 'f'));
    expect(of('x', `f${value.replaceAll('.', '')}`)).toBe(of('x', 'f'));
    const names = (table: string, column: string): string =>
      skeleton(selectSql(compare('f', text('x')), dialect, { table, column }).text, dialect);
    expect(names(value.replaceAll('.', ''), value)).toBe(names('t', 'c'));
  });

  it('refuses by name what it cannot express', () => {
    const body = compare('x.y', text('y'));
    const element: Predicate = { kind: 'elements', path: { kind: 'field', name: 'f' }, quantifier: 'any', body };
    expect(refusal(element, dialect)).toBe('none');
    expect(refusal({ ...element, body: compare('x', regex('(?=x)')) }, dialect)).toBe('modifier re');
    expect(refusal(compare('f', regex('(?=x)')), dialect)).toBe('modifier re');
    expect(refusal(compare('f', text('\ud800')), dialect)).toBe('text');
    expect(refusal({ kind: 'bind', type: 'file', body: compare('x', text('y')) }, dialect)).toBe('object path');
  });
});

it('Spark refuses field names that its paths cannot spell', () => {
  expect(refusal(compare(`a'b"c`, text('x')), spark)).toBe('field name');
  expect(refusal(compare(`a'b"c`, text('x')), duckdb)).toBe('none');
});

describe('javaRegex', () => {
  const java = (source: string): string =>
    javaRegex({ source, ignoreCase: false, multiline: false, dotAll: false }).slice('(?du)'.length);

  it.each([
    ['a$', 'a\\z'],
    ['a\\$', 'a\\$'],
    ['\\s+', '[\\t\\n\\f\\r ]+'],
    ['[\\s\\d]', '[\\t\\n\\f\\r \\d]'],
    ['\\v', '\\x0b'],
    ['[a&&b]', '[a\\&\\&b]'],
    ['[^]a]', '[^\\]a]'],
    ['[[:alpha:]_]', '[\\p{Alpha}_]'],
    ['[[:^digit:]]', '[\\P{Digit}]'],
    ['(?P<n>a)', '(?<n>a)'],
    ['a{', 'a\\{'],
    ['a{2,3}', 'a{2,3}'],
    ['\\Qa$b\\E$', '\\Qa$b\\E\\z'],
    ['(?i)a', '(?i)a'],
  ])('%s', (source, wanted) => {
    expect(java(source)).toBe(wanted);
  });

  it('refuses what Java reads differently', () => {
    expect(() => java('[\\S]')).toThrow(SqlRefusal);
    expect(() => java('(?U)a*')).toThrow(SqlRefusal);
    expect(() => java('(?m)a$')).toThrow(SqlRefusal);
    expect(() => java('\\C')).toThrow(SqlRefusal);
  });
});
