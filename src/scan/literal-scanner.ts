/**
 * LiteralScanner: which owners of a plan's literals are candidates in each record. Works on any input area of the same memory,
 * so that records read for the indicator scanner are searched where they stand.
 */
import type { LiteralPlan } from './literal-plan.ts';
import { HIT, HitList, type LiteralWork, RANGES } from './literal-work.ts';

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

const LITERALS = 0;
const ENCODED = 1;

export class LiteralScanner {
  readonly #plan: LiteralPlan;
  readonly #work: LiteralWork;
  readonly #literalHits = new HitList();
  readonly #encodedHits = new HitList();
  readonly #allHits = new HitList();
  readonly #isAlways: Uint8Array;
  /** Last record in which an owner was reported, + 1. */
  readonly #seen: Uint32Array;

  /** Both in one memory, the text as well. */
  constructor(work: LiteralWork, plan: LiteralPlan) {
    this.#plan = plan;
    this.#work = work;
    this.#seen = new Uint32Array((plan.allOwners.at(-1) ?? 0) + 1);
    this.#isAlways = new Uint8Array(this.#seen.length);
    for (const owner of plan.alwaysOwners) this.#isAlways[owner] = 1;
  }

  /** Records are the lines of `length` bytes at `input`, a view of the memory; the last need not be terminated. */
  scanLines(input: Uint8Array, length: number): LiteralResult {
    this.#begin();
    const end = input.byteOffset + length;
    const { kernel, address } = this.#work;
    for (const pass of [LITERALS, ENCODED]) {
      kernel.startLines(address, input.byteOffset);
      while (kernel.scanLines(address, this.#plan.address, end, pass) === 0) this.#take(pass, 0, input.byteOffset);
      this.#take(pass, 0, input.byteOffset);
    }
    return this.#result();
  }

  /** Records are given: two numbers each, start and end in `input`, a view of the memory. */
  scanRecords(input: Uint8Array, ranges: Uint32Array, count: number): LiteralResult {
    this.#begin();
    const { kernel, address, given, rangesAt } = this.#work;
    for (let first = 0; first < count; first += RANGES) {
      const taken = Math.min(RANGES, count - first);
      for (let i = 0; i < 2 * taken; i++) given[i] = input.byteOffset + (ranges[2 * first + i] ?? 0);
      for (const pass of [LITERALS, ENCODED]) {
        this.#work.beginRanges();
        while (kernel.scanRanges(address, this.#plan.address, rangesAt, taken, pass) === 0)
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
    this.#work.begin();
  }

  #take(pass: number, firstRecord: number, start: number): void {
    this.#work.take(pass === LITERALS ? this.#literalHits : this.#encodedHits, firstRecord, start);
  }

  #result(): LiteralResult {
    if (this.#encodedHits.count === 0) return { hits: this.#literalHits.numbers, hitCount: this.#literalHits.count };
    this.#allHits.merge(this.#literalHits, this.#encodedHits);
    return { hits: this.#allHits.numbers, hitCount: this.#allHits.count };
  }
}
