/** What the order knows of a key as plain data, for snapshots: the items of its queue, and how far each of its sources has come. */
import type { KeyRecords } from './key-records.ts';

/** A queue as plain data: null stands for minus infinity. */
export interface SavedQueue<S> {
  readonly key: number;
  /** Oldest first. */
  readonly items: readonly S[];
  readonly sources: readonly (readonly [source: number, maxMs: number | null, epoch: number])[];
  readonly settledMs: number | null;
  readonly touched: number;
}

export function savedQueue(keys: KeyRecords, key: number, items: readonly number[]): SavedQueue<number> {
  const first = [keys.source(key), finite(keys.maxMs(key)), keys.epoch(key)] as const;
  const others = keys.othersOf(key)?.map(({ source, maxMs, epoch }) => [source, finite(maxMs), epoch] as const);
  return {
    key,
    items,
    sources: others === undefined ? [first] : [first, ...others],
    settledMs: finite(keys.settledMs(key)),
    touched: keys.touched(key),
  };
}

/** Opens the key as it was saved, without its items; false when nothing was known of it. It counts as heard of at `arrivalMs`. */
export function restoreMarks(
  keys: KeyRecords,
  { key, sources, settledMs, touched }: SavedQueue<unknown>,
  arrivalMs: number,
): boolean {
  const [first, ...others] = sources;
  if (first === undefined) return false;
  keys.open(key, first[0], first[2]);
  keys.setMaxMs(key, orNever(first[1]));
  if (others.length > 0)
    keys.setOthers(
      key,
      others.map(([source, maxMs, epoch]) => ({ source, maxMs: orNever(maxMs), epoch })),
    );
  keys.setSettledMs(key, orNever(settledMs));
  keys.setArrivalMs(key, arrivalMs);
  keys.setTouched(key, touched);
  return true;
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function orNever(value: number | null): number {
  return value ?? Number.NEGATIVE_INFINITY;
}
