/** What is known of a value, for `flint intel lookup`: the value itself, names above it, networks around it, and whether it is benign. */
import { parentDomains } from '../core/domain-name.ts';
import type { IndicatorDetails, IndicatorKind, Semantics } from '../core/indicator.ts';
import { findRow, findRows, type IndicatorRows } from '../core/indicator-rows.ts';
import { INDICATOR_KINDS } from '../core/indicator-table.ts';
import { indicatorValue } from '../core/indicator-value.ts';
import { formatNetwork, parseNetwork } from '../core/ip-address.ts';
import type { BenignReason, BenignSet } from './benign-set.ts';

export interface Known {
  readonly kind: IndicatorKind;
  readonly value: string;
  readonly semantics: Semantics;
  /** How the value asked for meets this indicator. */
  readonly relation: 'exact' | 'subdomain' | 'network';
  readonly sources: readonly IndicatorDetails[];
  readonly benign?: BenignReason;
}

/** Tables to look in: a loaded set, or those of a running service. */
export interface KnownTables {
  readonly indicators: IndicatorRows;
  readonly benign: BenignSet<IndicatorRows>;
}

/** `text` may be defanged and in any spelling; it is looked for as every kind that it can be. */
export function lookup(set: KnownTables, text: string): readonly Known[] {
  const rows = new Map<number, Known['relation']>();
  for (const kind of INDICATOR_KINDS) {
    const read = indicatorValue(kind, text);
    if (read === undefined) continue;
    for (const row of findRows(set.indicators, read.kind, read.value)) rows.set(row, 'exact');
    if (read.kind === 'domain') addParents(set, read.value, rows);
    if (read.kind === 'ipv4' || read.kind === 'ipv6' || read.kind === 'network') addNetworks(set, read.value, rows);
  }
  return [...rows].map(([row, relation]) => {
    const { indicators, benign } = set;
    const [kind, value] = [indicators.kindAt(row), indicators.valueAt(row)];
    const reason = benign.reason(kind, value);
    return {
      kind,
      value,
      semantics: indicators.semanticsAt(row),
      relation,
      sources: indicators.detailsAt(row),
      ...(reason === undefined ? {} : { benign: reason }),
    };
  });
}

function addParents(set: KnownTables, name: string, rows: Map<number, Known['relation']>): void {
  for (const parent of parentDomains(name)) {
    const row = findRow(set.indicators, 'domain', parent, 'subdomain');
    if (row >= 0) rows.set(row, 'subdomain');
  }
}

function addNetworks(set: KnownTables, value: string, rows: Map<number, Known['relation']>): void {
  const network = parseNetwork(value);
  if (network === undefined) return;
  const address = value.split('/', 1)[0] as string;
  for (let bits = network.bits - 1; bits >= 0; bits--) {
    const outer = parseNetwork(`${address}/${bits}`);
    const row = outer === undefined ? -1 : findRow(set.indicators, 'network', formatNetwork(outer), 'exact');
    if (row >= 0) rows.set(row, 'network');
  }
}
