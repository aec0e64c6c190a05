/**
 * LiteralScanner: which owners of a plan's literals are candidates in each record. Works on any input area of the same memory,
 * so that records read for the indicator scanner are searched where they stand.
 */
import { kernelModule } from './kernel-module.ts';
import type { LiteralPlan } from './literal-plan.ts';
import type { ScanMemory } from './scan-memory.ts';

export interface LiteralResult {
  readonly records: number;
  /** Pairs of record ordinal and literal, ascending by record: `hits[2 * i]`, `hits[2 * i + 1]`. Valid until the next scan. */
  readonly hits: Uint32Array;
  readonly hitCount: number;
}

/** In place of a literal: escapes hide the record's text, every owner is a candidate. */
export const EVERY_LITERAL = 0xffff_ffff;

const HITS = 65_536;
const RANGES = 32_768;
const PIECE = 8192;
const WORK_BYTES = 64;
const POSITION = 0;
const RECORD = 1;
const CAPACITY = 3;
const COUNT = 4;
const STAMP = 5;

interface Kernel {
  scanLines(work: number, plan: number, end: number): number;
  scanRanges(work: number, plan: number, ranges: number, count: number): number;
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
  #hits = new Uint32Array(4096);
  #hitCount = 0;
  readonly #isAlways: Uint8Array;
  /** Last record in which an owner was reported, + 1. */
  readonly #seen: Uint32Array;

  /** Allocates its work area; on the thread that owns the memory. */
  constructor(memory: ScanMemory, plan: LiteralPlan) {
    this.#plan = plan;
    const listAt = WORK_BYTES;
    const keyListAt = listAt + (PIECE / 2 + 16) * 4;
    const hitsAt = keyListAt + (PIECE + 32) * 8;
    const stampsAt = hitsAt + HITS * 8 + 8;
    this.#work = memory.allocate(stampsAt + plan.literalCount * 4);
    this.#rangesAt = memory.allocate(RANGES * 8);
    const { buffer } = memory.memory;
    this.#control = new Uint32Array(buffer, this.#work, WORK_BYTES / 4);
    this.#control.set([0, 0, hitsAt, HITS, 0, 0, listAt, stampsAt, keyListAt]);
    this.#found = new Uint32Array(buffer, this.#work + hitsAt, HITS * 2);
    this.#given = new Uint32Array(buffer, this.#rangesAt, RANGES * 2);
    this.#stamps = new Uint32Array(buffer, this.#work + stampsAt - 4, plan.literalCount + 1);
    this.#seen = new Uint32Array((plan.allOwners.at(-1) ?? 0) + 1);
    this.#isAlways = new Uint8Array(this.#seen.length);
    for (const owner of plan.alwaysOwners) this.#isAlways[owner] = 1;
    const instance = new WebAssembly.Instance(kernelModule('literal'), { env: { memory: memory.memory } });
    this.#kernel = instance.exports as unknown as Kernel;
  }

  /** Records are the lines of `length` bytes at `input`, a view of the memory; the last need not be terminated. */
  scanLines(input: Uint8Array, length: number): LiteralResult {
    this.#begin();
    this.#control[POSITION] = input.byteOffset;
    const end = input.byteOffset + length;
    while (this.#kernel.scanLines(this.#work, this.#plan.address, end) === 0) this.#take(0);
    this.#take(0);
    return this.#result(this.#control[RECORD] ?? 0);
  }

  /** Records are given: two numbers each, start and end in `input`, a view of the memory. */
  scanRecords(input: Uint8Array, ranges: Uint32Array, count: number): LiteralResult {
    this.#begin();
    for (let first = 0; first < count; first += RANGES) {
      const taken = Math.min(RANGES, count - first);
      for (let i = 0; i < 2 * taken; i++) this.#given[i] = input.byteOffset + (ranges[2 * first + i] ?? 0);
      this.#control[RECORD] = 0;
      while (this.#kernel.scanRanges(this.#work, this.#plan.address, this.#rangesAt, taken) === 0) this.#take(first);
      this.#take(first);
    }
    return this.#result(count);
  }

  /** Calls `visit` once for each candidate owner of each record with hits, records ascending; `alwaysOwners` come on top. */
  forEachCandidate(result: LiteralResult, visit: (record: number, owner: number) => void): void {
    const { ownerStart, owners, allOwners } = this.#plan;
    this.#seen.fill(0);
    for (let i = 0; i < result.hitCount; i++) {
      const record = result.hits[2 * i] ?? 0;
      const literal = result.hits[2 * i + 1] ?? 0;
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
    this.#hitCount = 0;
    this.#control[RECORD] = 0;
    this.#control[COUNT] = 0;
    this.#control[CAPACITY] = HITS;
    // One stamp per record: begun anew long before they run out.
    if ((this.#control[STAMP] ?? 0) > 0x7000_0000) {
      this.#stamps.fill(0);
      this.#control[STAMP] = 0;
    }
  }

  #take(firstRecord: number): void {
    const count = this.#control[COUNT] ?? 0;
    const needed = 2 * (this.#hitCount + count);
    if (needed > this.#hits.length) {
      const larger = new Uint32Array(Math.max(needed, 2 * this.#hits.length));
      larger.set(this.#hits);
      this.#hits = larger;
    }
    for (let i = 0; i < count; i++) {
      const to = 2 * this.#hitCount++;
      this.#hits[to] = firstRecord + (this.#found[2 * i] ?? 0);
      this.#hits[to + 1] = this.#found[2 * i + 1] ?? 0;
    }
    this.#control[COUNT] = 0;
  }

  #result(records: number): LiteralResult {
    return { records, hits: this.#hits, hitCount: this.#hitCount };
  }
}
