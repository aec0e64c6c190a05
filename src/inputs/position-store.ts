/** Where sources that can be replayed keep how far they were read and settled. The engine gives one that is durable. */

export interface SourcePosition {
  /** Byte offset in the plain (inflated) stream from which to read on. */
  readonly offset: number;
  /** Line and record ordinal at that offset. */
  readonly line: number;
  readonly record: number;
  /** Framing to go on with, and records behind the offset that are settled already. */
  readonly framing: string;
  readonly settledAfter: number;
  /** Of a file: its first bytes by which it is known again, and the source id made of them when it was first seen. */
  readonly fingerprint?: { readonly bytes: number; readonly hash: string; readonly id: string };
}

export interface PositionStore {
  /** `key` is stable over restarts: a source id, or the place of a file (device and inode). */
  get(key: string): SourcePosition | undefined;
  /** A source without a saved position is seen: it is read from here on. Called before its first record is handed on. */
  begin?(key: string, position: SourcePosition): void;
  /** Called after the records were settled, at most once per batch; may be written out later. */
  set(key: string, position: SourcePosition): void;
}

/** For tests and for runs without a data directory. */
export class MemoryPositionStore implements PositionStore {
  readonly #positions = new Map<string, SourcePosition>();

  /** `key` is stable over restarts: a source id, or the place of a file (device and inode). */
  get(key: string): SourcePosition | undefined {
    return this.#positions.get(key);
  }

  set(key: string, position: SourcePosition): void {
    this.#positions.set(key, position);
  }
}
