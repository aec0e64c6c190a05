/**
 * How a source that is fetched is doing: when it was last asked, when that went well, why not, and when it is asked again. Kept on disk, so
 * that a restart neither forgets an error nor asks a server that was asked a moment ago.
 */
import { join } from 'node:path';
import type { Diagnostic } from '../errors/diagnostic.ts';
import { readCheckedJson, writeCheckedJson } from './checked-json.ts';
import type { IntelSource } from './intel-source.ts';
import { sourceKey } from './stored-feeds.ts';

/** Times are milliseconds since the epoch. */
export interface SourceHealth {
  readonly version: 1;
  readonly lastTryMs: number;
  /** When the content was last known to be current. */
  readonly lastSuccessMs?: number;
  /** When it was last found to be another. */
  readonly lastChangeMs?: number;
  /** Of the last try; absent when it went well. */
  readonly lastError?: Pick<Diagnostic, 'code' | 'message'>;
  /** Tries in a row that failed. */
  readonly failures: number;
  readonly nextPollMs?: number;
  /** Objects, events or documents that are here; absent: nobody counted yet. */
  readonly objects?: number;
  /** Since the data directory was made. */
  readonly fetches: number;
  readonly unchanged: number;
}

export async function readHealth(source: IntelSource, folder: string): Promise<SourceHealth | undefined> {
  return await readCheckedJson<SourceHealth>(pathOf(source, folder), 1);
}

export async function writeHealth(source: IntelSource, folder: string, health: SourceHealth): Promise<void> {
  await writeCheckedJson(pathOf(source, folder), health);
}

function pathOf(source: IntelSource, folder: string): string {
  return join(folder, `${sourceKey(source)}.health`);
}
