/** What a scan says of itself at its end: the counts of its files, each taken in once, when all of the file is done. */
import type { Unit } from './scan-jobs.ts';

export interface ScanSummary {
  readonly files: number;
  readonly filesWithoutRecords: number;
  readonly filesUnreadable: number;
  readonly records: number;
  /** Bytes of records, inflated. */
  readonly recordBytes: number;
  /** Bytes of the files as stored. */
  readonly fileBytes: number;
  /** Files and ranges of files, and those of them that further threads have scanned. */
  readonly parts: number;
  readonly partsOfOthers: number;
  readonly dropped: Readonly<Record<string, number>>;
}

export class ScanTotals {
  readonly #dropped = new Map<string, number>();
  #records = 0;
  #recordBytes = 0;
  #fileBytes = 0;
  #withoutRecords = 0;
  #unreadable = 0;
  #parts = 0;
  #partsOfOthers = 0;

  /** Records of the files that are done. */
  get records(): number {
    return this.#records;
  }

  /** Bytes of the files that are done, as stored. */
  get fileBytes(): number {
    return this.#fileBytes;
  }

  addPart(by: 'this thread' | 'another'): void {
    this.#parts++;
    if (by === 'another') this.#partsOfOthers++;
  }

  addUnreadable(): void {
    this.#unreadable++;
  }

  drop(reason: string, count: number): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + count);
  }

  /** To be called after each unit: takes the file in when nothing of it is left. */
  unitDone({ file, totals, isLast }: Unit): void {
    if (totals.isFinished || !(isLast || totals.isExact)) return;
    totals.isFinished = true;
    if (totals.records === 0) this.#withoutRecords++;
    this.#records += totals.records;
    this.#recordBytes += totals.bytes;
    this.#fileBytes += file.bytes;
  }

  summary(files: number): ScanSummary {
    return {
      files,
      filesWithoutRecords: this.#withoutRecords,
      filesUnreadable: this.#unreadable,
      records: this.#records,
      recordBytes: this.#recordBytes,
      fileBytes: this.#fileBytes,
      parts: this.#parts,
      partsOfOthers: this.#partsOfOthers,
      dropped: Object.fromEntries(this.#dropped),
    };
  }
}
