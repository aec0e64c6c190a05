/**
 * Groups and facts of one correlation in typed arrays. A group's facts form a list from oldest to newest; `start` is where the
 * present window begins. Facts before it are kept only while an undo could bring them back (eager order).
 *
 * Fact f (49 bytes): `time`, `value` (number, or 53 bits of a text's fingerprint), `position`, `source`, `part`, `member`, `epoch`, `group`,
 * `before`, `after` (neighbours in the list, -1 none), `flags`. Group g (41 bytes and its text): `first`, `start`, `last`, `count` (facts in the
 * window), `length` (facts in the list), `openMs`, `flags`. Numbers of freed facts and groups are used again.
 */

import type { OrderItems } from '../order/order-target.ts';
import type { Column } from '../snapshot/chunk.ts';

export const ARMED = 1;
export const EMITTED = 2;
export const ARMED_BEFORE = 4;

export class WindowStore implements OrderItems {
  // Facts.
  time = new Float64Array(16);
  value = new Float64Array(16);
  position = new Float64Array(16);
  source = new Int32Array(16);
  part = new Uint32Array(16);
  member = new Uint16Array(16);
  epoch = new Int32Array(16);
  group = new Int32Array(16);
  before = new Int32Array(16);
  after = new Int32Array(16);
  flags = new Uint8Array(16);
  // Groups.
  first = new Int32Array(8);
  start = new Int32Array(8);
  last = new Int32Array(8);
  count = new Int32Array(8);
  length = new Int32Array(8);
  openMs = new Float64Array(8);
  groupFlags = new Uint8Array(8);
  /** Group values: the text itself for one field, JSON of the tuple for several. */
  readonly texts: (string | undefined)[] = [];
  readonly #groupByText = new Map<string, number>();
  readonly #freeGroups: number[] = [];
  #freeFact = -1;
  #nextFact = 0;
  #facts = 0;

  get groups(): number {
    return this.#groupByText.size;
  }

  get facts(): number {
    return this.#facts;
  }

  get byteLength(): number {
    return this.time.length * 49 + this.first.length * 41;
  }

  /** Number of the group, made when it is new. */
  groupOf(text: string): number {
    const known = this.#groupByText.get(text);
    if (known !== undefined) return known;
    const group = this.#freeGroups.pop() ?? this.texts.length;
    if (group >= this.first.length) this.#growGroups();
    this.texts[group] = text;
    this.#groupByText.set(text, group);
    this.first[group] = -1;
    this.start[group] = -1;
    this.last[group] = -1;
    this.count[group] = 0;
    this.length[group] = 0;
    this.openMs[group] = Number.NaN;
    this.groupFlags[group] = ARMED;
    return group;
  }

  /** Frees the group with all its facts. */
  freeGroup(group: number): void {
    while ((this.first[group] as number) >= 0) this.dropFirst(group);
    const text = this.texts[group];
    if (text === undefined) return;
    this.#groupByText.delete(text);
    this.texts[group] = undefined;
    this.#freeGroups.push(group);
  }

  /** A fact that is in no list yet. */
  newFact(group: number): number {
    let fact = this.#freeFact;
    if (fact >= 0) this.#freeFact = this.after[fact] as number;
    else fact = this.#nextFact++;
    if (fact >= this.time.length) this.#growFacts();
    this.group[fact] = group;
    this.flags[fact] = 0;
    this.before[fact] = -1;
    this.after[fact] = -1;
    this.#facts++;
    return fact;
  }

  freeFact(fact: number): void {
    this.after[fact] = this.#freeFact;
    this.#freeFact = fact;
    this.#facts--;
  }

  /** Puts the fact at the end of its group's list. */
  append(fact: number): void {
    const group = this.group[fact] as number;
    const last = this.last[group] as number;
    this.before[fact] = last;
    this.after[fact] = -1;
    if (last >= 0) this.after[last] = fact;
    else this.first[group] = fact;
    this.last[group] = fact;
    this.length[group] = (this.length[group] as number) + 1;
  }

  /** Takes the newest fact out of the list again, without freeing it. */
  unlinkLast(group: number): void {
    const fact = this.last[group] as number;
    const before = this.before[fact] as number;
    this.last[group] = before;
    if (before >= 0) this.after[before] = -1;
    else this.first[group] = -1;
    this.length[group] = (this.length[group] as number) - 1;
  }

  /** Frees the oldest fact of the list. */
  dropFirst(group: number): void {
    const fact = this.first[group] as number;
    const after = this.after[fact] as number;
    this.first[group] = after;
    if (after >= 0) this.before[after] = -1;
    else this.last[group] = -1;
    if (this.start[group] === fact) this.start[group] = after;
    this.length[group] = (this.length[group] as number) - 1;
    this.freeFact(fact);
  }

  timeOf(fact: number): number {
    return this.time[fact] as number;
  }

  sourceOf(fact: number): number {
    return this.source[fact] as number;
  }

  epochOf(fact: number): number {
    return this.epoch[fact] as number;
  }

  beforeOf(fact: number): number {
    return this.before[fact] as number;
  }

  afterOf(fact: number): number {
    return this.after[fact] as number;
  }

  setBefore(fact: number, before: number): void {
    this.before[fact] = before;
  }

  setAfter(fact: number, after: number): void {
    this.after[fact] = after;
  }

  /** The total order of facts of one group: epoch, time, source, position, part, member. */
  compare(a: number, b: number): number {
    return (
      (this.epoch[a] as number) - (this.epoch[b] as number) ||
      (this.time[a] as number) - (this.time[b] as number) ||
      (this.source[a] as number) - (this.source[b] as number) ||
      (this.position[a] as number) - (this.position[b] as number) ||
      (this.part[a] as number) - (this.part[b] as number) ||
      (this.member[a] as number) - (this.member[b] as number)
    );
  }

  /** Numbers of the groups that exist. */
  groupNumbers(): Iterable<number> {
    return this.#groupByText.values();
  }

  #growFacts(): void {
    const size = Math.ceil(this.time.length * 1.5);
    this.time = grown(Float64Array, this.time, size);
    this.value = grown(Float64Array, this.value, size);
    this.position = grown(Float64Array, this.position, size);
    this.source = grown(Int32Array, this.source, size);
    this.part = grown(Uint32Array, this.part, size);
    this.member = grown(Uint16Array, this.member, size);
    this.epoch = grown(Int32Array, this.epoch, size);
    this.group = grown(Int32Array, this.group, size);
    this.before = grown(Int32Array, this.before, size);
    this.after = grown(Int32Array, this.after, size);
    this.flags = grown(Uint8Array, this.flags, size);
  }

  #growGroups(): void {
    const size = Math.ceil(this.first.length * 1.5);
    this.first = grown(Int32Array, this.first, size);
    this.start = grown(Int32Array, this.start, size);
    this.last = grown(Int32Array, this.last, size);
    this.count = grown(Int32Array, this.count, size);
    this.length = grown(Int32Array, this.length, size);
    this.openMs = grown(Float64Array, this.openMs, size);
    this.groupFlags = grown(Uint8Array, this.groupFlags, size);
  }
}

/** A longer copy of a column. */
export function grown<A extends Column>(make: new (length: number) => A, from: A, size: number): A {
  const to = new make(size);
  to.set(from);
  return to;
}
