/** DuckDB: the record is a column of type JSON, as `read_json_objects` gives it. Its regular expressions are RE2's. */
import { addressStep } from './address-sql.ts';
import { timeList } from './time-sql.ts';
import { refuseLoneSurrogates, type SqlDialect, type SqlFunction, type SqlRegex } from './sql-dialect.ts';

/** Letters whose lower case is ASCII or longer stay what they are (`core/fold.ts`); parked where no text has letters. */
const STRANGERS = ['\u0130\u212a', '\ufdd0\ufdd1'] as const;
const NUMBER = '[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?';

export const duckdb: SqlDialect = {
  name: 'duckdb',
  notes: [
    "a view makes a table of records: CREATE VIEW events AS SELECT json AS event FROM read_json_objects('events.ndjson')",
    'or of a table with columns: CREATE VIEW events AS SELECT to_json(t) AS event FROM t',
  ],
  depth: 1,
  create: (name) => `CREATE OR REPLACE TEMP MACRO ${name}(l) AS (${bodyOf(name, 'l')})`,
  inlined: bodyOf,
  document: (column) => `CAST(${column} AS JSON)`,
  identifier: (name) => `"${name.replaceAll('"', '""')}"`,
  literal,
  member,
  isArray: (json) => `json_type(${json}) = 'ARRAY'`,
  isObject: (json) => `json_type(${json}) = 'OBJECT'`,
  emptyObject: "CAST('{}' AS JSON)",
  opened,
  element: (json, index) => {
    const list = `json_extract(${json}, '$[*]')`;
    // DuckDB counts from 1, and from the end with negative numbers.
    return `CASE WHEN json_type(${json}) = 'ARRAY' THEN list_extract(${list}, ${index < 0 ? index : index + 1}) END`;
  },
  isJsonNull: (json) => `json_type(${json}) = 'NULL'`,
  list: (members) => `[${members.join(', ')}]`,
  concatLists: (lists) => lists.reduce((all, list) => `list_concat(${all}, ${list})`),
  map: (list, variable, body) => `[${body} for ${variable} in ${list}]`,
  filter: (list, variable, condition) => `[${variable} for ${variable} in ${list} if ${condition}]`,
  count: (list) => `len(${list})`,
  some: (list, variable, condition) => `coalesce(list_bool_or([${condition} for ${variable} in ${list}]), FALSE)`,
  contains: (text, part) => `contains(${text}, ${part})`,
  startsWith: (text, part) => `starts_with(${text}, ${part})`,
  endsWith: (text, part) => `suffix(${text}, ${part})`,
  matches: (text, regex) => `regexp_matches(${text}, ${literal(flagged(regex))})`,
  fits: (text, source) => `regexp_full_match(${text}, ${literal(source)})`,
  extract: (text, source) => `regexp_extract(${text}, ${literal(source)}, 1)`,
  markedTimes: (list) =>
    `[concat(CASE WHEN json_type(v) = 'VARCHAR' THEN 's' ELSE 'n' END, json_extract_string(v, '$')) for v in ${list} if json_type(v) NOT IN ('OBJECT', 'ARRAY', 'NULL', 'BOOLEAN')]`,
  dateOfDays: (days) => `(DATE '1970-01-01' + CAST(${days} AS INTEGER))`,
  isoWeek: (year, month, day) => `week(make_date(${year}, ${month}, 1) + ${day} - 1)`,
  splitList: (text, separator) => `string_split(${text}, ${literal(separator)})`,
  joinList: (list) => `array_to_string(${list}, '')`,
  hexByte: (text) => `format('{:02x}', TRY_CAST(${text} AS INTEGER))`,
};

function literal(text: string): string {
  refuseLoneSurrogates(text);
  // Control characters are written as code points: a zero byte ends the query elsewhere.
  const pieces = text.split(/([\u0000-\u001f\u007f])/).filter((piece) => piece !== '');
  if (pieces.length === 0) return "''";
  const written = pieces.map((piece) =>
    /^[\u0000-\u001f\u007f]$/.test(piece) ? `chr(${piece.charCodeAt(0)})` : `'${piece.replaceAll("'", "''")}'`,
  );
  return written.length === 1 ? (written[0] as string) : `(${written.join(' || ')})`;
}

/** By JSON pointer, which can name any key; keys of digits by path, because a pointer would also index arrays. */
function member(json: string, key: string): string {
  const path = /^\d+$/.test(key) ? `$."${key}"` : `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  return `json_extract(${json}, ${literal(path)})`;
}

/** As JavaScript writes numbers, but for those below 1e-6; integers beyond 2^53 as they are written. */
function numberText(json: string): string {
  const written = `json_extract_string(${json}, '$')`;
  const value = `TRY_CAST(${written} AS DOUBLE)`;
  return `CASE WHEN regexp_full_match(${written}, '-?[0-9]{16,}') THEN ${written} WHEN ${value} = floor(${value}) AND abs(${value}) < 1e21 THEN CAST(CAST(${value} AS HUGEINT) AS VARCHAR) ELSE CAST(${value} AS VARCHAR) END`;
}

function flagged({ source, ignoreCase, multiline, dotAll }: SqlRegex): string {
  const on = `${ignoreCase ? 'i' : ''}${multiline ? 'm' : ''}${dotAll ? 's' : ''}`;
  return on === '' ? source : `(?${on})${source}`;
}

function opened(list: string): string {
  return `flatten([CASE WHEN json_type(a) = 'ARRAY' THEN json_extract(a, '$[*]') ELSE [a] END for a in ${list}])`;
}

function bodyOf(name: SqlFunction, list: string): string {
  switch (name) {
    case 'flint_values':
      return opened(opened(opened(`[x for x in ${list} if x IS NOT NULL]`)));
    case 'flint_texts':
      return `[CASE WHEN json_type(v) IN ('VARCHAR', 'BOOLEAN') THEN json_extract_string(v, '$') ELSE ${numberText('v')} END for v in ${list} if json_type(v) NOT IN ('OBJECT', 'ARRAY', 'NULL')]`;
    case 'flint_folded':
      return `[translate(lower(translate(v, '${STRANGERS[0]}', '${STRANGERS[1]}')), '${STRANGERS[1]}', '${STRANGERS[0]}') for v in ${list}]`;
    case 'flint_numbers':
      return `[TRY_CAST(v AS DOUBLE) for v in ${list} if regexp_full_match(v, '${NUMBER}')]`;
    case 'flint_inside':
      // Nothing stands inside a scalar, such as an element of an array: it is looked at itself.
      return `flatten([CASE WHEN json_type(v) IN ('OBJECT', 'ARRAY') THEN json_extract(v, '$..*') ELSE [v] END for v in ${list}])`;
    case 'flint_times':
      return timeList(duckdb, list);
    default:
      return addressStep(duckdb, name)(list);
  }
}
