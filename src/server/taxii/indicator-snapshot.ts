/**
 * The loaded indicators one by one, as the TAXII server gives them: every source of every row under its id, then the patterns that no single value
 * decides, then Sigma rules that came as indicators. Nothing is copied: an object is made when somebody asks for its position.
 */
import type { IndicatorDetails, Tlp } from '../../core/indicator.ts';
import type { IndicatorRows } from '../../core/indicator-rows.ts';
import { describeDetails, isWithinTlp } from '../../core/indicator-table.ts';
import { indicatorObject, indicatorVersion, type IndicatorValue, patternOf } from '../../encode/stix-indicator.ts';

export interface SnapshotEntry {
  readonly id: string;
  readonly version: string;
  /** For `objectAt`. */
  readonly position: number;
}

/** Indicators as they are; another object as soon as they may have changed. */
export interface IndicatorSnapshot {
  /** At least as many as there are entries. */
  readonly capacity: number;
  entries(): Iterable<SnapshotEntry>;
  /** Undefined when the indicator is gone. */
  entryAt(position: number): SnapshotEntry | undefined;
  /** JSON of the STIX object; undefined when the indicator is gone. */
  jsonAt(position: number): string | undefined;
}

/** What no single value decides: a pattern, or a Sigma rule. */
export interface DescribedPattern {
  readonly details: IndicatorDetails;
  readonly type: 'stix' | 'sigma';
}

export interface ServedRows extends IndicatorRows {
  isLive(row: number): boolean;
}

/** Sources of one row that are served. */
const MAX_SOURCES = 64;

/** Of what is marked stricter than `maxTlp` there are no entries. */
export function indicatorSnapshot(
  rows: ServedRows,
  patterns: readonly (() => DescribedPattern)[],
  sources: number,
  maxTlp: Tlp,
): IndicatorSnapshot {
  const ofRow = (row: number, n: number): readonly [IndicatorDetails, IndicatorValue] | undefined => {
    const saying = rows.isLive(row) ? rows.sayingsAt(row)[n] : undefined;
    if (saying === undefined) return undefined;
    const of = { kind: rows.kindAt(row), value: rows.valueAt(row), semantics: rows.semanticsAt(row) };
    return [describeDetails(saying.said, of.kind, of.value), of];
  };
  const said = (position: number) =>
    position >= 0 ? ofRow(Math.floor(position / MAX_SOURCES), position % MAX_SOURCES) : undefined;
  return {
    capacity: sources + patterns.length,
    *entries() {
      for (let row = 0; row < rows.size; row++) {
        if (!rows.isLive(row)) continue;
        const of = { kind: rows.kindAt(row), value: rows.valueAt(row), semantics: rows.semanticsAt(row) };
        for (const [n, saying] of rows.sayingsAt(row).slice(0, MAX_SOURCES).entries()) {
          const details = describeDetails(saying.said, of.kind, of.value);
          if (!isWithinTlp(details.tlp, maxTlp)) continue;
          if (details.pattern !== undefined || patternOf(of) !== undefined)
            yield entryOf(details, row * MAX_SOURCES + n);
        }
      }
      for (const [i, pattern] of patterns.entries()) {
        const { details } = pattern();
        if (isWithinTlp(details.tlp, maxTlp)) yield entryOf(details, -1 - i);
      }
    },
    entryAt(position) {
      const details = position >= 0 ? said(position)?.[0] : patterns[-1 - position]?.().details;
      return details === undefined ? undefined : entryOf(details, position);
    },
    jsonAt(position) {
      const pattern = position >= 0 ? undefined : patterns[-1 - position]?.();
      const [details, of] = said(position) ?? [pattern?.details, undefined];
      if (details === undefined) return undefined;
      const object = indicatorObject(details, of, pattern?.type);
      return object === undefined ? undefined : JSON.stringify(object);
    },
  };
}

function entryOf(details: IndicatorDetails, position: number): SnapshotEntry {
  return { id: details.id, version: indicatorVersion(details), position };
}
