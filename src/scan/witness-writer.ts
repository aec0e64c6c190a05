/** Hands witnesses to the kernel in batches: items of 16 bytes and a pool of bytes, both in the kernel's memory. */
import type { IpNetwork } from '../core/ip-address.ts';
import { AS_WHOLE } from './memory-layout.ts';
import type { ScanMemory } from './scan-memory.ts';

// Kinds of items, as in `kernel/build.ts`.
const NAME = 0;
const HASH = 1;
const WORD = 2;
const IPV4 = 3;
const NET4 = 4;
const IPV6 = 5;
const NET6 = 6;
const PAIRED_WORD = 7;

const MAX_ITEMS = 4096;
const POOL_BYTES = 1 << 20;
/** Longest text of one item: a name of 253 characters, a token of 200. */
const MAX_TEXT = 512;
const ANY = 1;
const DOT = 0x2e;
const ZERO = 0x30;

export class WitnessWriter {
  readonly #memory: ScanMemory;
  readonly #insert: (context: number, tables: number, items: number, count: number) => number;
  readonly #context: number;
  readonly #tables: number;
  readonly #items: number;
  readonly #pool: number;
  readonly #itemView: Uint32Array;
  readonly #bytes: Uint8Array;
  #count = 0;
  #poolEnd = 0;
  #isFull = false;

  constructor(memory: ScanMemory, instance: WebAssembly.Instance, context: number, tables: number) {
    this.#memory = memory;
    this.#insert = instance.exports['insertItems'] as (c: number, t: number, i: number, n: number) => number;
    this.#context = context;
    this.#tables = tables;
    this.#items = memory.allocate(MAX_ITEMS * 16);
    this.#pool = memory.allocate(POOL_BYTES);
    this.#itemView = new Uint32Array(this.#memory.memory.buffer, this.#items, MAX_ITEMS * 4);
    this.#bytes = new Uint8Array(this.#memory.memory.buffer, this.#pool, POOL_BYTES);
  }

  /** A name that lies in `pool[start, end)`. */
  nameBytes(pool: Uint8Array, start: number, end: number, permissions: number): void {
    this.#copy(NAME, permissions, pool, start, end);
  }

  hashBytes(pool: Uint8Array, start: number, end: number): void {
    this.#copy(HASH, ANY, pool, start, end);
  }

  /** The canonical IPv4 address in `pool[start, end)`, as a whole. */
  quad(pool: Uint8Array, start: number, end: number): void {
    let address = 0;
    let part = 0;
    for (let i = start; i < end; i++) {
      const code = pool[i] ?? 0;
      if (code === DOT) {
        address = address * 256 + part;
        part = 0;
      } else part = part * 10 + code - ZERO;
    }
    this.#item(IPV4, AS_WHOLE, address * 256 + part, 32);
  }

  name(text: string, permissions: number): void {
    this.#text(NAME, permissions, text);
  }

  hash(text: string): void {
    this.#text(HASH, ANY, text);
  }

  word(text: string): void {
    this.#text(WORD, ANY, text);
  }

  /** Goes with the name or address written last. */
  pairedWord(text: string): void {
    this.#text(PAIRED_WORD, ANY, text, false);
  }

  address(address: IpNetwork, permissions: number): void {
    if (address.family === 4) this.#item(IPV4, permissions, ipv4Number(address), 32);
    else this.#groups(IPV6, permissions, address);
  }

  network(network: IpNetwork): void {
    if (network.family === 4) this.#item(NET4, ANY, ipv4Number(network), network.bits);
    else this.#groups(NET6, ANY, network);
  }

  /** Inserts what has been written; `full` when some of it, now or before, found no room. */
  flush(): 'added' | 'full' {
    if (this.#count > 0) {
      const added = this.#insert(this.#context, this.#tables, this.#items, this.#count);
      if (added !== this.#count) this.#isFull = true;
    }
    this.#count = 0;
    this.#poolEnd = 0;
    return this.#isFull ? 'full' : 'added';
  }

  #text(kind: number, permissions: number, text: string, mayFlush = true): void {
    this.#reserve(mayFlush);
    const start = this.#poolEnd;
    for (let i = 0; i < text.length; i++) this.#bytes[start + i] = text.charCodeAt(i);
    this.#poolEnd = start + text.length;
    this.#item(kind, permissions, this.#pool + start, text.length, false);
  }

  #copy(kind: number, permissions: number, pool: Uint8Array, from: number, to: number): void {
    this.#reserve(true);
    const start = this.#poolEnd;
    const bytes = this.#bytes;
    for (let i = from, at = start; i < to; i++, at++) bytes[at] = pool[i] ?? 0;
    this.#poolEnd = start + to - from;
    this.#item(kind, permissions, this.#pool + start, to - from, false);
  }

  #groups(kind: number, permissions: number, network: IpNetwork): void {
    this.#reserve(true);
    const start = Math.ceil(this.#poolEnd / 8) * 8;
    const view = new DataView(this.#memory.memory.buffer, this.#pool + start, 16);
    // Two little-endian 64-bit numbers, the high half of the address first.
    for (let i = 0; i < 8; i++) view.setUint16((i < 4 ? 6 : 22) - 2 * i, network.groups[i] ?? 0, true);
    this.#poolEnd = start + 16;
    this.#item(kind, permissions, this.#pool + start, network.bits, false);
  }

  #item(kind: number, permissions: number, a: number, b: number, mayFlush = true): void {
    if (mayFlush) this.#reserve(true);
    const at = this.#count++ * 4;
    this.#itemView[at] = kind;
    this.#itemView[at + 1] = permissions;
    this.#itemView[at + 2] = a;
    this.#itemView[at + 3] = b;
  }

  /** Room for this item and a paired word behind it, which must stay in the same batch. */
  #reserve(mayFlush: boolean): void {
    if (mayFlush && (this.#count + 2 > MAX_ITEMS || this.#poolEnd + 2 * MAX_TEXT > POOL_BYTES)) this.flush();
  }
}

function ipv4Number(address: IpNetwork): number {
  const [high = 0, low = 0] = address.groups;
  return high * 65_536 + low;
}
