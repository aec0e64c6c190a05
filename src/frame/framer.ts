/**
 * Framer: cuts a stream of bytes into records before anything is scanned. It never interprets records and never copies a byte
 * that stands whole in the given chunk; what is unfinished at the end of a chunk is kept, up to the record limit.
 */

/** Called once per record, in order. `bytes` may be the framer's own buffer: valid only during the call. */
export type EmitRecord = (record: {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Byte offset of the record in the stream. */
  readonly position: number;
  /** Line of the first byte, from 1; 0 when the framing has no lines. */
  readonly line: number;
}) => void;

/** Called for each record that was given up, with the reason (closed set, becomes a counter label). */
export type DropRecord = (reason: 'too_long' | 'incomplete', sample: Uint8Array) => void;

export interface Framer {
  /** Takes the next bytes of the stream. */
  push(chunk: Uint8Array, emit: EmitRecord, drop: DropRecord): void;
  /** End of the stream: an unfinished last line is a record, an unfinished frame is dropped as `incomplete`. */
  end(emit: EmitRecord, drop: DropRecord): void;
  /** Bytes kept for the next call. */
  readonly bufferedBytes: number;
}

export interface FramerOptions {
  /** Longest record in bytes; longer ones are dropped and skipped to their end. */
  readonly maxRecordBytes: number;
}
