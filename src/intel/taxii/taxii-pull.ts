/**
 * Pulls from one server: its API roots, the collections that may be read and are asked for, each synced in turn, one request at a
 * time. What a collection gave lies in its store afterwards; failures are diagnostics, so that one bad collection or root
 * does not keep the others from being pulled.
 */
import { type Diagnostic, diagnostic, FlintError } from '../../errors/diagnostic.ts';
import { suggestion } from '../../errors/nearest.ts';
import { type Collection, TAXII_CODES, TaxiiClient } from './taxii-client.ts';
import { TaxiiStore } from './taxii-store.ts';
import { type SyncOptions, type SyncReport, storeName, syncCollection } from './taxii-sync.ts';
import {
  shown,
  systemSurroundings,
  type RemoteServer,
  type Surroundings,
  PoliteClient,
} from '../http/polite-client.ts';

export interface PullOptions extends Omit<SyncOptions, 'progress' | 'now'> {
  /** Ids or titles; absent: every collection that may be read. */
  readonly collections?: readonly string[];
  /** Where the stores lie (`data_dir/taxii`). */
  readonly folder: string;
  readonly surroundings?: Surroundings;
  readonly signal?: AbortSignal;
  readonly progress?: (collection: Collection, report: SyncReport) => void;
}

export interface PulledCollection {
  readonly collection: Collection;
  readonly report: SyncReport;
  /** NDJSON of all objects fetched so far: a source for the loader, format `stix`. */
  readonly objectsPath: string;
}

export interface Pull {
  readonly collections: readonly PulledCollection[];
  /** Of the server; those of a collection stand in its report. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Rejects only when aborted or when the folder cannot be written. */
export async function pullTaxii(server: RemoteServer, options: PullOptions): Promise<Pull> {
  const surroundings = options.surroundings ?? systemSurroundings;
  const transport = new PoliteClient(server, TAXII_CODES, surroundings, options.signal);
  const client = new TaxiiClient(transport);
  const diagnostics: Diagnostic[] = [];
  const listed: Collection[] = [];
  for (const root of (await attempt(client.apiRoots(), diagnostics)) ?? [])
    listed.push(...((await attempt(client.collections(root), diagnostics)) ?? []));
  const pulled: PulledCollection[] = [];
  for (const collection of chosen(listed, server, options.collections, diagnostics)) {
    const store = await TaxiiStore.open(options.folder, storeName(collection, options.types));
    try {
      const { progress } = options;
      const report = await syncCollection(transport, collection, store, {
        ...syncOptions(options),
        now: surroundings.now,
        ...(progress === undefined ? {} : { progress: (sofar) => progress(collection, sofar) }),
      });
      pulled.push({ collection, report, objectsPath: store.objectsPath });
    } finally {
      await store.close();
    }
  }
  return { collections: pulled, diagnostics };
}

/** When to poll again: the interval, up to a tenth earlier or later, so that clients do not come in step. */
export function pollDelayMs(intervalMs: number, random: number): number {
  return intervalMs * (0.9 + random * 0.2);
}

function chosen(
  listed: readonly Collection[],
  server: RemoteServer,
  names: readonly string[] | undefined,
  diagnostics: Diagnostic[],
): readonly Collection[] {
  if (names === undefined) return listed.filter(({ canRead }) => canRead);
  return names.flatMap((name) => {
    const found = listed.filter(({ id, title }) => id === name || title === name);
    if (found.length === 0 && diagnostics.length === 0) {
      const known = listed.flatMap(({ id, title }) => [title, id]);
      const message = `"${shown(new URL(server.url))}" has no collection "${name}"${suggestion(name, known)}`;
      diagnostics.push(diagnostic('INTEL_TAXII_FAILED', 'error', message));
    }
    return found;
  });
}

function syncOptions({ types, pageSize, maxPages, maxObjectBytes, maxObjects }: PullOptions): Partial<SyncOptions> {
  return {
    ...(types === undefined ? {} : { types }),
    ...(pageSize === undefined ? {} : { pageSize }),
    ...(maxPages === undefined ? {} : { maxPages }),
    ...(maxObjectBytes === undefined ? {} : { maxObjectBytes }),
    ...(maxObjects === undefined ? {} : { maxObjects }),
  };
}

async function attempt<T>(result: Promise<T>, diagnostics: Diagnostic[]): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (!(error instanceof FlintError)) throw error;
    diagnostics.push(...error.diagnostics);
    return undefined;
  }
}
