/**
 * A TagTable as snapshot chunks: one for its head and groups, one for each segment. While the chunks are being taken, puts go on: a
 * segment that is about to change before its turn is copied first, so that the snapshot shows the table as it was at the
 * beginning. No step is longer than copying one of 256 segments.
 */
import { type DecodedChunk, encodeChunk, type SnapshotChunk } from '../snapshot/chunk.ts';
import { endable } from '../snapshot/endable.ts';
import { newSegment, SEGMENTS, type Segment, type TagTable } from './tag-table.ts';

/**
 * Chunks of what changed since the last call; of everything when `full`. The picture is taken by the call. To be drained, or ended with
 * `return`, before the next one.
 */
export function snapshotTable(table: TagTable, prefix: string, full: boolean): IterableIterator<SnapshotChunk, void> {
  // What is about to change is only copied by the put that changes it; checksums are made here, in the snapshot's own steps.
  const copied: (readonly [number, Segment])[] = [];
  const pending = new Set<number>();
  table.segments.forEach((segment, index) => {
    if (full || segment.dirty) pending.add(index);
    segment.dirty = false;
  });
  const begun = [...pending];
  const head = encodeChunk(`${prefix}/head`, table.header(), table.groups.columns());
  table.beforeChange = (index) => {
    if (pending.delete(index)) copied.push([index, copyOf(table.segments[index] as Segment)]);
  };
  return endable(tableSteps(table, prefix, head, pending, copied), (drawn) => {
    table.beforeChange = undefined;
    // What was drawn has not been stored either when the snapshot was given up.
    if (!drawn) for (const index of begun) (table.segments[index] as Segment).dirty = true;
  });
}

function* tableSteps(
  table: TagTable,
  prefix: string,
  head: SnapshotChunk,
  pending: Set<number>,
  copied: (readonly [number, Segment])[],
): Generator<SnapshotChunk, void> {
  yield head;
  for (let index = 0; index < SEGMENTS; index++) {
    if (pending.delete(index)) yield segmentChunk(table.segments[index] as Segment, `${prefix}/${index}`);
    for (let next = copied.shift(); next !== undefined; next = copied.shift())
      yield segmentChunk(next[1], `${prefix}/${next[0]}`);
  }
}

export function tableKeys(prefix: string): string[] {
  return [`${prefix}/head`, ...Array.from({ length: SEGMENTS }, (_, index) => `${prefix}/${index}`)];
}

export function restoreTable(table: TagTable, prefix: string, chunks: ReadonlyMap<string, DecodedChunk>): void {
  const head = chunks.get(`${prefix}/head`);
  if (head === undefined) return;
  table.groups.restore(head.columns as unknown as Parameters<TagTable['groups']['restore']>[0]);
  for (let index = 0; index < SEGMENTS; index++) {
    const chunk = chunks.get(`${prefix}/${index}`);
    if (chunk === undefined) continue;
    const { capacity, used } = chunk.head as { capacity: number; used: number };
    const segment = table.segments[index] as Segment;
    Object.assign(segment, newSegment(capacity, segment.timed), { used, dirty: false }, chunk.columns);
  }
  table.restoreHeader(head.head as ReturnType<TagTable['header']>);
}

function copyOf(segment: Segment): Segment {
  const { keys, masks, groups, stamps, times } = segment;
  return {
    ...segment,
    keys: keys.slice(),
    masks: masks.slice(),
    groups: groups.slice(),
    stamps: stamps.slice(),
    times: times.slice(),
  };
}

function segmentChunk(segment: Segment, key: string): SnapshotChunk {
  const { capacity, used, keys, masks, groups, stamps, times } = segment;
  return encodeChunk(key, { capacity, used }, { keys, masks, groups, stamps, times });
}
