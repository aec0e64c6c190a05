/**
 * LiteralWork: all that a thread writes while it searches for literals: lists of the kernel beside the text, and the hits taken from them. Plans
 * are only read, by any number of threads; a thread searches for one after the other with the same work area.
 */
import { grown } from '../core/growing-columns.ts';
import { kernelModule } from './kernel-module.ts';
import { MAX_LITERALS } from './literal-plan.ts';
import type { ScanMemory } from './scan-memory.ts';

const HITS = 65_536;
/** Numbers of a hit. */
export const HIT = 3;
export const RANGES = 32_768;
const PIECE = 16_384;
/** Places of one piece that are looked at, and keys that are listed of them: up to three each, and one is written more than counts. */
const PLACES = PIECE / 2 + 16;
const KEYS = 3 * PLACES + 1;
const WORK_BYTES = 64;
const POSITION = 0;
const RECORD = 1;
const CAPACITY = 3;
const COUNT = 4;
const STAMP = 5;

export interface LiteralKernel {
  startLines(work: number, begin: number): void;
  scanLines(work: number, plan: number, end: number, encoded: number): number;
  scanRanges(work: number, plan: number, ranges: number, count: number, encoded: number): number;
}

/** Hits of one pass, in room that grows. */
export class HitList {
  numbers = new Uint32Array(4096);
  count = 0;

  /** `record` is added to the ordinals, `start` taken from the starts. */
  add(found: Uint32Array, count: number, record: number, start: number): void {
    const needed = HIT * (this.count + count);
    this.numbers = grown(this.numbers, needed);
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

export class LiteralWork {
  readonly kernel: LiteralKernel;
  readonly address: number;
  readonly rangesAt: number;
  /** Where ranges of records are given. */
  readonly given: Uint32Array;
  readonly #control: Uint32Array;
  readonly #found: Uint32Array;
  readonly #stamps: Uint32Array;

  /** In the memory of texts and plans. */
  constructor(memory: ScanMemory) {
    const listAt = WORK_BYTES;
    const keyListAt = listAt + PLACES * 4;
    const hitsAt = keyListAt + KEYS * 8;
    const stampsAt = hitsAt + HITS * HIT * 4;
    this.address = memory.allocate(stampsAt + MAX_LITERALS * 4);
    this.rangesAt = memory.allocate(RANGES * 8);
    const { buffer } = memory.memory;
    this.#control = new Uint32Array(buffer, this.address, WORK_BYTES / 4);
    this.#control.set([0, 0, hitsAt, HITS, 0, 0, listAt, stampsAt, keyListAt]);
    this.#found = new Uint32Array(buffer, this.address + hitsAt, HITS * HIT);
    this.given = new Uint32Array(buffer, this.rangesAt, RANGES * 2);
    this.#stamps = new Uint32Array(buffer, this.address + stampsAt, MAX_LITERALS);
    const instance = new WebAssembly.Instance(kernelModule('literal'), { env: { memory: memory.memory } });
    this.kernel = instance.exports as unknown as LiteralKernel;
  }

  /** Before a scan. */
  begin(): void {
    this.#control[COUNT] = 0;
    this.#control[CAPACITY] = HITS;
    // One stamp per record, whatever the plan: begun anew long before they run out.
    if ((this.#control[STAMP] ?? 0) > 0x7000_0000) {
      this.#stamps.fill(0);
      this.#control[STAMP] = 0;
    }
  }

  /** Before given ranges are scanned. */
  beginRanges(): void {
    this.#control[RECORD] = 0;
    this.#control[POSITION] = 0;
  }

  /** Moves what the kernel has found to a list; `record` is added to the ordinals, `start` taken from the starts. */
  take(to: HitList, record: number, start: number): void {
    to.add(this.#found, this.#control[COUNT] ?? 0, record, start);
    this.#control[COUNT] = 0;
  }
}
