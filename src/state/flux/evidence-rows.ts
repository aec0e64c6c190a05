/** What is kept of earlier rows, and its form in a snapshot: places and tags, without the events. */
import type { EventPlace } from '../event-place.ts';
import type { Proven } from './proof.ts';

/** A row as evidence: where its event is, and the tags that were its own. `item` only where items are kept. */
export interface EvidenceRow<T> extends EventPlace {
  readonly own: ArrayLike<number>;
  readonly item: T | undefined;
}

export interface ContextRows<T> {
  /** The newest row with each tag of the rule. */
  readonly rows: readonly (EvidenceRow<T> | undefined)[];
  /** By the words of the rule. */
  readonly proof: Proven | undefined;
}

export interface LineageNode<T> {
  readonly row: EvidenceRow<T>;
  readonly hasParent: boolean;
  readonly parentLo: number;
  readonly parentHi: number;
  /** What the id passes on, by the plan's words. */
  readonly proof: Proven | undefined;
}

/** Time, source, position, part, own tags. */
type SavedRow = readonly [number, number, number, number, readonly number[]];
export type SavedNode = readonly [row: SavedRow, parentLo: number | null, parentHi: number | null, proof?: SavedProof];
export interface SavedTags {
  readonly rows: readonly (SavedRow | null)[];
  readonly proof?: SavedProof;
}
type SavedProof = readonly [proven: readonly number[], doubted: readonly number[]];

/** What stands in a table, as JSON. */
export function savedEntry(value: unknown): unknown {
  const entry = value as ContextRows<unknown> | LineageNode<unknown>;
  return 'rows' in entry ? savedTags(entry) : savedNode(entry);
}

function savedTags({ rows, proof }: ContextRows<unknown>): SavedTags {
  const saved = rows.map((row) => (row === undefined ? null : savedRow(row)));
  return { rows: saved, ...(proof !== undefined && { proof: savedProof(proof) }) };
}

function savedNode({ row, hasParent, parentLo, parentHi, proof }: LineageNode<unknown>): SavedNode {
  const [lo, hi] = hasParent ? [parentLo, parentHi] : [null, null];
  return proof === undefined ? [savedRow(row), lo, hi] : [savedRow(row), lo, hi, savedProof(proof)];
}

function savedProof({ proven, doubted }: Proven): SavedProof {
  return [[...proven], [...doubted]];
}

function loadedProof(saved: SavedProof | undefined): Proven | undefined {
  return saved === undefined ? undefined : { proven: Int32Array.from(saved[0]), doubted: Int32Array.from(saved[1]) };
}

function savedRow({ timeMs, source, position, part, own }: EvidenceRow<unknown>): SavedRow {
  return [timeMs, source, position, part, Array.from(own)];
}

/** Snapshots of earlier versions hold the rows alone. */
export function loadedTags<T>(saved: SavedTags | SavedTags['rows']): ContextRows<T> {
  const { rows, proof } = 'rows' in saved ? saved : { rows: saved };
  const loaded = rows.map((row) => (row === null ? undefined : loadedRow<T>(row)));
  return { rows: loaded, proof: loadedProof(proof) };
}

export function loadedNode<T>([row, parentLo, parentHi, proof]: SavedNode): LineageNode<T> {
  return {
    row: loadedRow(row),
    hasParent: parentLo !== null,
    parentLo: parentLo ?? 0,
    parentHi: parentHi ?? 0,
    proof: loadedProof(proof),
  };
}

function loadedRow<T>([timeMs, source, position, part, own]: SavedRow): EvidenceRow<T> {
  return { timeMs, source, position, part, own, item: undefined };
}
