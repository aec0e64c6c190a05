/**
 * LiveIndicators: what a thread matches against, and what changes while it does. Main thread and workers have one each over the same
 * shared base; the main thread's also puts the witnesses of new rows into the scanner's tables, which all threads share. A change is
 * applied between two batches, so that a batch sees all of it or nothing.
 */
import { type ChangeCounts, LayeredTable } from '../../core/layered-table.ts';
import { type IndicatorTable, kindOfShape, semanticsOfShape } from '../../core/indicator-table.ts';
import type { Observed } from '../../core/observed.ts';
import { BenignSet } from '../../intel/benign-set.ts';
import type { IntelRows } from '../../intel/store/store-entry.ts';
import { LayeredMatcher } from '../../match/layered-matcher.ts';
import type { ScanToken } from '../../match/object-token.ts';
import type { UrlIndexColumns } from '../../match/indicator-url-index.ts';
import type { ScanMemory } from '../../scan/scan-memory.ts';
import type { WitnessTables } from '../../scan/witness-tables.ts';
import type { IndicatorLookup, RowHit } from '../detector.ts';

export interface LiveBase {
  readonly indicators: IndicatorTable;
  readonly benign: IndicatorTable;
  /** Of a matcher that was built before for the same table. */
  readonly urls?: UrlIndexColumns;
  /** The main thread's; workers scan the same memory and write nothing. */
  readonly witnesses?: WitnessTables;
}

export interface AppliedRows {
  readonly indicators: ChangeCounts;
  readonly benign: ChangeCounts;
  /** Patterns that came and went; absent: none. */
  readonly patterns?: Pick<ChangeCounts, 'added' | 'removed'>;
  /** Rows for whose witness the scanner's tables had no room: until the next base every record is looked at. */
  readonly withoutRoom: number;
}

interface Layers {
  readonly matcher: LayeredMatcher;
  readonly benign: BenignSet<LayeredTable>;
  readonly witnesses: WitnessTables | undefined;
}

export class LiveIndicators implements IndicatorLookup {
  #layers: Layers;

  readonly #tokens: () => readonly ScanToken[];

  /** `tokens`: of rules that rely on the scanner's tables to find them. */
  constructor(base: LiveBase, tokens: () => readonly ScanToken[] = () => NO_TOKENS) {
    this.#tokens = tokens;
    this.#layers = layersOf(base, tokens());
  }

  get table(): LayeredTable {
    return this.#layers.matcher.table;
  }

  get benign(): LayeredTable {
    return this.#layers.benign.table;
  }

  get benignSet(): BenignSet<LayeredTable> {
    return this.#layers.benign;
  }

  /** Of the scanner's tables; in workers undefined. */
  get memory(): ScanMemory | undefined {
    return this.#layers.witnesses?.memory;
  }

  get urlColumns(): UrlIndexColumns {
    return this.#layers.matcher.urlColumns;
  }

  match(observed: Observed): readonly RowHit[] {
    return this.#layers.matcher.match(observed);
  }

  isBenign(row: number): boolean {
    const { benign } = this.#layers;
    return benign.size > 0 && benign.isBenign(this.table.kindAt(row), this.table.valueAt(row));
  }

  apply(rows: IntelRows): AppliedRows {
    return applyTo(this.#layers, rows);
  }

  /** Tokens of rules that are about to come. Returns for how many there was no room: until the next base every record is looked at. */
  addTokens(tokens: readonly ScanToken[]): number {
    return addTokens(this.#layers.witnesses, tokens);
  }

  /** Goes over to a new base and what came after it was begun; all at once for whoever matches. */
  swap(base: LiveBase, since: readonly IntelRows[]): void {
    const layers = layersOf(base, this.#tokens());
    for (const rows of since) applyTo(layers, rows);
    this.#layers = layers;
  }
}

const NO_TOKENS: readonly ScanToken[] = Object.freeze([]);

/** Returns for how many there was no room. */
function addTokens(witnesses: WitnessTables | undefined, tokens: readonly ScanToken[]): number {
  let withoutRoom = 0;
  for (const { kind, value, semantics } of tokens) if (witnesses?.add(kind, value, semantics) === 'full') withoutRoom++;
  return withoutRoom;
}

function layersOf({ indicators, benign, urls, witnesses }: LiveBase, tokens: readonly ScanToken[]): Layers {
  // First: the tables were made with room for them.
  addTokens(witnesses, tokens);
  return {
    matcher: new LayeredMatcher(new LayeredTable(indicators), urls),
    benign: new BenignSet(new LayeredTable(benign)),
    witnesses,
  };
}

function applyTo({ matcher, benign, witnesses }: Layers, rows: IntelRows): AppliedRows {
  let withoutRoom = 0;
  const { delta, base } = matcher.table;
  // Witnesses first: a row that can match must be a candidate.
  for (const [shape, value, details] of rows.indicators.rows) {
    if (witnesses === undefined || details.length === 0 || delta.numberOf(shape, value) >= 0) continue;
    if (base.findShape(shape, value) >= 0) continue;
    if (witnesses.add(kindOfShape(shape), value, semanticsOfShape(shape)) === 'full') withoutRoom++;
  }
  const applied = {
    indicators: matcher.apply(rows.indicators),
    benign: benign.table.apply(rows.benign, {
      added: (row) => benign.added(benign.table.base.size + row),
      buried: () => undefined,
    }),
    withoutRoom,
  };
  for (const renewal of rows.renewed ?? []) {
    matcher.table.renew(renewal);
    benign.table.renew(renewal);
  }
  return applied;
}
