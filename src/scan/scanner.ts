/**
 * Scanner: looks at raw bytes and says which records could match; everything else is counted and never decoded.
 * It answers "no" or "maybe"; a wrong "no" is impossible by construction (design section 2).
 */

export interface ScanResult {
  /** Records seen, candidates or not. */
  readonly records: number;
  /** Bytes consumed: everything up to the end of the last whole record. */
  readonly consumedBytes: number;
  readonly candidateCount: number;
  /** Start and end (exclusive) of candidate i in `input`: `ranges[2 * i]`, `ranges[2 * i + 1]`. Valid until the next scan. */
  readonly ranges: Uint32Array;
  /** Ordinal of candidate i among the records of this scan, from 0; in line mode also the count of line ends before it. */
  readonly ordinals: Uint32Array;
  /** Candidates that the exact path must see for encoding reasons alone (escapes, non-ASCII at a name, %XX in a host). */
  readonly encodingOnly: number;
  /** In line mode: false when certainly no line but the first begins with a blank or control character, or is empty. */
  readonly mayHoldBlankLines: boolean;
}

export interface Scanner {
  /** The scanner's own input memory: read or receive straight into it. */
  readonly input: Uint8Array;
  /** Records are the lines of `input[0, length)`; `final` makes an unterminated last line a record. */
  scanLines(length: number, final: boolean): ScanResult;
  /** Records are given: two numbers each, start and end in `input`. */
  scanRecords(ranges: Uint32Array, count: number): ScanResult;
}
