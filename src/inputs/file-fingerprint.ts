/**
 * How a file is known again: device and inode say which file it is now, the hash of its first bytes that it is still the same one
 * (inodes are used again, and a truncated file keeps its own). The id of the source is made when the file is first seen.
 */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { SourcePosition } from './position-store.ts';

export type Fingerprint = NonNullable<SourcePosition['fingerprint']>;

const FINGERPRINT_BYTES = 1024;

/** Key of the position store: where the file is, not what it holds. */
export function fileKey(stats: { readonly dev: number; readonly ino: number }): string {
  return `file:${stats.dev}:${stats.ino}`;
}

export async function takeFingerprint(
  handle: FileHandle,
  stats: { readonly dev: number; readonly ino: number },
): Promise<Fingerprint> {
  const head = await readHead(handle, FINGERPRINT_BYTES);
  const hash = hashOf(head);
  return { bytes: head.length, hash, id: `file:${stats.ino}:${hash.slice(0, 32)}` };
}

/** True when the file still begins with the bytes the fingerprint was taken of. */
export async function hasFingerprint(handle: FileHandle, fingerprint: Fingerprint): Promise<boolean> {
  const head = await readHead(handle, fingerprint.bytes);
  return head.length === fingerprint.bytes && hashOf(head) === fingerprint.hash;
}

async function readHead(handle: FileHandle, bytes: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(bytes);
  let length = 0;
  while (length < bytes) {
    const { bytesRead } = await handle.read(buffer, length, bytes - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
