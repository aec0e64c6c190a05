/**
 * KeptFile: section files in which what rules come to is kept over starts. Only a folder of the user's own is trusted: who can write there decides
 * what rules say. Each file says which program wrote it; a program that was built otherwise uses nothing.
 */
import { mkdirSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Diagnostic, diagnostic } from '../../errors/diagnostic.ts';
import { readSectionFile, type Sections, writeSectionFileBeside } from '../../intel/section-file.ts';

/** Of one folder and of one sort: sets of rules that are used in turns. */
const MAX_FILES = 8;
const MAX_BYTES = 256 << 20;

/** What became of the sections: they are in use, something is missing, or they were made of something else. */
export type Taken = 'taken' | 'damaged' | 'other';

export class KeptFile {
  readonly #path: string;
  readonly #magic: string;
  readonly #version: number;

  constructor(path: string, magic: string, version: number) {
    this.#path = path;
    this.#magic = magic;
    this.#version = version;
  }

  /** Gives what is kept to `take`, where there is something. Returns what is to be said of it. */
  read(take: (sections: Sections) => Taken): Diagnostic | undefined {
    const path = this.#path;
    try {
      const why = whyNotTrusted(dirname(path)) ?? whyNotTrusted(path);
      if (why !== undefined) return ignored(path, why);
      const read = readSectionFile(path, this.#magic, this.#version);
      const taken = read.ok ? take(read.sections) : 'damaged';
      if (taken === 'damaged') return ignored(path, 'it is damaged');
      const now = new Date();
      if (taken === 'taken') utimesSync(path, now, now);
      return undefined;
    } catch (error) {
      return codeOf(error) === 'ENOENT' ? undefined : ignored(path, codeOf(error));
    }
  }

  /** While this thread does other things: megabytes take their time. `written` is called as soon as they are. Returns what is to be said of it. */
  async write(sections: Sections, written: () => void): Promise<Diagnostic | undefined> {
    const path = this.#path;
    try {
      const folder = dirname(path);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const why = whyNotTrusted(folder);
      if (why !== undefined) return ignored(folder, why);
      // What a crash leaves of it does not fit its checksums.
      await writeSectionFileBeside(path, this.#magic, this.#version, sections, { mode: 0o600, sync: false });
      written();
      makeRoom(folder, basename(path));
      return undefined;
    } catch (error) {
      return ignored(path, codeOf(error));
    }
  }
}

/** Undefined when nobody but this user can write there. */
function whyNotTrusted(path: string): string | undefined {
  const { uid, mode } = statSync(path);
  if (process.getuid === undefined) return undefined;
  if (uid !== process.getuid()) return 'it belongs to another user';
  return (mode & 0o022) === 0 ? undefined : 'others may write it';
}

/** Of more than so many files that end as the own one does the ones that were used longest ago go. */
function makeRoom(folder: string, own: string): void {
  const others = readdirSync(folder)
    .filter((name) => extname(name) === extname(own) && name !== own)
    .flatMap((name) => sizedFile(join(folder, name)) ?? [])
    .sort((a, b) => b.usedMs - a.usedMs);
  let bytes = sizedFile(join(folder, own))?.bytes ?? 0;
  for (const [i, one] of others.entries()) {
    bytes += one.bytes;
    if (i + 1 >= MAX_FILES || bytes > MAX_BYTES) rmSync(one.path, { force: true });
  }
}

interface SizedFile {
  readonly path: string;
  readonly bytes: number;
  readonly usedMs: number;
}

/** Undefined: somebody else has made room meanwhile. */
function sizedFile(path: string): SizedFile | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats && { path, bytes: stats.size, usedMs: stats.mtimeMs };
}

let stamp: string | undefined;

/** Tells one build of the program from every other: names, sizes and times of what lies beside this module. */
export function programStamp(): string {
  if (stamp === undefined) {
    const folder = dirname(fileURLToPath(import.meta.url));
    const parts = readdirSync(folder)
      .sort()
      .map((name) => {
        const { size, mtimeMs } = statSync(join(folder, name));
        return [name, size, mtimeMs];
      });
    stamp = JSON.stringify([process.version, parts]);
  }
  return stamp;
}

function ignored(path: string, why: string): Diagnostic {
  const message = `kept rules in "${path}" are not used: ${why}`;
  return diagnostic('SIGMA_CACHE_IGNORED', 'note', message, { span: { file: path } });
}

/** Errors of the file system, and text that is no JSON, make the cache one that is not used. */
function codeOf(error: unknown): string {
  if (error instanceof SyntaxError) return 'it is damaged';
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  return code;
}

export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
