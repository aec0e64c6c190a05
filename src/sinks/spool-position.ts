/**
 * Where the reader of a spool stands: a file of two 32-byte slots written in turn, the valid one with the higher sequence number counts. A
 * write torn by a crash spoils one slot only; the other is older by one batch, whose messages are then sent again.
 *
 * slot: 8 bytes "FLNTPOS1", f64 sequence, f64 segment number, u32 offset in the segment, u32 CRC-32 of the 28 bytes before
 */
import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

export interface SpoolPosition {
  readonly segment: number;
  readonly offset: number;
}

const MAGIC = Buffer.from('FLNTPOS1', 'latin1');
const SLOT_BYTES = 32;

export class PositionFile {
  readonly #file: FileHandle;
  #sequence: number;
  /** The position found at opening; undefined when there is none or both slots are damaged. */
  readonly found: SpoolPosition | undefined;

  private constructor(file: FileHandle, sequence: number, found: SpoolPosition | undefined) {
    this.#file = file;
    this.#sequence = sequence;
    this.found = found;
  }

  static async open(path: string): Promise<PositionFile> {
    const file = await openOrCreate(path);
    const bytes = Buffer.alloc(2 * SLOT_BYTES);
    await file.read(bytes, 0, bytes.length, 0);
    const slots = [0, 1].flatMap((slot) => readSlot(bytes.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES)) ?? []);
    const newest = slots.sort((a, b) => b.sequence - a.sequence)[0];
    return new PositionFile(file, newest?.sequence ?? 0, newest?.position);
  }

  async write({ segment, offset }: SpoolPosition): Promise<void> {
    const slot = Buffer.alloc(SLOT_BYTES);
    slot.set(MAGIC, 0);
    slot.writeDoubleLE(++this.#sequence, 8);
    slot.writeDoubleLE(segment, 16);
    slot.writeUInt32LE(offset, 24);
    slot.writeUInt32LE(crc32(slot.subarray(0, 28)), 28);
    await this.#file.write(slot, 0, SLOT_BYTES, (this.#sequence % 2) * SLOT_BYTES);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

function readSlot(slot: Buffer): { readonly sequence: number; readonly position: SpoolPosition } | undefined {
  if (!slot.subarray(0, 8).equals(MAGIC) || slot.readUInt32LE(28) !== crc32(slot.subarray(0, 28))) return undefined;
  const position = { segment: slot.readDoubleLE(16), offset: slot.readUInt32LE(24) };
  return { sequence: slot.readDoubleLE(8), position };
}

async function openOrCreate(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+', 0o600);
  } catch (error) {
    // Absent at the first start.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return open(path, 'w+', 0o600);
  }
}
