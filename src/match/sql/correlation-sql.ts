/**
 * Correlation rules as SQL of DuckDB and Spark: the matches of the watched rules as facts with group, time and value, numbered within each group, and
 * windows over these numbers, as docs/correlation.md defines them. Conditions that matches can only make true are judged at each match,
 * in the window that ends with it; all others when a window closes, each opened by the first match behind the one before. The query
 * sees a table as if every record had come in the order of time; lateness and the end of a stream are nothing a table has.
 */
import type { CorrelationBound, CorrelationField, CorrelationRule, RuleExpression } from '../../ir/correlation.ts';
import { correlationFieldName, isMonotone } from '../../ir/correlation.ts';
import { alternativesOf } from '../../ir/rule-alternatives.ts';
import type { Predicate } from '../../ir/predicate.ts';
import type { CorrelationDialect, WindowSql } from './correlation-dialect.ts';
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
export function correlationSql(
  rule: CorrelationRule,
  watched: WatchedRules,
  table: TimedTable,
  dialect: CorrelationDialect,
): SqlQuery {
  const builder = new CorrelationSql(watched, dialect);
  const fired = builder.fired(rule);
  const { sql } = dialect;
  const at = dialect.microseconds(sql.identifier(table.time));
  const number = dialect.recordNumber(table.order === undefined ? undefined : sql.identifier(table.order));
  const source = [
    `SELECT *, ${sql.document(sql.identifier(table.column))} AS record,`,
    `    ${at} AS flint_at, ${number} AS flint_n`,
    `  FROM ${tableName(table, sql)}`,
  ];
  const base = [source.join('\n'), ...builder.columns.steps((previous) => `s${previous}`)];
  const chain = [
    ...base.map((step, i) => `s${i} AS (\n  ${step}\n)`),
    `events_read AS (\n  SELECT * FROM s${base.length - 1} WHERE flint_at IS NOT NULL\n)`,
    ...builder.steps,
  ];
  const groups = rule.groupBy.map(
    ({ name }, i) => `${dialect.at('flint_group', i)} AS ${sql.identifier(`group ${name}`)}`,
  );
  const shown = [...shownColumns(table, sql), ...groups, 'flint_value AS value', 'flint_matches AS matches'];
  const text = `${dialect.head}\n${chain.join(',\n')}\nSELECT ${shown.join(', ')} FROM ${fired}\nORDER BY flint_at, flint_n`;
  return { functions: builder.columns.functions, fields: builder.columns.legend, text };
}

class CorrelationSql {
  readonly columns: FieldColumns;
  readonly steps: string[] = [];
  readonly #watched: WatchedRules;
  readonly #dialect: CorrelationDialect;
  /** Names of the steps that hold what fired, by rule. */
  readonly #fired = new Map<string, string>();

  constructor(watched: WatchedRules, dialect: CorrelationDialect) {
    this.#watched = watched;
    this.#dialect = dialect;
    this.columns = new FieldColumns(dialect.sql, 'record');
  }

  /** The step that holds what `rule` fired: the columns of the completing records, with flint_group, flint_value and flint_matches. */
  fired(rule: CorrelationRule): string {
    const known = this.#fired.get(rule.details.id);
    if (known !== undefined) return known;
    const facts = rule.rules.map((id, member) => this.#facts(rule, id, member));
    const name = `c${this.#fired.size + 1}`;
    this.#fired.set(rule.details.id, `${name}_fired`);
    this.#step(`${name}_facts`, facts.join(`\n  ${this.#dialect.union}\n  `));
    const number = 'row_number() OVER (PARTITION BY flint_group ORDER BY flint_at, flint_n, flint_member)';
    this.#step(`${name}_numbered`, `SELECT *, ${number} AS flint_i FROM ${name}_facts`);
    const query = {
      name,
      microseconds: Math.round(rule.timespanMs * 1000),
      value: (window: WindowSql) => aggregate(rule, window, this.#dialect),
      judged: judged(rule),
    };
    const steps = isJudgedAtMatches(rule) ? this.#dialect.crossing(query) : this.#dialect.closing(query);
    for (const [step, text] of steps) this.#step(step, text);
    return `${name}_fired`;
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
    const dialect = this.#dialect;
    const number = dialect.number(first);
    const isUsable = isNumber
      ? [`coalesce(${dialect.sql.fits(first, NUMBER)} AND ${dialect.isFinite(number)}, FALSE)`]
      : fields.map((field) => `${field} IS NOT NULL`);
    const conditions = [
      ...(predicate === undefined ? [] : [predicateSql(predicate, dialect.sql, this.columns)]),
      ...group.map((field) => `${field} IS NOT NULL`),
      ...isUsable,
    ];
    const operand = isNumber ? number : dialect.textList(fields);
    const made = `${dialect.textList(group)} AS flint_group, ${member} AS flint_member, ${operand} AS flint_operand`;
    const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join('\n    AND ')}`;
    if (inner === undefined) return `SELECT *, ${made} FROM events_read${where}`;
    const others = dialect.allBut(dialect.ownColumns(isJudgedAtMatches(inner)));
    return `SELECT ${others}, ${made} FROM ${this.fired(inner)}${where}`;
  }

  /** The text by which a field's value groups and is counted; NULL when it is absent or null. Objects and arrays are their JSON. */
  #text(name: string, inner: CorrelationRule | undefined): string {
    const at = inner?.groupBy.findIndex((field) => field.name === name) ?? -1;
    if (at >= 0) return this.#dialect.at('flint_group', at);
    return this.columns.fromWholes({ kind: 'field', name }, 'text', this.#dialect.keyText);
  }

  #step(name: string, query: string): void {
    this.steps.push(`${name} AS (\n  ${query}\n)`);
  }
}

function isJudgedAtMatches({ type, condition }: CorrelationRule): boolean {
  return COUNTED.includes(type) && isMonotone(condition);
}

function aggregate(rule: CorrelationRule, window: WindowSql, dialect: CorrelationDialect): string {
  const { condition, type, rules } = rule;
  if (condition.kind === 'expression') {
    const truth = type === 'temporal_ordered' ? inOrder(rule, window, dialect) : present(condition.root, rules, window);
    return `CAST(${truth} AS INTEGER)`;
  }
  const percentile = (percent: number): string =>
    dialect.percentile(window.list('flint_operand'), `CAST(${numberLiteral(percent / 100)} AS DOUBLE)`);
  // Numbers are added from the oldest to the newest, as Flint does: sums of fractions depend on it.
  const sum = dialect.sum(window.list('flint_operand'));
  switch (type) {
    case 'event_count':
      return window.count;
    case 'value_count':
      return window.distinct('flint_operand');
    case 'temporal':
      return window.distinct('flint_member');
    case 'temporal_ordered':
      return dialect.chainLength(window.list('flint_member'), rules.length);
    case 'value_sum':
      return sum;
    case 'value_avg':
      return `${sum} / ${window.count}`;
    case 'value_median':
      return percentile(50);
    case 'value_percentile':
      return percentile(condition.percentile ?? 50);
  }
}

function present(node: RuleExpression, rules: readonly string[], window: WindowSql): string {
  if (node.kind === 'rule') return window.has(rules.indexOf(node.id));
  if (node.kind === 'not') return `NOT ${present(node.item, rules, window)}`;
  return `(${node.items.map((item) => present(item, rules, window)).join(` ${node.kind.toUpperCase()} `)})`;
}

/** Some alternative of the expression: its rules stand in order, and those it excludes are not there. */
function inOrder(rule: CorrelationRule, window: WindowSql, dialect: CorrelationDialect): string {
  if (rule.condition.kind !== 'expression') return 'FALSE';
  const alternatives = alternativesOf(rule.condition.root, rule.rules).map(({ present: wanted, absent }) => {
    const excluded = absent.map((member) => `NOT ${window.has(member)}`);
    if (wanted.length === 0) return excluded.length === 0 ? 'TRUE' : `(${excluded.join(' AND ')})`;
    const members = dialect.only(window.list('flint_member'), wanted);
    const chain = `coalesce(${dialect.chainLength(members, rule.rules.length)}, 0) = ${wanted.length}`;
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
