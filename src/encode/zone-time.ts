/** Time as STIX Spark prints it: `YYYY-MM-DD HH:MM:SS` in a configured zone. One formatter per zone; zones come from configuration only. */

const FORMATTERS = new Map<string, Intl.DateTimeFormat>();

/** The last millisecond of the year 9999. */
const LAST_OF_FOUR_DIGITS_MS = 253_402_300_799_999;

/** An unknown zone prints UTC: the configuration is checked when it is loaded, an encoder never fails. */
export function zoneTime(timeMs: number, timezone: string): string {
  // A formatter is 18 ms in the making.
  if ((timezone === 'UTC' || timezone === 'Z') && timeMs >= 0 && timeMs <= LAST_OF_FOUR_DIGITS_MS)
    return new Date(timeMs).toISOString().slice(0, 19).replace('T', ' ');
  const parts = formatterOf(timezone).formatToParts(timeMs);
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.find((each) => each.type === type)?.value ?? '';
  const year = part('year').padStart(4, '0');
  return `${year}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')}:${part('second')}`;
}

function formatterOf(timezone: string): Intl.DateTimeFormat {
  const known = FORMATTERS.get(timezone);
  if (known !== undefined) return known;
  const formatter = makeFormatter(timezone === 'Z' ? 'UTC' : timezone) ?? makeFormatter('UTC');
  if (formatter === undefined) throw new RangeError('this runtime knows no time zone, not even UTC');
  FORMATTERS.set(timezone, formatter);
  return formatter;
}

function makeFormatter(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
  } catch (error) {
    // RangeError: not the name of a zone.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
