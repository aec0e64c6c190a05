/**
 * zstd (RFC 8878) under limits. The decoder (fzstd) takes any window a header asks for and recurses per frame, so frames are
 * cut here: header read and its window checked before any memory is taken, blocks walked by their sizes, skippable frames passed
 * over, one decoder per frame. Checksums are not verified: logs are searched, not restored.
 * Memory: one window (at most the limit) and one block.
 */
import { Decompress } from 'fzstd';
import type { InflateProblem } from './compression.ts';

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a5;
const CHECKSUM_FLAG = 0x04;
const RESERVED_FLAG = 0x08;
/** Frames of one message in memory: senders write one. */
const MESSAGE_FRAMES = 16;
const NOTHING = new Uint8Array(0);

/** Damaged data, or a window beyond the limit. */
export class ZstdProblem extends Error {
  readonly problem: InflateProblem;

  constructor(problem: InflateProblem, cause?: unknown) {
    super(problem, { cause });
    this.problem = problem;
  }
}

export class ZstdFrames {
  readonly #maxWindowBytes: number;
  /** Frames that may still come: each takes a window, however little it holds. */
  #framesLeft: number;
  readonly #onData: (data: Uint8Array) => void;
  #phase: 'header' | 'skip' | 'block-header' | 'block' = 'header';
  #held = NOTHING;
  #decoder: Decompress | undefined;
  /** Bytes to skip, or bytes of the block still to come. */
  #missing = 0;
  #lastBlock = false;
  #checksum = false;

  /** @param onData gets each piece of output; may throw to give up. */
  constructor(maxWindowBytes: number, maxFrames: number, onData: (data: Uint8Array) => void) {
    this.#maxWindowBytes = maxWindowBytes;
    this.#framesLeft = maxFrames;
    this.#onData = onData;
  }

  /** @throws ZstdProblem, and what `onData` throws. */
  push(chunk: Uint8Array): void {
    let rest = chunk;
    if (this.#held.length > 0) {
      rest = new Uint8Array(this.#held.length + chunk.length);
      rest.set(this.#held);
      rest.set(chunk, this.#held.length);
      this.#held = NOTHING;
    }
    while (rest.length > 0) {
      const taken = this.#take(rest);
      if (taken === 0) {
        this.#held = new Uint8Array(rest);
        return;
      }
      rest = rest.subarray(taken);
    }
  }

  /** @throws ZstdProblem when a frame is unfinished. */
  end(): void {
    if (this.#phase !== 'header' || this.#held.length > 0) throw new ZstdProblem('bad_compression');
  }

  /** Takes what it can from the front; 0 asks for more bytes. */
  #take(bytes: Uint8Array): number {
    switch (this.#phase) {
      case 'header':
        return this.#header(bytes);
      case 'skip': {
        const taken = Math.min(this.#missing, bytes.length);
        this.#missing -= taken;
        if (this.#missing === 0) this.#phase = 'header';
        return taken;
      }
      case 'block-header':
        return this.#blockHeader(bytes);
      default: {
        const taken = Math.min(this.#missing, bytes.length);
        this.#missing -= taken;
        const final = this.#missing === 0 && this.#lastBlock;
        this.#decode(bytes.subarray(0, taken), final);
        if (this.#missing === 0) this.#endOfBlock();
        return taken;
      }
    }
  }

  #header(bytes: Uint8Array): number {
    // The shortest frame has 9 bytes, the shortest skippable one 8.
    if (bytes.length < 8) return 0;
    const magic = littleEndian(bytes, 0, 4);
    if (Math.floor(magic / 16) === SKIPPABLE_MAGIC) {
      this.#missing = littleEndian(bytes, 4, 4);
      this.#phase = this.#missing === 0 ? 'header' : 'skip';
      return 8;
    }
    const flags = bytes[4] as number;
    if (magic !== FRAME_MAGIC || (flags & RESERVED_FLAG) !== 0) throw new ZstdProblem('bad_compression');
    const singleSegment = (flags & 0x20) !== 0;
    const dictionaryBytes = [0, 1, 2, 4][flags & 3] as number;
    const sizeBytes = flags >> 6 === 0 ? (singleSegment ? 1 : 0) : 1 << (flags >> 6);
    const headerBytes = 5 + (singleSegment ? 0 : 1) + dictionaryBytes + sizeBytes;
    if (bytes.length < headerBytes) return 0;
    if (littleEndian(bytes, headerBytes - sizeBytes - dictionaryBytes, dictionaryBytes) !== 0)
      throw new ZstdProblem('bad_compression');
    const window = singleSegment
      ? littleEndian(bytes, headerBytes - sizeBytes, sizeBytes) + (sizeBytes === 2 ? 256 : 0)
      : windowBytes(bytes[5] as number);
    if (window > this.#maxWindowBytes || this.#framesLeft-- === 0) throw new ZstdProblem('inflates_too_far');
    this.#checksum = (flags & CHECKSUM_FLAG) !== 0;
    const header = new Uint8Array(bytes.subarray(0, headerBytes));
    header[4] = flags & ~CHECKSUM_FLAG;
    this.#decoder = new Decompress();
    this.#decode(header, false);
    this.#phase = 'block-header';
    return headerBytes;
  }

  #blockHeader(bytes: Uint8Array): number {
    if (bytes.length < 3) return 0;
    const header = littleEndian(bytes, 0, 3);
    this.#lastBlock = (header & 1) !== 0;
    this.#missing = ((header >> 1) & 3) === 1 ? 1 : header >> 3;
    const empty = this.#missing === 0;
    this.#decode(bytes.subarray(0, 3), empty && this.#lastBlock);
    this.#phase = 'block';
    if (empty) this.#endOfBlock();
    return 3;
  }

  #endOfBlock(): void {
    if (!this.#lastBlock) {
      this.#phase = 'block-header';
      return;
    }
    this.#decoder = undefined;
    this.#missing = this.#checksum ? 4 : 0;
    this.#phase = this.#checksum ? 'skip' : 'header';
  }

  #decode(bytes: Uint8Array, final: boolean): void {
    let thrown: { readonly by: unknown } | undefined;
    const decoder = this.#decoder as Decompress;
    decoder.ondata = (data) => {
      try {
        if (data.length > 0) this.#onData(data);
      } catch (error) {
        // The receiver gives up; kept apart from the decoder's own errors.
        thrown = { by: error };
        throw error;
      }
    };
    try {
      decoder.push(bytes, final);
    } catch (cause) {
      // fzstd throws for damaged data, and out of range errors where it trusts a damaged size.
      if (thrown !== undefined) throw thrown.by;
      throw new ZstdProblem('bad_compression', cause);
    }
  }
}

/** One message in memory. */
export function inflateZstd(
  bytes: Uint8Array,
  maxBytes: number,
  maxWindowBytes: number,
): { readonly bytes: Uint8Array } | { readonly problem: InflateProblem } {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const frames = new ZstdFrames(maxWindowBytes, MESSAGE_FRAMES, (data) => {
    length += data.length;
    if (length > maxBytes) throw new ZstdProblem('inflates_too_far');
    pieces.push(new Uint8Array(data));
  });
  try {
    frames.push(bytes);
    frames.end();
  } catch (error) {
    if (error instanceof ZstdProblem) return { problem: error.problem };
    throw error;
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return { bytes: whole };
}

function windowBytes(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let k = count - 1; k >= 0; k--) value = value * 256 + (bytes[at + k] as number);
  return value;
}
