/**
 * One sync of one collection: pages from where the last sync stopped, each made durable before the next is asked for. Never
 * rejects for what the server does: the report says how far it came and why it ended, and the next sync goes on there.
 */
import { type Diagnostic, diagnostic, FlintError } from '../../errors/diagnostic.ts';
import type { Collection } from './taxii-client.ts';
import { type TaxiiQuery, taxiiPages } from './taxii-pages.ts';
import type { TaxiiStore } from './taxii-store.ts';
import { shown, type PoliteClient } from '../http/polite-client.ts';

export interface SyncOptions {
  /** Object types to keep; absent: all. Asked of the server as match[type], and checked here, since servers may ignore it. */
  readonly types?: readonly string[];
  /** Objects for each page that are asked for; default 1,000. */
  readonly pageSize?: number;
  readonly maxPages?: number;
  readonly maxObjectBytes?: number;
  /** Most objects in one page; default 1,000,000. */
  readonly maxObjects?: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly progress?: (report: SyncReport) => void;
}

export interface SyncReport {
  readonly pages: number;
  /** Objects that are new here. */
  readonly added: number;
  /** Versions fetched again; servers that ignore added_after give many. */
  readonly known: number;
  /** Of other types than asked for. */
  readonly filtered: number;
  readonly damaged: number;
  /** All that a 2.0 server says it has. */
  readonly total?: number;
  /** True when the end of the collection was reached. */
  readonly complete: boolean;
  /** The first few damaged objects, and what ended the sync if it is not complete. */
  readonly diagnostics: readonly Diagnostic[];
}

const MAX_SAMPLES = 20;

/** Name under which `TaxiiStore.open` keeps the collection. */
export function storeName(collection: Collection, types: readonly string[] | undefined): string {
  return [collection.root.url.href, collection.id, ...[...(types ?? [])].sort()].join('\n');
}

export async function syncCollection(
  transport: PoliteClient,
  collection: Collection,
  store: TaxiiStore,
  options: SyncOptions,
): Promise<SyncReport> {
  const counts = { pages: 0, added: 0, known: 0, filtered: 0, damaged: 0 };
  const diagnostics: Diagnostic[] = [];
  let total: number | undefined;
  const report = (complete: boolean): SyncReport => ({
    ...counts,
    complete,
    diagnostics: [...diagnostics],
    ...(total === undefined ? {} : { total }),
  });
  const wanted = options.types === undefined ? undefined : new Set(options.types);
  const where = `"${shown(collection.root.url)}" collection "${collection.id}"`;
  try {
    for await (const page of taxiiPages(transport, collection, queryOf(options), store.state.cursor)) {
      const { objects, damaged } = page.content;
      const kept = wanted === undefined ? objects : objects.filter(({ type }) => wanted.has(type));
      const isLast = page.cursor.paging === undefined;
      const stored = await store.append(kept, page.cursor, isLast ? options.now() : undefined);
      counts.pages++;
      counts.added += stored.added;
      counts.known += stored.known;
      counts.filtered += objects.length - kept.length;
      counts.damaged += damaged.length;
      total = page.total ?? total;
      for (const reason of damaged)
        if (diagnostics.length < MAX_SAMPLES)
          diagnostics.push(diagnostic('INTEL_BAD_OBJECT', 'error', `${where}: object skipped: ${reason}`));
      options.progress?.(report(false));
    }
    return report(true);
  } catch (error) {
    if (!(error instanceof FlintError)) throw error;
    diagnostics.push(...error.diagnostics);
    return report(false);
  }
}

function queryOf(options: SyncOptions): TaxiiQuery {
  return {
    pageSize: options.pageSize ?? 1_000,
    maxPages: options.maxPages ?? 1_000_000,
    limits: { maxObjectBytes: options.maxObjectBytes ?? 16_777_216, maxObjects: options.maxObjects ?? 1_000_000 },
    ...(options.types === undefined ? {} : { match: { type: options.types } }),
  };
}
