/**
 * Framer: cuts a stream of bytes into records before anything is scanned. It never interprets records and never copies a byte
 * that stands whole in the given chunk; what is unfinished at the end of a chunk is kept, up to the record limit.
 */

/** Called once per record, in order. `bytes` may be the framer's own buffer, and the object is reused: valid only during the call. */
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

/** A place where framing can start afresh after a restart and find the same records. */
export interface ResumePoint {
  /** Byte offset in the stream. */
  readonly position: number;
  readonly line: number;
  /** Name to give to `createFramer`; `auto` has settled on one by then. */
  readonly framing: string;
  /** Records already emitted that begin after `position`; the same number must be skipped on resuming. */
  readonly emittedAfter: number;
}

export interface Framer {
  /** Takes the next bytes of the stream. */
  push(chunk: Uint8Array, emit: EmitRecord, drop: DropRecord): void;
  /** End of the stream: an unfinished last line is a record, an unfinished frame is dropped as `incomplete`. */
  end(emit: EmitRecord, drop: DropRecord): void;
  /** Bytes kept for the next call. */
  readonly bufferedBytes: number;
}

/** What `createFramer` gives: a framer whose stream can be taken up again. */
export interface ResumableFramer extends Framer {
  resumePoint(): ResumePoint;
}

export interface FramerOptions {
  /** Longest record in bytes; longer ones are dropped and skipped to their end. */
  readonly maxRecordBytes: number;
  /** Offset of the first byte in the stream, when it is taken up in the middle. Default 0. */
  readonly position?: number;
  /** Line of the first byte. Default 1. */
  readonly line?: number;
  /** True lets `auto` settle on frames that end in NUL: senders on TCP, never files. */
  readonly nulFrames?: boolean;
}

/** Bytes of a dropped record that are shown as a sample. */
export const SAMPLE_BYTES = 1024;
