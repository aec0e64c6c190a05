/**
 * A TagTable as snapshot chunks: one for its head and groups, one for each segment. While the chunks are being taken, puts go on: of a
 * segment whose turn has not come each slot is noted before it changes first, so that the snapshot shows the table as it was at the
 * beginning, and no put pays for more than its slot. No step is longer than copying one of 256 segments twice.
 */
import { type DecodedChunk, encodeChunk, type SnapshotChunk } from '../snapshot/chunk.ts';
import { endable } from '../snapshot/endable.ts';
import { newSegment, SEGMENTS, type Segment, type TablePicture, type TagTable } from './tag-table.ts';

/** A segment is copied when more than one slot of so many has been noted. */
const NOTED_SHARE = 16;

/** A segment as it was at the beginning: its present columns, and what was in the slots that have changed since. */
class SegmentPicture {
  #segment: Segment;
  readonly #used: number;
  /** Columns of the beginning, once the segment has others. */
  #columns: Segment | undefined;
  /** Stamps of the moment before many of them changed; older slots are noted. */
  #stamps: Uint8Array | undefined;
  readonly #noted = new Set<number>();
  /** Slot, fingerprint, mask, group, stamps, time of each noted slot. */
  readonly #slots: number[] = [];

  constructor(segment: Segment) {
    this.#segment = segment;
    this.#used = segment.used;
  }

  note(slot: number): void {
    // Slots of new columns were not there at the beginning.
    if (this.#columns !== undefined || this.#noted.has(slot)) return;
    this.#noted.add(slot);
    const { keys, masks, groups, times, timed } = this.#segment;
    const stamps = this.#stamps ?? this.#segment.stamps;
    this.#slots.push(
      slot,
      keys[2 * slot] as number,
      keys[2 * slot + 1] as number,
      masks[slot] as number,
      groups[slot] as number,
      stamps[2 * slot] as number,
      stamps[2 * slot + 1] as number,
      timed ? (times[slot] as number) : 0,
    );
    // By now a copy takes no more memory than the notes.
    if (this.#noted.size * NOTED_SHARE > this.#segment.capacity) this.#columns = this.#then();
  }

  keepStamps(): void {
    if (this.#columns === undefined) this.#stamps ??= this.#segment.stamps.slice();
  }

  keepColumns(): void {
    this.#columns ??= { ...this.#segment };
  }

  chunk(key: string): SnapshotChunk {
    return segmentChunk(this.#then(), key);
  }

  /** The segment as it was: its own columns where nothing has changed, else copies. */
  #then(): Segment {
    const columns = this.#columns ?? this.#segment;
    const whole = { ...columns, stamps: this.#stamps ?? columns.stamps, used: this.#used };
    const slots = this.#slots;
    if (slots.length === 0) return whole;
    const then = copyOf(whole);
    for (let at = 0; at < slots.length; at += 8) {
      const slot = slots[at] as number;
      then.keys[2 * slot] = slots[at + 1] as number;
      then.keys[2 * slot + 1] = slots[at + 2] as number;
      then.masks[slot] = slots[at + 3] as number;
      then.groups[slot] = slots[at + 4] as number;
      then.stamps[2 * slot] = slots[at + 5] as number;
      then.stamps[2 * slot + 1] = slots[at + 6] as number;
      if (then.timed) then.times[slot] = slots[at + 7] as number;
    }
    this.#slots.length = 0;
    this.#noted.clear();
    this.#stamps = undefined;
    return then;
  }
}

/**
 * Chunks of what changed since the last call; of everything when `full`. The picture is taken by the call. To be drained, or ended with
 * `return`, before the next one.
 */
export function snapshotTable(table: TagTable, prefix: string, full: boolean): IterableIterator<SnapshotChunk, void> {
  const pending = new Map<number, SegmentPicture>();
  table.segments.forEach((segment, index) => {
    if (full || segment.dirty) pending.set(index, new SegmentPicture(segment));
    segment.dirty = false;
  });
  const begun = [...pending.keys()];
  const head = encodeChunk(`${prefix}/head`, table.header(), table.groups.columns());
  const picture: TablePicture = {
    slotChanging: (index, slot) => pending.get(index)?.note(slot),
    stampsChanging: (index) => pending.get(index)?.keepStamps(),
    rebuilding: (index) => pending.get(index)?.keepColumns(),
  };
  table.picture = picture;
  return endable(tableSteps(prefix, head, begun, pending), (drawn) => {
    table.picture = undefined;
    // What was drawn has not been stored either when the snapshot was given up.
    if (!drawn) for (const index of begun) (table.segments[index] as Segment).dirty = true;
  });
}

function* tableSteps(
  prefix: string,
  head: SnapshotChunk,
  begun: readonly number[],
  pending: Map<number, SegmentPicture>,
): Generator<SnapshotChunk, void> {
  yield head;
  for (const index of begun) {
    const picture = pending.get(index);
    pending.delete(index);
    if (picture !== undefined) yield picture.chunk(`${prefix}/${index}`);
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
    const { timed } = table.segments[index] as Segment;
    table.replace(index, { ...newSegment(capacity, timed), used, dirty: false, ...chunk.columns });
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
