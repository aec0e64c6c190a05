/** Spark SQL from version 4 on: the record is a column of type VARIANT, as `parse_json` gives it. Its regular expressions are Java's. */
import { addressStep } from './address-sql.ts';
import { timeList } from './time-sql.ts';
import { javaRegex } from './java-regex.ts';
import { refuseLoneSurrogates, type SqlDialect, type SqlFunction, SqlRefusal } from './sql-dialect.ts';

/** Letters whose lower case is ASCII or longer stay what they are; sigma is folded before Java can look at its neighbours. */
const STRANGERS = ['\u0130\u212a\u03a3', '\ufdd0\ufdd1\u03c3'] as const;
const RETURNED = ['\ufdd0\ufdd1', '\u0130\u212a'] as const;
const NUMBER = '^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?\\z';
/** Levels of objects and arrays that keywords are searched in. */
const KEYWORD_DEPTH = 8;

const SIGNATURES: Readonly<Partial<Record<SqlFunction, readonly [string, string]>>> = {
  flint_values: ['VARIANT', 'VARIANT'],
  flint_texts: ['VARIANT', 'STRING'],
  flint_numbers: ['STRING', 'DOUBLE'],
  flint_inside: ['VARIANT', 'VARIANT'],
  flint_times: ['VARIANT', 'STRING'],
};

export const spark: SqlDialect = {
  name: 'spark',
  notes: [
    'a view makes a table of records: CREATE TEMP VIEW events AS SELECT parse_json(value) AS event FROM text.`events.ndjson`',
    `keywords are looked for ${KEYWORD_DEPTH} levels deep`,
    'or of a table with columns: CREATE TEMP VIEW events AS SELECT parse_json(to_json(struct(*))) AS event FROM t',
  ],
  depth: KEYWORD_DEPTH,
  create: (name) => {
    const [takes, gives] = SIGNATURES[name] ?? ['STRING', 'STRING'];
    return `CREATE OR REPLACE TEMPORARY FUNCTION ${name}(l ARRAY<${takes}>) RETURNS ARRAY<${gives}> RETURN ${bodyOf(name, 'l')}`;
  },
  inlined: bodyOf,
  document: (column) => column,
  identifier: (name) => `\`${name.replaceAll('`', '``')}\``,
  literal,
  member,
  isArray: (json) => `${asArray(json)} IS NOT NULL`,
  isObject: (json) => `schema_of_variant(${json}) LIKE 'OBJECT<%'`,
  emptyObject: "parse_json('{}')",
  opened: (list) => `flatten(transform(${list}, a -> ${opened('a')}))`,
  element: (json, index) => {
    const list = asArray(json);
    return index < 0 ? `get(${list}, size(${list}) - ${-index})` : `get(${list}, ${index})`;
  },
  isJsonNull: (json) => `is_variant_null(${json})`,
  list: (members) => `array(${members.join(', ')})`,
  concatLists: (lists) => `concat(${lists.join(', ')})`,
  map: (list, variable, body) => `transform(${list}, ${variable} -> ${body})`,
  filter: (list, variable, condition) => `filter(${list}, ${variable} -> ${condition})`,
  count: (list) => `size(${list})`,
  some: (list, variable, condition) => `coalesce(exists(${list}, ${variable} -> ${condition}), FALSE)`,
  contains: (text, part) => `contains(${text}, ${part})`,
  startsWith: (text, part) => `startswith(${text}, ${part})`,
  endsWith: (text, part) => `endswith(${text}, ${part})`,
  matches: (text, regex) => `regexp_like(${text}, ${literal(javaRegex(regex))})`,
  fits: (text, source) => `regexp_like(${text}, ${literal(`^(?:${source})\\z`)})`,
  extract: (text, source) => `regexp_extract(${text}, ${literal(source.replace(/\$$/, '\\z'))}, 1)`,
  markedTimes: (list) => {
    const type = 'schema_of_variant(v)';
    const isScalar = `${type} NOT IN ('BOOLEAN', 'VOID') AND ${type} NOT LIKE 'OBJECT<%' AND ${type} NOT LIKE 'ARRAY<%'`;
    const mark = `CASE WHEN ${type} = 'STRING' THEN 's' ELSE 'n' END`;
    return `transform(filter(${list}, v -> ${isScalar}), v -> concat(${mark}, try_variant_get(v, '$', 'string')))`;
  },
  dateOfDays: (days) => `date_add(DATE'1970-01-01', CAST(${days} AS INT))`,
  isoWeek: (year, month, day) => `weekofyear(date_add(make_date(${year}, ${month}, 1), ${day} - 1))`,
  splitList: (text, separator) => `split(${text}, ${literal(separator)})`,
  joinList: (list) => `array_join(${list}, '')`,
  hexByte: (text) => `lpad(lower(hex(try_cast(${text} AS BIGINT))), 2, '0')`,
};

/** Backslash escapes are Spark's; `\u0024` keeps `${…}` from being taken for a variable. */
function literal(text: string): string {
  refuseLoneSurrogates(text);
  const escaped = text.replace(/[\\'\u0000-\u001f\u007f]|\$(?=\{)/g, (char) => {
    if (char === '\\' || char === "'") return `\\${char}`;
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `'${escaped}'`;
}

/** Paths of variants cannot name every key. */
function member(json: string, key: string): string {
  if (key === '' || (key.includes("'") && key.includes('"')))
    throw new SqlRefusal('field name', `a path of Spark cannot name the field ${JSON.stringify(key)}`);
  const path = key.includes('"') ? `$['${key}']` : `$["${key}"]`;
  return `variant_get(${json}, ${literal(path)})`;
}

function asArray(json: string): string {
  return `try_variant_get(${json}, '$', 'array<variant>')`;
}

function scalarText(json: string): string {
  const type = `schema_of_variant(${json})`;
  const number = `try_variant_get(${json}, '$', 'double')`;
  const whole = `CAST(CAST(${number} AS DECIMAL(38, 0)) AS STRING)`;
  const fraction = `regexp_replace(CAST(try_variant_get(${json}, '$', 'decimal(38,12)') AS STRING), '0+$', '')`;
  const text = `try_variant_get(${json}, '$', 'string')`;
  const isText = `${type} IN ('STRING', 'BOOLEAN') OR regexp_like(${text}, '^-?[0-9]{16,}$')`;
  return `CASE WHEN ${isText} THEN ${text} WHEN ${type} = 'VOID' OR ${type} LIKE 'OBJECT<%' OR ${type} LIKE 'ARRAY<%' THEN NULL WHEN ${number} = floor(${number}) AND abs(${number}) < 1e21 THEN ${whole} ELSE ${fraction} END`;
}

function bodyOf(name: SqlFunction, list: string): string {
  switch (name) {
    case 'flint_values':
      return `flatten(transform(filter(${list}, x -> x IS NOT NULL), a -> ${openedInside('a', openedInside('b', opened('c'), 'c'), 'b')}))`;
    case 'flint_texts':
      return `filter(transform(${list}, v -> ${scalarText('v')}), v -> v IS NOT NULL)`;
    case 'flint_folded':
      return `transform(${list}, v -> translate(lower(translate(v, '${STRANGERS[0]}', '${STRANGERS[1]}')), '${RETURNED[0]}', '${RETURNED[1]}'))`;
    case 'flint_numbers':
      return `transform(filter(${list}, v -> regexp_like(v, ${literal(NUMBER)})), v -> try_cast(v AS DOUBLE))`;
    case 'flint_inside': {
      const members = `map_values(try_variant_get(v, '$', 'map<string,variant>'))`;
      return `flatten(transform(${list}, v -> coalesce(${asArray('v')}, ${members}, array(v))))`;
    }
    case 'flint_times':
      return timeList(spark, list);
    default:
      return addressStep(spark, name)(list);
  }
}

/** The elements of an array, or the value itself. */
function opened(json: string): string {
  return `coalesce(${asArray(json)}, array(${json}))`;
}

/** Each of them through `body`. */
function openedInside(json: string, body: string, variable: string): string {
  return `flatten(transform(${opened(json)}, ${variable} -> ${body}))`;
}
