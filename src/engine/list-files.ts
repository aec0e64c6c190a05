/** The files that `scan` reads: those named, and all regular files below folders, recursively and in path order. */
import { lstatSync, readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { FlintError, diagnostic } from '../errors/diagnostic.ts';

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
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read: ${code ?? String(error)}`;
    throw new FlintError([diagnostic('ENV_FILE_UNREADABLE', 'error', `input path "${path}" ${why}`)], { cause: error });
  }
}

function filesBelow(folder: string): ListedFile[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      const stats = lstatSync(path);
      if (stats.isDirectory()) return filesBelow(path);
      return stats.isFile() ? [{ path, bytes: stats.size }] : [];
    });
}
