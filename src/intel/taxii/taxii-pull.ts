/**
 * Pulls from one server: its API roots, the collections that may be read and are asked for, each synced in turn, one request at a
 * time. What a collection gave lies in its store afterwards; failures are diagnostics, so that one bad collection or root
 * does not keep the others from being pulled.
 */
import { basename } from 'node:path';
import { type Diagnostic, diagnostic, FlintError } from '../../errors/diagnostic.ts';
import { suggestion } from '../../errors/nearest.ts';
import {
  PoliteClient,
  type RemoteServer,
  type RequestFailure,
  type Surroundings,
  shown,
} from '../http/polite-client.ts';
import { type Collection, TAXII_CODES, TaxiiClient } from './taxii-client.ts';
import { TaxiiStore } from './taxii-store.ts';
import { type SyncOptions, type SyncReport, storeName, syncCollection } from './taxii-sync.ts';

export interface PullOptions extends Omit<SyncOptions, 'progress' | 'now'> {
  /** Ids, titles or aliases; absent: every collection that may be read. */
  readonly collections?: readonly string[];
  /** Where the stores lie. */
  readonly folder: string;
  readonly surroundings: Surroundings;
  readonly signal?: AbortSignal;
  readonly progress?: (collection: Collection, report: SyncReport) => void;
  /** Called before its first object is asked for. */
  readonly begun?: (collection: StartedCollection) => Promise<void>;
}

export interface StartedCollection {
  readonly collection: Collection;
  /** Name of its store below the folder: NDJSON of all objects fetched so far, a source for the loader. */
  readonly store: string;
}

export interface PulledCollection extends StartedCollection {
  readonly report: SyncReport;
  /** Objects in it. */
  readonly objects: number;
}

export interface Pull {
  readonly collections: readonly PulledCollection[];
  /** There may be collections that could not be listed this time. */
  readonly isPartial: boolean;
  /** Of the server; those of a collection stand in its report. */
  readonly diagnostics: readonly Diagnostic[];
  /** How long the server asked to be left alone. */
  readonly retryAfterMs?: number;
}

export interface Listing {
  readonly collections: readonly Collection[];
  /** Roots are hidden from this user: there are collections that cannot be seen this time. */
  readonly isPartial: boolean;
  readonly diagnostics: readonly Diagnostic[];
  readonly retryAfterMs?: number;
}

/** Pulled where none is named: each has a folder of its own. */
const MAX_COLLECTIONS = 1000;

/** Rejects only when aborted or when the folder cannot be written. */
export async function pullTaxii(server: RemoteServer, options: PullOptions): Promise<Pull> {
  const { surroundings, progress, folder, signal } = options;
  const transport = new PoliteClient(server, TAXII_CODES, surroundings, signal);
  const listing = await listCollections(transport);
  const diagnostics: Diagnostic[] = [...listing.diagnostics];
  const pulled: PulledCollection[] = [];
  let { retryAfterMs } = listing;
  for (const collection of chosen(listing, server, options.collections, diagnostics)) {
    const store = await TaxiiStore.open(folder, storeName(collection, options));
    const started = { collection, store: basename(store.folder) };
    try {
      await options.begun?.(started);
      const report = await syncCollection(transport, collection, store, {
        ...options,
        now: surroundings.now,
        progress: (sofar) => progress?.(collection, sofar),
      });
      if (report.complete) await store.tidy();
      pulled.push({ ...started, report, objects: store.state.objects });
      retryAfterMs = report.retryAfterMs ?? retryAfterMs;
    } finally {
      await store.close();
    }
  }
  return {
    collections: pulled,
    isPartial: listing.isPartial,
    diagnostics,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** All collections of all roots that the address leads to. */
export async function listCollections(transport: PoliteClient): Promise<Listing> {
  const client = new TaxiiClient(transport);
  const failures: FlintError[] = [];
  const collections: Collection[] = [];
  const found = await attempt(client.apiRoots(), failures);
  // A server may list roots that only others may see; what else keeps one away is told.
  const isHidden = ({ status }: RequestFailure): boolean => status === 401 || status === 403;
  failures.push(...(found?.failures.filter((failure) => !isHidden(failure)) ?? []));
  for (const root of found?.roots ?? [])
    collections.push(...((await attempt(client.collections(root), failures)) ?? []));
  const waits = failures.flatMap((failure) => (failure as Partial<RequestFailure>).retryAfterMs ?? []);
  return {
    collections,
    isPartial: failures.length > 0 || found?.failures.some(isHidden) === true,
    diagnostics: failures.flatMap((failure) => failure.diagnostics),
    ...(waits.length === 0 ? {} : { retryAfterMs: Math.max(...waits) }),
  };
}

/** The collections that are asked for; names that there are not are told, with the nearest. */
export function chosen(
  listing: Pick<Listing, 'collections' | 'diagnostics'>,
  server: Pick<RemoteServer, 'url'>,
  names: readonly string[] | undefined,
  diagnostics: Diagnostic[],
): readonly Collection[] {
  const listed = listing.collections;
  if (names === undefined) {
    const readable = listed.filter(({ canRead }) => canRead);
    if (readable.length <= MAX_COLLECTIONS) return readable;
    const message = `"${shown(new URL(server.url))}" has ${readable.length} collections; the first ${MAX_COLLECTIONS} are pulled, name those that are wanted`;
    diagnostics.push(diagnostic('INTEL_TAXII_FAILED', 'error', message));
    return readable.slice(0, MAX_COLLECTIONS);
  }
  const found = new Set<Collection>();
  for (const name of names) {
    const called = listed.filter(({ id, title, alias }) => id === name || title === name || alias === name);
    for (const collection of called) found.add(collection);
    if (called.length > 0 || listing.diagnostics.length > 0) continue;
    const known = listed.flatMap(({ id, title, alias }) => [title, alias, id]).filter((text) => text !== '');
    const message = `"${shown(new URL(server.url))}" has no collection "${name}"${suggestion(name, known)}`;
    diagnostics.push(diagnostic('INTEL_TAXII_FAILED', 'error', message));
  }
  return [...found];
}

async function attempt<T>(result: Promise<T>, failures: FlintError[]): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (!(error instanceof FlintError)) throw error;
    failures.push(error);
    return undefined;
  }
}
