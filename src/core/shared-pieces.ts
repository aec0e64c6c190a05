/** Many runs of bytes one behind the other, in memory that threads share, and read back by position. */

export interface SharedPieces {
  readonly bytes: Uint8Array;
  /** Where each begins, and the end of the last. */
  readonly starts: Uint32Array;
}

export function sharedPieces(pieces: readonly Uint8Array[]): SharedPieces {
  const starts = new Uint32Array(new SharedArrayBuffer(4 * (pieces.length + 1)));
  for (const [i, { length }] of pieces.entries()) starts[i + 1] = (starts[i] ?? 0) + length;
  const bytes = new Uint8Array(new SharedArrayBuffer(starts.at(-1) ?? 0));
  for (const [i, piece] of pieces.entries()) bytes.set(piece, starts[i]);
  return { bytes, starts };
}

export function pieceAt({ bytes, starts }: SharedPieces, i: number): Uint8Array {
  return bytes.subarray(starts[i], starts[i + 1]);
}
