/**
 * Times in SQL: each value that `time-part.ts` takes for a time becomes the text of its parts, year, month, day, hour and minute, with
 * blanks between them (`2024 05 06 7 08`; no year: empty). The patterns are that file's, each group of them extracted by itself.
 */
import type { TimePart } from '../../ir/predicate.ts';
import type { SqlDialect } from './sql-dialect.ts';

/** A pattern in pieces; those in lists are groups. The first character says what the value is: `s` a text, `n` a number. */
type Pattern = readonly (string | readonly [string])[];

const ISO: Pattern = [
  ...['^s[ \\t]*', ['[0-9]{4}'], '[-/]', ['[0-9]{1,2}'], '[-/]', ['[0-9]{1,2}']],
  ...['(?:[T \\t]+', ['[0-9]{1,2}'], ':', ['[0-9]{2}'], ')?'],
] as Pattern;
const COMPACT: Pattern = [
  ...['^s[ \\t]*', ['(?:19|20)[0-9]{2}'], '', ['[0-9]{2}'], '', ['[0-9]{2}'], 'T?'],
  ...[['[0-9]{2}'], '', ['[0-9]{2}'], '[0-9]{2}(?:[^0-9]|$)'],
] as Pattern;
const DAY_FIRST: Pattern = [
  ...['^s[ \\t]*(?:[A-Za-z]{3},?[ \\t]+)?', ['[0-9]{1,2}'], '[/ \\t-]', ['[A-Za-z]{3}'], '[a-z]*[/ \\t-]'],
  ...[['[0-9]{4}'], '[: \\tT]+', ['[0-9]{1,2}'], ':', ['[0-9]{2}']],
] as Pattern;
const MONTH_FIRST: Pattern = [
  ...['^s[ \\t]*(?:[A-Za-z]{3}[ \\t]+)?', ['[A-Za-z]{3}'], '[ \\t]+', ['[0-9]{1,2}'], '[ \\t]+'],
  ...[['[0-9]{1,2}'], ':', ['[0-9]{2}'], '(?::[0-9]{2}(?:[.][0-9]+)?(?:[ \\t]+[A-Z]{1,5})?[ \\t]+', ['[0-9]{4}'], ')?'],
] as Pattern;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const PARTS: readonly TimePart['part'][] = ['year', 'month', 'day', 'hour', 'minute'];
const DAY_MS = 86_400_000;

/** From a list of JSON values to the list of times in it. */
export function timeList(dialect: SqlDialect, values: string): string {
  const { map, filter, fits } = dialect;
  const marked = dialect.markedTimes(values);
  const isEpoch = `left(v, 1) = 'n' OR ${fits('v', 's[0-9]{9,19}([.][0-9]+)?')}`;
  const written = map(filter(marked, 'v', `left(v, 1) = 's'`), 'v', writtenParts(dialect));
  // The unit follows from the magnitude.
  const number = 'try_cast(substr(v, 2) AS DOUBLE)';
  const ms = `CASE WHEN abs(${number}) < 1e11 THEN ${number} * 1e3 WHEN abs(${number}) < 1e14 THEN ${number} WHEN abs(${number}) < 1e17 THEN ${number} / 1e3 ELSE ${number} / 1e6 END`;
  const isText = `left(v, 1) = 's' AND (${[ISO, COMPACT, DAY_FIRST, MONTH_FIRST].map((one) => begins(dialect, one)).join(' OR ')})`;
  const epochs = map(filter(marked, 'v', `(${isEpoch}) AND NOT (${isText})`), 'v', ms);
  const whole = map(
    filter(epochs, 'v', 'abs(v) <= 8.64e15'),
    'v',
    'CAST(CASE WHEN v < 0 THEN ceil(v) ELSE floor(v) END AS DOUBLE)',
  );
  const days = `floor(v / ${DAY_MS}e0)`;
  const date = dialect.dateOfDays(days);
  const clock = [
    `CAST(floor(v / 3600000e0) - 24 * ${days} AS INT)`,
    `CAST(floor(v / 60000e0) - 60 * floor(v / 3600000e0) AS INT)`,
  ];
  const parts = [`year(${date})`, `month(${date})`, `day(${date})`, ...clock].map(
    (part) => `CAST(${part} AS VARCHAR(11))`,
  );
  const counted = map(whole, 'v', `concat(${parts.join(", ' ', ")})`);
  return filter(dialect.concatLists([written, counted]), 'v', 'v IS NOT NULL');
}

/** Of the variable v, one of those times; NULL when it has no such part. */
export function timePart(dialect: SqlDialect, part: TimePart['part']): string {
  const numberAt = (index: number): string => `try_cast(split_part(v, ' ', ${index}) AS INT)`;
  if (part !== 'week') return numberAt(PARTS.indexOf(part) + 1);
  return `CASE WHEN split_part(v, ' ', 1) <> '' THEN ${dialect.isoWeek(numberAt(1), numberAt(2), numberAt(3))} END`;
}

function writtenParts(dialect: SqlDialect): string {
  const group = (pattern: Pattern, index: number): string => dialect.extract('v', grouped(pattern, index));
  const month = (name: string): string =>
    `CASE lower(${name}) ${MONTHS.map((one, i) => `WHEN '${one}' THEN '${i + 1}'`).join(' ')} ELSE '0' END`;
  const orZero = (text: string): string => `CASE WHEN ${text} = '' THEN '0' ELSE ${text} END`;
  const iso = [0, 1, 2, 3, 4].map((index) => (index < 3 ? group(ISO, index) : orZero(group(ISO, index))));
  const compact = [0, 1, 2, 3, 4].map((index) => group(COMPACT, index));
  const dayFirst = [
    group(DAY_FIRST, 2),
    month(group(DAY_FIRST, 1)),
    ...[0, 3, 4].map((index) => group(DAY_FIRST, index)),
  ];
  const monthFirst = [
    group(MONTH_FIRST, 4),
    month(group(MONTH_FIRST, 0)),
    ...[1, 2, 3].map((index) => group(MONTH_FIRST, index)),
  ];
  const forms: readonly (readonly [Pattern, readonly string[]])[] = [
    [ISO, iso],
    [COMPACT, compact],
    [DAY_FIRST, dayFirst],
    [MONTH_FIRST, monthFirst],
  ];
  const whens = forms.map(([pattern, parts]) => `WHEN ${begins(dialect, pattern)} THEN ${checked(parts)}`);
  return `CASE ${whens.join(' ')} END`;
}

/** The parts as text, when they are those of a time. */
function checked(parts: readonly string[]): string {
  const [, month = '', day = '', hour = '', minute = ''] = parts.map((part) => `try_cast(${part} AS INT)`);
  const isTime = `${month} BETWEEN 1 AND 12 AND ${day} BETWEEN 1 AND 31 AND ${hour} <= 24 AND ${minute} <= 59`;
  return `CASE WHEN ${isTime} THEN concat(${parts.join(", ' ', ")}) END`;
}

function begins(dialect: SqlDialect, pattern: Pattern): string {
  return dialect.fits('v', `${grouped(pattern, -1).slice(1)}(?s:.*)`);
}

/** The pattern with one of its groups kept. */
function grouped(pattern: Pattern, index: number): string {
  let at = 0;
  return pattern
    .map((piece) => (typeof piece === 'string' ? piece : at++ === index ? `(${piece[0]})` : `(?:${piece[0]})`))
    .join('');
}
