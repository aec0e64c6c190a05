/**
 * Items of many keys that wait, by time alone: a calendar of slots of equal width. An item is put at the end of its slot, whatever order items come
 * in, and is looked at again when its slot is taken out: sorted by time, so that all items of one time span are handled in one go, and what they
 * need from memory can be asked for before it is needed. Which keys they are of, and whether these are ready for them, is the order's business.
 *
 * Slot n holds times above (n - 1) x width up to n x width; the width is a power of two, so that this is exact for fractions too. `boundMs` is the
 * upper end of the last slot taken out. The calendar is a ring: it takes times up to `spanMs` above the bound.
 *
 * Order inside a slot: time, key, then what tells equal times of a key apart (ItemRecords.compare).
 */
import { grown } from '../../core/growing-columns.ts';
import { GrowingBuffer } from '../memory/growing-buffer.ts';
import type { ItemRecords } from './item-records.ts';

/** Slots that the lateness is divided into, at least. */
const SLOTS_OF_LATENESS = 64;
/** Runs of equal times up to this length are sorted by insertion. */
const SHORT_RUN = 16;
const MAX_BINS = 65_536;
/** Arrays of a slot longer than this are given back when they were not half full. */
const KEPT_LENGTH = 1024;

/** Items of one slot, side by side. */
export class TimeSlot {
  times = new Float64Array(16);
  items = new Int32Array(16);
  keys = new Int32Array(16);
  count = 0;
  /** Times rise from each item to the next. */
  rises = true;

  add(item: number, key: number, timeMs: number): void {
    const at = this.count;
    if (at === this.items.length) this.#grow();
    if (at > 0 && !(timeMs > (this.times[at - 1] as number))) this.rises = false;
    this.times[at] = timeMs;
    this.items[at] = item;
    this.keys[at] = key;
    this.count = at + 1;
  }

  empty(): void {
    if (this.items.length > KEPT_LENGTH && 2 * this.count < this.items.length) {
      this.times = new Float64Array(16);
      this.items = new Int32Array(16);
      this.keys = new Int32Array(16);
    }
    this.count = 0;
    this.rises = true;
  }

  #grow(): void {
    const needed = this.count + 1;
    this.times = grown(this.times, needed);
    this.items = grown(this.items, needed);
    this.keys = grown(this.keys, needed);
  }
}

export class TimeSlots {
  readonly widthMs: number;
  /** Items of all slots are younger. */
  boundMs = Number.NEGATIVE_INFINITY;
  /** Items in all slots. */
  count = 0;
  readonly #records: ItemRecords;
  readonly #ring: (TimeSlot | undefined)[];
  readonly #mask: number;
  /** By key: its items in the slots. Grows where it stands: there may be a million keys. */
  readonly #keyCounts = new GrowingBuffer(64);
  #ofKeys = new Int32Array(this.#keyCounts.buffer);
  /** A slot being sorted, and the items of each of its parts. */
  readonly #sorting = new TimeSlot();
  #bins = new Uint32Array(64);

  /** `latenessMs` above 0; times may be up to `slackMs` + `latenessMs` + two widths above the bound. */
  constructor(records: ItemRecords, latenessMs: number, slackMs: number) {
    this.#records = records;
    this.widthMs = 2 ** Math.max(0, Math.floor(Math.log2(latenessMs / SLOTS_OF_LATENESS)));
    const slots = 2 ** Math.ceil(Math.log2((latenessMs + slackMs) / this.widthMs + 3));
    this.#ring = new Array<undefined>(slots).fill(undefined);
    this.#mask = slots - 1;
  }

  get byteLength(): number {
    let bytes = this.#ofKeys.byteLength;
    for (const slot of this.#ring) if (slot !== undefined) bytes += 16 * slot.items.length;
    return bytes;
  }

  /** Items of the key. */
  countOf(key: number): number {
    return key < this.#ofKeys.length ? (this.#ofKeys[key] as number) : 0;
  }

  /** The bound nearest below a time. */
  boundBelow(timeMs: number): number {
    return this.widthMs * Math.floor(timeMs / this.widthMs);
  }

  /** Takes an item above the bound. */
  add(item: number, key: number, timeMs: number): void {
    const at = Math.ceil(timeMs / this.widthMs) & this.#mask;
    let slot = this.#ring[at];
    if (slot === undefined) {
      slot = new TimeSlot();
      this.#ring[at] = slot;
    }
    slot.add(item, key, timeMs);
    if (key >= this.#ofKeys.length) this.#growKeys(key);
    this.#ofKeys[key] = (this.#ofKeys[key] as number) + 1;
    this.count++;
  }

  /** The slot that `take` will give out next, unsorted. */
  next(): TimeSlot | undefined {
    return this.#ring[(this.boundMs / this.widthMs + 1) & this.#mask];
  }

  /** Moves the bound by one slot, and gives it out, sorted, to be emptied by the caller; undefined when nothing stands there. */
  take(): TimeSlot | undefined {
    this.boundMs += this.widthMs;
    const slot = this.#ring[(this.boundMs / this.widthMs) & this.#mask];
    if (slot === undefined || slot.count === 0) return undefined;
    this.count -= slot.count;
    if (!slot.rises) this.#sort(slot);
    return slot;
  }

  /** An item of a slot given out is dealt with; returns how many of its key are left. */
  drop(key: number): number {
    const left = (this.#ofKeys[key] as number) - 1;
    this.#ofKeys[key] = left;
    return left;
  }

  /** Takes out all items, oldest slot first, unsorted inside a slot. There is no bound then. */
  takeAll(take: (item: number, key: number) => void): void {
    if (this.count > 0) {
      const first = this.boundMs / this.widthMs + 1;
      for (let i = 0; i <= this.#mask; i++) {
        const slot = this.#ring[(first + i) & this.#mask];
        if (slot === undefined) continue;
        for (let at = 0; at < slot.count; at++) {
          this.#ofKeys[slot.keys[at] as number] = 0;
          take(slot.items[at] as number, slot.keys[at] as number);
        }
        slot.empty();
      }
      this.count = 0;
    }
    this.boundMs = Number.NEGATIVE_INFINITY;
  }

  #growKeys(key: number): void {
    this.#ofKeys = new Int32Array(this.#keyCounts.grow(4 * (key + 1)));
  }

  /** By time: spread over as many bins as there are items, then by insertion; then runs of equal times. */
  #sort(slot: TimeSlot): void {
    const { count } = slot;
    if (!this.#spread(slot)) sortAll(slot, this.#records);
    const { times } = slot;
    for (let at = 1; at < count; at++) {
      const timeMs = times[at] as number;
      if (timeMs !== times[at - 1]) continue;
      let end = at + 1;
      while (end < count && times[end] === timeMs) end++;
      this.#sortRun(slot, at - 1, end);
      at = end;
    }
  }

  /** False when too many times stand too close together for it. */
  #spread(slot: TimeSlot): boolean {
    const { count, times, items, keys } = slot;
    const bins = Math.min(MAX_BINS, 2 ** Math.ceil(Math.log2(count)));
    if (this.#bins.length < bins) this.#bins = new Uint32Array(bins);
    else this.#bins.fill(0, 0, bins);
    const ends = this.#bins;
    const startMs = this.boundMs - this.widthMs;
    const scale = bins / this.widthMs;
    // Times are above the start: those at the end of a bin belong to it.
    for (let at = 0; at < count; at++) {
      const bin = Math.ceil(((times[at] as number) - startMs) * scale) - 1;
      ends[bin] = (ends[bin] as number) + 1;
    }
    let end = 0;
    for (let bin = 0; bin < bins; bin++) {
      const size = ends[bin] as number;
      ends[bin] = end;
      end += size;
    }
    const to = this.#sorting;
    if (to.items.length < count) {
      to.times = new Float64Array(slot.times.length);
      to.items = new Int32Array(slot.times.length);
      to.keys = new Int32Array(slot.times.length);
    }
    for (let at = 0; at < count; at++) {
      const bin = Math.ceil(((times[at] as number) - startMs) * scale) - 1;
      const place = ends[bin] as number;
      ends[bin] = place + 1;
      to.times[place] = times[at] as number;
      to.items[place] = items[at] as number;
      to.keys[place] = keys[at] as number;
    }
    let steps = 8 * count;
    for (let at = 0; at < count; at++) {
      const timeMs = to.times[at] as number;
      let place = at;
      for (; place > 0 && (times[place - 1] as number) > timeMs; place--) move(slot, place - 1, place);
      times[place] = timeMs;
      items[place] = to.items[at] as number;
      keys[place] = to.keys[at] as number;
      steps -= at - place;
      if (steps < 0) {
        for (let rest = at + 1; rest < count; rest++) copy(to, rest, slot, rest);
        return false;
      }
    }
    return true;
  }

  /** Items of one time, in the order of their arrival: by key, then as records of one key compare. */
  #sortRun(slot: TimeSlot, start: number, end: number): void {
    const { items, keys } = slot;
    const length = end - start;
    if (length > SHORT_RUN) {
      // Key and place in one number each, which are sorted without asking back.
      const sorted = new Float64Array(length);
      for (let i = 0; i < length; i++) sorted[i] = (keys[start + i] as number) * length + i;
      sorted.sort();
      const from = items.slice(start, end);
      for (let i = 0; i < length; i++) {
        const both = sorted[i] as number;
        const key = Math.floor(both / length);
        keys[start + i] = key;
        items[start + i] = from[both - key * length] as number;
      }
    }
    const records = this.#records;
    let steps = SHORT_RUN * length;
    for (let at = start + 1; at < end; at++) {
      const [item, key] = [items[at] as number, keys[at] as number];
      let place = at;
      for (; place > start; place--) {
        const other = keys[place - 1] as number;
        if (other < key || (other === key && records.compare(items[place - 1] as number, item) <= 0)) break;
        items[place] = items[place - 1] as number;
        keys[place] = other;
      }
      items[place] = item;
      keys[place] = key;
      steps -= at - place;
      if (steps < 0) {
        sortAll(slot, records, start, end);
        return;
      }
    }
  }
}

function move(slot: TimeSlot, from: number, to: number): void {
  copy(slot, from, slot, to);
}

function copy(source: TimeSlot, from: number, target: TimeSlot, to: number): void {
  target.times[to] = source.times[from] as number;
  target.items[to] = source.items[from] as number;
  target.keys[to] = source.keys[from] as number;
}

/** Whatever the order: for the few slots that the quick ways are slow for. */
function sortAll(slot: TimeSlot, records: ItemRecords, start = 0, end = slot.count): void {
  const times = slot.times.slice(start, end);
  const items = slot.items.slice(start, end);
  const keys = slot.keys.slice(start, end);
  const order = Array.from(items, (_, at) => at).sort(
    (a, b) =>
      (times[a] as number) - (times[b] as number) ||
      (keys[a] as number) - (keys[b] as number) ||
      records.compare(items[a] as number, items[b] as number),
  );
  order.forEach((from, at) => {
    slot.times[start + at] = times[from] as number;
    slot.items[start + at] = items[from] as number;
    slot.keys[start + at] = keys[from] as number;
  });
}
