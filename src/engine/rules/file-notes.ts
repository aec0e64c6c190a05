/**
 * FileNotes: what rule files were like when they were read, so that one that is the same still is not read again: its device and inode,
 * its size, and the times of its last changes as precisely as the file system tells them. As in git's index, a file that had changed
 * shortly before it was read is not noted: another change could fall within the same tick of the clock that the times are taken from.
 */
import { readFileSync, type Stats } from 'node:fs';
import type { RuleText } from './rule-files.ts';

/** Longer than the ticks of file systems (two seconds at most), and than clocks of servers usually differ. */
const SETTLED_MS = 10_000;

export type FileStats = Pick<Stats, 'dev' | 'ino' | 'size' | 'mtimeMs' | 'ctimeMs'>;
/** The key tells its path and text from all others. */
export type FileNote = readonly [
  path: string,
  key: string,
  dev: number,
  ino: number,
  size: number,
  mtimeMs: number,
  ctimeMs: number,
];

export class FileNotes {
  /** Of the load before, and of this one. */
  #former: ReadonlyMap<string, FileNote> = new Map();
  #notes = new Map<string, FileNote>();
  #settledMs = 0;
  #news = 0;

  /** Before the first file of a load is looked at. */
  begin(nowMs: number): void {
    this.#former = this.#notes;
    this.#notes = new Map();
    this.#settledMs = nowMs - SETTLED_MS;
  }

  /** Takes in what was kept; before `begin`. */
  add(notes: Iterable<FileNote>): void {
    for (const note of notes) this.#notes.set(note[0], note);
  }

  /** Key of the file, when it is the same still. */
  keyOf(path: string, { dev, ino, size, mtimeMs, ctimeMs }: FileStats): string | undefined {
    const note = this.#former.get(path);
    if (note === undefined) return undefined;
    const [, key, ...known] = note;
    const now = [dev, ino, size, mtimeMs, ctimeMs];
    if (known.some((value, i) => value !== now[i])) return undefined;
    this.#notes.set(path, note);
    return key;
  }

  /** The file was read; `stats` were taken before. */
  note(path: string, key: string, { dev, ino, size, mtimeMs, ctimeMs }: FileStats): void {
    if (mtimeMs >= this.#settledMs || ctimeMs >= this.#settledMs) return;
    // What must be read each time is noted each time.
    if (this.#notes.has(path)) return;
    this.#notes.set(path, [path, key, dev, ino, size, mtimeMs, ctimeMs]);
    this.#news++;
  }

  get notes(): Iterable<FileNote> {
    return this.#notes.values();
  }

  /** How many were noted anew since `kept` was told. */
  get news(): number {
    return this.#news;
  }

  kept(): void {
    this.#news = 0;
  }
}

/** A file whose rules are known: it is read when somebody asks what stands in it, to show a line of it. */
export class UnreadText implements RuleText {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get text(): string {
    try {
      return readFileSync(this.path, 'utf8');
    } catch (error) {
      // It is gone by now, or not to be read: nothing can be shown of it.
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      return '';
    }
  }
}
