/**
 * Where the shared test data lies: the folder named by FLINT_SHARED_DATA, else `../shared/data` beside the repository. It is
 * not part of the repository; tests that need it skip with `sharedDataMissing` in their title where it is absent.
 */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPOSITORY = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const FOLDER = process.env['FLINT_SHARED_DATA'] ?? resolve(REPOSITORY, '../shared/data');

/** Absolute path of a file or folder in the shared data, whether it exists or not. */
export function sharedData(...path: readonly string[]): string {
  return join(FOLDER, ...path);
}

export function hasSharedData(...path: readonly string[]): boolean {
  return existsSync(sharedData(...path));
}

/** The reason to skip, for titles: `describe.skipIf(!hasSharedData('stix'))(`vectors ${sharedDataMissing('stix')}`)`. */
export function sharedDataMissing(...path: readonly string[]): string {
  return hasSharedData(...path) ? '' : `(skipped: no shared test data ${path.join('/')}, see FLINT_SHARED_DATA)`;
}
