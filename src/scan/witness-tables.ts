/**
 * WitnessTables: all witnesses of an indicator set, hashed into filters and slots inside a ScanMemory, ready for any number of
 * scanners (layout: `kernel/layout.ts`). Built by the kernel itself, so that building and scanning cannot disagree on a hash.
 *
 * Cost: 2 bytes of filter and 5.6 of slots per witness, at most two witnesses per indicator. Additions go into the spare slots at
 * once, in place, while scanners run; removals leave the witness behind, which only makes candidates that match nothing. When
 * `add` answers `full`, it is time to build anew.
 */
import type { IndicatorKind, Semantics } from '../core/indicator.ts';
import { hasOddName } from './odd-name.ts';
import { kernelModule } from './kernel-module.ts';
import {
  AS_SUFFIX,
  AS_WHOLE,
  CLASS_ADDRESS,
  CLASS_BYTES,
  CLASS_HASH,
  CLASS_NAME,
  CLASS_PAIR,
  CLASS_WORD,
  CTX_BYTES,
  FLAG_ADDRESSES,
  FLAG_EVERY,
  FLAG_HASHES,
  FLAG_NAMES,
  FLAG_ODD_NAMES,
  FLAG_SUFFIXES,
  FLAG_WORDS,
  TAB_CLASSES,
  TAB_FLAGS,
  TAB_HEADER_BYTES,
  TAB_ENDINGS,
  TAB_ENDINGS_SHIFT,
  TAB_NEAR_ENDINGS,
  TAB_NEAR_REACH4,
  TAB_NET4,
  TAB_NET6,
  TAB_REACH4,
  WITH_WORD,
} from './memory-layout.ts';
import type { ScanMemory } from './scan-memory.ts';
import { WitnessWriter } from './witness-writer.ts';
import { type Witness, witnessOf } from './witness.ts';

/** What tables are built from; the columns of an `IndicatorTable` fit. */
export interface IndicatorRows {
  readonly size: number;
  kindAt(row: number): IndicatorKind;
  valueAt(row: number): string;
  semanticsAt(row: number): Semantics;
  /** UTF-8 of the values: row i has the bytes `valueStart[i]` to `valueStart[i + 1]`. Absent: there are only texts. */
  readonly columns?: { readonly pool: Uint8Array; readonly valueStart: Uint32Array };
}

/** How many keys of each class; index is the class number. */
export type ClassCounts = readonly [names: number, addresses: number, hashes: number, words: number, pairs: number];

/** Filter bits per key: three bits of one 64-bit word are set; 16 give 0.6 % false answers. */
const FILTER_BITS = 16;
const LOAD = 0.72;
/** Room for additions without a rebuild. */
const SPARE = 1.06;
const HYPHEN = 0x2d;
const NET4_BYTES = 65_536 * 4;
const NET6_BYTES = 65_536 / 8;
const REACH4_BYTES = 2 ** 24 / 8;
const NEAR_REACH4_BYTES = 2 ** 20 / 8;
/** Bits of the map of endings: 4 to 8 for each name, of which many end alike. */
const MAPS_AND_HEADER_BYTES = TAB_HEADER_BYTES + NET4_BYTES + NET6_BYTES + REACH4_BYTES + NEAR_REACH4_BYTES;
const MIN_ENDING_BITS = 14;
const MAX_ENDING_BITS = 27;

export class WitnessTables {
  readonly memory: ScanMemory;
  /** Address of the header in the memory. */
  readonly address: number;
  readonly bytes: number;
  readonly #writer: WitnessWriter;
  #flags: number;

  private constructor(memory: ScanMemory, address: number, bytes: number) {
    this.memory = memory;
    this.address = address;
    this.bytes = bytes;
    this.#flags = new DataView(memory.memory.buffer).getUint32(address + TAB_FLAGS, true);
    const instance = new WebAssembly.Instance(kernelModule('indicator'), { env: { memory: memory.memory } });
    this.#writer = new WitnessWriter(memory, instance, memory.allocate(CTX_BYTES), address);
  }

  /** `reserved`: so many names, addresses and hashes beyond the rows have room. */
  static build(memory: ScanMemory, rows: IndicatorRows, reserved = 0): WitnessTables {
    const tables = WitnessTables.empty(memory, withRoom(countWitnesses(rows), reserved));
    for (let row = 0; row < rows.size; row++) {
      const [kind, semantics] = [rows.kindAt(row), rows.semanticsAt(row)];
      if (!tables.#writeBytes(kind, semantics, row, rows.columns))
        tables.#write(witnessOf(kind, rows.valueAt(row), semantics));
    }
    if (tables.#writer.flush() !== 'added') throw new Error('a witness table is smaller than its count of witnesses');
    return tables;
  }

  /** Bytes that `build` would take for the rows. */
  static bytesFor(rows: IndicatorRows, reserved = 0): number {
    return tableBytes(withRoom(countWitnesses(rows), reserved));
  }

  /** Tables with room for the given numbers of keys. */
  static empty(memory: ScanMemory, counts: ClassCounts): WitnessTables {
    const bytes = tableBytes(counts);
    const address = memory.allocate(bytes);
    const view = new DataView(memory.memory.buffer, address, bytes);
    let at = TAB_HEADER_BYTES;
    for (const [index, count] of counts.entries()) {
      const { filterWords, slots, limit } = classSize(count);
      const header = TAB_CLASSES + index * CLASS_BYTES;
      view.setUint32(header, at, true);
      view.setUint32(header + 4, filterWords, true);
      at += filterWords * 8;
      view.setUint32(header + 8, at, true);
      view.setUint32(header + 12, slots, true);
      view.setUint32(header + 20, limit, true);
      at += aligned(slots * 4);
    }
    const ending = endingBits(counts[CLASS_NAME]);
    for (const [field, size] of [
      [TAB_NET4, NET4_BYTES],
      [TAB_NET6, NET6_BYTES],
      [TAB_REACH4, REACH4_BYTES],
      [TAB_NEAR_REACH4, NEAR_REACH4_BYTES],
      [TAB_ENDINGS, 2 ** ending / 8],
      [TAB_NEAR_ENDINGS, 2 ** ending / 32],
    ] as const) {
      view.setUint32(field, at, true);
      at += size;
    }
    view.setUint32(TAB_ENDINGS_SHIFT, 32 - ending, true);
    return new WitnessTables(memory, address, bytes);
  }

  /** Tables that were saved as `bytesView` returned them. */
  static restore(memory: ScanMemory, saved: Uint8Array): WitnessTables {
    const address = memory.allocate(saved.byteLength);
    new Uint8Array(memory.memory.buffer, address, saved.byteLength).set(saved);
    return new WitnessTables(memory, address, saved.byteLength);
  }

  /** Tables that stand in the memory already. */
  static at(memory: ScanMemory, address: number, bytes: number): WitnessTables {
    return new WitnessTables(memory, address, bytes);
  }

  /** All of it, as it is to be saved; little-endian as WebAssembly is, free of addresses. A view, not a copy. */
  bytesView(): Uint8Array {
    return new Uint8Array(this.memory.memory.buffer, this.address, this.bytes);
  }

  /**
   * One more indicator, seen by scans that begin after the call. Where there is no room left every record becomes a candidate: slow,
   * and right until new tables are built.
   */
  add(kind: IndicatorKind, value: string, semantics: Semantics): 'added' | 'full' {
    this.#write(witnessOf(kind, value, semantics));
    const result = this.#writer.flush();
    if (result === 'full') this.#raise(FLAG_EVERY);
    return result;
  }

  /** True when some indicator has no witness and so every record is a candidate; the load report says so. */
  get takesEveryRecord(): boolean {
    return (this.#flags & FLAG_EVERY) !== 0;
  }

  #raise(flag: number): void {
    if ((this.#flags & flag) === flag) return;
    this.#flags |= flag;
    new DataView(this.memory.memory.buffer).setUint32(this.address + TAB_FLAGS, this.#flags, true);
  }

  /** A value that is its own witness, from its bytes, as most rows of most sets are. False: nothing was written. */
  #writeBytes(kind: IndicatorKind, semantics: Semantics, row: number, columns: IndicatorRows['columns']): boolean {
    if (columns === undefined || !(kind === 'domain' || kind === 'hash' || kind === 'ipv4')) return false;
    const { pool, valueStart } = columns;
    const [start = 0, end = 0] = [valueStart[row], valueStart[row + 1]];
    const writer = this.#writer;
    if (kind === 'hash') {
      writer.hashBytes(pool, start, end);
      this.#raise(FLAG_HASHES);
      return true;
    }
    if (kind === 'ipv4') {
      writer.quad(pool, start, end);
      this.#raise(FLAG_ADDRESSES);
      return true;
    }
    if (mayBeEncoded(pool, start, end)) return false;
    const isSuffix = semantics === 'subdomain';
    writer.nameBytes(pool, start, end, isSuffix ? AS_SUFFIX : AS_WHOLE);
    this.#raise(isSuffix ? FLAG_NAMES | FLAG_SUFFIXES : FLAG_NAMES);
    return true;
  }

  #write(witness: Witness): void {
    WRITE[witness.kind](this.#writer, witness as never);
    this.#raise(FLAG_OF[witness.kind]);
    if (witness.kind === 'name' && witness.reach === 'suffix') this.#raise(FLAG_SUFFIXES);
    if (witness.kind === 'pair') this.#raise(witness.host.kind === 'name' ? FLAG_NAMES : FLAG_ADDRESSES);
    const name =
      witness.kind === 'name'
        ? witness.text
        : witness.kind === 'pair' && witness.host.kind === 'name'
          ? witness.host.text
          : '';
    if (name.includes('xn--') && hasOddName(name)) this.#raise(FLAG_ODD_NAMES);
  }
}

type WitnessOf<K extends Witness['kind']> = Extract<Witness, { kind: K }>;

const WRITE: { readonly [K in Witness['kind']]: (writer: WitnessWriter, witness: WitnessOf<K>) => void } = {
  name: (writer, { text, reach }) => writer.name(text, reach === 'suffix' ? AS_SUFFIX : AS_WHOLE),
  address: (writer, { address }) => writer.address(address, AS_WHOLE),
  network: (writer, { network }) => writer.network(network),
  hash: (writer, { text }) => writer.hash(text),
  word: (writer, { text }) => writer.word(text),
  pair: (writer, { host, word }) => {
    if (host.kind === 'name') writer.name(host.text, WITH_WORD);
    else writer.address(host.address, WITH_WORD);
    writer.pairedWord(word);
  },
  none: () => {},
};

const FLAG_OF: Readonly<Record<Witness['kind'], number>> = {
  name: FLAG_NAMES,
  address: FLAG_ADDRESSES,
  network: FLAG_ADDRESSES,
  hash: FLAG_HASHES,
  word: FLAG_WORDS,
  pair: 0,
  none: FLAG_EVERY,
};

/** Whether two hyphens stand side by side, as in `xn--`. */
function mayBeEncoded(pool: Uint8Array, start: number, end: number): boolean {
  for (let i = start + 1; i < end; i++) if (pool[i] === HYPHEN && pool[i - 1] === HYPHEN) return true;
  return false;
}

/** Upper bounds: texts are counted in every class that their witness may be of. */
export function countWitnesses(rows: IndicatorRows): ClassCounts {
  const counts: [number, number, number, number, number] = [0, 0, 0, 0, 0];
  for (let row = 0; row < rows.size; row++) {
    const kind = rows.kindAt(row);
    for (const index of kind === 'url' ? urlClasses(rows.valueAt(row)) : CLASSES_OF[kind]) counts[index]++;
  }
  return counts;
}

const TEXTUAL = [CLASS_NAME, CLASS_HASH, CLASS_WORD] as const;
const CLASSES_OF: Readonly<Record<Exclude<IndicatorKind, 'url'>, readonly (0 | 1 | 2 | 3 | 4)[]>> = {
  domain: [CLASS_NAME],
  ipv4: [CLASS_ADDRESS],
  ipv6: [CLASS_ADDRESS],
  network: [CLASS_ADDRESS],
  hash: [CLASS_HASH],
  email: [CLASS_NAME, CLASS_PAIR],
  endpoint: [CLASS_NAME, CLASS_ADDRESS],
  'file-name': TEXTUAL,
  'registry-key': TEXTUAL,
  mutex: TEXTUAL,
  'user-agent': TEXTUAL,
  text: TEXTUAL,
};

/** A canonical URL has an address as its host exactly when it looks like one. */
function urlClasses(value: string): readonly (0 | 1 | 4)[] {
  return /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:\[|[0-9.]+(?:[:/]|$))/.test(value) ? URL_OF_ADDRESS : URL_OF_NAME;
}

const URL_OF_ADDRESS = [CLASS_ADDRESS, CLASS_PAIR] as const;
const URL_OF_NAME = [CLASS_NAME, CLASS_PAIR] as const;

function withRoom([names, addresses, hashes, words, pairs]: ClassCounts, reserved: number): ClassCounts {
  return [names + reserved, addresses + reserved, hashes + reserved, words, pairs];
}

/** Bytes that tables for so many keys take. */
export function tableBytes(counts: ClassCounts): number {
  let bytes = MAPS_AND_HEADER_BYTES + (2 ** endingBits(counts[CLASS_NAME]) / 32) * 5;
  for (const count of counts) {
    const { filterWords, slots } = classSize(count);
    bytes += filterWords * 8 + aligned(slots * 4);
  }
  return bytes;
}

function classSize(count: number): { readonly filterWords: number; readonly slots: number; readonly limit: number } {
  const limit = Math.ceil(count * SPARE) + 1024;
  return { filterWords: Math.ceil((limit * FILTER_BITS) / 64), slots: Math.ceil(limit / LOAD), limit };
}

/** Binary logarithm of the size of the map of endings. */
function endingBits(names: number): number {
  return Math.min(MAX_ENDING_BITS, Math.max(MIN_ENDING_BITS, Math.ceil(Math.log2(names * 8 + 1))));
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}
