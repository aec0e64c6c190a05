/**
 * BenignSet: values that are known to be harmless; their hits are suppressed and counted. A domain covers the names below it, a
 * network its addresses, a host or address also the URLs, endpoints and mail addresses on it. Kept as a table of indicators, which may change
 * underneath when `added` is called for each new row.
 */
import { parentDomains } from '../core/domain-name.ts';
import type { IndicatorKind } from '../core/indicator.ts';
import { findRow, findRows, type IndicatorRows } from '../core/indicator-rows.ts';
import type { IndicatorTable } from '../core/indicator-table.ts';
import { formatNetwork, type IpAddress, parseIp, parseNetwork } from '../core/ip-address.ts';
import { parseUrl, splitHostPort } from '../core/web-url.ts';

export interface BenignReason {
  /** The value on the list: the name itself or one above it, a network. */
  readonly value: string;
  /** Name of the list that says so. */
  readonly provider: string;
}

export class BenignSet<T extends IndicatorRows = IndicatorTable> {
  readonly table: T;
  /** Prefix lengths that occur, longest first, for each family. */
  readonly #lengths: Readonly<Record<4 | 6, number[]>> = { 4: [], 6: [] };

  constructor(table: T) {
    this.table = table;
    for (let row = 0; row < table.size; row++) this.added(row);
  }

  /** A row that the table has now and had not before. */
  added(row: number): void {
    if (this.table.kindAt(row) !== 'network') return;
    const network = parseNetwork(this.table.valueAt(row));
    if (network === undefined) return;
    const lengths = this.#lengths[network.family];
    if (lengths.includes(network.bits)) return;
    lengths.push(network.bits);
    lengths.sort((a, b) => b - a);
  }

  get size(): number {
    return this.table.size;
  }

  /** `value` is canonical. */
  isBenign(kind: IndicatorKind, value: string): boolean {
    return this.#row(kind, value) >= 0;
  }

  /** Why a value is benign, or undefined when it is not. */
  reason(kind: IndicatorKind, value: string): BenignReason | undefined {
    const row = this.#row(kind, value);
    if (row < 0) return undefined;
    return { value: this.table.valueAt(row), provider: this.table.detailsAt(row)[0]?.provider ?? '' };
  }

  #row(kind: IndicatorKind, value: string): number {
    if (this.table.size === 0) return -1;
    const own = findRows(this.table, kind, value)[0];
    if (own !== undefined) return own;
    if (kind === 'domain') return this.#below(value);
    if (kind === 'ipv4' || kind === 'ipv6') return this.#address(value);
    if (kind === 'network') return this.#network(value);
    if (kind === 'url') return this.#host(parseUrl(value)?.host);
    if (kind === 'endpoint') return this.#host(splitHostPort(value)?.host.replace(/^\[(.*)\]$/, '$1'));
    return kind === 'email' ? this.#host(value.slice(value.lastIndexOf('@') + 1)) : -1;
  }

  #host(host: string | undefined): number {
    if (host === undefined) return -1;
    const address = parseIp(host);
    return this.#row(address === undefined ? 'domain' : address.family === 4 ? 'ipv4' : 'ipv6', host);
  }

  #below(name: string): number {
    for (const parent of parentDomains(name)) {
      const row = findRow(this.table, 'domain', parent, 'subdomain');
      if (row >= 0) return row;
    }
    return -1;
  }

  #address(text: string): number {
    const address = parseIp(text);
    return address === undefined ? -1 : this.#containing(address, address.groups.length * 16);
  }

  #network(text: string): number {
    const network = parseNetwork(text);
    return network === undefined ? -1 : this.#containing(network, network.bits);
  }

  #containing(address: IpAddress, bits: number): number {
    for (const length of this.#lengths[address.family]) {
      if (length > bits) continue;
      const network = parseNetwork(`${textOf(address)}/${length}`);
      const row = network === undefined ? -1 : findRow(this.table, 'network', formatNetwork(network), 'exact');
      if (row >= 0) return row;
    }
    return -1;
  }
}

function textOf(address: IpAddress): string {
  return formatNetwork({ ...address, bits: address.groups.length * 16 }).replace(/\/\d+$/, '');
}
