/**
 * PortableIntel: a whole set of intelligence as it goes from thread to thread. Columns and tables lie in shared memory and are only
 * pointed to; texts on disk go by descriptor, which the main thread owns; patterns and rules are JSON that is parsed when asked for.
 */
import { shared } from '../../core/text-pool.ts';
import { BenignSet } from '../../intel/benign-set.ts';
import type { Carried, FeedState, IntelSet } from '../../intel/intel-set.ts';
import { StoreState } from '../../intel/store/store-state.ts';
import { decodeEntry, type SourceFeeds } from '../../intel/store/store-entry.ts';
import type { UrlIndexColumns } from '../../match/indicator-url-index.ts';
import { ScanMemory } from '../../scan/scan-memory.ts';
import { WitnessTables } from '../../scan/witness-tables.ts';
import { type SharedColumns, shareColumns, type TextOwner, tableOf } from './shared-intel.ts';

export interface PortableIntel {
  readonly indicators: SharedColumns;
  readonly benign: SharedColumns;
  /** JSON: `deferred`, `sigma`. */
  readonly rules: Uint8Array;
  readonly carried: Carried;
  readonly feeds: readonly FeedState[];
}

/** What matching needs beside the indicators, built where the set was. */
export interface PortableTables {
  readonly urls: UrlIndexColumns;
  /** Absent where the kernel cannot run. */
  readonly witnesses?: {
    readonly memory: WebAssembly.Memory;
    /** Bytes of it that are taken. */
    readonly end: number;
    readonly address: number;
    readonly bytes: number;
  };
}

/** The set and all entries since, for a thread that is to work on it. */
export interface PortableState {
  readonly set: PortableIntel;
  readonly sources: readonly SourceFeeds[];
  /** As they stand in the log. */
  readonly entries: readonly Uint8Array[];
}

/** Of sets that jobs get again and again. */
const portables = new WeakMap<IntelSet, PortableIntel>();

/**
 * Moves the columns of the set into shared memory where they do not lie there already; the set goes on using them. The second time it
 * costs nothing.
 */
export function portable(set: IntelSet): PortableIntel {
  let known = portables.get(set);
  if (known === undefined) {
    known = portableParts(set, 'share');
    portables.set(set, known);
  }
  return known;
}

/** As `portable`; the set is given away, and the receiver takes it with `fromPortable(…, 'owned')`. */
export function handOver(set: IntelSet): PortableIntel {
  return portableParts(set, 'hand-over');
}

function portableParts(set: IntelSet, texts: 'share' | 'hand-over'): PortableIntel {
  const { deferred, sigma, revoked, contested, ordinals, markings } = set;
  return {
    indicators: shareColumns(set.indicators, texts),
    benign: shareColumns(set.benign.table, texts),
    rules: shared(new Uint8Array(Buffer.from(JSON.stringify({ deferred, sigma })))),
    carried: { revoked: shared(revoked), contested: shared(contested), ordinals: shared(ordinals), markings },
    feeds: set.feeds,
  };
}

export function fromPortable(parts: PortableIntel, owner: TextOwner): IntelSet {
  let rules: Pick<IntelSet, 'deferred' | 'sigma'> | undefined;
  const parsed = (): Pick<IntelSet, 'deferred' | 'sigma'> => {
    rules ??= JSON.parse(Buffer.from(parts.rules).toString('utf8')) as Pick<IntelSet, 'deferred' | 'sigma'>;
    return rules;
  };
  const set: IntelSet = {
    indicators: tableOf(parts.indicators, owner),
    benign: new BenignSet(tableOf(parts.benign, owner)),
    get deferred() {
      return parsed().deferred;
    },
    get sigma() {
      return parsed().sigma;
    },
    feeds: parts.feeds,
    diagnostics: parts.feeds.flatMap(({ diagnostics }) => diagnostics),
    ...parts.carried,
    extra: new Map(),
  };
  portables.set(set, parts);
  return set;
}

/** In the thread that works on it. */
export function stateOf({ set, sources, entries }: PortableState): StoreState {
  const state = new StoreState(fromPortable(set, 'borrowed'), sources);
  for (const bytes of entries) {
    const entry = decodeEntry(bytes);
    if (entry !== undefined) state.apply(entry);
  }
  return state;
}

export function portableTables(urls: UrlIndexColumns, witnesses: WitnessTables | undefined): PortableTables {
  return {
    urls: { ...urls, slots: shared(urls.slots) },
    ...(witnesses !== undefined && {
      witnesses: {
        memory: witnesses.memory.memory,
        end: witnesses.memory.usedBytes,
        address: witnesses.address,
        bytes: witnesses.bytes,
      },
    }),
  };
}

export function witnessesOf({ witnesses }: PortableTables): WitnessTables | undefined {
  if (witnesses === undefined) return undefined;
  const { memory, end, address, bytes } = witnesses;
  return WitnessTables.at(new ScanMemory(memory, end), address, bytes);
}
