/**
 * Time stamps of logs: many spellings in, milliseconds since the epoch out (a fraction keeps microseconds). A time without
 * zone takes the given one; a time without year is the latest one that is not ahead of the reference time.
 */

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const ISO =
  /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T\s_]+(\d{1,2}):(\d{2})(?::(\d{2}|60)(?:[.,](\d{1,9}))?\d*)?)?\s*(?:(Z|UTC|GMT|[+-]\d{2})|([+-]\d{2}:?\d{2})(?:\s[A-Z]{3,5})?)?$/i;
const APACHE =
  /^(\d{1,2})[/ -]([A-Za-z]{3})[/ -](\d{4})[:\s](\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?$/;
const RFC2822 = /^(?:[A-Za-z]{3},\s*)?(\d{1,2}\s+[A-Za-z]{3}\s+\d{4}\s.+)$/;
const SYSLOG = /^([A-Za-z]{3})\s+(\d{1,2})\s+(?:(\d{4})\s+)?(\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?$/;
/** `Fri Sep 09 10:42:29.902022 2011`, as C's asctime writes it, and Apache. */
const ASCTIME = /^(?:[A-Za-z]{3}\s+)?([A-Za-z]{3}\s+\d{1,2})\s+(\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?)\s+(\d{4})$/;
/** A time without year may lie this far ahead before it is taken for last year's. */
const MAX_CLOCK_SKEW_MS = 2 * 86_400_000;
const NUMBER = /^\d{9,19}(?:\.\d{1,9})?$/;

/** Undefined when the value is no time. `zone`: IANA name, `Z` or an offset such as `+08:00`. */
export function parseTime(value: string | number, zone: string, referenceMs: number): number | undefined {
  if (typeof value === 'number') return epochToMs(value);
  const text = value.trim();
  if (text.length < 8 || text.length > 64) return undefined;
  if (NUMBER.test(text)) return epochToMs(Number(text));
  return parseIso(text, zone) ?? parseApache(text, zone) ?? parseSyslog(text, zone, referenceMs);
}

/** True when `zone` is one that `parseTime` understands. */
export function isZone(zone: string): boolean {
  if (fixedOffsetMs(zone) !== undefined) return true;
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: zone });
    return true;
  } catch {
    // RangeError is how Intl says that it does not know the name.
    return false;
  }
}

/** Seconds, milliseconds, microseconds or nanoseconds since the epoch, told apart by size: all mean years 1973 to 5138. */
function epochToMs(value: number): number | undefined {
  if (!Number.isFinite(value) || value < 1e8) return undefined;
  if (value < 1e11) return value * 1000;
  if (value < 1e14) return value;
  return value < 1e17 ? value / 1000 : value / 1e6;
}

function parseIso(text: string, zone: string): number | undefined {
  const m = ISO.exec(text);
  if (m === null) return undefined;
  return civilToMs(
    [Number(m[1]), Number(m[2]), Number(m[3]), Number(m[4] ?? 0), Number(m[5] ?? 0), Number(m[6] ?? 0)],
    m[7],
    m[8] ?? m[9] ?? zone,
  );
}

function parseApache(text: string, zone: string): number | undefined {
  const m = APACHE.exec(RFC2822.exec(text)?.[1] ?? text);
  if (m === null) return undefined;
  const month = MONTHS.indexOf((m[2] as string).toLowerCase()) + 1;
  return civilToMs([Number(m[3]), month, Number(m[1]), Number(m[4]), Number(m[5]), Number(m[6])], m[7], m[8] ?? zone);
}

function parseSyslog(text: string, zone: string, referenceMs: number): number | undefined {
  const m = SYSLOG.exec(text.replace(ASCTIME, '$1 $3 $2'));
  if (m === null) return undefined;
  const month = MONTHS.indexOf((m[1] as string).toLowerCase()) + 1;
  const inYear = (year: number): number | undefined =>
    civilToMs([year, month, Number(m[2]), Number(m[4]), Number(m[5]), Number(m[6])], m[7], zone);
  if (m[3] !== undefined) return inYear(Number(m[3]));
  const year = new Date(referenceMs).getUTCFullYear();
  // Logs are of the past: the latest year that does not put the time more than two days ahead of the clock.
  for (const candidate of [year + 1, year, year - 1]) {
    const ms = inYear(candidate);
    if (ms !== undefined && ms <= referenceMs + MAX_CLOCK_SKEW_MS) return ms;
  }
  return undefined;
}

type Civil = readonly [year: number, month: number, day: number, hour: number, minute: number, second: number];

function civilToMs(civil: Civil, fraction: string | undefined, zone: string): number | undefined {
  const [year, month, day, hour, minute, second] = civil;
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return undefined;
  const utc = Date.UTC(year, month - 1, day, hour, minute, second);
  const fractionMs = fraction === undefined ? 0 : Number(`0.${fraction}`) * 1000;
  const fixed = fixedOffsetMs(zone);
  if (fixed !== undefined) return utc - fixed + fractionMs;
  // The offset depends on the instant, which depends on the offset: two rounds settle it.
  const guess = utc - zoneOffsetMs(zone, utc);
  return utc - zoneOffsetMs(zone, guess) + fractionMs;
}

function fixedOffsetMs(zone: string): number | undefined {
  if (/^(Z|UTC|GMT)$/i.test(zone)) return 0;
  const m = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone);
  if (m === null) return undefined;
  return (m[1] === '-' ? -1 : 1) * (Number(m[2]) * 60 + Number(m[3] ?? 0)) * 60_000;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** Offset of a zone at an instant, east positive. Zones come from configuration, so the cache stays small. */
function zoneOffsetMs(zone: string, ms: number): number {
  const fixed = fixedOffsetMs(zone);
  if (fixed !== undefined) return fixed;
  let formatter = formatters.get(zone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formatters.set(zone, formatter);
  }
  const parts = new Map(formatter.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  const at = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  const local = Date.UTC(at('year'), at('month') - 1, at('day'), at('hour'), at('minute'), at('second'));
  return local - Math.floor(ms / 1000) * 1000;
}
