/**
 * The ways of searching that `flint bench` compares, over the same bytes: `parse` (JSON.parse of every line and nothing else), `map`
 * (JSON.parse and a look-up of every string in a Map of indicator values), `oracle` (the reference matcher), `flint` (the way of
 * `flint scan`, from the file to the alert).
 */
import type { Indicator } from '../../core/indicator.ts';
import { findRow } from '../../core/indicator-rows.ts';
import type { IndicatorTable } from '../../core/indicator-table.ts';
import type { RecordSource } from '../../core/record.ts';
import type { IntelSet } from '../../intel/intel-set.ts';
import { IndicatorOracle } from '../../match/indicator-oracle.ts';
import { Detector } from '../detector.ts';
import type { Finding } from '../../alerts/finding.ts';
import { Processor } from '../processor.ts';

export interface LineRanges {
  readonly starts: Float64Array;
  readonly ends: Float64Array;
}

const LF = 0x0a;

/** Lines that are not empty. */
export function linesOf(bytes: Buffer): LineRanges {
  const starts: number[] = [];
  const ends: number[] = [];
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(LF, start);
    const end = found < 0 ? bytes.length : found;
    if (end > start) {
      starts.push(start);
      ends.push(end);
    }
    start = end + 1;
  }
  return { starts: Float64Array.from(starts), ends: Float64Array.from(ends) };
}

/** Returns the lines that are JSON. */
export function parseOnly(bytes: Buffer, { starts, ends }: LineRanges): number {
  let parsed = 0;
  for (let i = 0; i < starts.length; i++) if (parse(bytes, starts[i] ?? 0, ends[i] ?? 0) !== undefined) parsed++;
  return parsed;
}

/** Returns the strings that are an indicator's value, letter case aside. */
export function parseAndLookUp(
  bytes: Buffer,
  { starts, ends }: LineRanges,
  values: ReadonlyMap<string, number>,
): number {
  let hits = 0;
  const visit = (value: unknown): void => {
    if (typeof value === 'string') {
      if (values.has(value.toLowerCase())) hits++;
    } else if (Array.isArray(value)) for (const item of value) visit(item);
    else if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) visit(item);
  };
  for (let i = 0; i < starts.length; i++) visit(parse(bytes, starts[i] ?? 0, ends[i] ?? 0));
  return hits;
}

export function valueMap(table: IndicatorTable): Map<string, number> {
  const values = new Map<string, number>();
  for (let row = 0; row < table.size; row++) values.set(table.valueAt(row).toLowerCase(), row);
  return values;
}

/** A processor that decodes every record and asks the reference matcher about the given rows; what it says is true by definition. */
export function oracleProcessor(
  { indicators: table, benign }: IntelSet,
  only: Iterable<number>,
  limits: { readonly maxDepth: number },
  maxAlerts: number,
): Processor {
  const rows = new Map<Indicator, number>();
  const oracle = new IndicatorOracle(indicatorsOf(table, only, rows));
  const lookup = {
    table,
    match: (observed: Parameters<IndicatorOracle['match']>[0]) =>
      oracle.match(observed).map(({ indicator, ...hit }) => ({ ...hit, row: rows.get(indicator) ?? -1 })),
    isBenign: (row: number) => benign.isBenign(table.kindAt(row), table.valueAt(row)),
  };
  const options = { limits, validity: 'mark', clampTime: false, keepOriginal: false } as const;
  const detector = new Detector(lookup, [], options, () => undefined);
  return new Processor(detector, undefined, {
    keepOriginal: false,
    maxAlerts,
    firstHit: false,
    hasRules: () => false,
    isStateful: false,
    hasIndicators: () => true,
  });
}

/** One line, whatever else stands around it. */
export function examineLine(
  processor: Processor,
  bytes: Buffer,
  range: { readonly start: number; readonly end: number },
  source: RecordSource,
): Finding[] {
  const found: Finding[] = [];
  const origin = { source, position: range.start, line: 0, record: 0, part: 0, arrivalMs: 0 };
  processor.examine(bytes, range.start, range.end, origin, { indicators: true, rules: false }, 0, found);
  return found;
}

/** The table's row of what an alert is about; -1 for what is no indicator. */
export function rowOf(table: IndicatorTable, { match }: Finding): number {
  if (match.engine !== 'indicator') return -1;
  const { kind, value, semantics } = match;
  return findRow(table, kind, value, semantics);
}

function* indicatorsOf(
  table: IndicatorTable,
  only: Iterable<number>,
  rows: Map<Indicator, number>,
): Generator<Indicator> {
  // What sources say is not needed to find the row.
  const details = { id: '', name: '', provider: '' };
  for (const row of only) {
    const indicator = {
      kind: table.kindAt(row),
      value: table.valueAt(row),
      semantics: table.semanticsAt(row),
      details,
    };
    rows.set(indicator, row);
    yield indicator;
  }
}

function parse(bytes: Buffer, start: number, end: number): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', start, end));
  } catch {
    // A line that is no JSON: the loop under test would skip it as well.
    return undefined;
  }
}
