/**
 * IndicatorRows: what matching needs of a table of indicators, whether it is read-only columns (`IndicatorTable`), a small table that
 * changes (`DeltaTable`), or one laid over the other (`LayeredTable`). A row is one distinct (kind, value, semantics).
 */
import type { IndicatorDetails, IndicatorKind, Semantics } from './indicator.ts';
import { type DetailsInput, SEMANTICS, shapeOf } from './indicator-table.ts';

/** What one feed says of a value. */
export interface Saying {
  readonly feed: string;
  readonly said: DetailsInput;
}

export interface IndicatorRows {
  /** All rows have smaller numbers; rows that were removed keep theirs. */
  readonly size: number;
  /** Kind and semantics as one number, as in the column `shape` of `IndicatorTable`. */
  shapeAt(row: number): number;
  kindAt(row: number): IndicatorKind;
  semanticsAt(row: number): Semantics;
  valueAt(row: number): string;
  /** Every shape that some row has; it may be more. */
  shapes(): Iterable<number>;
  /** All rows of a shape, ascending. */
  rowsWithShape(shape: number): Iterable<number>;
  /** Row of a canonical value that counts, or -1. */
  findShape(shape: number, value: string): number;
  /** Rows of a canonical value in the given shapes. */
  rowsOf(shapes: readonly number[], value: string): number[];
  /** What all sources say, the highest confidence first, then loading order. */
  detailsAt(row: number): readonly IndicatorDetails[];
  /** The same as it was loaded, in loading order. */
  sayingsAt(row: number): readonly Saying[];
}

/** Row of a canonical value that counts, or -1. */
export function findRow(table: IndicatorRows, kind: IndicatorKind, value: string, semantics: Semantics): number {
  return table.findShape(shapeOf(kind, semantics), value);
}

/** Rows of a value in every semantics it is loaded with. */
export function findRows(table: IndicatorRows, kind: IndicatorKind, value: string): number[] {
  return table.rowsOf(
    SEMANTICS.map((semantics) => shapeOf(kind, semantics)),
    value,
  );
}
