/**
 * Which files a path means: one file, a folder (all regular files below it, links to folders not followed), or a pattern with
 * `*`, `?` and `**` (any depth). In path order, so that runs are repeatable. Only paths from the configuration come here.
 */
import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';

const MAX_DEPTH = 64;

export interface SelectedFile {
  readonly path: string;
  readonly bytes: number;
}

/** Regular files, sorted by path; empty when there is none. Folders that cannot be read are given to `unreadable`. */
export function selectFiles(path: string, unreadable: (path: string, cause: unknown) => void): SelectedFile[] {
  const found: SelectedFile[] = [];
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) walk(path, 0, () => true, found, unreadable);
  else if (stats !== undefined) {
    if (stats.isFile()) found.push({ path, bytes: stats.size });
  } else if (isPattern(path)) {
    const base = fixedPart(path);
    const pattern = patternOf(path);
    walk(
      base === '' ? '.' : base,
      0,
      (file) => pattern.test(base === '' ? file.replace(/^\.\//, '') : file),
      found,
      unreadable,
    );
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

export function isPattern(path: string): boolean {
  return /[*?]/.test(path);
}

function walk(
  folder: string,
  depth: number,
  wanted: (path: string) => boolean,
  found: SelectedFile[],
  unreadable: (path: string, cause: unknown) => void,
): void {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (cause) {
    // Missing, or not readable by this user.
    if (depth > 0 || (cause as { code?: string }).code !== 'ENOENT') unreadable(folder, cause);
    return;
  }
  for (const entry of entries) {
    const path = folder === '.' ? `./${entry.name}` : join(folder, entry.name);
    if (entry.isDirectory()) {
      if (depth < MAX_DEPTH) walk(path, depth + 1, wanted, found, unreadable);
    } else if (wanted(path)) {
      const stats = statSync(path, { throwIfNoEntry: false });
      if (stats?.isFile() === true) found.push({ path: path.replace(/^\.\//, ''), bytes: stats.size });
    }
  }
}

/** The folder in front of the first segment that holds a wildcard. */
function fixedPart(path: string): string {
  const segments = path.split(sep);
  const first = segments.findIndex(isPattern);
  return segments.slice(0, first).join(sep) || (path.startsWith(sep) ? sep : '');
}

function patternOf(path: string): RegExp {
  const source = path
    .split(/(\*\*\/|\*\*|\*|\?)/)
    .map((part) => {
      if (part === '**/') return '(?:.*/)?';
      if (part === '**') return '.*';
      if (part === '*') return '[^/]*';
      if (part === '?') return '[^/]';
      return part.replace(/[.+^${}()|[\]\\]/g, '\\$&');
    })
    .join('');
  return new RegExp(`^${source}$`);
}
