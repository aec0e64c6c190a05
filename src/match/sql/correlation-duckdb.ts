/** Correlations on DuckDB: aggregates over frames of rows, and a recursive query for windows that follow one another. */
import type { CorrelationDialect, WindowQuery, WindowSteps } from './correlation-dialect.ts';
import { duckdb } from './duckdb.ts';

const ORDER = 'PARTITION BY flint_group ORDER BY flint_at';
const OWN = ['group', 'member', 'operand', 'i', 'first', 'last', 'value', 'matches'].map((name) => `flint_${name}`);

export const duckdbCorrelations: CorrelationDialect = {
  sql: duckdb,
  head: 'WITH RECURSIVE',
  union: 'UNION ALL BY NAME',
  microseconds: (column) => `epoch_us(${column})`,
  recordNumber: (order) => `row_number() OVER (${order === undefined ? '' : `ORDER BY ${order}`})`,
  textList: (texts) => `CAST([${texts.join(', ')}] AS VARCHAR[])`,
  at: (list, index) => `${list}[${index + 1}]`,
  allBut: (columns) => `* EXCLUDE (${columns.join(', ')})`,
  keyText: (values) => {
    const scalar = `(${duckdb.inlined('flint_texts', `[${values}[1]]`)})[1]`;
    const isNested = `json_type(${values}[1]) IN ('OBJECT', 'ARRAY')`;
    return `CASE WHEN len(${values}) > 1 THEN CAST(to_json(${values}) AS VARCHAR) WHEN ${isNested} THEN CAST(${values}[1] AS VARCHAR) ELSE ${scalar} END`;
  },
  number: (text) => `TRY_CAST(${text} AS DOUBLE)`,
  isFinite: (number) => `isfinite(${number})`,
  sum: (numbers) => `list_reduce(${numbers}, lambda a, b: a + b)`,
  percentile: (numbers, share) => {
    const rank = `${share} * (len(n) - 1)`;
    const at = (rounded: string): string => `n[CAST(${rounded}(${rank}) AS INTEGER) + 1]`;
    const value = `${at('floor')} + (${at('ceil')} - ${at('floor')}) * (${rank} - floor(${rank}))`;
    return `list_transform([list_sort(${numbers})], lambda n: ${value})[1]`;
  },
  chainLength: (members, rules) => {
    const start = `[${Array.from({ length: rules }, () => '0').join(', ')}]`;
    const longest = 'greatest(b, 1 + coalesce(list_max(best[1:k - 1]), 0))';
    const next = `list_transform(best, lambda b, k: CASE WHEN k - 1 = m[1] THEN ${longest} ELSE b END)`;
    return `list_max(list_reduce(list_transform(${members}, lambda m: [CAST(m AS INTEGER)]), lambda best, m: ${next}, ${start}))`;
  },
  only: (members, wanted) => `list_filter(${members}, lambda m: m IN (${wanted.join(', ')}))`,
  crossing,
  closing,
  ownColumns: (judgedAtMatches) => [...OWN, ...(judgedAtMatches ? ['flint_holds', 'flint_held'] : [])],
};

function crossing({ name, microseconds, value, judged }: WindowQuery): WindowSteps {
  const range = `RANGE BETWEEN ${microseconds} PRECEDING AND CURRENT ROW`;
  const rows = 'ROWS BETWEEN (flint_i - flint_first) PRECEDING AND CURRENT ROW';
  const window = `OVER (PARTITION BY flint_group ORDER BY flint_i ${rows})`;
  const of = value({
    count: `count(*) ${window}`,
    distinct: (column) => `count(DISTINCT ${column}) ${window}`,
    list: (column) => `list(${column}) ${window}`,
    has: (member) => `bool_or(flint_member = ${member}) ${window}`,
  });
  const before = 'lag(flint_holds, 1, FALSE) OVER (PARTITION BY flint_group ORDER BY flint_i)';
  return [
    [
      `${name}_windows`,
      `SELECT *, min(flint_i) OVER (${ORDER} ${range}) AS flint_first, flint_i AS flint_last FROM ${name}_numbered`,
    ],
    [
      `${name}_values`,
      `SELECT *, ${of} AS flint_value, flint_last - flint_first + 1 AS flint_matches FROM ${name}_windows`,
    ],
    [`${name}_held`, `SELECT *, ${judged} AS flint_holds FROM ${name}_values`],
    [`${name}_before`, `SELECT *, ${before} AS flint_held FROM ${name}_held`],
    [`${name}_fired`, `SELECT * FROM ${name}_before WHERE flint_holds AND (NOT flint_held OR flint_first = flint_i)`],
  ];
}

function closing({ name, microseconds, value, judged }: WindowQuery): WindowSteps {
  const range = `RANGE BETWEEN UNBOUNDED PRECEDING AND ${microseconds} FOLLOWING`;
  const of = value({
    count: 'count(*)',
    distinct: (column) => `count(DISTINCT ${column})`,
    list: (column) => `list(${column} ORDER BY w.flint_i)`,
    has: (member) => `bool_or(flint_member = ${member})`,
  });
  return [
    [
      `${name}_windows`,
      `SELECT *, flint_i AS flint_first, count(*) OVER (${ORDER} ${range}) AS flint_last FROM ${name}_numbered`,
    ],
    [
      `${name}_opening`,
      [
        `SELECT flint_group, flint_i, flint_last FROM ${name}_windows WHERE flint_i = 1`,
        'UNION ALL',
        `SELECT w.flint_group, w.flint_i, w.flint_last FROM ${name}_opening o`,
        `  JOIN ${name}_windows w ON w.flint_group = o.flint_group AND w.flint_i = o.flint_last + 1`,
      ].join('\n  '),
    ],
    [
      `${name}_values`,
      [
        `SELECT o.flint_group, o.flint_last, ${of} AS flint_value, count(*) AS flint_matches`,
        `FROM ${name}_opening o JOIN ${name}_windows w`,
        '  ON w.flint_group = o.flint_group AND w.flint_i BETWEEN o.flint_i AND o.flint_last',
        'GROUP BY o.flint_group, o.flint_last',
      ].join('\n  '),
    ],
    [
      `${name}_closed`,
      [
        `SELECT w.*, v.flint_value, v.flint_matches FROM ${name}_values v`,
        `  JOIN ${name}_windows w ON w.flint_group = v.flint_group AND w.flint_i = v.flint_last`,
      ].join('\n  '),
    ],
    [`${name}_fired`, `SELECT * FROM ${name}_closed WHERE ${judged}`],
  ];
}
