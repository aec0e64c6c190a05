/**
 * What is here of a MISP feed folder: `index.json` in a folder of its own, beside one file for each event. An event counts when the index
 * names it, with the time stamp that the manifest had when it was fetched.
 */
import { join } from 'node:path';
import { readCheckedJson, writeCheckedJson } from '../checked-json.ts';

export interface MispIndex {
  readonly version: 1;
  /** When the manifest was last fetched or confirmed. */
  readonly fetchedAtMs: number;
  /** Of the manifest, when all that it names is here. */
  readonly etag?: string;
  readonly lastModified?: string;
  /** Time stamps by UUID of the event, as texts. */
  readonly events: Readonly<Record<string, string>>;
}

export function readMispIndex(folder: string): Promise<MispIndex | undefined> {
  return readCheckedJson<MispIndex>(join(folder, 'index.json'), 1);
}

export function writeMispIndex(folder: string, index: MispIndex): Promise<void> {
  return writeCheckedJson(join(folder, 'index.json'), index);
}
