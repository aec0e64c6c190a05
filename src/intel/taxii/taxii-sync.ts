/**
 * One sync of one collection: pages from where the last sync stopped, each made durable before the next is asked for. Never
 * rejects for what the server does: the report says how far it came and why it ended, and the next sync goes on there.
 */
import { type Diagnostic, diagnostic, FlintError } from '../../errors/diagnostic.ts';
import type { Collection } from './taxii-client.ts';
import { type TaxiiQuery, taxiiPages } from './taxii-pages.ts';
import type { PageObject } from './taxii-page.ts';
import type { TaxiiStore } from './taxii-store.ts';
import { type PoliteClient, RequestFailure, shown } from '../http/polite-client.ts';

export interface SyncOptions {
  /** `match[…]` filters by field. Types and ids are checked here too, since servers may ignore them. */
  readonly match?: Readonly<Record<string, readonly string[]>>;
  /** Where the first sync begins, a time as TAXII writes it. */
  readonly addedAfter?: string;
  /** Objects for each page that are asked for; default 1,000. */
  readonly pageSize?: number;
  readonly maxPages?: number;
  /** Most bytes of objects that are kept; default 4 GiB. */
  readonly maxBytes?: number;
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
  /** Others than asked for. */
  readonly filtered: number;
  readonly damaged: number;
  /** All that a 2.0 server says it has. */
  readonly total?: number;
  /** True when the end of the collection was reached. */
  readonly complete: boolean;
  /** The first few damaged objects, and what ended the sync if it is not complete. */
  readonly diagnostics: readonly Diagnostic[];
  /** How long the server asked to be left alone. */
  readonly retryAfterMs?: number;
}

const MAX_SAMPLES = 20;
const DEFAULT_MAX_BYTES = 4_294_967_296;

/** Name under which `TaxiiStore.open` keeps the collection. */
export function storeName(
  { root, id }: Pick<Collection, 'root' | 'id'>,
  { match, addedAfter }: Pick<SyncOptions, 'match' | 'addedAfter'>,
): string {
  const filters = Object.entries(match ?? {}).map(([field, values]) => `${field}=${[...values].sort().join()}`);
  return [root.url.href, id, ...filters.sort(), ...(addedAfter === undefined ? [] : [addedAfter])].join('\n');
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
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  const isWanted = wantedBy(options);
  const { cursor } = store.state;
  const isFirst = cursor.addedAfter === undefined && cursor.paging === undefined;
  const from = isFirst && options.addedAfter !== undefined ? { addedAfter: options.addedAfter } : cursor;
  const where = `"${shown(collection.root.url)}" collection "${collection.id}"`;
  try {
    for await (const page of taxiiPages(transport, collection, queryOf(options, store.state.completedAtMs), from)) {
      const { objects, damaged } = page.content;
      if (store.state.bytes > maxBytes)
        throw new RequestFailure('INTEL_TOO_LARGE', `${where} has more than ${maxBytes} bytes`, -1);
      const kept = objects.filter(isWanted);
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
    const { retryAfterMs } = error as Partial<RequestFailure>;
    return { ...report(false), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }
}

function wantedBy({ match }: SyncOptions): (object: PageObject) => boolean {
  const types = match?.['type'] === undefined ? undefined : new Set(match['type']);
  const ids = match?.['id'] === undefined ? undefined : new Set(match['id']);
  return ({ type, id }) => types?.has(type) !== false && ids?.has(id) !== false;
}

function queryOf(options: SyncOptions, completedAtMs: number | undefined): TaxiiQuery {
  return {
    ...(completedAtMs === undefined ? {} : { sinceLastMs: Math.max(0, options.now() - completedAtMs) }),
    pageSize: options.pageSize ?? 1_000,
    maxPages: options.maxPages ?? 1_000_000,
    limits: { maxObjectBytes: options.maxObjectBytes ?? 16_777_216, maxObjects: options.maxObjects ?? 1_000_000 },
    ...(options.match === undefined ? {} : { match: options.match }),
  };
}
