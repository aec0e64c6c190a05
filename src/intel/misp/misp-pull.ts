/**
 * Pulls a MISP feed folder: `manifest.json` (UUID of each event to what is said of it, with a time stamp), and one JSON file for each
 * event beside it. Only events that are new or changed are fetched, one request at a time; those that the manifest no longer names are
 * deleted. An event that is damaged or missing is reported and asked for again the next time; the others are kept. Source:
 * the feed format of MISP (misp-project.org, "MISP feeds").
 */
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Diagnostic, diagnostic } from '../../errors/diagnostic.ts';
import { HttpProblem } from '../http/http-get.ts';
import { type PoliteClient, RequestFailure, type ServerAnswer, shown } from '../http/polite-client.ts';
import { type MispIndex, readMispIndex, writeMispIndex } from './misp-index.ts';

export interface MispPullOptions {
  /** Where its events lie. */
  readonly folder: string;
  /** Most bytes of all events; beyond it no more are fetched. */
  readonly maxBytes: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly progress?: (report: MispReport) => void;
}

export interface MispReport {
  /** Events fetched. */
  readonly fetched: number;
  /** Events that are no longer in the feed. */
  readonly removed: number;
  /** Events to be fetched in this pull. */
  readonly wanted: number;
  /** Events that are here. */
  readonly events: number;
  /** Events that could not be used. */
  readonly damaged: number;
  /** Everything that the manifest names is here, but for damaged events. */
  readonly complete: boolean;
  readonly diagnostics: readonly Diagnostic[];
  readonly retryAfterMs?: number;
}

export const MISP_CODES = { failed: 'INTEL_FETCH_FAILED', auth: 'INTEL_FETCH_AUTH' } as const;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const MAX_EVENTS = 200_000;
const MAX_MANIFEST_BYTES = 128 * 1024 * 1024;
const MAX_SAMPLES = 20;
/** Events between two states on disk: at most these are fetched again after a crash. */
const SAVE_EVERY = 50;

/** Rejects only when aborted or when the folder cannot be written. */
export async function pullMisp(client: PoliteClient, manifest: URL, options: MispPullOptions): Promise<MispReport> {
  const pull = new MispPull(client, manifest, options);
  try {
    await pull.run();
    return pull.report(true);
  } catch (error) {
    if (!(error instanceof RequestFailure)) throw error;
    return pull.report(false, error);
  }
}

/** The address of the manifest of a feed folder. */
export function manifestUrl(source: string): URL {
  const url = new URL(source);
  if (!url.pathname.endsWith('/manifest.json'))
    url.pathname = `${url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`}manifest.json`;
  return url;
}

class MispPull {
  readonly #client: PoliteClient;
  readonly #manifest: URL;
  readonly #options: MispPullOptions;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #events = new Map<string, string>();
  /** Of the events that are here. */
  #bytes = 0;
  #fetched = 0;
  #removed = 0;
  #wanted = 0;
  #damaged = 0;

  constructor(client: PoliteClient, manifest: URL, options: MispPullOptions) {
    this.#client = client;
    this.#manifest = manifest;
    this.#options = options;
  }

  report(complete: boolean, failure?: RequestFailure): MispReport {
    return {
      fetched: this.#fetched,
      removed: this.#removed,
      wanted: this.#wanted,
      events: this.#events.size,
      damaged: this.#damaged,
      complete,
      diagnostics: [...(failure?.diagnostics ?? []), ...this.#diagnostics],
      ...(failure?.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
    };
  }

  async run(): Promise<void> {
    const { folder, now, progress } = this.#options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const index = await readMispIndex(folder);
    for (const [uuid, stamp] of Object.entries(index?.events ?? {})) this.#events.set(uuid, stamp);
    const fetchedAtMs = now();
    const listed = await this.#listed(index);
    if (listed === 'unchanged') {
      await this.#save({ ...(index as MispIndex), fetchedAtMs });
      return;
    }
    const wanted = [...listed.events].filter(([uuid, stamp]) => this.#events.get(uuid) !== stamp);
    this.#wanted = wanted.length;
    const gone = [...this.#events.keys()].filter((known) => !listed.events.has(known));
    for (const uuid of gone) this.#events.delete(uuid);
    this.#removed = gone.length;
    if (wanted.length > 0) for (const uuid of this.#events.keys()) this.#bytes += await this.#size(uuid);
    try {
      for (const [i, [uuid, stamp]] of wanted.entries()) {
        if (this.#bytes > this.#options.maxBytes) {
          const message = `"${shown(this.#manifest)}" has more than ${this.#options.maxBytes} bytes of events`;
          throw new RequestFailure('INTEL_TOO_LARGE', message, -1);
        }
        if (await this.#event(uuid)) this.#events.set(uuid, stamp);
        if (i % SAVE_EVERY === SAVE_EVERY - 1) await this.#save({ version: 1, fetchedAtMs, events: {} });
        progress?.(this.report(false));
      }
    } catch (error) {
      await this.#save({ version: 1, fetchedAtMs, events: {} });
      throw error;
    }
    // Damaged events are asked for again, which a manifest that did not change would prevent.
    const validators = this.#damaged === 0 ? listed.validators : {};
    await this.#save({ version: 1, fetchedAtMs, ...validators, events: {} });
    // Only now: the index must never name what is not there.
    for (const uuid of gone) await rm(this.#path(uuid), { force: true });
  }

  async #listed(
    index: MispIndex | undefined,
  ): Promise<
    'unchanged' | { events: ReadonlyMap<string, string>; validators: Pick<MispIndex, 'etag' | 'lastModified'> }
  > {
    const conditions = {
      accept: 'application/json',
      ...(index?.etag === undefined ? {} : { 'if-none-match': index.etag }),
      ...(index?.lastModified === undefined ? {} : { 'if-modified-since': index.lastModified }),
    };
    return await this.#client.get(this.#manifest, conditions, async (answer) => {
      if (answer.status === 304 && index !== undefined) {
        await discard(answer);
        return 'unchanged';
      }
      const value = jsonOf(await textOf(answer, MAX_MANIFEST_BYTES));
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw new RequestFailure('INTEL_BROKEN_FEED', `"${shown(answer.url)}" is no manifest of a MISP feed`, -1);
      const { etag, 'last-modified': lastModified } = answer.headers;
      return {
        events: this.#manifestEvents(value as Readonly<Record<string, unknown>>),
        validators: {
          ...(etag === undefined ? {} : { etag }),
          ...(lastModified === undefined ? {} : { lastModified }),
        },
      };
    });
  }

  #manifestEvents(manifest: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> {
    const events = new Map<string, string>();
    for (const [uuid, entry] of Object.entries(manifest)) {
      // The name becomes a file: nothing else may pass.
      if (!UUID.test(uuid)) this.#say(`manifest entry "${uuid.slice(0, 80)}" is no UUID and is left out`);
      else if (events.size >= MAX_EVENTS) this.#say(`more than ${MAX_EVENTS} events; the rest is left out`);
      else {
        const { timestamp } = (entry ?? {}) as { timestamp?: unknown };
        events.set(uuid.toLowerCase(), String(timestamp ?? ''));
      }
    }
    return events;
  }

  /** Whether it was fetched. */
  async #event(uuid: string): Promise<boolean> {
    const url = new URL(`${uuid}.json`, this.#manifest);
    try {
      const text = await this.#client.get(url, { accept: 'application/json' }, async (answer) => {
        const body = await textOf(answer, this.#client.server.maxBytes);
        if (typeof (jsonOf(body) as { Event?: unknown } | null | undefined)?.Event === 'object') return body;
        throw new RequestFailure('INTEL_BAD_OBJECT', `"${shown(answer.url)}" is no event of MISP`, -1);
      });
      const file = await open(`${this.#path(uuid)}.new`, 'w', 0o600);
      try {
        await file.writeFile(text);
        await file.datasync();
      } finally {
        await file.close();
      }
      this.#bytes += Buffer.byteLength(text) - (await this.#size(uuid));
      await rename(`${this.#path(uuid)}.new`, this.#path(uuid));
      this.#fetched++;
      return true;
    } catch (error) {
      // One event that is missing or broken is its own problem; a server that is down, or refuses us, is that of all.
      if (!(error instanceof RequestFailure) || !(error.status === 404 || error.status === -1)) throw error;
      this.#damaged++;
      if (this.#diagnostics.length < MAX_SAMPLES) this.#diagnostics.push(...error.diagnostics);
      return false;
    }
  }

  /** `index.events` are those that are here now. */
  async #save(index: MispIndex): Promise<void> {
    await writeMispIndex(this.#options.folder, { ...index, events: Object.fromEntries(this.#events) });
  }

  async #size(uuid: string): Promise<number> {
    try {
      return (await stat(this.#path(uuid))).size;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
      throw error;
    }
  }

  #path(uuid: string): string {
    return join(this.#options.folder, `${uuid}.json`);
  }

  #say(message: string): void {
    if (this.#diagnostics.length < MAX_SAMPLES)
      this.#diagnostics.push(diagnostic('INTEL_BAD_OBJECT', 'warning', message));
  }
}

async function textOf({ body }: ServerAnswer, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new HttpProblem('INTEL_TOO_LARGE', `more than ${maxBytes} bytes`, false);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Undefined for what is no JSON. An answer that was cut off on its way has been refused before. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // JSON.parse throws only SyntaxError.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function discard({ body }: ServerAnswer): Promise<void> {
  for await (const _ of body) break;
}
