/**
 * Networks by prefix: one map per prefix length that occurs, keyed by the masked address. An IPv4 address is asked for under those
 * lengths only that reach into its first 16 bits, which for most addresses is none; an IPv6 address under each length that occurs.
 */
import type { IndicatorRows } from '../core/indicator-rows.ts';
import { INDICATOR_KINDS } from '../core/indicator-table.ts';
import { type IpAddress, ipv4Number, masked, parseIp, parseNetwork } from '../core/ip-address.ts';

const NETWORK = INDICATOR_KINDS.indexOf('network');
const NONE: readonly number[] = Object.freeze([]);

export class NetworkIndex {
  readonly #table: IndicatorRows;
  #isBuilt = false;
  /** Rows by masked address, a signed number; the place in the list is the prefix length. */
  readonly #rows4: (Map<number, number[]> | undefined)[] = [];
  /** Bit L of entry N: some network of length L reaches into N.N.0.0/16; bit 0 is for the lengths 0 and 32. */
  #reach4: Uint32Array | undefined;
  readonly #rows6 = new Map<number, Map<string, number[]>>();

  constructor(table: IndicatorRows) {
    this.#table = table;
  }

  /** A row that the table has now; rows of other kinds are left alone. */
  add(row: number): void {
    if (this.#isBuilt) this.#add(row);
  }

  /** Rows of all networks that hold the address; none when the text is no address. */
  rowsOf(address: string): readonly number[] {
    if (!this.#isBuilt) this.#build();
    if (this.#reach4 === undefined && this.#rows6.size === 0) return NONE;
    const parsed = parseIp(address);
    if (parsed === undefined) return NONE;
    return parsed.family === 4 ? this.#rowsOf4(parsed) : this.#rowsOf6(parsed);
  }

  /** When it is first asked: a thread that meets no candidate never needs it. */
  #build(): void {
    this.#isBuilt = true;
    for (const shape of this.#table.shapes())
      if ((shape & 15) === NETWORK) for (const row of this.#table.rowsWithShape(shape)) this.#add(row);
  }

  #add(row: number): void {
    if ((this.#table.shapeAt(row) & 15) !== NETWORK) return;
    const value = this.#table.valueAt(row);
    const slash = value.indexOf('/');
    // Most are of IPv4.
    const address4 = slash < 0 ? -1 : ipv4Number(value, 0, slash);
    const network = address4 < 0 ? parseNetwork(value) : undefined;
    if (address4 >= 0) this.#add4(address4 | 0, Number(value.slice(slash + 1)), row);
    else if (network?.family === 4) this.#add4(numberOf(network.groups), network.bits, row);
    else if (network?.family === 6) this.#add6(network, network.bits, row);
  }

  #rowsOf4({ groups }: IpAddress): readonly number[] {
    let lengths = this.#reach4?.[groups[0] ?? 0] ?? 0;
    if (lengths === 0) return NONE;
    const address = numberOf(groups);
    const rows: number[] = [];
    while (lengths !== 0) {
      const bits = 31 - Math.clz32(lengths & -lengths);
      lengths &= lengths - 1;
      for (const length of bits === 0 ? ENDS : [bits])
        rows.push(...(this.#rows4[length]?.get(mask4(address, length)) ?? NONE));
    }
    return rows;
  }

  #rowsOf6({ groups }: IpAddress): readonly number[] {
    const rows: number[] = [];
    for (const [bits, byAddress] of this.#rows6) rows.push(...(byAddress.get(masked(groups, bits).join(':')) ?? NONE));
    return rows;
  }

  #add4(address: number, bits: number, row: number): void {
    this.#reach4 ??= new Uint32Array(65_536);
    const base = mask4(address, bits);
    const first = base >>> 16;
    const count = bits >= 16 ? 1 : 2 ** (16 - bits);
    for (let i = 0; i < count; i++) this.#reach4[first + i] = (this.#reach4[first + i] ?? 0) | bitOf(bits);
    this.#rows4[bits] ??= new Map();
    addTo(this.#rows4[bits], base, row);
  }

  #add6({ groups }: IpAddress, bits: number, row: number): void {
    let byAddress = this.#rows6.get(bits);
    if (byAddress === undefined) {
      byAddress = new Map();
      this.#rows6.set(bits, byAddress);
    }
    addTo(byAddress, masked(groups, bits).join(':'), row);
  }
}

/** Lengths 0 and 32 share bit 0 of an entry of the reach map. */
const ENDS = [0, 32] as const;

function bitOf(bits: number): number {
  return bits === 32 ? 1 : 1 << bits;
}

function numberOf(groups: readonly number[]): number {
  return ((groups[0] ?? 0) << 16) | (groups[1] ?? 0);
}

function mask4(address: number, bits: number): number {
  // A shift by 32 is a shift by 0 in JavaScript.
  return bits === 0 ? 0 : address & (0xffff_ffff << (32 - bits));
}

function addTo<K>(rows: Map<K, number[]>, key: K, row: number): void {
  const known = rows.get(key);
  if (known === undefined) rows.set(key, [row]);
  else known.push(row);
}
