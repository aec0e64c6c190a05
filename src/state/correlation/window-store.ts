/**
 * Groups and facts of one correlation, each a record in one buffer: what is asked of a fact or group lies in one or two cache lines. Groups
 * come by turns, so nearly every one has left the caches when it comes again, and eleven columns would be eleven misses. A group's facts
 * form a list from oldest to newest; `start` is where the present window begins. Facts before it are kept only while an undo could
 * bring them back (eager order).
 *
 * Fact f, 48 bytes, 56 with a value, in 8-byte words: `time`, `position`; in 4-byte words from the fifth: `source`, `part`, `epoch`, `owner` (its
 * group), `before`, `after` (neighbours in the list, -1 none), `member` (16 bits) with `flags` above it; then one of padding, and
 * `value` (number, or 53 bits of a text's fingerprint). Group g, 32 bytes and its text: `openMs`; in 4-byte words from the third `first`,
 * `start`, `last`, `count` (facts in the window), `length` (facts in the list), `flags`. Numbers of freed facts and groups are used again.
 */

import { TextTable } from '../memory/text-table.ts';
import type { OrderItems } from '../order/order-target.ts';
import type { Column } from '../snapshot/chunk.ts';

export const ARMED = 1;
export const EMITTED = 2;
export const ARMED_BEFORE = 4;

const [TIME, POSITION, VALUE] = [0, 1, 6];
const [SOURCE, PART, EPOCH, OWNER, BEFORE, AFTER, MEMBER] = [4, 5, 6, 7, 8, 9, 10];
const OPEN_MS = 0;
const [FIRST, START, LAST, COUNT, LENGTH, FLAGS] = [2, 3, 4, 5, 6, 7];
const GROUP_WORDS = 4;
const GROUP_HALVES = 2 * GROUP_WORDS;

export class WindowStore implements OrderItems {
  readonly hasValues: boolean;
  /** Words of a fact. */
  readonly #size: number;
  #facts: Float64Array;
  #factHalves: Int32Array;
  #groups = new Float64Array(8 * GROUP_WORDS);
  #groupHalves = new Int32Array(this.#groups.buffer);
  /** Group values: the text itself for one field, JSON of the tuple for several. */
  readonly #texts: TextTable;
  #freeGroup = -1;
  #nextGroup = 0;
  #freeFact = -1;
  #nextFact = 0;
  #factCount = 0;

  constructor(seed: { readonly lo: number; readonly hi: number }, hasValues: boolean) {
    this.#texts = new TextTable(seed);
    this.hasValues = hasValues;
    this.#size = hasValues ? 7 : 6;
    this.#facts = new Float64Array(16 * this.#size);
    this.#factHalves = new Int32Array(this.#facts.buffer);
  }

  get groups(): number {
    return this.#texts.size;
  }

  get facts(): number {
    return this.#factCount;
  }

  get byteLength(): number {
    return this.#facts.byteLength + this.#groups.byteLength + this.#texts.byteLength;
  }

  /** Bytes of the groups and facts that are there, without room for more. */
  get usedBytes(): number {
    return 8 * (this.#factCount * this.#size + this.groups * GROUP_WORDS) + this.#texts.byteLength;
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
    if (group >= 0) this.#freeGroup = this.firstOf(group);
    else group = this.#nextGroup++;
    if ((group + 1) * GROUP_WORDS > this.#groups.length) this.#growGroups();
    this.#texts.add(text, group);
    this.setOpenMs(group, Number.NaN);
    this.setFirst(group, -1);
    this.setStart(group, -1);
    this.setLast(group, -1);
    this.setCount(group, 0);
    this.#setLength(group, 0);
    this.setGroupFlags(group, ARMED);
    return group;
  }

  /** Frees the group with all its facts. */
  freeGroup(group: number): void {
    while (this.firstOf(group) >= 0) this.dropFirst(group);
    if (!this.#texts.has(group)) return;
    this.#texts.delete(group);
    this.setFirst(group, this.#freeGroup);
    this.#freeGroup = group;
  }

  /** A fact that is in no list yet. */
  newFact(group: number): number {
    let fact = this.#freeFact;
    if (fact >= 0) this.#freeFact = this.afterOf(fact);
    else fact = this.#nextFact++;
    if ((fact + 1) * this.#size > this.#facts.length) this.#growFacts();
    const half = 2 * fact * this.#size;
    this.#factHalves[half + OWNER] = group;
    this.#factHalves[half + BEFORE] = -1;
    this.#factHalves[half + AFTER] = -1;
    this.#factHalves[half + MEMBER] = 0;
    this.#factCount++;
    return fact;
  }

  freeFact(fact: number): void {
    this.setSource(fact, -1);
    this.setAfter(fact, this.#freeFact);
    this.#freeFact = fact;
    this.#factCount--;
  }

  /** Puts the fact at the end of its group's list. */
  append(fact: number): void {
    const group = this.ownerOf(fact);
    const last = this.lastOf(group);
    this.setBefore(fact, last);
    this.setAfter(fact, -1);
    if (last >= 0) this.setAfter(last, fact);
    else this.setFirst(group, fact);
    this.setLast(group, fact);
    this.#setLength(group, this.lengthOf(group) + 1);
  }

  /** Takes the newest fact out of the list again, without freeing it. */
  unlinkLast(group: number): void {
    const before = this.beforeOf(this.lastOf(group));
    this.setLast(group, before);
    if (before >= 0) this.setAfter(before, -1);
    else this.setFirst(group, -1);
    this.#setLength(group, this.lengthOf(group) - 1);
  }

  /** Frees the oldest fact of the list. */
  dropFirst(group: number): void {
    const fact = this.firstOf(group);
    const after = this.afterOf(fact);
    this.setFirst(group, after);
    if (after >= 0) this.setBefore(after, -1);
    else this.setLast(group, -1);
    if (this.startOf(group) === fact) this.setStart(group, after);
    this.#setLength(group, this.lengthOf(group) - 1);
    this.freeFact(fact);
  }

  /** Sources of all facts. */
  addSources(to: Set<number>): void {
    for (let fact = 0; fact < this.#nextFact; fact++) to.add(this.sourceOf(fact));
  }

  timeOf(fact: number): number {
    return this.#facts[fact * this.#size + TIME] as number;
  }
  setTime(fact: number, timeMs: number): void {
    this.#facts[fact * this.#size + TIME] = timeMs;
  }

  positionOf(fact: number): number {
    return this.#facts[fact * this.#size + POSITION] as number;
  }
  setPosition(fact: number, position: number): void {
    this.#facts[fact * this.#size + POSITION] = position;
  }

  /** Only where `hasValues` is true. */
  valueAt(fact: number): number {
    return this.#facts[fact * this.#size + VALUE] as number;
  }
  setValue(fact: number, value: number): void {
    this.#facts[fact * this.#size + VALUE] = value;
  }

  sourceOf(fact: number): number {
    return this.#factHalves[2 * fact * this.#size + SOURCE] as number;
  }
  setSource(fact: number, source: number): void {
    this.#factHalves[2 * fact * this.#size + SOURCE] = source;
  }

  partOf(fact: number): number {
    return (this.#factHalves[2 * fact * this.#size + PART] as number) >>> 0;
  }
  setPart(fact: number, part: number): void {
    this.#factHalves[2 * fact * this.#size + PART] = part;
  }

  epochOf(fact: number): number {
    return this.#factHalves[2 * fact * this.#size + EPOCH] as number;
  }
  setEpoch(fact: number, epoch: number): void {
    this.#factHalves[2 * fact * this.#size + EPOCH] = epoch;
  }

  /** Its group. */
  ownerOf(fact: number): number {
    return this.#factHalves[2 * fact * this.#size + OWNER] as number;
  }

  beforeOf(fact: number): number {
    return this.#factHalves[2 * fact * this.#size + BEFORE] as number;
  }
  setBefore(fact: number, before: number): void {
    this.#factHalves[2 * fact * this.#size + BEFORE] = before;
  }

  afterOf(fact: number): number {
    return this.#factHalves[2 * fact * this.#size + AFTER] as number;
  }
  setAfter(fact: number, after: number): void {
    this.#factHalves[2 * fact * this.#size + AFTER] = after;
  }

  memberOf(fact: number): number {
    return (this.#factHalves[2 * fact * this.#size + MEMBER] as number) & 0xffff;
  }
  setMember(fact: number, member: number): void {
    const half = 2 * fact * this.#size + MEMBER;
    this.#factHalves[half] = ((this.#factHalves[half] as number) & ~0xffff) | member;
  }

  flagsOf(fact: number): number {
    return (this.#factHalves[2 * fact * this.#size + MEMBER] as number) >>> 16;
  }
  setFlags(fact: number, flags: number): void {
    const half = 2 * fact * this.#size + MEMBER;
    this.#factHalves[half] = ((this.#factHalves[half] as number) & 0xffff) | (flags << 16);
  }

  openMsOf(group: number): number {
    return this.#groups[group * GROUP_WORDS + OPEN_MS] as number;
  }
  setOpenMs(group: number, openMs: number): void {
    this.#groups[group * GROUP_WORDS + OPEN_MS] = openMs;
  }

  firstOf(group: number): number {
    return this.#groupHalves[group * GROUP_HALVES + FIRST] as number;
  }
  setFirst(group: number, fact: number): void {
    this.#groupHalves[group * GROUP_HALVES + FIRST] = fact;
  }

  startOf(group: number): number {
    return this.#groupHalves[group * GROUP_HALVES + START] as number;
  }
  setStart(group: number, fact: number): void {
    this.#groupHalves[group * GROUP_HALVES + START] = fact;
  }

  lastOf(group: number): number {
    return this.#groupHalves[group * GROUP_HALVES + LAST] as number;
  }
  setLast(group: number, fact: number): void {
    this.#groupHalves[group * GROUP_HALVES + LAST] = fact;
  }

  countOf(group: number): number {
    return this.#groupHalves[group * GROUP_HALVES + COUNT] as number;
  }
  setCount(group: number, count: number): void {
    this.#groupHalves[group * GROUP_HALVES + COUNT] = count;
  }

  lengthOf(group: number): number {
    return this.#groupHalves[group * GROUP_HALVES + LENGTH] as number;
  }
  #setLength(group: number, length: number): void {
    this.#groupHalves[group * GROUP_HALVES + LENGTH] = length;
  }

  groupFlagsOf(group: number): number {
    return this.#groupHalves[group * GROUP_HALVES + FLAGS] as number;
  }
  setGroupFlags(group: number, flags: number): void {
    this.#groupHalves[group * GROUP_HALVES + FLAGS] = flags;
  }

  /** The total order of facts of one group: epoch, time, source, position, part, member. */
  compare(a: number, b: number): number {
    return (
      this.epochOf(a) - this.epochOf(b) ||
      this.timeOf(a) - this.timeOf(b) ||
      this.sourceOf(a) - this.sourceOf(b) ||
      this.positionOf(a) - this.positionOf(b) ||
      this.partOf(a) - this.partOf(b) ||
      this.memberOf(a) - this.memberOf(b)
    );
  }

  /** Numbers of the groups that exist. */
  groupNumbers(): Iterable<number> {
    return this.#texts.numbers();
  }

  #growFacts(): void {
    this.#facts = grown(Float64Array, this.#facts, this.#size * grownSize(this.#facts.length / this.#size));
    this.#factHalves = new Int32Array(this.#facts.buffer);
  }

  #growGroups(): void {
    this.#groups = grown(Float64Array, this.#groups, GROUP_WORDS * grownSize(this.#groups.length / GROUP_WORDS));
    this.#groupHalves = new Int32Array(this.#groups.buffer);
  }
}

/** Large tables leave less room: what is not used would be more than all that small ones take. */
function grownSize(size: number): number {
  return Math.ceil(size * (size < 524_288 ? 1.6 : 1.2));
}

/** A longer copy of a column. */
export function grown<A extends Column>(make: new (length: number) => A, from: A, size: number): A {
  const to = new make(size);
  to.set(from);
  return to;
}
