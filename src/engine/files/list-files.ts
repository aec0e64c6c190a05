/** The files that `scan` reads: those named, and all regular files below folders, recursively and in path order. */
import { lstatSync, readdirSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FlintError, diagnostic } from '../../errors/diagnostic.ts';
import { nearestName } from '../../errors/nearest.ts';

export interface ListedFile {
  /** `-` is standard input. */
  readonly path: string;
  readonly bytes: number;
}

/** Throws FlintError for a path that cannot be read; links inside folders are not followed. */
export function listFiles(paths: readonly string[]): ListedFile[] {
  return paths.flatMap((path) => {
    if (path === '-') return [{ path, bytes: 0 }];
    const stats = statsOf(path);
    return stats.isDirectory() ? filesBelow(path) : [{ path, bytes: stats.size }];
  });
}

function statsOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? `does not exist${nearestBeside(path)}` : `cannot be read: ${code ?? String(error)}`;
    throw new FlintError([diagnostic('ENV_FILE_UNREADABLE', 'error', `input path "${path}" ${why}`)], { cause: error });
  }
}

/** The nearest name in the same folder, for people who mistyped. */
function nearestBeside(path: string): string {
  const folder = dirname(path);
  try {
    const near = nearestName(basename(path), readdirSync(folder));
    return near === undefined ? '' : `; did you mean "${folder === '.' ? near : join(folder, near)}"?`;
  } catch (error) {
    // The folder is not there either, or not readable.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return '';
  }
}

/** A folder or file that cannot be looked at is listed as it is, so that reading it reports why and the others go on. */
function filesBelow(folder: string): ListedFile[] {
  try {
    return readdirSync(folder)
      .sort()
      .flatMap((name) => filesAt(join(folder, name)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return [{ path: folder, bytes: 0 }];
  }
}

function filesAt(path: string): ListedFile[] {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return [{ path, bytes: 0 }];
  if (stats.isDirectory()) return filesBelow(path);
  return stats.isFile() ? [{ path, bytes: stats.size }] : [];
}
