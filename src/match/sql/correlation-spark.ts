/**
 * Correlations on Spark: the matches of a window as an array, because its frames of rows have fixed bounds and count nothing distinct.
 * Windows that follow one another are found by folding the times of a group, so that no recursion has a depth to run out of.
 */
import type { CorrelationDialect, MatchColumn, WindowQuery, WindowSql, WindowSteps } from './correlation-dialect.ts';
import { spark } from './spark.ts';

const OWN = ['group', 'member', 'operand', 'i', 'value', 'matches'].map((name) => `flint_${name}`);
const ARRAYS = ['flint_near', 'flint_window', 'flint_holds', 'flint_held'];

export const sparkCorrelations: CorrelationDialect = {
  sql: spark,
  head: 'WITH',
  union: 'UNION ALL',
  microseconds: (column) => `unix_micros(CAST(${column} AS TIMESTAMP))`,
  recordNumber: (order) =>
    order === undefined ? 'monotonically_increasing_id()' : `row_number() OVER (ORDER BY ${order})`,
  textList: (texts) => `CAST(array(${texts.join(', ')}) AS ARRAY<STRING>)`,
  at: (list, index) => `get(${list}, ${index})`,
  allBut: (columns) => `* EXCEPT (${columns.join(', ')})`,
  keyText: (values) => {
    const first = `get(${values}, 0)`;
    const type = `schema_of_variant(${first})`;
    const isNested = `(${type} LIKE 'OBJECT<%' OR ${type} LIKE 'ARRAY<%')`;
    const scalar = `get(${spark.inlined('flint_texts', `array(${first})`)}, 0)`;
    return `CASE WHEN size(${values}) > 1 THEN to_json(${values}) WHEN ${isNested} THEN to_json(${first}) WHEN ${first} IS NOT NULL THEN ${scalar} END`;
  },
  number: (text) => `try_cast(${text} AS DOUBLE)`,
  isFinite: (number) => `abs(${number}) < double('Infinity')`,
  sum: (numbers) => `aggregate(${numbers}, CAST(0 AS DOUBLE), (a, b) -> a + b)`,
  percentile: (numbers, share) => {
    const rank = `${share} * (size(n) - 1)`;
    const at = (rounded: string): string => `get(n, CAST(${rounded}(${rank}) AS INT))`;
    const value = `${at('floor')} + (${at('ceil')} - ${at('floor')}) * (${rank} - floor(${rank}))`;
    return `get(transform(array(sort_array(${numbers})), n -> ${value}), 0)`;
  },
  chainLength: (members, rules) => {
    const start = `array(${Array.from({ length: rules }, () => '0').join(', ')})`;
    const longest = 'greatest(b, 1 + coalesce(array_max(slice(best, 1, k)), 0))';
    const next = `transform(best, (b, k) -> CASE WHEN k = m THEN ${longest} ELSE b END)`;
    return `array_max(aggregate(${members}, ${start}, (best, m) -> ${next}))`;
  },
  only: (members, wanted) => `filter(${members}, m -> m IN (${wanted.join(', ')}))`,
  crossing,
  closing,
  ownColumns: (judgedAtMatches) => [...OWN, ...(judgedAtMatches ? ARRAYS : [])],
};

const WINDOW: WindowSql = {
  count: 'size(flint_window)',
  distinct: (column) => `size(array_distinct(${listOf(column)}))`,
  list: listOf,
  has: (member) => `exists(flint_window, x -> x.flint_member = ${member})`,
};

function listOf(column: MatchColumn): string {
  return `transform(flint_window, x -> x.${column})`;
}

function crossing({ name, microseconds, value, judged }: WindowQuery): WindowSteps {
  const range = `PARTITION BY flint_group ORDER BY flint_at RANGE BETWEEN ${microseconds} PRECEDING AND CURRENT ROW`;
  const near = `collect_list(struct(flint_i, flint_member, flint_operand)) OVER (${range})`;
  const before = 'lag(flint_holds, 1, FALSE) OVER (PARTITION BY flint_group ORDER BY flint_i)';
  return [
    [`${name}_near`, `SELECT *, ${near} AS flint_near FROM ${name}_numbered`],
    // Matches of one time are all in the range; those behind this one are none of its window.
    [
      `${name}_windows`,
      `SELECT *, array_sort(filter(flint_near, x -> x.flint_i <= flint_i)) AS flint_window FROM ${name}_near`,
    ],
    [
      `${name}_values`,
      `SELECT *, ${value(WINDOW)} AS flint_value, size(flint_window) AS flint_matches FROM ${name}_windows`,
    ],
    [`${name}_held`, `SELECT *, ${judged} AS flint_holds FROM ${name}_values`],
    [`${name}_before`, `SELECT *, ${before} AS flint_held FROM ${name}_held`],
    [`${name}_fired`, `SELECT * FROM ${name}_before WHERE flint_holds AND (NOT flint_held OR flint_matches = 1)`],
  ];
}

function closing({ name, microseconds, value, judged }: WindowQuery): WindowSteps {
  const all = 'array_sort(collect_list(struct(flint_i, flint_at, flint_member, flint_operand)))';
  const isBehind = `size(opened) = 0 OR x.flint_at > get(opened, size(opened) - 1) + ${microseconds}`;
  const opened = `aggregate(flint_all, CAST(array() AS ARRAY<BIGINT>), (opened, x) -> CASE WHEN ${isBehind} THEN concat(opened, array(x.flint_at)) ELSE opened END)`;
  const inside = `x -> x.flint_at BETWEEN flint_open AND flint_open + ${microseconds}`;
  return [
    [`${name}_groups`, `SELECT flint_group, ${all} AS flint_all FROM ${name}_numbered GROUP BY flint_group`],
    [`${name}_opening`, `SELECT flint_group, flint_all, explode(${opened}) AS flint_open FROM ${name}_groups`],
    [`${name}_windows`, `SELECT flint_group, filter(flint_all, ${inside}) AS flint_window FROM ${name}_opening`],
    [
      `${name}_values`,
      `SELECT flint_group, get(flint_window, size(flint_window) - 1).flint_i AS flint_last, ${value(WINDOW)} AS flint_value, size(flint_window) AS flint_matches FROM ${name}_windows`,
    ],
    [
      `${name}_closed`,
      [
        `SELECT w.*, v.flint_value, v.flint_matches FROM ${name}_values v`,
        `  JOIN ${name}_numbered w ON w.flint_group = v.flint_group AND w.flint_i = v.flint_last`,
      ].join('\n  '),
    ],
    [`${name}_fired`, `SELECT * FROM ${name}_closed WHERE ${judged}`],
  ];
}
