/**
 * The state of a flux engine as snapshot chunks: what is remembered, rows that wait for their order, clocks. Facts are kept by the
 * definition of their rule, so a changed rule starts empty. Of rows kept as evidence the places are saved.
 */
import { BloomGenerations } from '../memory/bloom-generations.ts';
import { restoreTable, snapshotTable, tableKeys } from '../memory/tag-table-snapshot.ts';
import type { SavedQueue } from '../order/saved-queue.ts';
import type { SavedClock, SourceClocks } from '../order/source-clock.ts';
import { type Column, closing, type DecodedChunk, encodeChunk, type SnapshotChunk } from '../snapshot/chunk.ts';
import { endable } from '../snapshot/endable.ts';
import { KeyedPicture } from '../snapshot/keyed-picture.ts';
import type { FluxEngine, PendingRow } from './engine.ts';
import { BLOOM_BUCKETS, BloomMemory, ExactMemory, type FluxMemory } from './memory.ts';

const HEAD = 'head';

/** How the caller's items become JSON and back. */
export interface ItemCodec<T> {
  save(item: T): unknown;
  load(saved: unknown): T;
}

interface RowsHead {
  readonly plan: string;
  readonly clocks: readonly (SavedClock | null)[];
}

/** Queues of some groups, collected for one chunk. */
export type RowCollection = SavedQueue<PendingRow<unknown>>[];

/** About what a waiting row takes as JSON, beside its item. */
const ROW_BYTES = 1000;
const QUEUE_BYTES = 100;

/** Pictures of the rows that wait, or may be undone; one for each engine, made with it. */
export function rowPicture<T>(engine: FluxEngine<T>, codec: ItemCodec<T>): KeyedPicture<RowCollection> {
  const picture = new KeyedPicture<RowCollection>('rows', {
    keyBound: () => engine.order.keyBound,
    exists: (key) => engine.order.has(key),
    begin: () => [],
    add: (to, key) => {
      const queue = engine.order.saveQueue(key);
      if (queue === undefined) return 0;
      to.push({ ...queue, items: queue.items.map((slot) => savedRow(engine.exportRow(slot), codec)) });
      return QUEUE_BYTES + ROW_BYTES * queue.items.length;
    },
    encode: (collected, key) => encodeChunk(key, collected),
  });
  engine.touching = (key) => picture.touching(key);
  return picture;
}

/**
 * Chunks of what changed since the last call; of everything when `full`. The picture is taken by the call; rows may be pushed while it is
 * drawn. To be drained, or ended with `return`, before the next one.
 */
export function snapshotFlux<T>(
  engine: FluxEngine<T>,
  clocks: SourceClocks,
  rows: KeyedPicture<RowCollection>,
  full: boolean,
): IterableIterator<SnapshotChunk, void> {
  engine.flush();
  const head: RowsHead = { plan: planKey(engine), clocks: clocks.snapshot() };
  const first = encodeChunk(HEAD, head, engine.groups.columns());
  const memories = memoriesOf(engine);
  const begun = [
    rows.begin(full),
    engine.evidence.snapshot(full),
    ...memories.flatMap(([name, memory]) => snapshotMemory(memory, name, full)),
  ];
  const keys = (): string[] => [
    ...[HEAD, ...rows.chunkKeys(), ...engine.evidence.chunkKeys()],
    ...memories.flatMap(([name, memory]) => memoryKeys(memory, name)),
  ];
  return endable(drain(first, begun, keys), (drawn) => {
    if (!drawn) for (const steps of begun) steps.return?.();
  });
}

function* drain(
  first: SnapshotChunk,
  begun: readonly Iterable<SnapshotChunk | undefined>[],
  keys: () => readonly string[],
): Generator<SnapshotChunk, void> {
  yield first;
  for (const steps of begun) for (const chunk of steps) if (chunk !== undefined) yield chunk;
  yield closing(keys());
}

/**
 * Into an engine and clocks that have taken nothing yet. Rows that waited under another specification are evaluated under none: they
 * are returned as items, for the caller to push anew.
 */
export function restoreFlux<T>(
  engine: FluxEngine<T>,
  clocks: SourceClocks,
  codec: ItemCodec<T>,
  chunks: ReadonlyMap<string, DecodedChunk>,
  nowMs = 0,
): readonly T[] {
  for (const [name, memory] of memoriesOf(engine)) restoreMemory(memory, name, chunks);
  const chunk = chunks.get(HEAD);
  const saved = chunk?.head as RowsHead | undefined;
  if (chunk === undefined || saved === undefined) return [];
  clocks.restore(saved.clocks, nowMs);
  engine.evidence.restore(chunks);
  engine.groups.restore(chunk.columns as unknown as Parameters<typeof engine.groups.restore>[0]);
  const same = saved.plan === planKey(engine);
  const left: T[] = [];
  for (const [name, { head }] of chunks) {
    if (!name.startsWith('rows/')) continue;
    for (const queue of head as RowCollection) {
      if (!same) left.push(...queue.items.map(({ row }) => codec.load(row.item)));
      const items = same ? queue.items.map((row) => engine.importRow(loadedRow(row, codec))) : [];
      engine.order.restoreQueue({ ...queue, items }, nowMs);
    }
  }
  engine.releaseSources();
  return left;
}

/** Definitions of the rules that a snapshot knows, as `lo hi`. */
export function plannedRules(chunks: ReadonlyMap<string, DecodedChunk>): ReadonlySet<string> {
  const saved = chunks.get(HEAD)?.head as RowsHead | undefined;
  if (saved === undefined) return new Set();
  const [, rules] = JSON.parse(saved.plan) as [unknown, [number, number][]];
  return new Set(rules.map(([lo, hi]) => `${lo} ${hi}`));
}

/** What the words and columns of a saved row depend on. Before its last part stood there, columns were saved as texts. */
function planKey<T>(engine: FluxEngine<T>): string {
  return JSON.stringify([engine.plan.columns, engine.plan.rules.map(({ lo, hi }) => [lo, hi]), 'fingerprints']);
}

function savedRow<T>(pending: PendingRow<T>, codec: ItemCodec<T>): PendingRow<unknown> {
  return { ...pending, row: { ...pending.row, item: codec.save(pending.row.item) } };
}

function loadedRow<T>(saved: PendingRow<unknown>, codec: ItemCodec<T>): PendingRow<T> {
  return { ...saved, row: { ...saved.row, item: codec.load(saved.row.item) } };
}

function memoriesOf<T>(engine: FluxEngine<T>): (readonly [string, FluxMemory])[] {
  const own = [['memory', engine.memory]] as const;
  return engine.flags === engine.memory ? [...own] : [...own, ['flags', engine.flags]];
}

function snapshotMemory(memory: FluxMemory, name: string, full: boolean): IterableIterator<SnapshotChunk, void>[] {
  if (memory instanceof BloomMemory) return [snapshotBloom(memory, name, full)];
  if (!(memory instanceof ExactMemory)) return [];
  const masks = snapshotTable(memory.masks, `${name}/masks`, full);
  return memory.times === undefined ? [masks] : [masks, snapshotTable(memory.times, `${name}/times`, full)];
}

function memoryKeys(memory: FluxMemory, name: string): string[] {
  if (memory instanceof BloomMemory) return Array.from({ length: BLOOM_BUCKETS }, (_, bucket) => `${name}/${bucket}`);
  const timed = memory instanceof ExactMemory && memory.times !== undefined;
  return [...tableKeys(`${name}/masks`), ...(timed ? tableKeys(`${name}/times`) : [])];
}

function restoreMemory(memory: FluxMemory, name: string, chunks: ReadonlyMap<string, DecodedChunk>): void {
  if (memory instanceof ExactMemory) {
    restoreTable(memory.masks, `${name}/masks`, chunks);
    if (memory.times !== undefined) restoreTable(memory.times, `${name}/times`, chunks);
  } else if (memory instanceof BloomMemory) restoreBloom(memory, name, chunks);
}

/**
 * One chunk for the groups of a bucket: their keys, and the filters of each one after the other. A bucket that is about to change before
 * its turn is copied first.
 */
function snapshotBloom(memory: BloomMemory, name: string, full: boolean): IterableIterator<SnapshotChunk, void> {
  const changed = new Set(memory.changed);
  memory.changed.clear();
  const pending = new Set(full ? Array.from({ length: BLOOM_BUCKETS }, (_, bucket) => bucket) : changed);
  const copied: SnapshotChunk[] = [];
  const begun = [...pending];
  memory.beforeChange = (bucket) => {
    if (pending.delete(bucket)) copied.push(bloomChunk(memory, name, bucket));
  };
  return endable(bloomSteps(memory, name, begun, pending, copied), (drawn) => {
    memory.beforeChange = undefined;
    if (!drawn) for (const bucket of begun) memory.changed.add(bucket);
  });
}

function* bloomSteps(
  memory: BloomMemory,
  name: string,
  begun: readonly number[],
  pending: Set<number>,
  copied: SnapshotChunk[],
): Generator<SnapshotChunk, void> {
  for (const bucket of begun) {
    if (pending.delete(bucket)) yield bloomChunk(memory, name, bucket);
    for (let next = copied.shift(); next !== undefined; next = copied.shift()) yield next;
  }
}

function bloomChunk(memory: BloomMemory, name: string, bucket: number): SnapshotChunk {
  const groups = [...(memory.buckets[bucket] ?? [])].flatMap((key) => {
    const filters = memory.groups.get(key)?.filters;
    return filters === undefined ? [] : [{ key, filters }];
  });
  const columns: Record<string, Column> = {};
  groups.forEach(({ filters }, group) => {
    filters.forEach(({ bits }, index) => {
      columns[`${group}.${index}`] = bits;
    });
  });
  const head = { groups: groups.map(({ key, filters }) => ({ key, ones: filters.map(({ ones }) => ones) })) };
  return encodeChunk(`${name}/${bucket}`, head, columns);
}

function restoreBloom(memory: BloomMemory, name: string, chunks: ReadonlyMap<string, DecodedChunk>): void {
  for (let bucket = 0; bucket < BLOOM_BUCKETS; bucket++) {
    const chunk = chunks.get(`${name}/${bucket}`);
    const { groups } = (chunk?.head ?? { groups: [] }) as { groups: { key: number; ones: number[] }[] };
    groups.forEach(({ key, ones }, group) => {
      const filters = new BloomGenerations(memory.options);
      ones.forEach((count, index) => {
        filters.filters.push({ bits: chunk?.columns[`${group}.${index}`] as Uint32Array, ones: count });
      });
      memory.insert(key, filters);
    });
  }
}
