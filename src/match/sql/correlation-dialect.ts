/** CorrelationDialect: what a SQL engine offers for correlations beside what predicates need; correlation-sql.ts puts the queries together. */
import type { SqlDialect } from './sql-dialect.ts';

/** Aggregates over the matches of one window. */
export interface WindowSql {
  readonly count: string;
  distinct(column: MatchColumn): string;
  /** In the order of the matches. */
  list(column: MatchColumn): string;
  /** Whether some match is of the member. */
  has(member: number): string;
}

/** What a match is to the correlation: the rule's place in its list, and the value that is counted or computed with. */
export type MatchColumn = 'flint_member' | 'flint_operand';

/** What fired, from `NAME_numbered`: matches with flint_group, flint_at, flint_i (their number in the group) and the above. */
export interface WindowQuery {
  readonly name: string;
  readonly microseconds: number;
  /** The value of a window. */
  value(window: WindowSql): string;
  /** The condition on flint_value. */
  readonly judged: string;
}

/** Steps of a query: what each is called, and its text. */
export type WindowSteps = readonly (readonly [name: string, query: string])[];

export interface CorrelationDialect {
  readonly sql: SqlDialect;
  /** What the query begins with. */
  readonly head: string;
  readonly union: string;
  /** Microseconds of a column with times. */
  microseconds(column: string): string;
  /** The number of a record; without an order as they stand in the table. */
  recordNumber(order: string | undefined): string;
  textList(texts: readonly string[]): string;
  /** Of a list of texts, from 0. */
  at(list: string, index: number): string;
  /** All columns but these. */
  allBut(columns: readonly string[]): string;
  /** The text by which the values that a field leads to group and are counted; NULL when there is none or null. */
  keyText(values: string): string;
  /** A text as a number, NULL when it is none. */
  number(text: string): string;
  isFinite(number: string): string;
  sum(numbers: string): string;
  /** Linear interpolation between the closest ranks; `share` is 0 to 1. */
  percentile(numbers: string, share: string): string;
  /** The greatest number of different members that stand in the order of the list. */
  chainLength(members: string, rules: number): string;
  only(members: string, wanted: readonly number[]): string;
  /** The window of a match ends with it. One row when the condition turns true, or holds for a match alone in its window. */
  crossing(query: WindowQuery): WindowSteps;
  /** Windows follow one another: each is opened by the first match behind the one before. */
  closing(query: WindowQuery): WindowSteps;
  /** Columns that the rows of the last step have beside those of the record. */
  ownColumns(judgedAtMatches: boolean): readonly string[];
}
