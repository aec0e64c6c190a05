/** Which collections a source of type taxii has given so far, and where each lies. `KEY.json` beside the folders of the collections. */
import { join } from 'node:path';
import { readCheckedJson, writeCheckedJson } from '../checked-json.ts';

export interface StoredCollection {
  /** Address of the collection. */
  readonly url: string;
  readonly title: string;
  /** Name of its folder. */
  readonly folder: string;
}

export interface TaxiiIndex {
  readonly version: 1;
  readonly fetchedAtMs: number;
  readonly collections: readonly StoredCollection[];
}

export function readTaxiiIndex(folder: string, key: string): Promise<TaxiiIndex | undefined> {
  return readCheckedJson<TaxiiIndex>(join(folder, `${key}.json`), 1);
}

export function writeTaxiiIndex(folder: string, key: string, index: TaxiiIndex): Promise<void> {
  return writeCheckedJson(join(folder, `${key}.json`), index);
}
