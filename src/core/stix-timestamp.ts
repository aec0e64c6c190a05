/**
 * STIX timestamps: `YYYY-MM-DDThh:mm:ss[.f+]Z`, upper-case T and Z, any number of fraction digits (2.1 section 2.16). Instants
 * are nanoseconds since the epoch as bigint; digits beyond the ninth are cut. A day that the month does not have is
 * refused; second 60 is the first second of the next minute.
 */

const FORM = /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.(\d+))?Z$/;

/** The form alone, as the grammar checks it: February 30 passes. */
export function isStixTimestamp(text: string): boolean {
  return FORM.test(text);
}

export function parseStixTimestamp(text: string): bigint | undefined {
  const parts = FORM.exec(text);
  if (parts === null) return undefined;
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const date = new Date(0);
  // setUTCFullYear and not Date.UTC, which reads the years 0 to 99 as 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCDate() !== day) return undefined;
  const seconds = date.getTime() / 1000 + Number(parts[4]) * 3600 + Number(parts[5]) * 60 + Number(parts[6]);
  return BigInt(seconds) * 1_000_000_000n + BigInt((parts[7] ?? '').slice(0, 9).padEnd(9, '0'));
}

/** Inverse of `parseStixTimestamp`, without trailing zeros in the fraction. */
export function formatStixTimestamp(epochNs: bigint): string {
  const fraction = ((epochNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const whole = new Date(Number((epochNs - fraction) / 1_000_000n)).toISOString().slice(0, 19);
  const digits = fraction.toString().padStart(9, '0').replace(/0+$/, '');
  return digits === '' ? `${whole}Z` : `${whole}.${digits}Z`;
}
