/**
 * Indicators whose value begins with a text: one pass over the bytes of all values, some 20 ms for a million. The text may be defanged
 * and in any case; it is compared as it stands, in lower case, and with what was defanged put right.
 */
import { lowerAscii } from '../core/domain-name.ts';
import type { LayeredTable } from '../core/layered-table.ts';
import { refang } from '../core/refang.ts';

export interface PrefixFound {
  /** Rows of the table, ordered by value; at most as many as asked for. */
  readonly rows: readonly number[];
  /** All that begin so. */
  readonly total: number;
}

/** Most rows that one search gives. */
export const MAX_FOUND = 1000;

/** `prefix` without the star that stands behind it. Throws a RangeError when it is empty. */
export function searchPrefix(table: LayeredTable, prefix: string, limit: number): PrefixFound {
  const texts = spellings(prefix);
  if (texts.length === 0) throw new RangeError('a prefix has at least one character');
  const wanted = texts.map((text) => Buffer.from(text, 'utf8'));
  const { base, delta } = table;
  const { pool, valueStart } = base.columns;
  const bytes = Buffer.from(pool.buffer, pool.byteOffset, pool.byteLength);
  const first = new Uint8Array(256);
  for (const each of wanted) first[each[0] ?? 0] = 1;
  const found: number[] = [];
  for (let row = 0; row < base.size; row++) {
    const start = valueStart[row] ?? 0;
    if (first[bytes[start] ?? 0] !== 1) continue;
    const end = valueStart[row + 1] ?? 0;
    if (wanted.some((each) => beginsWith(bytes, start, end, each)) && table.isLive(row)) found.push(row);
  }
  for (let row = 0; row < delta.size; row++)
    if (delta.isLive(row) && texts.some((text) => delta.valueAt(row).startsWith(text))) found.push(base.size + row);
  // Sorting all of a very common prefix would cost more than finding them.
  const kept = found.length > SORTED_MOST ? found.slice(0, SORTED_MOST) : found;
  const values = new Map(kept.map((row) => [row, table.valueAt(row)]));
  const byValue = (a: number, b: number): number => ((values.get(a) ?? '') < (values.get(b) ?? '') ? -1 : 1);
  return { rows: kept.sort(byValue).slice(0, Math.min(limit, MAX_FOUND)), total: found.length };
}

const SORTED_MOST = 20_000;

function spellings(prefix: string): string[] {
  const trimmed = prefix.trim();
  const refanged = refang(trimmed);
  return [...new Set([trimmed, lowerAscii(trimmed), refanged, lowerAscii(refanged)])].filter((text) => text !== '');
}

function beginsWith(bytes: Buffer, start: number, end: number, wanted: Buffer): boolean {
  return end - start >= wanted.length && bytes.compare(wanted, 0, wanted.length, start, start + wanted.length) === 0;
}
