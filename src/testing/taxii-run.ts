/** Syncs of a scripted TAXII server's collection into a folder, one after the other as if each were a process of its own. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PoliteClient, REMOTE_DEFAULTS, type RemoteServer } from '../intel/http/polite-client.ts';
import { TAXII_CODES, TaxiiClient } from '../intel/taxii/taxii-client.ts';
import { TaxiiStore } from '../intel/taxii/taxii-store.ts';
import { type SyncOptions, type SyncReport, storeName, syncCollection } from '../intel/taxii/taxii-sync.ts';
import {
  type RunningTaxiiServer,
  type ServedObject,
  startTaxiiServer,
  type TaxiiServerScript,
} from './taxii-server.ts';

export const cleanup: (() => Promise<void> | void)[] = [];
/** After each test. */
export async function cleanUp(): Promise<void> {
  for (const clean of cleanup.splice(0).reverse()) await clean();
}

export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'flint-taxii-'));
  cleanup.push(() => rmSync(path, { recursive: true }));
  return path;
}

export function objects(count: number, from = 0, dateOf: (i: number) => string = stamp): ServedObject[] {
  return Array.from({ length: count }, (_, k) => {
    const i = from + k;
    return {
      dateAdded: dateOf(i),
      object: { type: 'indicator', id: `indicator--${i}`, modified: '2024-01-01T00:00:00Z' },
    };
  });
}

/** Microseconds apart: rounding to milliseconds would lose or repeat. */
export function stamp(i: number): string {
  return `2024-01-01T00:00:${String(10 + Math.floor(i / 1000))}.000${String(i % 1000).padStart(3, '0')}Z`;
}

export async function serve(
  script: Partial<TaxiiServerScript> = {},
): Promise<{ server: RunningTaxiiServer; script: TaxiiServerScript }> {
  const whole: TaxiiServerScript = { version: '2.1', objects: [], maxPage: 7, dates: true, next: true, ...script };
  const server = await startTaxiiServer(whole);
  cleanup.push(() => server.close());
  return { server, script: whole };
}

export interface Run {
  readonly report: SyncReport;
  readonly ids: readonly string[];
  readonly waits: readonly number[];
}

/** One process life: opens the store, syncs, closes. */
export async function sync(
  url: string,
  parent: string,
  options: Partial<SyncOptions> = {},
  more: Partial<RemoteServer> = {},
): Promise<Run> {
  const waits: number[] = [];
  const surroundings = {
    now: () => 1_700_000_000_000,
    random: () => 1,
    sleep: async (ms: number) => {
      waits.push(ms);
    },
  };
  const transport = new PoliteClient(
    { ...REMOTE_DEFAULTS, url, allowPrivateAddresses: true, ...more },
    TAXII_CODES,
    surroundings,
  );
  const client = new TaxiiClient(transport);
  const [root] = (await client.apiRoots()).roots;
  if (root === undefined) throw new Error('no root');
  const [collection] = await client.collections(root);
  if (collection === undefined) throw new Error('no collection');
  const store = await TaxiiStore.open(parent, storeName(collection, options));
  cleanup.push(() => store.close());
  const report = await syncCollection(transport, collection, store, { now: () => 1, pageSize: 100, ...options });
  const text = readFileSync(store.objectsPath, 'utf8');
  const ids = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { id: string }).id);
  return { report, ids, waits };
}

/** Of `objects(count)`, in order. */
export const ids = (count: number): string[] => Array.from({ length: count }, (_, i) => `indicator--${i}`);

export function reply(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Record<string, string> = {},
): true {
  response.writeHead(status, { 'content-type': 'application/taxii+json;version=2.1', ...headers });
  response.end(body);
  return true;
}
