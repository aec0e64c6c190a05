/**
 * Open suppression windows on disk, for a restart: a line of JSON for each change, forced to disk once a second by threads of the system, so
 * that matching waits neither for the disk nor for alerts that were written before. When the file is twice as long as it need be, it is
 * written anew beside, a few windows at a time, and takes the place of the former. A crash leaves what was written; of a torn last line
 * nothing is taken.
 */
import { readFileSync, renameSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SuppressionChange, SuppressionSnapshot, SuppressionWindow } from '../alerts/suppressor.ts';
import { syncFolder } from '../store/sync-folder.ts';

const HEAD = `${JSON.stringify({ suppression: 1 })}\n`;
/** A shorter file is not written anew for its length. */
const MIN_REWRITE_BYTES = 1 << 20;
/** Written at once; some milliseconds of work. */
const WINDOWS_AT_ONCE = 50;

type Line = SuppressionChange | { readonly suppression: number };

export class SuppressionFile {
  readonly #path: string;
  #file: FileHandle | undefined;
  #bytes = 0;
  #rewriteBytes = MIN_REWRITE_BYTES;

  constructor(path: string) {
    this.#path = path;
  }

  /** Windows as they were written, the oldest first; undefined when there is no file. `onDamaged`: it was set aside. */
  load(onDamaged: (path: string) => void): SuppressionSnapshot | undefined {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    const windows = new Map<string, SuppressionWindow>();
    const lines = text.split('\n');
    try {
      // Behind the last newline stands nothing, or a torn line.
      for (const [i, line] of lines.slice(0, -1).entries()) apply(windows, JSON.parse(line) as Line, i === 0);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      renameSync(this.#path, `${this.#path}.damaged`);
      onDamaged(this.#path);
      return undefined;
    }
    return { version: 1, windows: [...windows.values()] };
  }

  /** Appends the changes; undefined, or a file that is too long: all windows anew. Rejects when it cannot be written. */
  async save(changes: readonly SuppressionChange[] | undefined, all: () => SuppressionSnapshot): Promise<void> {
    const file = this.#file;
    if (changes === undefined || file === undefined || this.#bytes > this.#rewriteBytes) return this.#rewrite(all());
    if (changes.length === 0) return;
    await this.#append(file, changes);
    await file.datasync();
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  async #rewrite({ windows }: SuppressionSnapshot): Promise<void> {
    const beside = `${this.#path}.new`;
    const file = await open(beside, 'w', 0o600);
    try {
      this.#bytes = HEAD.length;
      await file.appendFile(HEAD);
      for (let from = 0; from < windows.length; from += WINDOWS_AT_ONCE)
        await this.#append(
          file,
          windows.slice(from, from + WINDOWS_AT_ONCE).map((begin) => ({ begin })),
        );
      await file.datasync();
      await rename(beside, this.#path);
      await syncFolder(dirname(this.#path));
    } catch (error) {
      await file.close();
      // What was appended meanwhile is nowhere: the next time all is written.
      await this.close();
      throw error;
    }
    await this.#file?.close();
    this.#file = file;
    this.#rewriteBytes = Math.max(MIN_REWRITE_BYTES, 2 * this.#bytes);
  }

  async #append(file: FileHandle, changes: readonly SuppressionChange[]): Promise<void> {
    const bytes = Buffer.from(changes.map((change) => `${JSON.stringify(change)}\n`).join(''));
    this.#bytes += bytes.length;
    await file.appendFile(bytes);
  }
}

/** Throws SyntaxError for what is no line of such a file. */
function apply(windows: Map<string, SuppressionWindow>, line: Line, isFirst: boolean): void {
  if (isFirst || 'suppression' in line) {
    if (!isFirst || !('suppression' in line) || line.suppression !== 1) throw new SyntaxError('not version 1');
    return;
  }
  if ('end' in line) windows.delete(line.end);
  else if ('begin' in line) {
    windows.delete(line.begin.key);
    windows.set(line.begin.key, line.begin);
  } else {
    const { key, count, lastSeen } = line;
    const window = windows.get(key);
    if (window !== undefined) windows.set(key, { ...window, count, lastSeen });
  }
}
