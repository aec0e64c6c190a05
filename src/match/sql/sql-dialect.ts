/**
 * SqlDialect: what a SQL engine offers to evaluate predicates over records kept as JSON. All expressions are text; boolean results are
 * never NULL unless a method says so, so that NOT stays two-valued. Arguments are column names, lambda variables or small
 * expressions: a method may repeat them.
 */

export type SqlDialectName = 'duckdb' | 'spark';

/** Functions that queries call, made before them; each takes and gives a list. */
export type SqlFunction =
  /** JSON values: NULL left out, arrays replaced by their elements (three levels). */
  | 'flint_values'
  /** JSON values to the texts of the scalars among them. */
  | 'flint_texts'
  /** Texts folded as `core/fold.ts` does. */
  | 'flint_folded'
  /** Texts that are numbers as a whole, as numbers. */
  | 'flint_numbers'
  /** JSON values: objects and arrays replaced by what they hold, one level or all of them, as the engine can. */
  | 'flint_inside'
  /** JSON values to the times among them (`time-sql.ts`). */
  | 'flint_times'
  /** Texts to addresses, in four steps (`address-sql.ts`). */
  | `flint_addresses_${1 | 2 | 3 | 4}`;

export interface SqlDialect {
  readonly name: SqlDialectName;
  /** How records become a table, and what the engine cannot see, as lines for people. */
  readonly notes: readonly string[];
  /** Levels of objects that `flint_inside` must be called for; 1 where it opens all. */
  readonly depth: number;
  /** The statement that makes a function. */
  create(name: SqlFunction): string;
  /** The function's expression itself, where it cannot be called: inside of a lambda. */
  inlined(name: SqlFunction, list: string): string;
  /** The column with the record as the engine's own JSON value. */
  document(column: string): string;
  identifier(name: string): string;
  /** A text literal that nothing can break out of. Throws SqlRefusal when the text cannot be written. */
  literal(text: string): string;
  /** Member of an object, SQL NULL when there is none; JSON null is not SQL NULL. */
  member(json: string, key: string): string;
  isArray(json: string): string;
  isObject(json: string): string;
  /** JSON of an object without members. */
  readonly emptyObject: string;
  /** Arrays replaced by their elements, one level. */
  opened(list: string): string;
  /** Element of an array by position, negative from the end; SQL NULL when there is none. */
  element(json: string, index: number): string;
  isJsonNull(json: string): string;
  list(members: readonly string[]): string;
  concatLists(lists: readonly string[]): string;
  map(list: string, variable: string, body: string): string;
  filter(list: string, variable: string, condition: string): string;
  count(list: string): string;
  /** The condition may be NULL, which counts as false. */
  some(list: string, variable: string, condition: string): string;
  contains(text: string, part: string): string;
  startsWith(text: string, part: string): string;
  endsWith(text: string, part: string): string;
  /** Unanchored search by an expression in RE2's spelling. Throws SqlRefusal when the engine's own cannot say it. */
  matches(text: string, regex: SqlRegex): string;
  /** Whether the whole text fits an expression that RE2 and Java read alike. */
  fits(text: string, source: string): string;
  /** The first group of such an expression in the text; empty when it does not fit. */
  extract(text: string, source: string): string;
  /** Of JSON values the texts with `s` before them, and the numbers with `n`. */
  markedTimes(list: string): string;
  /** The date so many days after 1970-01-01. */
  dateOfDays(days: string): string;
  /** The ISO week of a day of a month, which may be one too many for it. */
  isoWeek(year: string, month: string, day: string): string;
  splitList(text: string, separator: string): string;
  joinList(list: string): string;
  /** Two hexadecimal digits of the decimal number in a text. */
  hexByte(text: string): string;
}

export interface SqlRegex {
  readonly source: string;
  readonly ignoreCase: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
}

/** A node that SQL cannot express; `feature` names it, the message says why. */
export class SqlRefusal extends Error {
  readonly feature: string;

  constructor(feature: string, message: string) {
    super(message);
    this.feature = feature;
  }
}

/** What no SQL text can carry. */
export function refuseLoneSurrogates(text: string): void {
  if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text))
    throw new SqlRefusal('text', 'half of a surrogate pair is no character that SQL can hold');
}

/** Text as part of a regular expression of RE2 or Java: every ASCII character that could mean something is escaped. */
export function quotedForRegex(text: string): string {
  return Array.from(text, (char) => {
    if (/[A-Za-z0-9_ ]/.test(char) || char > '\u007f') return char;
    return char < ' ' || char === '\u007f' ? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}` : `\\${char}`;
  }).join('');
}
