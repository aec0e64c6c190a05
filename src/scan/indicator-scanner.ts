/**
 * IndicatorScanner: the kernel behind the `Scanner` interface (docs/design/scanner.md). Tables are shared, the work area with
 * its input is the scanner's own; any number of scanners, one per thread, run on one memory.
 */
import { grown } from '../core/growing-columns.ts';
import { hasSimd, kernelModule } from './kernel-module.ts';
import {
  CTX_BLANK_HINT,
  CTX_BYTES,
  CTX_ENCODING_ONLY,
  CTX_OUT,
  CTX_OUT_CAPACITY,
  CTX_OUT_COUNT,
  CTX_POSITION,
  CTX_RANGES,
  CTX_RANGE_COUNT,
  CTX_RANGE_INDEX,
  CTX_RECORD_FLAGS,
  CTX_RECORD_ORDINAL,
  CTX_RECORD_PAIRS,
  CTX_RECORD_START,
  CTX_SEGMENT_END,
  CTX_SEGMENT_START,
  PIECE,
} from './memory-layout.ts';
import type { ScanMemory } from './scan-memory.ts';
import type { ScanResult, Scanner } from './scanner.ts';

/** What a worker needs to make a scanner; sent as it is, the memory is shared. */
export interface ScannerBlock {
  readonly memory: WebAssembly.Memory;
  readonly tables: number;
  readonly context: number;
  readonly candidates: number;
  readonly ranges: number;
  readonly input: number;
  readonly inputBytes: number;
}

const CANDIDATES = 2 * PIECE;
const RANGES = 32_768;

/** Memory for one scanner of the tables at `tables`; on the thread that owns the memory. */
export function allocateScanner(memory: ScanMemory, tables: number, inputBytes: number): ScannerBlock {
  return {
    memory: memory.memory,
    tables,
    context: memory.allocate(CTX_BYTES),
    candidates: memory.allocate(CANDIDATES * 12),
    ranges: memory.allocate(RANGES * 8),
    input: memory.allocate(inputBytes),
    inputBytes,
  };
}

interface Kernel {
  scanLines(context: number, tables: number, isFinal: number): number;
  scanRanges(context: number, tables: number): number;
}

export class IndicatorScanner implements Scanner {
  readonly input: Uint8Array;
  readonly #block: ScannerBlock;
  readonly #kernel: Kernel;
  readonly #context: Uint32Array;
  readonly #found: Uint32Array;
  readonly #given: Uint32Array;
  #ranges = new Uint32Array(1024);
  #ordinals = new Uint32Array(512);
  #count = 0;

  constructor(block: ScannerBlock, module: WebAssembly.Module = kernelModule('indicator')) {
    this.#block = block;
    const { memory } = block;
    const instance = new WebAssembly.Instance(module, { env: { memory } });
    this.#kernel = instance.exports as unknown as Kernel;
    this.input = new Uint8Array(memory.buffer, block.input, block.inputBytes);
    this.#context = new Uint32Array(memory.buffer, block.context, 64);
    this.#found = new Uint32Array(memory.buffer, block.candidates, CANDIDATES * 3);
    this.#given = new Uint32Array(memory.buffer, block.ranges, RANGES * 2);
  }

  get memory(): WebAssembly.Memory {
    return this.#block.memory;
  }

  scanLines(length: number, final: boolean): ScanResult {
    this.#count = 0;
    this.#begin(0, length);
    while (this.#kernel.scanLines(this.#block.context, this.#block.tables, final ? 1 : 0) === 0) this.#take(0);
    this.#take(0);
    const consumedBytes = this.#at(CTX_RECORD_START) - this.#block.input;
    return this.#result(this.#at(CTX_RECORD_ORDINAL), consumedBytes, this.#at(CTX_ENCODING_ONLY));
  }

  scanRecords(ranges: Uint32Array, count: number): ScanResult {
    this.#count = 0;
    let encodingOnly = 0;
    let end = 0;
    for (let first = 0; first < count; ) {
      const taken = this.#give(ranges, first, count);
      this.#begin(0, this.#block.inputBytes);
      this.#set(CTX_RANGES, this.#block.ranges);
      this.#set(CTX_RANGE_COUNT, taken);
      this.#set(CTX_RANGE_INDEX, 0);
      while (this.#kernel.scanRanges(this.#block.context, this.#block.tables) === 0) this.#take(first);
      this.#take(first);
      encodingOnly += this.#at(CTX_ENCODING_ONLY);
      first += taken;
      end = Math.max(end, ranges[2 * first - 1] ?? 0);
    }
    return this.#result(count, end, encodingOnly);
  }

  /** Copies ranges from `first` on, as long as they ascend and there is room; returns how many. */
  #give(ranges: Uint32Array, first: number, count: number): number {
    const { input, inputBytes } = this.#block;
    let last = 0;
    let taken = 0;
    for (let i = first; i < count && taken < RANGES; i++) {
      const start = ranges[2 * i] ?? 0;
      const end = ranges[2 * i + 1] ?? 0;
      if (start > end || end > inputBytes) throw new RangeError(`record ${i} has the range ${start} to ${end}`);
      if (taken > 0 && start < last) break;
      this.#given[2 * taken] = input + start;
      this.#given[2 * taken + 1] = input + end;
      last = end;
      taken++;
    }
    return taken;
  }

  #begin(start: number, end: number): void {
    const { input, candidates } = this.#block;
    this.#set(CTX_SEGMENT_START, input + start);
    this.#set(CTX_SEGMENT_END, input + end);
    this.#set(CTX_POSITION, input + start);
    this.#set(CTX_OUT, candidates);
    this.#set(CTX_OUT_CAPACITY, CANDIDATES);
    this.#set(CTX_OUT_COUNT, 0);
    this.#set(CTX_ENCODING_ONLY, 0);
    this.#set(CTX_RECORD_START, input + start);
    this.#set(CTX_RECORD_ORDINAL, 0);
    this.#set(CTX_RECORD_FLAGS, 0);
    this.#set(CTX_RECORD_PAIRS, 0);
    this.#set(CTX_BLANK_HINT, 0);
  }

  /** Moves the kernel's candidates into the result. */
  #take(firstOrdinal: number): void {
    const found = this.#at(CTX_OUT_COUNT);
    const needed = this.#count + found;
    if (needed > this.#ordinals.length) {
      this.#ranges = grown(this.#ranges, needed * 2);
      this.#ordinals = grown(this.#ordinals, needed);
    }
    const { input } = this.#block;
    for (let i = 0; i < found; i++) {
      const to = this.#count++;
      this.#ranges[2 * to] = (this.#found[3 * i] ?? 0) - input;
      this.#ranges[2 * to + 1] = (this.#found[3 * i + 1] ?? 0) - input;
      this.#ordinals[to] = firstOrdinal + (this.#found[3 * i + 2] ?? 0);
    }
    this.#set(CTX_OUT_COUNT, 0);
  }

  #result(records: number, consumedBytes: number, encodingOnly: number): ScanResult {
    return {
      records,
      consumedBytes,
      candidateCount: this.#count,
      ranges: this.#ranges,
      ordinals: this.#ordinals,
      encodingOnly,
      mayHoldBlankLines: this.#at(CTX_BLANK_HINT) !== 0,
    };
  }

  #at(offset: number): number {
    return this.#context[offset >> 2] ?? 0;
  }

  #set(offset: number, value: number): void {
    this.#context[offset >> 2] = value;
  }
}

/** True where the kernel runs; elsewhere there is no scanner, and every record is decoded and matched exactly. */
export function canRunKernel(): boolean {
  return hasSimd();
}
