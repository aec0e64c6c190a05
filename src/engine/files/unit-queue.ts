/**
 * The units of a scan, in the order of the input: plain files of lines are cut into ranges, others are one unit each. A file is looked
 * at when its turn has come, and no sooner; one that cannot be read gives none.
 */
import type { Processor } from '../processor.ts';
import { type FileSourceOptions, sourceOf } from './file-source.ts';
import { type LineFraming, sniffLines } from './line-file.ts';
import type { ListedFile } from './list-files.ts';
import type { FileTotals, Unit } from './scan-jobs.ts';
import { cutRanges } from './scan-range.ts';

export interface UnitOptions extends FileSourceOptions {
  readonly maxRecordBytes: number;
  readonly now: () => number;
}

export class UnitQueue {
  readonly #processor: Processor;
  readonly #options: UnitOptions;
  readonly #onUnreadable: (file: ListedFile, error: unknown) => void;
  readonly #units: Generator<Unit, undefined>;
  #next: Unit | undefined;

  /** `onUnreadable` is told what a file could not be looked at for. Empty until `begin`. */
  constructor(
    files: readonly ListedFile[],
    processor: Processor,
    options: UnitOptions,
    onUnreadable: (file: ListedFile, error: unknown) => void,
  ) {
    this.#processor = processor;
    this.#options = options;
    this.#onUnreadable = onUnreadable;
    this.#units = this.#unitsOf(files);
  }

  begin(): void {
    this.#look();
  }

  /** The first of those that were not taken; undefined at the end. */
  get next(): Unit | undefined {
    return this.#next;
  }

  take(): Unit | undefined {
    const unit = this.#next;
    this.#look();
    return unit;
  }

  /** The exact path has taken the file: what is left of it is no work any more. */
  leaveOut(totals: FileTotals): void {
    totals.isExact = true;
    if (this.#next?.totals === totals) this.#look();
  }

  #look(): void {
    do this.#next = this.#units.next().value;
    while (this.#next?.range !== undefined && this.#next.totals.isExact);
  }

  *#unitsOf(files: readonly ListedFile[]): Generator<Unit, undefined> {
    for (const file of files) {
      const framing = this.#framingOf(file);
      if (framing === 'unreadable') continue;
      const totals = { records: 0, bytes: 0, lines: 0, reportedThrough: -1, isExact: false, isFinished: false };
      const arrivalMs = this.#options.now();
      const source = sourceOf(file, this.#options);
      if (framing === undefined) {
        yield { file, source, totals, isLast: true, range: undefined, bytes: file.bytes, arrivalMs };
        continue;
      }
      for (const { start, end, isLast } of cutRanges(file.bytes, this.#processor.isStateful)) {
        const bytes = Math.max(0, Math.min(end, file.bytes) - start);
        yield { file, source, totals, isLast, range: { framing, start, end }, bytes, arrivalMs };
        if (totals.isExact) break;
      }
    }
    return undefined;
  }

  /** Undefined: the file is taken as a whole. */
  #framingOf(file: ListedFile): LineFraming | 'unreadable' | undefined {
    if (file.path === '-' || this.#processor.lineScanner(this.#options) === undefined) return undefined;
    try {
      return sniffLines(file.path, this.#options.maxRecordBytes);
    } catch (error) {
      this.#onUnreadable(file, error);
      return 'unreadable';
    }
  }
}
