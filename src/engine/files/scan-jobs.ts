/**
 * The work of a scan in the order of the input, and where each piece of it stands: files are cut into ranges or taken as a whole, threads
 * work on several at once, and what they find is taken from the oldest. A job that gives more than its holder wants to keep waits until
 * its turn has come.
 */
import type { RecordSource } from '../../core/record.ts';
import type { AlertBlock } from '../workers/alert-block.ts';
import type { PreparedRecords } from '../workers/prepared-records.ts';
import type { LineFraming } from './line-file.ts';
import type { ListedFile } from './list-files.ts';
import type { RangeResult } from './scan-range.ts';
import type { LeftRecords } from './waiting-records.ts';

/** What one file has given so far. */
export interface FileTotals {
  records: number;
  bytes: number;
  lines: number;
  /** Position up to which alerts were given out, -1 for none. */
  reportedThrough: number;
  /** The exact path has taken the file: results of ranges still on their way are left out. */
  isExact: boolean;
  /** Counted in the summary. */
  isFinished: boolean;
}

/** One piece of work. */
export interface Unit {
  readonly file: ListedFile;
  readonly source: RecordSource;
  readonly totals: FileTotals;
  readonly isLast: boolean;
  /** Lines that begin in a range of a file; undefined: the whole file by the exact path. */
  readonly range: { readonly framing: LineFraming; readonly start: number; readonly end: number } | undefined;
  /** Bytes of the file as stored. */
  readonly bytes: number;
  readonly arrivalMs: number;
}

/** What came of a part of a unit; alerts and prepared records in the order of the input. */
export interface Piece {
  readonly found: AlertBlock | undefined;
  readonly prepared: PreparedRecords;
  /** Behind these: records that the thread which takes the piece is to examine. */
  readonly left?: LeftRecords;
}

/** What is known at the end of a unit. */
export type UnitEnd = Omit<RangeResult, 'left'>;

export class Job {
  readonly unit: Unit;
  readonly #pieces: { readonly piece: Piece; readonly taken: () => void }[] = [];
  #end: { readonly result: UnitEnd } | { readonly error: unknown } | undefined;
  #changed: () => void = () => undefined;

  constructor(unit: Unit) {
    this.unit = unit;
  }

  /** Resolves when the piece is taken. */
  add(piece: Piece): Promise<void> {
    return new Promise((taken) => {
      this.#pieces.push({ piece, taken });
      this.#changed();
    });
  }

  end(result: UnitEnd): void {
    this.#end = { result };
    this.#changed();
  }

  fail(error: unknown): void {
    this.#end = { error };
    this.#changed();
  }

  /** Pieces that were not taken. */
  get waiting(): number {
    return this.#pieces.length;
  }

  /** The oldest piece that was not taken. */
  piece(): Piece | undefined {
    const next = this.#pieces.shift();
    next?.taken();
    return next?.piece;
  }

  /** True when there is something to be taken. */
  get isReady(): boolean {
    return this.#pieces.length > 0 || this.#end !== undefined;
  }

  /** Once all pieces are taken: undefined while it is at work. Throws what it failed with. */
  get result(): UnitEnd | undefined {
    if (this.#end === undefined) return undefined;
    if ('error' in this.#end) throw this.#end.error;
    return this.#end.result;
  }

  /** Resolves when there is something to be taken; one waits at a time. */
  async ready(): Promise<void> {
    while (!this.isReady)
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
  }
}
