/**
 * Networks by prefix: one map per prefix length that occurs, keyed by the masked address. An address is parsed once and looked up
 * under each length; a thousand networks of one length cost one look-up.
 */
import type { IndicatorRows } from '../core/indicator-rows.ts';
import { INDICATOR_KINDS } from '../core/indicator-table.ts';
import { type IpAddress, masked, parseIp, parseNetwork } from '../core/ip-address.ts';

interface PrefixLength {
  readonly bits: number;
  /** Rows by masked address: a number for IPv4, its groups as text for IPv6. */
  readonly rows: Map<number | string, number[]>;
}

const NETWORK = INDICATOR_KINDS.indexOf('network');

export class NetworkIndex {
  readonly #table: IndicatorRows;
  readonly #lengths: Readonly<Record<4 | 6, PrefixLength[]>> = { 4: [], 6: [] };

  constructor(table: IndicatorRows) {
    this.#table = table;
    if (![...table.shapes()].some((shape) => (shape & 15) === NETWORK)) return;
    for (let row = 0; row < table.size; row++) this.add(row);
  }

  /** A row that the table has now; rows of other kinds are left alone. */
  add(row: number): void {
    if ((this.#table.shapeAt(row) & 15) !== NETWORK) return;
    const network = parseNetwork(this.#table.valueAt(row));
    if (network !== undefined) this.#add(network, network.bits, row);
  }

  /** Rows of all networks that hold the address; none when the text is no address. */
  rowsOf(address: string): readonly number[] {
    const parsed = parseIp(address);
    if (parsed === undefined) return [];
    return this.#lengths[parsed.family].flatMap(({ bits, rows }) => rows.get(maskedKey(parsed, bits)) ?? []);
  }

  #add(network: IpAddress, bits: number, row: number): void {
    const lengths = this.#lengths[network.family];
    let length = lengths.find((one) => one.bits === bits);
    if (length === undefined) {
      length = { bits, rows: new Map() };
      lengths.push(length);
    }
    const key = maskedKey(network, bits);
    const known = length.rows.get(key);
    if (known === undefined) length.rows.set(key, [row]);
    else known.push(row);
  }
}

function maskedKey({ family, groups }: IpAddress, bits: number): number | string {
  if (family === 4) {
    const address = ((groups[0] ?? 0) * 65_536 + (groups[1] ?? 0)) >>> 0;
    // A shift by 32 is a shift by 0 in JavaScript.
    return bits === 0 ? 0 : (address & (0xffff_ffff << (32 - bits))) >>> 0;
  }
  return masked(groups, bits).join(':');
}
