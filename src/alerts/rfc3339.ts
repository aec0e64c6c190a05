/** Times of alerts: RFC 3339, UTC, milliseconds. Years that RFC 3339 cannot write are held at its ends. */

/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999Z. */
const FIRST_MS = -62_135_596_800_000;
const LAST_MS = 253_402_300_799_999;

export function rfc3339(timeMs: number): string {
  const known = Number.isFinite(timeMs) ? timeMs : 0;
  return new Date(Math.min(LAST_MS, Math.max(FIRST_MS, known))).toISOString();
}
