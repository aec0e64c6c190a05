/** The memory that one sieve has for itself: its input, and what the kernel writes while it reads records (`kernel/sieve-layout.ts`). */
import type { ScanMemory } from './scan-memory.ts';
import { MAX_KEYS, MAX_TELLS } from './sieve-keys.ts';
import { MAX_EDGES } from './sieve-kinds.ts';
import * as layout from './sieve-memory.ts';
import type { SieveArea } from './sieve-options.ts';

const MAX_STACK_DEPTH = 32;

export class SieveWorkArea {
  /** Addresses of the area itself, of the input, and of the values that tell a record's kind. */
  readonly work: number;
  readonly inputAt: number;
  readonly tells: number;
  /** Numbers and lengths of texts. */
  readonly heads: Uint32Array;
  /** Texts of a scan that have no number yet. */
  readonly open: Uint32Array;
  readonly #control: Uint32Array;

  constructor(memory: ScanMemory, { inputBytes, maxDepth }: SieveArea) {
    this.work = memory.allocate(layout.SIEVE_WORK_BYTES);
    this.inputAt = memory.allocate(inputBytes);
    this.tells = memory.allocate(MAX_TELLS * 16);
    const known = layout.KNOWN_TEXTS + layout.LONG_TEXTS;
    const heads = memory.allocate(known * layout.KNOWN_HEAD_BYTES);
    const open = memory.allocate(layout.MAX_OPEN * layout.OPEN_BYTES);
    const masks = memory.allocate(64);
    const blocks: readonly (readonly [number, number])[] = [
      [layout.SIEVE_QUOTES, memory.allocate(layout.MAX_QUOTES * 4)],
      [layout.SIEVE_VALUES, memory.allocate(layout.MAX_VALUES * 16)],
      [layout.SIEVE_WANTED, memory.allocate(layout.MAX_VALUES * 4)],
      [layout.SIEVE_DICTIONARY, memory.allocate(4 * MAX_KEYS * layout.ENTRY_BYTES)],
      [layout.SIEVE_DICTIONARY_MASK, 4 * MAX_KEYS - 1],
      [layout.SIEVE_EDGES, memory.allocate(2 * MAX_EDGES * 4)],
      [layout.SIEVE_EDGES_MASK, 2 * MAX_EDGES - 1],
      [layout.SIEVE_TEXT, memory.allocate(3 * (layout.MAX_TEXT + 64))],
      [layout.SIEVE_MAX_DEPTH, Math.min(MAX_STACK_DEPTH, maxDepth)],
      [layout.SIEVE_TELLS, this.tells],
      [layout.SIEVE_KEYS, memory.allocate(MAX_KEYS * 4)],
      [layout.SIEVE_KEYS_BYTES, MAX_KEYS * 4],
      [layout.SIEVE_MASKS, masks + 16],
      [layout.SIEVE_REPEATS, memory.allocate(layout.REPEATS * layout.REPEAT_BYTES)],
      [layout.SIEVE_LEARNT, memory.allocate(layout.MAX_LEARNT * layout.LEARNT_BYTES)],
      [layout.SIEVE_KNOWN_HEADS, heads],
      [layout.SIEVE_KNOWN_TEXTS, memory.allocate(layout.KNOWN_TEXTS * layout.KNOWN_BYTES)],
      [layout.SIEVE_LONG_TEXTS, memory.allocate(layout.LONG_TEXTS * layout.LONG_BYTES)],
      [layout.SIEVE_LAYOUTS, memory.allocate(layout.LAYOUTS * layout.LAYOUT_BYTES)],
      [layout.SIEVE_LIST, memory.allocate((layout.LIST_PIECE + 16) * 4)],
      [layout.SIEVE_ORDERS, memory.allocate(layout.ORDERS * layout.ORDER_BYTES)],
      [layout.SIEVE_OPEN, open],
      [layout.SIEVE_MARKS, 0x1f_5c_22],
      [layout.SIEVE_LISTED, memory.allocate(layout.MAX_FIELDS * 4)],
    ];
    const { buffer } = memory.memory;
    this.heads = new Uint32Array(buffer, heads, (known * layout.KNOWN_HEAD_BYTES) / 4);
    this.open = new Uint32Array(buffer, open, (layout.MAX_OPEN * layout.OPEN_BYTES) / 4);
    this.#control = new Uint32Array(buffer, this.work, layout.SIEVE_WORK_BYTES / 4);
    for (const [offset, value] of blocks) this.set(offset, value);
    new Uint8Array(buffer, masks, 32).fill(0xff);
  }

  /** The word at an offset of the area. */
  get(offset: number): number {
    return this.#control[offset >> 2] ?? 0;
  }

  set(offset: number, value: number): void {
    this.#control[offset >> 2] = value;
  }
}
