/** Figures and times for people. Pure. */

const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const ONE_DIGIT = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export function count(value: number): string {
  return WHOLE.format(value);
}

/** `1.2 M`, `34.5 k`, `812`: for places where the exact figure does not matter. */
export function shortCount(value: number): string {
  if (value >= 999_950_000) return `${ONE_DIGIT.format(value / 1e9)} G`;
  if (value >= 999_950) return `${ONE_DIGIT.format(value / 1e6)} M`;
  if (value >= 10_000) return `${ONE_DIGIT.format(value / 1e3)} k`;
  return WHOLE.format(value);
}

/** A rate per second: below ten with one digit, zero as `0`. */
export function rate(value: number): string {
  if (value === 0) return '0';
  if (value < 0.1) return '<0.1';
  return value < 9.95 ? ONE_DIGIT.format(value) : shortCount(value);
}

export function bytes(value: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let rest = value;
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit++;
  }
  return `${unit === 0 || rest >= 99.95 ? WHOLE.format(rest) : ONE_DIGIT.format(rest)} ${units[unit]}`;
}

/** `12 s`, `5 min`, `3 h 20 min`, `4 d 2 h`; negative spans count as zero. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return hours % 24 === 0 ? `${Math.floor(hours / 24)} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `2026-03-17 09:05:00` in UTC, as in the records themselves; the text itself when it is no time. */
export function utcTime(text: string): string {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? text : time.toISOString().slice(0, 19).replace('T', ' ');
}

/** The time of day for today's times, else day and hour: short enough for a row. UTC. */
export function rowTime(text: string, nowMs: number): string {
  const full = utcTime(text);
  return full.slice(0, 10) === new Date(nowMs).toISOString().slice(0, 10) ? full.slice(11) : full.slice(5, 16);
}

/** `1 alert`, `2 alerts`. */
export function plural(value: number, singular: string, many = `${singular}s`): string {
  return `${count(value)} ${value === 1 ? singular : many}`;
}
