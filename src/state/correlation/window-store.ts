/**
 * Groups and facts of one correlation, each a record in one buffer: what is asked of a fact or group lies in one or two cache lines. Groups
 * come by turns, so nearly every one has left the caches when it comes again, and eleven columns would be eleven misses. A group's facts
 * form a list from oldest to newest; `start` is where the present window begins. Facts before it are kept only while an undo could
 * bring them back (eager order).
 *
 * Fact f, 48 bytes, 56 with a value: the head that ItemRecords gives it, its owner the group; in the 4-byte word 11 `member` (16 bits) with
 * `flags` above it; and `value` (number, or 53 bits of a text's fingerprint). Group g, 32 bytes and its text: `openMs`; in 4-byte words
 * from the third `first`, `start`, `last`, `count` (facts in the window), `length` (facts in the list), `flags`. Numbers of freed facts and
 * groups are used again.
 */

import { GrowingBuffer } from '../memory/growing-buffer.ts';
import { TextTable } from '../memory/text-table.ts';
import { AFTER, BEFORE, HEAD_WORDS, ItemRecords, OWNER, PART, SOURCE } from '../order/item-records.ts';
import { MAX_EXPECTED } from '../order/order-target.ts';

export const ARMED = 1;
export const EMITTED = 2;
export const ARMED_BEFORE = 4;

const MEMBER = HEAD_WORDS;
/** In 8-byte words. */
const VALUE = 6;
const OPEN_MS = 0;
const [FIRST, START, LAST, COUNT, LENGTH, FLAGS] = [2, 3, 4, 5, 6, 7];
const GROUP_WORDS = 4;
const GROUP_HALVES = 2 * GROUP_WORDS;
const GROUP_BYTES = 8 * GROUP_WORDS;

export class WindowStore extends ItemRecords {
  readonly hasValues: boolean;
  readonly #groupRecords = new GrowingBuffer(8 * GROUP_BYTES);
  #groups = new Float64Array(this.#groupRecords.buffer);
  #groupHalves = new Int32Array(this.#groupRecords.buffer);
  /** Group values: the text itself for one field, JSON of the tuple for several. */
  readonly #texts: TextTable;
  #freeGroup = -1;
  #nextGroup = 0;
  #factCount = 0;
  /** Facts that are asked for at once, two of each group. */
  readonly #asked = new Int32Array(2 * MAX_EXPECTED);
  readonly #read = new Float64Array(1);

  constructor(seed: { readonly lo: number; readonly hi: number }, hasValues: boolean) {
    super(hasValues ? 3 : 1);
    this.#texts = new TextTable(seed);
    this.hasValues = hasValues;
  }

  get groups(): number {
    return this.#texts.size;
  }

  get facts(): number {
    return this.#factCount;
  }

  get byteLength(): number {
    return this.words.byteLength + this.#groups.byteLength + this.#texts.byteLength;
  }

  /** Bytes of the groups and facts that are there, without room for more. */
  get usedBytes(): number {
    return 4 * this.#factCount * this.stride + this.groups * GROUP_BYTES + this.#texts.byteLength;
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
    if ((group + 1) * GROUP_WORDS > this.#groups.length) this.#growGroups(group + 1);
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

  /** Frees all groups with all their facts. */
  freeAll(): void {
    this.releaseAll();
    this.#texts.clear();
    this.#freeGroup = -1;
    this.#nextGroup = 0;
    this.#factCount = 0;
  }

  freeFact(fact: number): void {
    this.release(fact);
    this.#factCount--;
  }

  /** A fact, in no list yet, that stands by itself: all that an order and a window ask of it. Written in one go, for every match comes by here. */
  newFact(group: number, timeMs: number, position: number, source: number, part: number, member: number): number {
    const fact = this.allocate();
    const at = fact * this.stride;
    const { words, doubles } = this;
    doubles[at >>> 1] = timeMs;
    doubles[(at >>> 1) + 1] = position;
    words[at + SOURCE] = source;
    words[at + PART] = part;
    words[at + OWNER] = group;
    words[at + BEFORE] = -1;
    words[at + AFTER] = -1;
    words[at + MEMBER] = member;
    this.#factCount++;
    return fact;
  }

  /** Puts the fact at the end of its group's list and window. */
  enter(group: number, fact: number): void {
    const halves = this.#groupHalves;
    const { words, stride } = this;
    const half = group * GROUP_HALVES;
    const at = fact * stride;
    const last = halves[half + LAST] as number;
    words[at + BEFORE] = last;
    words[at + AFTER] = -1;
    if (last >= 0) words[last * stride + AFTER] = fact;
    else halves[half + FIRST] = fact;
    halves[half + LAST] = fact;
    if (halves[half + START] === -1) halves[half + START] = fact;
    halves[half + LENGTH] = (halves[half + LENGTH] as number) + 1;
    halves[half + COUNT] = (halves[half + COUNT] as number) + 1;
  }

  /** Frees the facts of a window that are older than this; the list begins where the window does. */
  dropOlder(group: number, fromMs: number): void {
    const halves = this.#groupHalves;
    const { words, doubles, stride } = this;
    const half = group * GROUP_HALVES;
    const start = halves[half + START] as number;
    let fact = start;
    let dropped = 0;
    while (fact >= 0 && (doubles[(fact * stride) >>> 1] as number) < fromMs) {
      const after = words[fact * stride + AFTER] as number;
      this.release(fact);
      fact = after;
      dropped++;
    }
    if (dropped === 0) return;
    halves[half + FIRST] = fact;
    halves[half + START] = fact;
    if (fact >= 0) words[fact * stride + BEFORE] = -1;
    else halves[half + LAST] = -1;
    halves[half + LENGTH] = (halves[half + LENGTH] as number) - dropped;
    halves[half + COUNT] = (halves[half + COUNT] as number) - dropped;
    this.#factCount -= dropped;
  }

  /**
   * Reads what the windows of these facts will need, group by group and then fact by fact: reads that do not wait for one another. What
   * nobody uses would not be read, so that the sum of it goes somewhere.
   */
  expect(facts: Int32Array, from: number, end: number): void {
    const halves = this.#groupHalves;
    const { words, stride } = this;
    const asked = this.#asked;
    let sum = 0;
    let count = 0;
    for (let i = from; i < end; i++) {
      const half = (words[(facts[i] as number) * stride + OWNER] as number) * GROUP_HALVES;
      const start = halves[half + START] as number;
      if (start < 0) continue;
      asked[count++] = start;
      asked[count++] = halves[half + LAST] as number;
    }
    // A record may lie in two lines.
    for (let i = 0; i < count; i += 2) {
      const start = (asked[i] as number) * stride;
      const last = (asked[i + 1] as number) * stride;
      sum += (words[start] as number) + (words[last + AFTER] as number);
      asked[i] = words[start + AFTER] as number;
    }
    for (let i = 0; i < count; i += 2) {
      const after = (asked[i] as number) * stride;
      if (after >= 0) sum += (words[after] as number) + (words[after + BEFORE] as number);
    }
    this.#read[0] = sum;
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

  /** Only where `hasValues` is true. */
  valueAt(fact: number): number {
    return this.doubles[((fact * this.stride) >>> 1) + VALUE] as number;
  }
  setValue(fact: number, value: number): void {
    this.doubles[((fact * this.stride) >>> 1) + VALUE] = value;
  }

  memberOf(fact: number): number {
    return (this.words[fact * this.stride + MEMBER] as number) & 0xffff;
  }
  setMember(fact: number, member: number): void {
    const at = fact * this.stride + MEMBER;
    this.words[at] = ((this.words[at] as number) & ~0xffff) | member;
  }

  flagsOf(fact: number): number {
    return (this.words[fact * this.stride + MEMBER] as number) >>> 16;
  }
  setFlags(fact: number, flags: number): void {
    const at = fact * this.stride + MEMBER;
    this.words[at] = ((this.words[at] as number) & 0xffff) | (flags << 16);
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

  /** The total order of facts of one group: of equal ones, that of their members. */
  override compare(a: number, b: number): number {
    return super.compare(a, b) || this.memberOf(a) - this.memberOf(b);
  }

  /** Numbers of the groups that exist. */
  groupNumbers(): Iterable<number> {
    return this.#texts.numbers();
  }

  #growGroups(groups: number): void {
    const buffer = this.#groupRecords.grow(groups * GROUP_BYTES);
    this.#groups = new Float64Array(buffer);
    this.#groupHalves = new Int32Array(buffer);
  }
}
