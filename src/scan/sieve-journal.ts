/**
 * SieveJournal: what one event sieve has learnt, for those on other threads that share its memory. Entries of JSON, each with the address
 * of the next in front: that address is written last, and with an atomic store, so whoever reads it sees the entry whole, and with it
 * everything that was written before. Nothing is ever moved or taken back.
 */
import type { KeyManner } from '../core/record-place.ts';
import type { ScanMemory } from './scan-memory.ts';
import type { SieveStep } from './sieve-kinds.ts';

/** Room in a sieve's stamps that records of a group take. */
export interface GroupNeeds {
  readonly atoms: number;
  readonly slots: number;
  readonly rules: number;
}

/** Where a kind's group stands, and the room it takes; no room for the exact path and for no rule. */
export interface PlacedGroup {
  readonly address: number;
  readonly needs?: GroupNeeds;
}

/** Keys, kinds and leaves are numbered in the order of these entries, by each reader as by the writer. */
export type SieveNews =
  | { readonly news: 'key' | 'tell'; readonly path: readonly string[] }
  | { readonly news: 'manner'; readonly path: readonly string[]; readonly manner: KeyManner }
  | {
      readonly news: 'kind';
      readonly origin: string;
      readonly steps: readonly SieveStep[];
      readonly group: PlacedGroup;
      readonly label: string;
    }
  | { readonly news: 'group'; readonly leaf: number; readonly group: PlacedGroup }
  | { readonly news: 'full' }
  /** Of whoever resolves kinds, for those who read candidates of this kind. */
  | { readonly news: 'note'; readonly note: unknown };

/** Address of the next entry (0: there is none yet) and length in bytes. */
const HEAD_BYTES = 8;

export class SieveJournal {
  /** Where the address of the first entry stands. */
  readonly address: number;
  readonly #memory: ScanMemory;
  #last: number;
  #bytes = 0;

  constructor(memory: ScanMemory) {
    this.#memory = memory;
    this.address = memory.allocate(HEAD_BYTES);
    this.#last = this.address;
  }

  /** Bytes of all entries. */
  get bytes(): number {
    return this.#bytes;
  }

  add(news: SieveNews): void {
    const text = Buffer.from(JSON.stringify(news));
    const at = this.#memory.allocate(HEAD_BYTES + text.length);
    const { buffer } = this.#memory.memory;
    new Uint32Array(buffer, at, 2)[1] = text.length;
    new Uint8Array(buffer, at + HEAD_BYTES, text.length).set(text);
    Atomics.store(new Int32Array(buffer, this.#last, 1), 0, at);
    this.#last = at;
    this.#bytes += HEAD_BYTES + text.length;
  }
}

export class SieveJournalReader {
  readonly #memory: ScanMemory;
  /** Stands where the address of the next entry will. */
  #next: Int32Array;

  constructor(memory: ScanMemory, address: number) {
    this.#memory = memory;
    this.#next = new Int32Array(memory.memory.buffer, address, 1);
  }

  /** The oldest entry that was not read; undefined when there is none. */
  read(): SieveNews | undefined {
    const at = Atomics.load(this.#next, 0) >>> 0;
    if (at === 0) return undefined;
    const { memory } = this.#memory;
    // Another thread has let the memory grow: this one is to see all of it.
    if (at + HEAD_BYTES > memory.buffer.byteLength) memory.grow(0);
    const length = new Uint32Array(memory.buffer, at, 2)[1] ?? 0;
    if (at + HEAD_BYTES + length > memory.buffer.byteLength) memory.grow(0);
    this.#next = new Int32Array(memory.buffer, at, 1);
    return JSON.parse(Buffer.from(memory.buffer, at + HEAD_BYTES, length).toString()) as SieveNews;
  }
}
