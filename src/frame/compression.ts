/**
 * Compressed input: told by its first bytes, never by a name or header, and inflated under limits. A bomb is given up when it
 * passes the size limit, or the ratio limit once it has passed a floor that small repetitive messages may reach.
 * gzip and zlib are node's (members of a gzip file follow each other); zstd is `zstd-frames.ts`.
 */
import type { Buffer } from 'node:buffer';
import { gunzipSync, inflateSync } from 'node:zlib';
import { inflateZstd } from './zstd-frames.ts';

export type Compression = 'gzip' | 'zlib' | 'zstd';

/** Why compressed data was given up; closed set, becomes a counter label. */
export type InflateProblem = 'bad_compression' | 'inflates_too_far';

export interface InflateLimits {
  /** Most bytes that may come out. */
  readonly maxBytes: number;
  /** Most bytes that may come out for one that goes in, above `RATIO_FLOOR_BYTES`. */
  readonly maxRatio: number;
  /** Largest zstd window: memory taken while inflating. */
  readonly maxWindowBytes: number;
}

export const RATIO_FLOOR_BYTES = 1 << 20;

/** The limits of one datagram: small, because it is inflated at once on the event loop. */
export const DATAGRAM_LIMITS: InflateLimits = { maxBytes: 2 << 20, maxRatio: 1000, maxWindowBytes: 2 << 20 };

export type Inflated = { readonly bytes: Uint8Array } | { readonly problem: InflateProblem };

/** Looks at four bytes. A zlib header is two bytes that text can begin with as well: see `inflateMessage`. */
export function detectCompression(bytes: Uint8Array, start = 0, end = bytes.length): Compression | undefined {
  if (end - start < 2) return undefined;
  const first = bytes[start] as number;
  const second = bytes[start + 1] as number;
  if (first === 0x1f && second === 0x8b) return 'gzip';
  if (isZlibHeader(first, second)) return 'zlib';
  if (end - start < 4) return undefined;
  const magic =
    (first | (second << 8) | ((bytes[start + 2] as number) << 16) | ((bytes[start + 3] as number) << 24)) >>> 0;
  return magic === 0xfd2fb528 || magic >>> 4 === 0x184d2a5 ? 'zstd' : undefined;
}

/**
 * One message in memory: inflated if it is compressed, itself if not. Text that begins like a zlib header ("x^", "HK") and does
 * not inflate is text.
 */
export function inflateMessage(bytes: Uint8Array, limits: InflateLimits): Inflated {
  const compression = detectCompression(bytes);
  if (compression === undefined) return { bytes };
  const inflated = inflate(bytes, compression, limits);
  if ('problem' in inflated && compression === 'zlib' && isPrintable(bytes[1] as number)) return { bytes };
  return inflated;
}

export function inflate(bytes: Uint8Array, compression: Compression, limits: InflateLimits): Inflated {
  const maxOutputLength = Math.min(limits.maxBytes, Math.max(RATIO_FLOOR_BYTES, bytes.length * limits.maxRatio));
  if (compression === 'zstd') return inflateZstd(bytes, maxOutputLength, limits.maxWindowBytes);
  try {
    const plain: Buffer = (compression === 'gzip' ? gunzipSync : inflateSync)(bytes, { maxOutputLength });
    return { bytes: plain };
  } catch (error) {
    // zlib throws for damaged data and for output beyond maxOutputLength.
    return { problem: isTooLarge(error) ? 'inflates_too_far' : 'bad_compression' };
  }
}

function isTooLarge(error: unknown): boolean {
  return (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE';
}

/** RFC 1950: deflate, window up to 32 KiB, no preset dictionary, check bits right. */
function isZlibHeader(first: number, second: number): boolean {
  return (first & 0x0f) === 8 && first >> 4 <= 7 && (second & 0x20) === 0 && (first * 256 + second) % 31 === 0;
}

function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f;
}
