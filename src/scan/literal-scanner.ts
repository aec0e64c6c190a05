/**
 * LiteralScanner: which owners of a plan's literals are candidates in each record. Works on any input area of the same memory,
 * so that records read for the indicator scanner are searched where they stand.
 */
import { kernelModule } from './kernel-module.ts';
import type { LiteralPlan } from './literal-plan.ts';
import type { ScanMemory } from './scan-memory.ts';

export interface LiteralResult {
  /**
   * Three numbers each, ascending by record: its ordinal, the literal, and where the record starts in the input. In place of a literal
   * `EVERY_LITERAL`, or `WRITTEN_OTHERWISE` and an offset from the start of the record. Valid until the next scan.
   */
  readonly hits: Uint32Array;
  readonly hitCount: number;
}

/** In place of a literal: escapes hide the record's text, every owner is a candidate. */
export const EVERY_LITERAL = 0xffff_ffff;
/** Flag of a place of the record where a word begins or goes on whose letters may be written in another way. */
export const WRITTEN_OTHERWISE = 0x8000_0000;

const HITS = 65_536;
/** Numbers of a hit. */
const HIT = 3;
const RANGES = 32_768;
const PIECE = 16_384;
/** Places of one piece that are looked at, and keys that are listed of them: up to three each, and one is written more than counts. */
const PLACES = PIECE / 2 + 16;
const KEYS = 3 * PLACES + 1;
const WORK_BYTES = 64;
const POSITION = 0;
const RECORD = 1;
const LITERALS = 0;
const ENCODED = 1;
const CAPACITY = 3;
const COUNT = 4;
const STAMP = 5;

interface Kernel {
  startLines(work: number, begin: number): void;
  scanLines(work: number, plan: number, end: number, encoded: number): number;
  scanRanges(work: number, plan: number, ranges: number, count: number, encoded: number): number;
}

/** Hits of one pass, in room that grows. */
class HitList {
  numbers = new Uint32Array(4096);
  count = 0;

  /** `record` is added to the ordinals, `start` taken from the starts. */
  add(found: Uint32Array, count: number, record: number, start: number): void {
    const needed = HIT * (this.count + count);
    if (needed > this.numbers.length) {
      const larger = new Uint32Array(Math.max(needed, 2 * this.numbers.length));
      larger.set(this.numbers);
      this.numbers = larger;
    }
    for (let i = 0; i < HIT * count; i += HIT) {
      const to = HIT * this.count++;
      this.numbers[to] = record + (found[i] ?? 0);
      this.numbers[to + 1] = found[i + 1] ?? 0;
      this.numbers[to + 2] = (found[i + 2] ?? 0) - start;
    }
  }

  /** The hits of both, by record. */
  merge(one: HitList, other: HitList): void {
    this.count = 0;
    let b = 0;
    for (let a = 0; a < one.count; a++) {
      const record = one.numbers[HIT * a] ?? 0;
      let until = b;
      while (until < other.count && (other.numbers[HIT * until] ?? 0) < record) until++;
      this.add(other.numbers.subarray(HIT * b), until - b, 0, 0);
      this.add(one.numbers.subarray(HIT * a), 1, 0, 0);
      b = until;
    }
    this.add(other.numbers.subarray(HIT * b), other.count - b, 0, 0);
  }
}

export class LiteralScanner {
  readonly #plan: LiteralPlan;
  readonly #kernel: Kernel;
  readonly #work: number;
  readonly #rangesAt: number;
  readonly #control: Uint32Array;
  readonly #found: Uint32Array;
  readonly #given: Uint32Array;
  readonly #stamps: Uint32Array;
  readonly #literalHits = new HitList();
  readonly #encodedHits = new HitList();
  readonly #allHits = new HitList();
  readonly #isAlways: Uint8Array;
  /** Last record in which an owner was reported, + 1. */
  readonly #seen: Uint32Array;

  /** Allocates its work area; on the thread that owns the memory. */
  constructor(memory: ScanMemory, plan: LiteralPlan) {
    this.#plan = plan;
    const listAt = WORK_BYTES;
    const keyListAt = listAt + PLACES * 4;
    const hitsAt = keyListAt + KEYS * 8;
    const stampsAt = hitsAt + HITS * HIT * 4;
    this.#work = memory.allocate(stampsAt + plan.literalCount * 4);
    this.#rangesAt = memory.allocate(RANGES * 8);
    const { buffer } = memory.memory;
    this.#control = new Uint32Array(buffer, this.#work, WORK_BYTES / 4);
    this.#control.set([0, 0, hitsAt, HITS, 0, 0, listAt, stampsAt, keyListAt]);
    this.#found = new Uint32Array(buffer, this.#work + hitsAt, HITS * HIT);
    this.#given = new Uint32Array(buffer, this.#rangesAt, RANGES * 2);
    this.#stamps = new Uint32Array(buffer, this.#work + stampsAt, plan.literalCount);
    this.#seen = new Uint32Array((plan.allOwners.at(-1) ?? 0) + 1);
    this.#isAlways = new Uint8Array(this.#seen.length);
    for (const owner of plan.alwaysOwners) this.#isAlways[owner] = 1;
    const instance = new WebAssembly.Instance(kernelModule('literal'), { env: { memory: memory.memory } });
    this.#kernel = instance.exports as unknown as Kernel;
  }

  /** Records are the lines of `length` bytes at `input`, a view of the memory; the last need not be terminated. */
  scanLines(input: Uint8Array, length: number): LiteralResult {
    this.#begin();
    const end = input.byteOffset + length;
    for (const pass of [LITERALS, ENCODED]) {
      this.#kernel.startLines(this.#work, input.byteOffset);
      while (this.#kernel.scanLines(this.#work, this.#plan.address, end, pass) === 0)
        this.#take(pass, 0, input.byteOffset);
      this.#take(pass, 0, input.byteOffset);
    }
    return this.#result();
  }

  /** Records are given: two numbers each, start and end in `input`, a view of the memory. */
  scanRecords(input: Uint8Array, ranges: Uint32Array, count: number): LiteralResult {
    this.#begin();
    for (let first = 0; first < count; first += RANGES) {
      const taken = Math.min(RANGES, count - first);
      for (let i = 0; i < 2 * taken; i++) this.#given[i] = input.byteOffset + (ranges[2 * first + i] ?? 0);
      for (const pass of [LITERALS, ENCODED]) {
        this.#control[RECORD] = 0;
        this.#control[POSITION] = 0;
        while (this.#kernel.scanRanges(this.#work, this.#plan.address, this.#rangesAt, taken, pass) === 0)
          this.#take(pass, first, input.byteOffset);
        this.#take(pass, first, input.byteOffset);
      }
    }
    return this.#result();
  }

  /** Calls `visit` once for each candidate owner of each record with hits, records ascending; `alwaysOwners` and what is written otherwise come on top. */
  forEachCandidate(result: LiteralResult, visit: (record: number, owner: number) => void): void {
    const { ownerStart, owners, allOwners } = this.#plan;
    this.#seen.fill(0);
    for (let i = 0; i < result.hitCount; i++) {
      const record = result.hits[HIT * i] ?? 0;
      const literal = result.hits[HIT * i + 1] ?? 0;
      if (literal !== EVERY_LITERAL && literal >= WRITTEN_OTHERWISE) continue;
      const list = literal === EVERY_LITERAL ? allOwners : owners;
      const from = literal === EVERY_LITERAL ? 0 : (ownerStart[literal] ?? 0);
      const to = literal === EVERY_LITERAL ? allOwners.length : (ownerStart[literal + 1] ?? 0);
      for (let j = from; j < to; j++) {
        const owner = list[j] ?? 0;
        if (this.#seen[owner] === record + 1 || this.#isAlways[owner] === 1) continue;
        this.#seen[owner] = record + 1;
        visit(record, owner);
      }
    }
  }

  #begin(): void {
    this.#literalHits.count = 0;
    this.#encodedHits.count = 0;
    this.#control[COUNT] = 0;
    this.#control[CAPACITY] = HITS;
    // One stamp per record: begun anew long before they run out.
    if ((this.#control[STAMP] ?? 0) > 0x7000_0000) {
      this.#stamps.fill(0);
      this.#control[STAMP] = 0;
    }
  }

  #take(pass: number, firstRecord: number, start: number): void {
    const list = pass === LITERALS ? this.#literalHits : this.#encodedHits;
    list.add(this.#found, this.#control[COUNT] ?? 0, firstRecord, start);
    this.#control[COUNT] = 0;
  }

  #result(): LiteralResult {
    if (this.#encodedHits.count === 0) return { hits: this.#literalHits.numbers, hitCount: this.#literalHits.count };
    this.#allHits.merge(this.#literalHits, this.#encodedHits);
    return { hits: this.#allHits.numbers, hitCount: this.#allHits.count };
  }
}
