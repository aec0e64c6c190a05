/**
 * Pulls one source: brings what the data directory holds of it up to date, whatever kind it is, and writes down how that went. Nothing is
 * loaded into tables here but, for documents, as a trial: a document that does not load never takes the place of one that does.
 */
import { type Diagnostic, FlintError } from '../errors/diagnostic.ts';
import { FeedCache } from './feed-cache.ts';
import { PoliteClient, REMOTE_DEFAULTS, type RemoteServer, type Surroundings } from './http/polite-client.ts';
import type { FeedState } from './intel-set.ts';
import type { IntelSource, SourceTransport } from './intel-source.ts';
import { loadIntel } from './load-intel.ts';
import { MISP_CODES, manifestUrl, pullMisp } from './misp/misp-pull.ts';
import { credentialsOf, plainAddress } from './source-credentials.ts';
import { readHealth, type SourceHealth, writeHealth } from './source-health.ts';
import { mispFolder, sourceKey, taxiiFolder } from './stored-feeds.ts';
import { readTaxiiIndex, writeTaxiiIndex } from './taxii/taxii-index.ts';
import { type Pull, type PulledCollection, pullTaxii, type StartedCollection } from './taxii/taxii-pull.ts';

export interface PullProgress {
  /** Objects or events fetched so far. */
  readonly done: number;
  /** All there are to fetch; absent: not known. */
  readonly total?: number;
  /** What is being fetched, for people. */
  readonly note: string;
}

export interface PullSourceOptions {
  /** The part of the data directory that holds feeds. */
  readonly folder: string;
  readonly surroundings: Surroundings;
  readonly signal?: AbortSignal;
  readonly progress?: (progress: PullProgress) => void;
  /** How often and how long a request is tried again; default: as somebody who waits for it wants. */
  readonly patience?: Pick<RemoteServer, 'maxTries' | 'maxWaitMs'>;
}

export interface PullOutcome {
  /** The end was reached: what is here is what the server has. */
  readonly ok: boolean;
  /** Something is here now that was not before, or no longer; also when the end was not reached. */
  readonly changed: boolean;
  /** New objects, events or documents. */
  readonly added: number;
  /** Entries reported and skipped. */
  readonly damaged: number;
  /** All that are here. */
  readonly objects: number;
  readonly diagnostics: readonly Diagnostic[];
  /** How long the server asked to be left alone. */
  readonly retryAfterMs?: number;
  /** What was found in a document. */
  readonly feed?: FeedState;
}

const MAX_ANSWER_BYTES = REMOTE_DEFAULTS.maxBytes;

/** Rejects only when aborted, or when the folder cannot be written. */
export async function pullSource(source: IntelSource, options: PullSourceOptions): Promise<PullOutcome> {
  let outcome: PullOutcome;
  try {
    outcome = await PULLS[source.transport](source, options);
  } catch (error) {
    // Credentials that cannot be read; failures of the server come as diagnostics.
    if (!(error instanceof FlintError)) throw error;
    outcome = { ok: false, changed: false, added: 0, damaged: 0, objects: 0, diagnostics: error.diagnostics };
  }
  const before = await readHealth(source, options.folder);
  await writeHealth(source, options.folder, healthAfter(before, outcome, options.surroundings.now()));
  return outcome;
}

/** Without the time of the next poll, which is the scheduler's. */
function healthAfter(before: SourceHealth | undefined, outcome: PullOutcome, nowMs: number): SourceHealth {
  const error = outcome.ok ? undefined : outcome.diagnostics.find(({ severity }) => severity === 'error');
  const objects = outcome.ok || outcome.objects > 0 ? outcome.objects : before?.objects;
  return {
    version: 1,
    lastTryMs: nowMs,
    ...times('lastSuccessMs', outcome.ok ? nowMs : before?.lastSuccessMs),
    ...times('lastChangeMs', outcome.changed ? nowMs : before?.lastChangeMs),
    ...(error === undefined ? {} : { lastError: { code: error.code, message: error.message } }),
    failures: outcome.ok ? 0 : (before?.failures ?? 0) + 1,
    ...(objects === undefined ? {} : { objects }),
    fetches: (before?.fetches ?? 0) + (outcome.changed ? 1 : 0),
    unchanged: (before?.unchanged ?? 0) + (outcome.ok && !outcome.changed ? 1 : 0),
  };
}

function times(key: 'lastSuccessMs' | 'lastChangeMs', ms: number | undefined): Partial<SourceHealth> {
  return ms === undefined ? {} : { [key]: ms };
}

type PullOne = (source: IntelSource, options: PullSourceOptions) => Promise<PullOutcome>;

const PULLS: Readonly<Record<SourceTransport, PullOne>> = {
  file: async () => ({ ok: true, changed: false, added: 0, damaged: 0, objects: 0, diagnostics: [] }),
  url: pullDocument,
  taxii: pullCollections,
  misp: pullEvents,
};

async function pullDocument(source: IntelSource, options: PullSourceOptions): Promise<PullOutcome> {
  const { folder, surroundings, signal } = options;
  const cache = new FeedCache(folder);
  const before = await cache.find(source.source);
  let retryAfterMs: number | undefined;
  const set = await loadIntel([source], {
    now: surroundings.now,
    urls: 'ask',
    cacheFolder: folder,
    retryAfter: (ms) => {
      retryAfterMs = ms;
    },
    ...(signal === undefined ? {} : { signal }),
    ...(surroundings.resolveHost === undefined ? {} : { resolveHost: surroundings.resolveHost }),
  });
  signal?.throwIfAborted();
  const after = await cache.find(source.source);
  const [feed] = set.feeds;
  const changed = after !== undefined && (before === undefined || after.sha256 !== before.sha256);
  return {
    ok: set.feeds.every(({ status }) => status === 'loaded'),
    changed,
    added: changed ? 1 : 0,
    damaged: feed?.statistics.bad ?? 0,
    objects: set.feeds.reduce((sum, { statistics }) => sum + statistics.entries, 0),
    diagnostics: set.diagnostics,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(feed === undefined ? {} : { feed }),
  };
}

async function pullCollections(source: IntelSource, options: PullSourceOptions): Promise<PullOutcome> {
  const { surroundings, signal, progress } = options;
  const folder = taxiiFolder(options.folder);
  let finished = 0;
  let current = '';
  const pull = await pullTaxii(
    { ...serverOf(source), ...options.patience },
    {
      folder,
      surroundings,
      maxBytes: source.maxBytes,
      ...(source.collections === undefined ? {} : { collections: source.collections }),
      ...(source.match === undefined ? {} : { match: source.match }),
      ...(source.addedAfter === undefined ? {} : { addedAfter: source.addedAfter }),
      ...(source.pageSize === undefined ? {} : { pageSize: source.pageSize }),
      ...(signal === undefined ? {} : { signal }),
      // Known from the first page on: a pull may take hours, and end before its end.
      begun: (started) => rememberCollections(source, folder, [started], true, surroundings.now()),
      progress: ({ id, title }, { added, known, total }) => {
        if (current !== id) finished = 0;
        current = id;
        finished = added + known;
        progress?.({ done: finished, ...(total === undefined ? {} : { total }), note: title === '' ? id : title });
      },
    },
  );
  const keepsOthers = pull.isPartial || pull.diagnostics.length > 0;
  await rememberCollections(source, folder, pull.collections, keepsOthers, surroundings.now());
  return outcomeOf(pull);
}

/** Collections that could not be listed this time stay: only what was pulled is known anew. */
async function rememberCollections(
  source: IntelSource,
  folder: string,
  collections: readonly StartedCollection[],
  keepOthers: boolean,
  nowMs: number,
): Promise<void> {
  if (collections.length === 0) return;
  const key = sourceKey(source);
  const before = await readTaxiiIndex(folder, key);
  const pulled = collections.map(({ collection, store }) => ({
    url: new URL(`collections/${encodeURIComponent(collection.id)}/`, collection.root.url).href,
    title: collection.title,
    folder: store,
  }));
  const others = (before?.collections ?? []).filter(
    ({ folder: one }) => keepOthers && !collections.some(({ store }) => store === one),
  );
  await writeTaxiiIndex(folder, key, { version: 1, fetchedAtMs: nowMs, collections: [...pulled, ...others] });
}

function outcomeOf({ collections, diagnostics, retryAfterMs }: Pull): PullOutcome {
  const sum = (pick: (one: PulledCollection) => number): number =>
    collections.reduce((total, one) => total + pick(one), 0);
  return {
    ok: diagnostics.length === 0 && collections.every(({ report }) => report.complete),
    changed: sum(({ report }) => report.added) > 0,
    added: sum(({ report }) => report.added),
    damaged: sum(({ report }) => report.damaged),
    objects: sum(({ objects }) => objects),
    diagnostics: [...diagnostics, ...collections.flatMap(({ report }) => report.diagnostics)],
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

async function pullEvents(source: IntelSource, options: PullSourceOptions): Promise<PullOutcome> {
  const { surroundings, signal, progress } = options;
  const server = { ...serverOf(source), ...options.patience };
  const report = await pullMisp(new PoliteClient(server, MISP_CODES, surroundings, signal), manifestUrl(server.url), {
    folder: mispFolder(source, options.folder),
    maxBytes: source.maxBytes,
    now: surroundings.now,
    progress: ({ fetched, damaged, wanted }) => progress?.({ done: fetched + damaged, total: wanted, note: 'events' }),
  });
  return {
    ok: report.complete,
    changed: report.fetched + report.removed > 0,
    added: report.fetched,
    damaged: report.damaged,
    objects: report.events,
    diagnostics: report.diagnostics,
    ...(report.retryAfterMs === undefined ? {} : { retryAfterMs: report.retryAfterMs }),
  };
}

/** The server of a source, with its secrets. Throws FlintError when they cannot be read. */
export function serverOf(source: IntelSource): RemoteServer {
  return {
    ...REMOTE_DEFAULTS,
    url: plainAddress(source),
    ...credentialsOf(source),
    timeoutMs: source.timeoutMs,
    maxBytes: Math.min(source.maxBytes, MAX_ANSWER_BYTES),
    allowPrivateAddresses: source.allowPrivateAddresses,
    ...(source.proxy === undefined ? {} : { proxy: source.proxy }),
  };
}
