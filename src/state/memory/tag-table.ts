/**
 * Exact memory of facts: 64-bit fingerprint to a 32-bit mask and, when `timed`, a time. 20 bytes per slot (28 timed), filled to
 * between 58 and 75 %, in 256 segments that grow by a third, each at a size of its own: they fill alike, and would else all grow within
 * a few puts. The high half of
 * the fingerprint chooses segment and slot: facts with one high half stand side by side, and a bit filter over it says in one look that
 * there are none, which is the common answer.
 *
 * Bounded twice: by bytes for the table, by facts for each group. Both count in generations of a tenth of the bound; when the
 * newest is full, the oldest is forgotten at once and counted, the hot group's own before anybody else's. Forgotten slots are
 * taken again by later puts and swept segment by segment. Times of expiry are the caller's business.
 *
 * Slot i of a segment: `keys[2i]`, `keys[2i+1]` fingerprint; `masks[i]`; `groups[i]` number in the GroupTable;
 * `stamps[2i]` generation of the table (0 free for ever, 255 deleted, else 1 to 250), `stamps[2i+1]` generation of the group.
 */
import { GroupTable } from './group-table.ts';
import { SegmentFilters } from './segment-filters.ts';

export interface TagTableOptions {
  /** Upper bound of the memory of all slots. */
  readonly budgetBytes: number;
  /** Facts that one group may hold. */
  readonly maxPerGroup: number;
  readonly timed: boolean;
}

export interface Segment {
  capacity: number;
  readonly timed: boolean;
  /** Slots that were ever used since the last rebuild. */
  used: number;
  /** Changed since the last snapshot. */
  dirty: boolean;
  keys: Int32Array;
  masks: Int32Array;
  groups: Int32Array;
  stamps: Uint8Array;
  times: Float64Array;
}

/** Whoever must know a segment as it was. */
export interface TablePicture {
  /** A slot of segment `index` is about to change. */
  slotChanging(index: number, slot: number): void;
  /** Any of its stamps may change. */
  stampsChanging(index: number): void;
  /** The segment gets new columns; the ones it has stay as they are. */
  rebuilding(index: number): void;
}

/** Old values of overwritten facts, newest last: lo, hi, mask, time for each. */
export type Journal = number[];

export const SEGMENTS = 256;
const KEPT_GENERATIONS = 10;
const CYCLE = 250;
const DELETED = 255;
const FIRST_CAPACITY = 8;
const GROWTH = 1.3;
const UNKNOWN = -2;

export class TagTable {
  readonly groups = new GroupTable();
  readonly segments: Segment[] = [];
  /** A bit for each high half that may be in a segment, 8 to 16 bits per slot; made when it is first needed. */
  readonly #filters = new SegmentFilters();
  /** Set while a snapshot is taken: told before something changes. */
  picture: TablePicture | undefined;
  readonly #options: TagTableOptions;
  readonly #slotBytes: number;
  readonly #generationSize: number;
  /** Enough to visit every segment once in each generation. */
  readonly #sweepsPerPut: number;
  #generation = 1;
  #putsInGeneration = 0;
  #nextSweep = SEGMENTS;
  #facts = 0;
  #forgotten = 0;
  /** UNKNOWN until a fact of the entered group is asked for. */
  #group = -1;
  #groupLo = 0;
  #groupHi = 0;

  constructor(options: TagTableOptions) {
    this.#options = options;
    this.#slotBytes = options.timed ? 28 : 20;
    for (let i = 0; i < SEGMENTS; i++) this.segments.push(newSegment(FIRST_CAPACITY, options.timed));
    // Three quarters are filled at most, and a segment that grows stands beside its old self for a moment.
    const slots = Math.max(SEGMENTS * FIRST_CAPACITY, Math.floor(options.budgetBytes / this.#slotBytes));
    this.#generationSize = Math.max(1, Math.floor((slots * 0.58) / (KEPT_GENERATIONS + 1)));
    this.#sweepsPerPut = Math.ceil(SEGMENTS / this.#generationSize);
  }

  /** Facts remembered; those forgotten but not swept yet are not counted out. */
  get facts(): number {
    return this.#facts;
  }

  /** Facts forgotten because a bound was reached, as far as met. */
  get forgotten(): number {
    return this.#forgotten;
  }

  get byteLength(): number {
    let slots = 0;
    for (const segment of this.segments) slots += segment.capacity;
    return slots * this.#slotBytes + this.groups.byteLength;
  }

  /** Chooses the group that the following calls are about. */
  enter(lo: number, hi: number): void {
    this.#groupLo = lo;
    this.#groupHi = hi;
    this.#group = UNKNOWN;
  }

  /** False when no fact has this high half, whatever its low half and group. */
  mayHold(hi: number): boolean {
    const index = hi & 255;
    if (!this.#filters.has(index)) this.#buildFilter(index);
    return this.#filters.mayHold(index, hi);
  }

  /** Asks memory for what `mayHold` will look at; the result says nothing. */
  expect(hi: number): number {
    return this.#filters.expect(hi & 255, hi);
  }

  #entered(): number {
    if (this.#group === UNKNOWN) this.#group = this.groups.find(this.#groupLo, this.#groupHi);
    return this.#group;
  }

  #buildFilter(index: number): void {
    const { capacity, stamps, keys } = this.segments[index] as Segment;
    // A power of two of at least 8 bits per slot.
    this.#filters.begin(index, Math.max(2, 2 ** Math.ceil(Math.log2(capacity / 4))));
    for (let slot = 0; slot < capacity; slot++)
      if (isFact(stamps[2 * slot] as number)) this.#filters.add(index, keys[2 * slot + 1] as number);
  }

  /** Gives a segment other columns: those of a snapshot, or new ones. */
  replace(index: number, columns: Partial<Segment>): void {
    Object.assign(this.segments[index] as Segment, columns);
    this.#filters.drop(index);
  }

  /** The mask of a fact, 0 when there is none. */
  read(lo: number, hi: number): number {
    if (this.#entered() < 0) return 0;
    const segment = this.segments[hi & 255] as Segment;
    const slot = this.#find(segment, lo, hi);
    return slot < 0 ? 0 : (segment.masks[slot] as number);
  }

  /**
   * The masks of several facts with one high half: of word w that under `lo` ^ `places[w]`, into `into[w]`, which stays as it is where there is
   * none. False when there is none at all.
   */
  readPlaces(lo: number, hi: number, words: readonly number[], places: Int32Array, into: Int32Array): boolean {
    const segment = this.segments[hi & 255] as Segment;
    const { capacity, keys, stamps, masks } = segment;
    let found = false;
    let slot = startSlot(hi, capacity);
    while (stamps[2 * slot] !== 0) {
      if (keys[2 * slot + 1] === hi) {
        const place = (keys[2 * slot] as number) ^ lo;
        for (let i = 0; i < words.length; i++) {
          const word = words[i] as number;
          if (places[word] !== place || !this.#isLive(segment, slot)) continue;
          into[word] = masks[slot] as number;
          found = true;
          break;
        }
      }
      if (++slot === capacity) slot = 0;
    }
    return found;
  }

  /** The time of a fact, NaN when there is none. */
  readTime(lo: number, hi: number): number {
    if (this.#entered() < 0) return Number.NaN;
    const segment = this.segments[hi & 255] as Segment;
    const slot = this.#find(segment, lo, hi);
    return slot < 0 ? Number.NaN : (segment.times[slot] as number);
  }

  /** Puts a fact; mask 0 deletes it. `journal` takes what was there before. */
  write(lo: number, hi: number, mask: number, timeMs: number, journal?: Journal): void {
    if (this.#entered() < 0) {
      if (mask === 0) return;
      this.#group = this.groups.add(this.#groupLo, this.#groupHi);
    }
    const segment = this.segments[hi & 255] as Segment;
    const slot = this.#find(segment, lo, hi);
    if (slot >= 0) this.picture?.slotChanging(hi & 255, slot);
    if (journal !== undefined) {
      if (slot < 0) journal.push(lo, hi, 0, 0);
      else
        journal.push(lo, hi, segment.masks[slot] as number, this.#options.timed ? (segment.times[slot] as number) : 0);
    }
    if (slot >= 0) {
      if (mask === 0) this.#delete(segment, slot);
      else this.#refresh(segment, slot, mask, timeMs);
    } else if (mask !== 0) this.#insert(segment, lo, hi, mask, timeMs);
  }

  /** Takes the writes of a journal back, newest first. The same group must have been entered. */
  undo(journal: Journal): void {
    for (let at = journal.length - 4; at >= 0; at -= 4)
      this.write(
        journal[at] as number,
        journal[at + 1] as number,
        journal[at + 2] as number,
        journal[at + 3] as number,
      );
    journal.length = 0;
  }

  /** What a snapshot needs beside the segments and groups. */
  header(): { generation: number; putsInGeneration: number; facts: number; forgotten: number } {
    return {
      generation: this.#generation,
      putsInGeneration: this.#putsInGeneration,
      facts: this.#facts,
      forgotten: this.#forgotten,
    };
  }

  restoreHeader(header: ReturnType<TagTable['header']>): void {
    this.#generation = header.generation;
    this.#putsInGeneration = header.putsInGeneration;
    this.#facts = header.facts;
    this.#forgotten = header.forgotten;
    this.#nextSweep = 0;
    this.#group = UNKNOWN;
  }

  #find(segment: Segment, lo: number, hi: number): number {
    const { capacity, keys, stamps } = segment;
    let slot = startSlot(hi, capacity);
    while (stamps[2 * slot] !== 0) {
      if (keys[2 * slot] === lo && keys[2 * slot + 1] === hi && this.#isLive(segment, slot)) return slot;
      if (++slot === capacity) slot = 0;
    }
    return -1;
  }

  #isLive(segment: Segment, slot: number): boolean {
    const stamp = segment.stamps[2 * slot] as number;
    if (stamp === DELETED || stamp === 0) return false;
    if ((this.#generation - stamp + CYCLE) % CYCLE >= KEPT_GENERATIONS) return false;
    const group = segment.groups[slot] as number;
    const age = ((this.groups.generation[group] as number) - (segment.stamps[2 * slot + 1] as number) + CYCLE) % CYCLE;
    return age < KEPT_GENERATIONS;
  }

  #refresh(segment: Segment, slot: number, mask: number, timeMs: number): void {
    segment.masks[slot] = mask;
    if (this.#options.timed) segment.times[slot] = timeMs;
    segment.dirty = true;
    const group = segment.groups[slot] as number;
    if (segment.stamps[2 * slot] === this.#generation && segment.stamps[2 * slot + 1] === this.groups.generation[group])
      return;
    this.#countPut(group);
    segment.stamps[2 * slot] = this.#generation;
    segment.stamps[2 * slot + 1] = this.groups.generation[group] as number;
  }

  #insert(segment: Segment, lo: number, hi: number, mask: number, timeMs: number): void {
    const group = this.#group;
    this.#countPut(group);
    if ((segment.used + 1) * 4 > segment.capacity * 3) this.#rebuild(segment, hi & 255);
    const { capacity, stamps } = segment;
    let slot = startSlot(hi, capacity);
    while (stamps[2 * slot] !== 0 && this.#isLive(segment, slot)) if (++slot === capacity) slot = 0;
    this.picture?.slotChanging(hi & 255, slot);
    if (stamps[2 * slot] === 0) segment.used++;
    else this.#forget(segment, slot);
    segment.keys[2 * slot] = lo;
    segment.keys[2 * slot + 1] = hi;
    this.#filters.add(hi & 255, hi);
    segment.masks[slot] = mask;
    segment.groups[slot] = group;
    stamps[2 * slot] = this.#generation;
    stamps[2 * slot + 1] = this.groups.generation[group] as number;
    if (this.#options.timed) segment.times[slot] = timeMs;
    segment.dirty = true;
    this.groups.live[group] = (this.groups.live[group] as number) + 1;
    this.#facts++;
  }

  #delete(segment: Segment, slot: number): void {
    this.#dropFact(segment, slot);
    segment.stamps[2 * slot] = DELETED;
    segment.dirty = true;
  }

  /** A slot whose fact is out of its generations, or was deleted before, is about to be used again. */
  #forget(segment: Segment, slot: number): void {
    if (segment.stamps[2 * slot] === DELETED) return;
    this.#dropFact(segment, slot);
    this.#forgotten++;
  }

  #dropFact(segment: Segment, slot: number): void {
    const group = segment.groups[slot] as number;
    this.groups.live[group] = (this.groups.live[group] as number) - 1;
    this.#facts--;
  }

  #countPut(group: number): void {
    const { puts, generation } = this.groups;
    puts[group] = (puts[group] as number) + 1;
    if ((puts[group] as number) * KEPT_GENERATIONS > this.#options.maxPerGroup) {
      puts[group] = 1;
      generation[group] = ((generation[group] as number) % CYCLE) + 1;
    }
    if (++this.#putsInGeneration > this.#generationSize) {
      // The sweep of the last generation is over by now: see #sweepsPerPut.
      this.#putsInGeneration = 1;
      this.#generation = (this.#generation % CYCLE) + 1;
      this.#nextSweep = 0;
    }
    for (let i = 0; i < this.#sweepsPerPut && this.#nextSweep < SEGMENTS; i++) {
      this.picture?.stampsChanging(this.#nextSweep);
      this.#sweep(this.segments[this.#nextSweep++] as Segment);
      if (this.#nextSweep === SEGMENTS) this.#releaseGroups();
    }
  }

  #releaseGroups(): void {
    const entered = this.#entered();
    // The group of the running put owns nothing yet when this is its first fact: it must keep its number.
    if (entered >= 0) this.groups.live[entered] = (this.groups.live[entered] as number) + 1;
    this.groups.releaseEmpty();
    if (entered >= 0) this.groups.live[entered] = (this.groups.live[entered] as number) - 1;
  }

  /** Marks forgotten facts as deleted before their generation number comes round again. */
  #sweep(segment: Segment): void {
    for (let slot = 0; slot < segment.capacity; slot++) {
      const stamp = segment.stamps[2 * slot] as number;
      if (stamp === 0 || stamp === DELETED || this.#isLive(segment, slot)) continue;
      this.#forget(segment, slot);
      segment.stamps[2 * slot] = DELETED;
      segment.dirty = true;
    }
  }

  /** Drops what is dead; grows by a third unless that alone made enough room. */
  #rebuild(segment: Segment, index: number): void {
    this.picture?.stampsChanging(index);
    this.#sweep(segment);
    this.picture?.rebuilding(index);
    let live = 0;
    for (let slot = 0; slot < segment.capacity; slot++) if (isFact(segment.stamps[2 * slot] as number)) live++;
    const capacity = live * 5 > segment.capacity * 3 ? nextCapacity(segment.capacity, index) : segment.capacity;
    const old = { ...segment };
    this.replace(index, { ...newSegment(capacity, this.#options.timed), used: live, dirty: true });
    for (let slot = 0; slot < old.capacity; slot++) {
      if (!isFact(old.stamps[2 * slot] as number)) continue;
      let to = startSlot(old.keys[2 * slot + 1] as number, capacity);
      while (segment.stamps[2 * to] !== 0) if (++to === capacity) to = 0;
      segment.keys[2 * to] = old.keys[2 * slot] as number;
      segment.keys[2 * to + 1] = old.keys[2 * slot + 1] as number;
      segment.masks[to] = old.masks[slot] as number;
      segment.groups[to] = old.groups[slot] as number;
      segment.stamps[2 * to] = old.stamps[2 * slot] as number;
      segment.stamps[2 * to + 1] = old.stamps[2 * slot + 1] as number;
      if (this.#options.timed) segment.times[to] = old.times[slot] as number;
    }
  }
}

/** The next of the sizes of a segment: powers of 1.3, for each segment somewhere else between two of them. */
function nextCapacity(capacity: number, index: number): number {
  const phase = index / SEGMENTS;
  const step = Math.ceil(Math.log((capacity * 1.15) / FIRST_CAPACITY) / Math.log(GROWTH) - phase);
  return Math.ceil(FIRST_CAPACITY * GROWTH ** (step + phase)) + 1;
}

export function newSegment(capacity: number, timed: boolean): Segment {
  return {
    capacity,
    timed,
    used: 0,
    dirty: true,
    keys: new Int32Array(2 * capacity),
    masks: new Int32Array(capacity),
    groups: new Int32Array(capacity),
    stamps: new Uint8Array(2 * capacity),
    times: new Float64Array(timed ? capacity : 0),
  };
}

function isFact(stamp: number): boolean {
  return stamp !== 0 && stamp !== DELETED;
}

/** Maps the upper half of the fingerprint evenly to 0 … capacity - 1, whatever the capacity. */
function startSlot(hi: number, capacity: number): number {
  return Math.floor(((hi >>> 0) * capacity) / 4294967296);
}
