/**
 * What the store has done in threads of their own, so that matching goes on: reading sources, comparing, building tables, writing
 * the base. Each job is a function of plain data; a job has no state, and what it makes is taken over by the main thread or dropped.
 */
import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { compileIntel } from '../../intel/compiled-intel.ts';
import type { IntelSet } from '../../intel/intel-set.ts';
import type { IntelSource } from '../../intel/intel-source.ts';
import { loadIntel, type SeenFolder } from '../../intel/load-intel.ts';
import { type LaterNotes, takeNotes } from '../../intel/seen/saved-seen.ts';
import { isNoChange, type PatternChange, patternChange, patternsOf } from '../../intel/store/layered-patterns.ts';
import { expiredRows } from '../../intel/store/expired-rows.ts';
import { mergeLayers } from '../../intel/store/merge-layers.ts';
import { previousOf, type RebuildReason, refreshSource, type SourceRefresh } from '../../intel/store/refresh-source.ts';
import { encodeEntry } from '../../intel/store/store-entry.ts';
import { UrlIndex } from '../../match/indicator-url-index.ts';
import { canRunKernel } from '../../scan/indicator-scanner.ts';
import { ScanMemory } from '../../scan/scan-memory.ts';
import { WitnessTables } from '../../scan/witness-tables.ts';
import {
  type CompiledLayer,
  compileLayer,
  joinLayers,
  type LayerPart,
  type PortableLayer,
} from '../rules/pattern-layer.ts';
import { readStixMappings } from '../rules/stix-mapping-config.ts';
import { patternInput } from './intel-patterns.ts';
import { sourceFingerprint } from './source-fingerprint.ts';
import { compileTables, roomForPatterns, tableSections } from './compiled-tables.ts';
import {
  fromPortable,
  type PortableIntel,
  type PortableState,
  type PortableTables,
  handOver,
  portableTables,
  stateOf,
  witnessesOf,
} from './portable-intel.ts';

export interface BuiltIntel {
  readonly set: PortableIntel;
  readonly tables: PortableTables;
}

export interface LoadedIntel extends BuiltIntel {
  /** How many feeds each source gave. */
  readonly feedCounts: readonly number[];
  /** Whether Sigma rules are others than before. */
  readonly rulesChanged: boolean;
  /** Patterns that are; absent: none. */
  readonly patterns?: { readonly change: PatternChange; readonly layer: CompiledLayer };
}

/** Input and result of each kind of job. */
export interface IntelJobs {
  /** All sources read anew. */
  readonly load: {
    readonly request: {
      readonly sources: readonly IntelSource[];
      readonly state: PortableState;
      readonly cacheFolder: string;
      /** Where notes of records are kept. */
      readonly seenFolder: string;
      /** Entries of `stix_mappings`. */
      readonly mappings: readonly unknown[];
    };
    readonly result: LoadedIntel;
  };
  /** One source read anew and compared. */
  readonly refresh: {
    readonly request: {
      readonly source: IntelSource;
      /** All, in their order. */
      readonly sources: readonly IntelSource[];
      readonly name: string;
      readonly fingerprint: string;
      readonly state: PortableState;
      readonly cacheFolder: string;
      readonly seenFolder: string;
      /** Entries of `stix_mappings`. */
      readonly mappings: readonly unknown[];
    };
    readonly result:
      | ({
          readonly kind: 'entry';
          readonly entry: Uint8Array;
          /** Of its patterns, where it has any. */
          readonly layer?: CompiledLayer;
        } & Pick<SourceRefresh & { kind: 'entry' }, 'recordsRead' | 'more'>)
      | { readonly kind: 'rebuild'; readonly why: RebuildReason; readonly entry?: Uint8Array };
  };
  /** Notes of lists that were read at the start. */
  readonly note: {
    readonly request: {
      readonly lists: readonly NotedList[];
      readonly cacheFolder: string;
      readonly seenFolder: string;
    };
    /** Lists that were noted. */
    readonly result: { readonly taken: number };
  };
  /** Base, delta and tombstones to a new base. */
  readonly merge: {
    readonly request: { readonly state: PortableState; readonly nowMs: number; readonly spillFolder: string };
    readonly result: BuiltIntel;
  };
  /** Layers of patterns that are to be one. */
  readonly join: {
    readonly request: { readonly parts: readonly LayerPart[] };
    readonly result: PortableLayer;
  };
  /** Rows that have expired, as an entry; absent when there are none. */
  readonly sweep: {
    readonly request: { readonly state: PortableState; readonly nowMs: number };
    readonly result: { readonly entry?: Uint8Array };
  };
  /** The base as a compiled file. */
  readonly save: {
    readonly request: { readonly set: PortableIntel; readonly tables?: PortableTables; readonly path: string };
    readonly result: { readonly path: string };
  };
}

export interface NotedList {
  readonly notes: LaterNotes;
  /** As it is configured, and its content on disk before it was read. */
  readonly source: IntelSource;
  readonly fingerprint: string;
}

export type IntelJob = keyof IntelJobs;

export type RunJob = <K extends IntelJob>(kind: K, request: IntelJobs[K]['request']) => Promise<IntelJobs[K]['result']>;

/** Takes work that the result need not wait for. */
type Later = (work: () => Promise<void>) => void;

type Jobs = {
  readonly [K in IntelJob]: (request: IntelJobs[K]['request'], later: Later) => Promise<IntelJobs[K]['result']>;
};

export function runJob(kind: IntelJob, request: IntelJobs[IntelJob]['request'], later: Later): Promise<unknown> {
  return JOBS[kind](request as never, later);
}

/**
 * In a thread that lives as long as the job and what it left for later; the next job begins after that. Rejects with what the job
 * throws, or when `signal` is aborted.
 */
export function inThreads(signal: AbortSignal): RunJob {
  const ending = new Set<Promise<void>>();
  return async (kind, request) => {
    await Promise.all(ending);
    return await new Promise((resolve, reject) => {
      signal.throwIfAborted();
      // Descriptors of files with texts are handed over; the thread's end must not close them.
      const worker = new Worker(new URL('./intel-job-worker.js', import.meta.url), {
        workerData: { kind, request },
        trackUnmanagedFds: false,
      });
      const abort = (): void => {
        void worker.terminate();
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', abort, { once: true });
      worker.once('message', (result) => {
        const ended = new Promise<void>((done) => void worker.once('exit', () => done())).then(() => {
          ending.delete(ended);
        });
        ending.add(ended);
        resolve(result);
      });
      worker.once('error', reject);
      worker.once('exit', (code) => {
        signal.removeEventListener('abort', abort);
        // Settled before, unless the thread ended without a word.
        reject(new Error(`the thread of the job "${kind}" ended with ${code}`));
      });
    });
  };
}

const JOBS: Jobs = {
  load: async ({ sources, state, cacheFolder, seenFolder, mappings }) => {
    const before = stateOf(state);
    const { revoked, markings } = before.carried;
    const feedCounts: number[] = [];
    const set = await loadIntel(sources, {
      now: Date.now,
      cacheFolder,
      seen: seenIn(seenFolder),
      urls: 'cached',
      sourceDone: (count) => feedCounts.push(count),
      previous: previousOf(before, { cacheFolder }),
      carried: { revoked, markings },
    });
    const rulesChanged = rulesDigest(set) !== rulesDigest(before.set);
    const change = patternChange(before.patterns.live(), patternsOf(set));
    const patterns = isNoChange(change) ? undefined : { change, layer: layerOf(change, mappings) };
    return { ...built(set), feedCounts, rulesChanged, ...(patterns !== undefined && { patterns }) };
  },
  refresh: async ({ state, source, seenFolder, mappings, ...options }, later) => {
    const seen = seenIn(seenFolder);
    const result = await refreshSource(stateOf(state), source, { now: Date.now, ...options, seen });
    if (result.kind === 'rebuild') {
      const { entry, ...rest } = result;
      return { ...rest, ...(entry !== undefined && { entry: encodeEntry(entry) }) };
    }
    const { entry, saveNotes, ...rest } = result;
    if (saveNotes !== undefined) later(() => withoutDisk(async () => saveNotes()));
    const { patterns } = entry.rows;
    return {
      ...rest,
      entry: encodeEntry(entry),
      ...(patterns !== undefined && { layer: layerOf(patterns, mappings) }),
    };
  },
  note: async ({ lists, cacheFolder, seenFolder }) => {
    let taken = 0;
    for (const { notes, source, fingerprint } of lists) {
      const isSame = async (): Promise<boolean> => (await sourceFingerprint(source, cacheFolder)) === fingerprint;
      await withoutDisk(async () => {
        if (await takeNotes(notes, seenFolder, isSame)) taken++;
      });
    }
    return { taken };
  },
  merge: async ({ state, nowMs, spillFolder }) => built(mergeLayers(stateOf(state), { nowMs, spillFolder })),
  join: async ({ parts }) => joinLayers(parts),
  sweep: async ({ state, nowMs }) => {
    const before = stateOf(state);
    const rows = { indicators: expiredRows(before.indicators, nowMs), benign: expiredRows(before.benign, nowMs) };
    const expired = rows.indicators.rows.length;
    if (expired + rows.benign.rows.length === 0) return {};
    const nothing = { revoked: [], contested: [], ordinals: [], markings: [] };
    return { entry: encodeEntry({ version: 1, atMs: nowMs, rows, sources: [], ...nothing, expired }) };
  },
  save: async ({ set, tables, path }) => {
    const whole = fromPortable(set, 'borrowed');
    const witnesses = tables === undefined ? undefined : witnessesOf(tables);
    const sections =
      tables === undefined || witnesses === undefined
        ? compileTables(whole.indicators, whole.deferred.length)
        : tableSections(tables.urls, witnesses);
    compileIntel(whole, path, sections, { mode: 0o600 });
    return { path };
  },
};

/** What cannot be written is done without. */
async function withoutDisk(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    // A full disk: without notes the source is read as a whole the next time; the log of the store says that the disk is full.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}

/** Feeds below this size are read as a whole. */
const NOTED_BYTES = 65_536;

export function seenIn(folder: string): SeenFolder {
  return { folder, minBytes: NOTED_BYTES };
}

function built(set: IntelSet): BuiltIntel {
  const urlColumns = new UrlIndex(set.indicators).columns;
  const witnesses = canRunKernel()
    ? WitnessTables.build(new ScanMemory(), set.indicators, roomForPatterns(set.deferred.length))
    : undefined;
  return { set: handOver(set), tables: portableTables(urlColumns, witnesses) };
}

function layerOf({ added }: PatternChange, mappings: readonly unknown[]): CompiledLayer {
  return compileLayer(added.map(patternInput), readStixMappings(mappings).mappings);
}

/** Tells whether Sigma rules are the same, so that nothing but tables and patterns need be exchanged. */
function rulesDigest({ sigma, indicators }: IntelSet): string {
  const texts = sigma.map(({ text, details }) => {
    const { ordinal: _ordinal, ...said } = indicators.said(details);
    return JSON.stringify([text, said]);
  });
  return createHash('sha256').update(texts.sort().join('\n')).digest('hex');
}
