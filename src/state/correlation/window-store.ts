/**
 * Groups and facts of one correlation in typed arrays. A group's facts form a list from oldest to newest; `start` is where the
 * present window begins. Facts before it are kept only while an undo could bring them back (eager order).
 *
 * Fact f (43 bytes, 51 with a value): `time`, `value` (number, or 53 bits of a text's fingerprint), `position`, `source`, `part`, `member`,
 * `epoch`, `group`, `before`, `after` (neighbours in the list, -1 none), `flags`. Group g (29 bytes and its text): `first`, `start`, `last`, `count`
 * (facts in the window), `length` (facts in the list), `openMs`, `flags`. Numbers of freed facts and groups are used again.
 */

import { TextTable } from '../memory/text-table.ts';
import type { OrderItems } from '../order/order-target.ts';
import type { Column } from '../snapshot/chunk.ts';

export const ARMED = 1;
export const EMITTED = 2;
export const ARMED_BEFORE = 4;

const FACT_BYTES = 43;
const GROUP_BYTES = 29;

export class WindowStore implements OrderItems {
  // Facts.
  time = new Float64Array(16);
  /** Without elements when `hasValues` is false. */
  value: Float64Array;
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
  readonly #texts: TextTable;
  readonly hasValues: boolean;
  #freeGroup = -1;
  #nextGroup = 0;
  #freeFact = -1;
  #nextFact = 0;
  #facts = 0;

  constructor(seed: { readonly lo: number; readonly hi: number }, hasValues: boolean) {
    this.#texts = new TextTable(seed);
    this.hasValues = hasValues;
    this.value = new Float64Array(hasValues ? this.time.length : 0);
  }

  get groups(): number {
    return this.#texts.size;
  }

  get facts(): number {
    return this.#facts;
  }

  get byteLength(): number {
    return this.time.length * this.#factBytes + this.first.length * GROUP_BYTES + this.#texts.byteLength;
  }

  /** Bytes of the groups and facts that are there, without room for more. */
  get usedBytes(): number {
    return this.#facts * this.#factBytes + this.groups * GROUP_BYTES + this.#texts.byteLength;
  }

  get #factBytes(): number {
    return this.hasValues ? FACT_BYTES + 8 : FACT_BYTES;
  }

  /** Value of the group key; undefined when there is no such group. */
  textOf(group: number): string | undefined {
    return this.#texts.textOf(group);
  }

  /** Number of the group, made when it is new. */
  groupOf(text: string): number {
    const known = this.#texts.find(text);
    return known >= 0 ? known : this.#newGroup(text);
  }

  /** As `groupOf` of the text whose units are these bytes. */
  groupOfBytes(bytes: Buffer, start: number, end: number): number {
    const known = this.#texts.findBytes(bytes, start, end);
    return known >= 0 ? known : this.#newGroup(bytes.toString('latin1', start, end));
  }

  /** Right after its text was looked for. */
  #newGroup(text: string): number {
    let group = this.#freeGroup;
    if (group >= 0) this.#freeGroup = this.first[group] as number;
    else group = this.#nextGroup++;
    if (group >= this.first.length) this.#growGroups();
    this.#texts.add(text, group);
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
    if (!this.#texts.has(group)) return;
    this.#texts.delete(group);
    this.first[group] = this.#freeGroup;
    this.#freeGroup = group;
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
    this.source[fact] = -1;
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

  /** Sources of all facts. */
  addSources(to: Set<number>): void {
    for (let fact = 0; fact < this.#nextFact; fact++) to.add(this.source[fact] as number);
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
    return this.#texts.numbers();
  }

  #growFacts(): void {
    const size = grownSize(this.time.length);
    this.time = grown(Float64Array, this.time, size);
    if (this.hasValues) this.value = grown(Float64Array, this.value, size);
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
    const size = grownSize(this.first.length);
    this.first = grown(Int32Array, this.first, size);
    this.start = grown(Int32Array, this.start, size);
    this.last = grown(Int32Array, this.last, size);
    this.count = grown(Int32Array, this.count, size);
    this.length = grown(Int32Array, this.length, size);
    this.openMs = grown(Float64Array, this.openMs, size);
    this.groupFlags = grown(Uint8Array, this.groupFlags, size);
  }
}

/** Large tables leave less room: what is not used would be more than all that small ones take. */
function grownSize(size: number): number {
  return Math.ceil(size * (size < 65_536 ? 1.5 : 1.2));
}

/** A longer copy of a column. */
export function grown<A extends Column>(make: new (length: number) => A, from: A, size: number): A {
  const to = new make(size);
  to.set(from);
  return to;
}
