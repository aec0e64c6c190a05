// @ts-check
/** Stamps: what a step was done for, as a hash of its sources, so that it is done again only when they have changed. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** @param {string[]} files paths from the root */
export function fingerprint(files) {
  const hash = createHash('sha256').update(process.versions.node.split('.')[0] ?? '');
  for (const file of files.sort())
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

/** Fingerprint of everything that dist/ is made of. */
export function fingerprintOfSources() {
  const configs = ['package.json', 'tsconfig.json', 'tsconfig.page.json'];
  const sources = filesBelow('src', (name) => !name.endsWith('.test.ts'));
  return fingerprint([...configs, ...filesBelow('scripts', () => true), ...sources]);
}

export const buildStamp = join(root, 'dist', '.flint-built');

/** @param {string} stamp @param {string} value */
export function isCurrent(stamp, value) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === value;
}

/** @param {string} stamp @param {string} value */
export function remember(stamp, value) {
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, value);
}

/** @param {string} dir @param {(name: string) => boolean} keep @returns {string[]} */
function filesBelow(dir, keep) {
  if (!existsSync(join(root, dir))) return [];
  return readdirSync(join(root, dir)).flatMap((name) => {
    const path = join(dir, name);
    if (statSync(join(root, path)).isDirectory()) return filesBelow(path, keep);
    return keep(name) ? [path] : [];
  });
}
