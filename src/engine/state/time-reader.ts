/**
 * TimeReader: `2024-01-31T23:59:58.123Z` and its like from bytes. A blank in place of the T, a fraction of up to nine digits of which only
 * three say something, and no zone where the source's is UTC are taken as well; every other spelling is left to `parseTime`, which
 * this agrees with. Events of one day follow each other, so the day is worked out once.
 */

const DAY_BYTES = 10;
const SECOND_BYTES = 19;
const DOT = 0x2e;
const Z = 0x5a;

export class TimeReader {
  #day = -1;
  #dayMs = 0;

  /** Undefined: another spelling, or no time. */
  read(view: DataView, start: number, end: number, timezone: string): number | undefined {
    const length = end - start;
    if (length < SECOND_BYTES || length > SECOND_BYTES + 11) return undefined;
    const between = view.getUint8(start + DAY_BYTES);
    if (
      (between !== 0x54 && between !== 0x20) ||
      view.getUint8(start + 4) !== 0x2d ||
      view.getUint8(start + 7) !== 0x2d
    )
      return undefined;
    if (view.getUint8(start + 13) !== 0x3a || view.getUint8(start + 16) !== 0x3a) return undefined;
    const day = digits(view, start, 4) * 10_000 + digits(view, start + 5, 2) * 100 + digits(view, start + 8, 2);
    const hour = digits(view, start + 11, 2);
    const minute = digits(view, start + 14, 2);
    const second = digits(view, start + 17, 2);
    let at = start + SECOND_BYTES;
    let fraction = 0;
    if (at < end && view.getUint8(at) === DOT) {
      at++;
      for (let scale = 100; at < end && view.getUint8(at) !== Z; at++, scale /= 10) {
        const digit = view.getUint8(at) - 0x30;
        if (digit < 0 || digit > 9 || (scale < 1 && digit > 0)) return undefined;
        fraction += digit * Math.floor(scale);
      }
      if (at === start + SECOND_BYTES + 1) return undefined;
    }
    if (at === end ? timezone !== 'Z' : at + 1 !== end || view.getUint8(at) !== Z) return undefined;
    // NaN where there is anything but digits.
    if (!(hour < 24 && minute < 60 && second < 60 && day >= 0)) return undefined;
    if (day !== this.#day) {
      const month = Math.floor(day / 100) % 100;
      const dayOfMonth = day % 100;
      if (month < 1 || month > 12 || dayOfMonth < 1 || dayOfMonth > 31) return undefined;
      this.#day = day;
      this.#dayMs = Date.UTC(Math.floor(day / 10_000), month - 1, dayOfMonth);
    }
    return this.#dayMs + hour * 3_600_000 + minute * 60_000 + second * 1000 + fraction;
  }
}

/** NaN when there is anything but digits. */
function digits(view: DataView, from: number, count: number): number {
  let value = 0;
  for (let i = from; i < from + count; i++) {
    const digit = view.getUint8(i) - 0x30;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}
