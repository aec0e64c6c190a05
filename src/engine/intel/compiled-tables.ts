/**
 * The tables that matching needs beside the indicators themselves, as sections of a compiled indicator file: they are built once by
 * `flint intel compile` and read at every start. The names carry a version of their own, so that a file of an older program gives its
 * indicators all the same and has these built anew.
 *
 * Section `scan.witnesses.5`: WitnessTables as they lie in memory, little-endian. Section `match.urls.1`: 4 bytes shape, then the
 * slots of the URL index.
 */
import type { IndicatorTable } from '../../core/indicator-table.ts';
import type { Sections } from '../../intel/section-file.ts';
import { UrlIndex, type UrlIndexColumns } from '../../match/indicator-url-index.ts';
import { canRunKernel } from '../../scan/indicator-scanner.ts';
import { ScanMemory } from '../../scan/scan-memory.ts';
import { WitnessTables } from '../../scan/witness-tables.ts';

const WITNESSES = 'scan.witnesses.5';
const URLS = 'match.urls.1';

/** Tokens that patterns may put into the tables, for each of them on average. */
export const TOKENS_PER_PATTERN = 2;

/**
 * Room for the tokens of so many patterns; twice, since tables that are kept over a restart hold those of patterns that the configuration has left out
 * meanwhile.
 */
export function roomForPatterns(patterns: number): number {
  return 2 * TOKENS_PER_PATTERN * patterns;
}

/** What to write beside the indicators. Empty where the kernel cannot run: the reader builds its own then. */
export function compileTables(indicators: IndicatorTable, patterns: number): Sections {
  if (!canRunKernel()) return new Map();
  return tableSections(
    new UrlIndex(indicators).columns,
    WitnessTables.build(new ScanMemory(), indicators, roomForPatterns(patterns)),
  );
}

/** The same of tables that are built already; scanners may go on using them, and additions may go into them meanwhile. */
export function tableSections({ shape, slots }: UrlIndexColumns, witnesses: WitnessTables): Sections {
  const urls = new Uint32Array(1 + slots.length);
  urls[0] = shape;
  urls.set(slots, 1);
  return new Map([
    [WITNESSES, Uint8Array.prototype.slice.call(witnesses.bytesView())],
    [URLS, new Uint8Array(urls.buffer)],
  ]);
}

/** Witness tables in `memory`: restored when the file has them, else built. */
export function witnessTables(
  memory: ScanMemory,
  indicators: IndicatorTable,
  extra: Sections,
  patterns: number,
): WitnessTables {
  const saved = extra.get(WITNESSES);
  return saved === undefined
    ? WitnessTables.build(memory, indicators, roomForPatterns(patterns))
    : WitnessTables.restore(memory, saved);
}

/** Columns of the URL index when the file has them. */
export function urlColumnsOf(extra: Sections): UrlIndexColumns | undefined {
  const saved = extra.get(URLS);
  if (saved === undefined || saved.byteLength < 4) return undefined;
  // Sections lie anywhere in the file's bytes; numbers need an aligned copy.
  const numbers = new Uint32Array(Uint8Array.prototype.slice.call(saved).buffer);
  return { shape: numbers[0] ?? 0, slots: numbers.subarray(1) };
}
