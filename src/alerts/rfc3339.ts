/** Times of alerts: RFC 3339, UTC, milliseconds. Years that RFC 3339 cannot write are held at its ends. */

/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999Z. */
const FIRST_MS = -62_135_596_800_000;
const LAST_MS = 253_402_300_799_999;

const DAY_MS = 86_400_000;
/** Times come from few days: their dates are written once. */
const MAX_DAYS = 256;
const days = new Map<number, string>();
const TWO = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, '0'));

export function rfc3339(timeMs: number): string {
  const known = Number.isFinite(timeMs) ? timeMs : 0;
  const ms = Math.trunc(Math.min(LAST_MS, Math.max(FIRST_MS, known)));
  const day = Math.floor(ms / DAY_MS);
  const rest = ms - day * DAY_MS;
  const seconds = Math.floor(rest / 1000);
  const minutes = Math.floor(seconds / 60);
  const fraction = rest % 1000;
  const clock = `${TWO[Math.floor(minutes / 60)]}:${TWO[minutes % 60]}:${TWO[seconds % 60]}`;
  return `${dateOf(day)}T${clock}.${Math.floor(fraction / 100)}${TWO[fraction % 100]}Z`;
}

function dateOf(day: number): string {
  const known = days.get(day);
  if (known !== undefined) return known;
  const date = new Date(day * DAY_MS).toISOString().slice(0, 10);
  if (days.size === MAX_DAYS) days.clear();
  days.set(day, date);
  return date;
}
