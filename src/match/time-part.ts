/**
 * Parts of a timestamp as written (Sigma `minute` … `year`): no time zone conversion, the digits of the text count. Epoch numbers,
 * also as text, are read in UTC; their unit (s, ms, µs, ns) follows from the magnitude. `week` is the ISO 8601 week.
 */
import type { EventValue } from '../core/event.ts';
import type { TimePart } from '../ir/predicate.ts';

interface Parts {
  readonly year?: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

const MONTHS = 'janfebmaraprmayjunjulaugsepoctnovdec';

/** `2024-05-06T07:08:09`, `2024/05/06 07:08`, `2024-05-06`. */
const ISO = /^[ \t]*(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T \t]+(\d{1,2}):(\d{2}))?/;
/** `20240506T070809`, `20240506070809.000000+000`: four digits of a year of this age or the last. */
const COMPACT = /^[ \t]*((?:19|20)\d\d)(\d\d)(\d\d)T?(\d\d)(\d\d)\d\d(?![\d])/;
/** `06/May/2024:07:08:09`, `06 May 2024 07:08`, `Mon, 06 May 2024 07:08:09`. */
const DAY_FIRST =
  /^[ \t]*(?:[A-Za-z]{3},?[ \t]+)?(\d{1,2})[/ \t-]([A-Za-z]{3})[a-z]*[/ \t-](\d{4})[: \tT]+(\d{1,2}):(\d{2})/;
/** `May  6 07:08:09`, `Mon May  6 07:08:09 2024`. */
const MONTH_FIRST =
  /^[ \t]*(?:[A-Za-z]{3}[ \t]+)?([A-Za-z]{3})[ \t]+(\d{1,2})[ \t]+(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?(?:[ \t]+[A-Z]{1,5})?[ \t]+(\d{4}))?/;

export function timePartHolds(test: TimePart, value: EventValue): boolean {
  const part = partOf(test.part, value);
  if (part === undefined) return false;
  if (test.operator === 'equals') return part === test.value;
  if (test.operator === 'lt') return part < test.value;
  if (test.operator === 'lte') return part <= test.value;
  return test.operator === 'gt' ? part > test.value : part >= test.value;
}

function partOf(part: TimePart['part'], value: EventValue): number | undefined {
  const parts = typeof value === 'number' ? fromEpoch(value) : typeof value === 'string' ? fromText(value) : undefined;
  if (parts === undefined) return undefined;
  return part === 'week' ? isoWeek(parts) : parts[part];
}

function fromText(text: string): Parts | undefined {
  const iso = ISO.exec(text) ?? COMPACT.exec(text);
  if (iso !== null)
    return checked(Number(iso[1]), Number(iso[2]), Number(iso[3]), Number(iso[4] ?? 0), Number(iso[5] ?? 0));
  const dayFirst = DAY_FIRST.exec(text);
  if (dayFirst !== null)
    return checked(
      Number(dayFirst[3]),
      monthOf(dayFirst[2]),
      Number(dayFirst[1]),
      Number(dayFirst[4]),
      Number(dayFirst[5]),
    );
  const monthFirst = MONTH_FIRST.exec(text);
  if (monthFirst !== null) {
    const year = monthFirst[5] === undefined ? undefined : Number(monthFirst[5]);
    return checked(year, monthOf(monthFirst[1]), Number(monthFirst[2]), Number(monthFirst[3]), Number(monthFirst[4]));
  }
  return /^\d{9,19}(\.\d+)?$/.test(text) ? fromEpoch(Number(text)) : undefined;
}

function fromEpoch(epoch: number): Parts | undefined {
  const size = Math.abs(epoch);
  const ms = size < 1e11 ? epoch * 1e3 : size < 1e14 ? epoch : size < 1e17 ? epoch / 1e3 : epoch / 1e6;
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return undefined;
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
  };
}

function checked(
  year: number | undefined,
  month: number,
  day: number,
  hour: number,
  minute: number,
): Parts | undefined {
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 24 || minute > 59) return undefined;
  return { ...(year === undefined ? {} : { year }), month, day, hour, minute };
}

function monthOf(name: string | undefined): number {
  const at = MONTHS.indexOf((name ?? '').toLowerCase());
  return at >= 0 && at % 3 === 0 ? at / 3 + 1 : 0;
}

/** The week that holds the date's Thursday, counted from the year's first Thursday. */
function isoWeek({ year, month, day }: Parts): number | undefined {
  if (year === undefined) return undefined;
  // Date.UTC takes the years 0 to 99 for those of the last century.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const thursday = date.getTime() + (4 - (date.getUTCDay() || 7)) * 86_400_000;
  const first = new Date(0).setUTCFullYear(new Date(thursday).getUTCFullYear(), 0, 1);
  return Math.floor((thursday - first) / 604_800_000) + 1;
}
