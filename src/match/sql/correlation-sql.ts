/**
 * Correlation rules as DuckDB SQL: the matches of the watched rules as facts with group, time and value, numbered within each group, and
 * windows over these numbers, as docs/correlation.md defines them. Conditions that matches can only make true are judged at each match,
 * in the window that ends with it; all others when a window closes, each opened by the first match behind the one before. The query
 * sees a table as if every record had come in the order of time; lateness and the end of a stream are nothing a table has.
 */
import type { CorrelationBound, CorrelationField, CorrelationRule, RuleExpression } from '../../ir/correlation.ts';
import { correlationFieldName, isMonotone } from '../../ir/correlation.ts';
import { alternativesOf } from '../../ir/rule-alternatives.ts';
import type { Predicate } from '../../ir/predicate.ts';
import { duckdb } from './duckdb.ts';
import { FieldColumns } from './field-columns.ts';
import { numberLiteral, predicateSql, type SqlQuery, type SqlTable, shownColumns, tableName } from './predicate-sql.ts';
import { SqlRefusal } from './sql-dialect.ts';

export interface TimedTable extends SqlTable {
  /** Its column with the time of the record, a TIMESTAMP with or without zone. */
  readonly time: string;
  /** Its column by which records of one time come one after the other; absent: as they stand in the table. */
  readonly order?: string;
}

/** What correlations watch, by id. */
export interface WatchedRules {
  predicate(id: string): Predicate | undefined;
  correlation(id: string): CorrelationRule | undefined;
}

/** A number as a whole: other values take no part in sums. */
const NUMBER = '[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?';
const COUNTED = ['event_count', 'value_count', 'temporal', 'temporal_ordered', 'value_sum'];
const OPERATORS = { gt: '>', gte: '>=', lt: '<', lte: '<=', equals: '=', 'not-equals': '<>' } as const;

/** The query that gives a row for each time the rule fires: the record that completed it, its group, the value, and how many records are behind it. */
export function correlationSql(rule: CorrelationRule, watched: WatchedRules, table: TimedTable): SqlQuery {
  const builder = new CorrelationSql(watched);
  const fired = builder.fired(rule);
  const order = table.order === undefined ? '' : `ORDER BY ${duckdb.identifier(table.order)}`;
  const source = [
    `SELECT *, ${duckdb.document(duckdb.identifier(table.column))} AS record,`,
    `    epoch_us(${duckdb.identifier(table.time)}) AS flint_at, row_number() OVER (${order}) AS flint_n`,
    `  FROM ${tableName(table, duckdb)}`,
  ];
  const base = [source.join('\n'), ...builder.columns.steps((previous) => `s${previous}`)];
  const chain = [
    ...base.map((step, i) => `s${i} AS (\n  ${step}\n)`),
    `events_read AS (\n  SELECT * FROM s${base.length - 1} WHERE flint_at IS NOT NULL\n)`,
    ...builder.steps,
  ];
  const groups = rule.groupBy.map(({ name }, i) => `flint_group[${i + 1}] AS ${duckdb.identifier(`group ${name}`)}`);
  const shown = [...shownColumns(table, duckdb), ...groups, 'flint_value AS value', 'flint_matches AS matches'];
  const text = `WITH RECURSIVE\n${chain.join(',\n')}\nSELECT ${shown.join(', ')} FROM ${fired}\nORDER BY flint_at, flint_n`;
  return { functions: builder.columns.functions, fields: builder.columns.legend, text };
}

class CorrelationSql {
  readonly columns = new FieldColumns(duckdb, 'record');
  readonly steps: string[] = [];
  readonly #watched: WatchedRules;
  /** Names of the steps that hold what fired, by rule. */
  readonly #fired = new Map<string, string>();

  constructor(watched: WatchedRules) {
    this.#watched = watched;
  }

  /** The step that holds what `rule` fired: the columns of the completing records, with flint_group, flint_value and flint_matches. */
  fired(rule: CorrelationRule): string {
    const known = this.#fired.get(rule.details.id);
    if (known !== undefined) return known;
    const facts = rule.rules.map((id, member) => this.#facts(rule, id, member));
    const name = `c${this.#fired.size + 1}`;
    this.#fired.set(rule.details.id, `${name}_fired`);
    this.#step(`${name}_facts`, facts.join('\n  UNION ALL BY NAME\n  '));
    const order = 'PARTITION BY flint_group ORDER BY flint_at';
    const number = `row_number() OVER (${order}, flint_n, flint_member)`;
    this.#step(`${name}_numbered`, `SELECT *, ${number} AS flint_i FROM ${name}_facts`);
    if (isJudgedAtMatches(rule)) this.#crossing(name, rule, order);
    else this.#closing(name, rule, order);
    return `${name}_fired`;
  }

  /** The window of a match ends with it. One alert when the condition turns true, or holds for a match alone in its window. */
  #crossing(name: string, rule: CorrelationRule, order: string): void {
    const range = `RANGE BETWEEN ${microseconds(rule)} PRECEDING AND CURRENT ROW`;
    this.#step(
      `${name}_windows`,
      `SELECT *, min(flint_i) OVER (${order} ${range}) AS flint_first, flint_i AS flint_last FROM ${name}_numbered`,
    );
    const rows = 'ROWS BETWEEN (flint_i - flint_first) PRECEDING AND CURRENT ROW';
    const window = `OVER (PARTITION BY flint_group ORDER BY flint_i ${rows})`;
    const value = aggregate(rule, {
      of: (aggregated) => `${aggregated} ${window}`,
      list: (column) => `list(${column}) ${window}`,
    });
    const matches = 'flint_last - flint_first + 1 AS flint_matches';
    this.#step(`${name}_values`, `SELECT *, ${value} AS flint_value, ${matches} FROM ${name}_windows`);
    this.#step(`${name}_held`, `SELECT *, ${judged(rule)} AS flint_holds FROM ${name}_values`);
    const before = 'lag(flint_holds, 1, FALSE) OVER (PARTITION BY flint_group ORDER BY flint_i)';
    this.#step(`${name}_before`, `SELECT *, ${before} AS flint_held FROM ${name}_held`);
    this.#step(
      `${name}_fired`,
      `SELECT * FROM ${name}_before WHERE flint_holds AND (NOT flint_held OR flint_first = flint_i)`,
    );
  }

  /** Windows follow one another: each is opened by the first match behind the one before. */
  #closing(name: string, rule: CorrelationRule, order: string): void {
    const range = `RANGE BETWEEN UNBOUNDED PRECEDING AND ${microseconds(rule)} FOLLOWING`;
    this.#step(
      `${name}_windows`,
      `SELECT *, flint_i AS flint_first, count(*) OVER (${order} ${range}) AS flint_last FROM ${name}_numbered`,
    );
    this.#step(
      `${name}_opening`,
      [
        `SELECT flint_group, flint_i, flint_last FROM ${name}_windows WHERE flint_i = 1`,
        'UNION ALL',
        `SELECT w.flint_group, w.flint_i, w.flint_last FROM ${name}_opening o`,
        `  JOIN ${name}_windows w ON w.flint_group = o.flint_group AND w.flint_i = o.flint_last + 1`,
      ].join('\n  '),
    );
    const value = aggregate(rule, {
      of: (aggregated) => aggregated,
      list: (column) => `list(${column} ORDER BY w.flint_i)`,
    });
    this.#step(
      `${name}_values`,
      [
        `SELECT o.flint_group, o.flint_last, ${value} AS flint_value, count(*) AS flint_matches`,
        `FROM ${name}_opening o JOIN ${name}_windows w`,
        '  ON w.flint_group = o.flint_group AND w.flint_i BETWEEN o.flint_i AND o.flint_last',
        'GROUP BY o.flint_group, o.flint_last',
      ].join('\n  '),
    );
    this.#step(
      `${name}_closed`,
      [
        `SELECT w.*, v.flint_value, v.flint_matches FROM ${name}_values v`,
        `  JOIN ${name}_windows w ON w.flint_group = v.flint_group AND w.flint_i = v.flint_last`,
      ].join('\n  '),
    );
    this.#step(`${name}_fired`, `SELECT * FROM ${name}_closed WHERE ${judged(rule)}`);
  }

  /** What a match of the rule `id` is to the correlation. One without group or value takes no part. */
  #facts(rule: CorrelationRule, id: string, member: number): string {
    const inner = this.#watched.correlation(id);
    const predicate = inner === undefined ? this.#watched.predicate(id) : undefined;
    if (inner === undefined && predicate === undefined) throw new SqlRefusal('rule', `rule "${id}" is not loaded`);
    const text = (field: CorrelationField): string => this.#text(correlationFieldName(field, id), inner);
    const group = rule.groupBy.map(text);
    const fields = rule.condition.kind === 'threshold' ? rule.condition.fields.map(text) : [];
    const isNumber = rule.type.startsWith('value_') && rule.type !== 'value_count';
    const [first = 'NULL'] = fields;
    const number = `TRY_CAST(${first} AS DOUBLE)`;
    const isUsable = isNumber
      ? [`coalesce(regexp_full_match(${first}, '${NUMBER}') AND isfinite(${number}), FALSE)`]
      : fields.map((field) => `${field} IS NOT NULL`);
    const conditions = [
      ...(predicate === undefined ? [] : [predicateSql(predicate, duckdb, this.columns)]),
      ...group.map((field) => `${field} IS NOT NULL`),
      ...isUsable,
    ];
    const operand = isNumber ? number : `CAST([${fields.join(', ')}] AS VARCHAR[])`;
    const made = `CAST([${group.join(', ')}] AS VARCHAR[]) AS flint_group, ${member} AS flint_member, ${operand} AS flint_operand`;
    const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join('\n    AND ')}`;
    if (inner === undefined) return `SELECT *, ${made} FROM events_read${where}`;
    const columns = [...OWN_COLUMNS, ...(isJudgedAtMatches(inner) ? ['flint_holds', 'flint_held'] : [])];
    return `SELECT * EXCLUDE (${columns.join(', ')}), ${made} FROM ${this.fired(inner)}${where}`;
  }

  /** The text by which a field's value groups and is counted; NULL when it is absent or null. Objects and arrays are their JSON. */
  #text(name: string, inner: CorrelationRule | undefined): string {
    const at = inner?.groupBy.findIndex((field) => field.name === name) ?? -1;
    if (at >= 0) return `flint_group[${at + 1}]`;
    return this.columns.fromWholes({ kind: 'field', name }, 'text', keyText);
  }

  #step(name: string, query: string): void {
    this.steps.push(`${name} AS (\n  ${query}\n)`);
  }
}

/** What a row that fired has beside the columns of the record. */
const OWN_COLUMNS = ['group', 'member', 'operand', 'i', 'first', 'last', 'value', 'matches'].map(
  (name) => `flint_${name}`,
);

function isJudgedAtMatches({ type, condition }: CorrelationRule): boolean {
  return COUNTED.includes(type) && isMonotone(condition);
}

function keyText(values: string): string {
  const scalar = `(${duckdb.inlined('flint_texts', `[${values}[1]]`)})[1]`;
  const isNested = `json_type(${values}[1]) IN ('OBJECT', 'ARRAY')`;
  return `CASE WHEN len(${values}) > 1 THEN CAST(to_json(${values}) AS VARCHAR) WHEN ${isNested} THEN CAST(${values}[1] AS VARCHAR) ELSE ${scalar} END`;
}

function microseconds(rule: CorrelationRule): string {
  return String(Math.round(rule.timespanMs * 1000));
}

/** Aggregates over the matches of one window. */
interface Window {
  of(aggregate: string): string;
  /** In the order of the matches. */
  list(column: string): string;
}

function aggregate(rule: CorrelationRule, window: Window): string {
  const { condition, type, rules } = rule;
  if (condition.kind === 'expression') {
    const truth = type === 'temporal_ordered' ? inOrder(rule, window) : present(condition.root, rules, window);
    return `CAST(${truth} AS INTEGER)`;
  }
  // Numbers are added from the oldest to the newest, as Flint does: sums of fractions depend on it.
  const numbers = window.list('flint_operand');
  const sum = `list_reduce(${numbers}, lambda a, b: a + b)`;
  switch (type) {
    case 'event_count':
      return window.of('count(*)');
    case 'value_count':
      return window.of('count(DISTINCT flint_operand)');
    case 'temporal':
      return window.of('count(DISTINCT flint_member)');
    case 'temporal_ordered':
      return chainLength(window.list('flint_member'), rules.length);
    case 'value_sum':
      return sum;
    case 'value_avg':
      return `${sum} / ${window.of('count(*)')}`;
    case 'value_median':
      return percentile(numbers, 50);
    case 'value_percentile':
      return percentile(numbers, condition.percentile ?? 50);
  }
}

/** Linear interpolation between the closest ranks. */
function percentile(numbers: string, percent: number): string {
  const share = `CAST(${numberLiteral(percent / 100)} AS DOUBLE)`;
  const rank = `${share} * (len(n) - 1)`;
  const at = (rounded: string): string => `n[CAST(${rounded}(${rank}) AS INTEGER) + 1]`;
  const value = `${at('floor')} + (${at('ceil')} - ${at('floor')}) * (${rank} - floor(${rank}))`;
  return `list_transform([list_sort(${numbers})], lambda n: ${value})[1]`;
}

/** The greatest number of different rules whose matches stand in the order of the list. */
function chainLength(members: string, rules: number): string {
  const start = `[${Array.from({ length: rules }, () => '0').join(', ')}]`;
  const longest = 'greatest(b, 1 + coalesce(list_max(best[1:k - 1]), 0))';
  const next = `list_transform(best, lambda b, k: CASE WHEN k - 1 = m[1] THEN ${longest} ELSE b END)`;
  return `list_max(list_reduce(list_transform(${members}, lambda m: [CAST(m AS INTEGER)]), lambda best, m: ${next}, ${start}))`;
}

function present(node: RuleExpression, rules: readonly string[], window: Window): string {
  if (node.kind === 'rule') return window.of(`bool_or(flint_member = ${rules.indexOf(node.id)})`);
  if (node.kind === 'not') return `NOT ${present(node.item, rules, window)}`;
  return `(${node.items.map((item) => present(item, rules, window)).join(` ${node.kind.toUpperCase()} `)})`;
}

/** Some alternative of the expression: its rules stand in order, and those it excludes are not there. */
function inOrder(rule: CorrelationRule, window: Window): string {
  if (rule.condition.kind !== 'expression') return 'FALSE';
  const alternatives = alternativesOf(rule.condition.root, rule.rules).map(({ present: wanted, absent }) => {
    const excluded = absent.map((member) => `NOT ${window.of(`bool_or(flint_member = ${member})`)}`);
    if (wanted.length === 0) return excluded.length === 0 ? 'TRUE' : `(${excluded.join(' AND ')})`;
    const members = `list_filter(${window.list('flint_member')}, lambda m: m IN (${wanted.join(', ')}))`;
    const chain = `coalesce(${chainLength(members, rule.rules.length)}, 0) = ${wanted.length}`;
    return `(${[chain, ...excluded].join(' AND ')})`;
  });
  return alternatives.length === 0 ? 'FALSE' : `(${alternatives.join(' OR ')})`;
}

function judged({ condition }: CorrelationRule): string {
  if (condition.kind === 'expression') return 'flint_value = 1';
  const bound = ({ operator, value }: CorrelationBound): string =>
    `flint_value ${OPERATORS[operator]} ${numberLiteral(value)}`;
  return condition.bounds.map(bound).join(' AND ');
}
