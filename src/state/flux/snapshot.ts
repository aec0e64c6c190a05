/**
 * The state of a flux engine as snapshot chunks: what is remembered, rows that wait for their order, clocks. Facts are kept by the
 * definition of their rule, so a changed rule starts empty. Rows kept as evidence are not saved: after a restart an alert lists
 * those that came since, and says that it is incomplete.
 */
import { BloomGenerations } from '../memory/bloom-generations.ts';
import { restoreTable, snapshotTable, tableKeys } from '../memory/tag-table-snapshot.ts';
import type { SavedQueue } from '../order/keyed-order.ts';
import type { SavedClock, SourceClocks } from '../order/source-clock.ts';
import { type Column, closing, type DecodedChunk, encodeChunk, type SnapshotChunk } from '../snapshot/chunk.ts';
import type { FluxEngine, PendingRow } from './engine.ts';
import { BLOOM_BUCKETS, BloomMemory, bloomBucket, ExactMemory, type FluxMemory } from './memory.ts';
import type { FluxRow } from './row.ts';

/** How the caller's items become JSON and back. */
export interface ItemCodec<T> {
  save(item: T): unknown;
  load(saved: unknown): T;
}

interface RowsHead {
  readonly plan: string;
  readonly queues: readonly SavedQueue<SavedRow>[];
  readonly clocks: readonly SavedClock[];
}

type SavedRow = Omit<PendingRow<unknown>, 'row'> & {
  readonly row: Omit<FluxRow<unknown>, 'own' | 'columns' | 'group'> & {
    readonly group: string | null;
    readonly own: readonly number[];
    readonly columns: readonly (string | null)[];
  };
};

/**
 * Chunks of what changed since the last call; of everything when `full`. To be drained before the next one is begun; rows may be
 * pushed meanwhile, the snapshot shows the state at its beginning.
 */
export function snapshotFlux<T>(
  engine: FluxEngine<T>,
  clocks: SourceClocks,
  codec: ItemCodec<T>,
  full: boolean,
): Generator<SnapshotChunk, void> {
  const queues = engine.order.snapshot((entry) => savedRow(engine.exportRow(entry), codec));
  const head: RowsHead = { plan: planKey(engine), queues, clocks: clocks.snapshot() };
  const rows = encodeChunk('flux/rows', head, engine.groups.columns());
  const memories = memoriesOf(engine);
  const pieces = memories.flatMap(([name, memory]) => snapshotMemory(memory, name, full));
  // A generator takes its picture with its first step: all of them now, before anything else is pushed.
  const begun = pieces.map((chunks) => ({ first: chunks.next(), chunks }));
  return drain(rows, begun, ['flux/rows', ...memories.flatMap(([name, memory]) => memoryKeys(memory, name))]);
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
): readonly T[] {
  for (const [name, memory] of memoriesOf(engine)) restoreMemory(memory, name, chunks);
  const saved = chunks.get('flux/rows')?.head as RowsHead | undefined;
  if (saved === undefined) return [];
  clocks.restore(saved.clocks);
  engine.groups.restore(chunks.get('flux/rows')?.columns as unknown as Parameters<typeof engine.groups.restore>[0]);
  const same = saved.plan === planKey(engine);
  const queues = same ? saved.queues : saved.queues.map((queue) => ({ ...queue, items: [] }));
  engine.order.restore(queues, (row) => engine.importRow(loadedRow(row, codec)));
  return same ? [] : saved.queues.flatMap(({ items }) => items.map(({ row }) => codec.load(row.item)));
}

function* drain(
  rows: SnapshotChunk,
  begun: readonly {
    readonly first: IteratorResult<SnapshotChunk, void>;
    readonly chunks: Generator<SnapshotChunk, void>;
  }[],
  keys: readonly string[],
): Generator<SnapshotChunk, void> {
  yield rows;
  for (const { first, chunks } of begun) {
    if (first.done === true) continue;
    yield first.value;
    yield* chunks;
  }
  yield closing(keys);
}

/** What the words and columns of a saved row depend on. */
function planKey<T>(engine: FluxEngine<T>): string {
  return JSON.stringify([engine.plan.columns, engine.plan.rules.map(({ lo, hi }) => [lo, hi])]);
}

function savedRow<T>(pending: PendingRow<T>, codec: ItemCodec<T>): SavedRow {
  const { row } = pending;
  return {
    ...pending,
    row: {
      ...row,
      group: row.group ?? null,
      own: [...row.own],
      columns: row.columns.map((text) => text ?? null),
      item: codec.save(row.item),
    },
  };
}

function loadedRow<T>(saved: SavedRow, codec: ItemCodec<T>): PendingRow<T> {
  const { row } = saved;
  return {
    ...saved,
    row: {
      ...row,
      group: row.group ?? undefined,
      own: Int32Array.from(row.own),
      columns: row.columns.map((text) => text ?? undefined),
      item: codec.load(row.item),
    },
  };
}

function memoriesOf<T>(engine: FluxEngine<T>): (readonly [string, FluxMemory])[] {
  const own = [['flux/memory', engine.memory]] as const;
  return engine.flags === engine.memory ? [...own] : [...own, ['flux/flags', engine.flags]];
}

function snapshotMemory(memory: FluxMemory, name: string, full: boolean): Generator<SnapshotChunk, void>[] {
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

/** One chunk for the groups of a bucket: their keys, and the filters of each one after the other. Copied at once, not step by step. */
function* snapshotBloom(memory: BloomMemory, name: string, full: boolean): Generator<SnapshotChunk, void> {
  const buckets = new Map<number, [number, BloomGenerations][]>();
  for (const [key, filters] of memory.groups) {
    const bucket = bloomBucket(key);
    if (full || memory.changed.has(bucket)) buckets.set(bucket, [...(buckets.get(bucket) ?? []), [key, filters]]);
  }
  const chunks: SnapshotChunk[] = [];
  for (let bucket = 0; bucket < BLOOM_BUCKETS; bucket++) {
    if (!full && !memory.changed.has(bucket)) continue;
    const groups = (buckets.get(bucket) ?? []).map(([key, { filters }]) => ({
      key,
      ones: filters.map(({ ones }) => ones),
    }));
    const columns: Record<string, Column> = {};
    (buckets.get(bucket) ?? []).forEach(([, { filters }], group) => {
      filters.forEach(({ bits }, index) => {
        columns[`${group}.${index}`] = bits;
      });
    });
    chunks.push(encodeChunk(`${name}/${bucket}`, { groups }, columns));
  }
  memory.changed.clear();
  yield* chunks;
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
      memory.groups.set(key, filters);
    });
  }
}
