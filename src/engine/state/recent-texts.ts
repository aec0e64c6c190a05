/**
 * RecentTexts: the texts of JSON values from their bytes, escapes resolved. Values of log fields repeat (hosts, programs, users), and
 * comparing bytes is several times faster than making a text: a direct-mapped table keeps the last text of each hash.
 */
import { decodeUtf8 } from '../../decode/text.ts';

const SLOTS = 8192;
/** Longer values are made anew each time. */
const SLOT_BYTES = 192;
const NON_ASCII = /[^\x00-\x7f]/;

export class RecentTexts {
  readonly #texts: string[] = new Array<string>(SLOTS).fill('');
  readonly #lengths = new Int32Array(SLOTS).fill(-1);
  readonly #arena = new DataView(new ArrayBuffer(SLOTS * SLOT_BYTES));
  readonly #arenaBytes = new Uint8Array(this.#arena.buffer);
  #bytes: Uint8Array | undefined;
  #buffer: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  #view: DataView = this.#arena;

  /** The text between the quotes at `start - 1` and `end`. */
  text(bytes: Uint8Array, start: number, end: number): string {
    const length = end - start;
    if (this.#bytes !== bytes) {
      this.#bytes = bytes;
      this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    // Words of four bytes are compared.
    if (length > SLOT_BYTES || length < 4) return length === 0 ? '' : textOf(this.#buffer, start, end);
    const view = this.#view;
    const last = view.getInt32(end - 4, true);
    let hash = length ^ last;
    for (let at = start; at + 4 <= end; at += 4) hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1);
    hash ^= hash >>> 15;
    const slot = hash & (SLOTS - 1);
    const kept = slot * SLOT_BYTES;
    if (this.#lengths[slot] === length && this.#isKept(kept, start, length, last)) return this.#texts[slot] as string;
    const text = textOf(this.#buffer, start, end);
    this.#lengths[slot] = length;
    this.#texts[slot] = text;
    this.#arenaBytes.set(bytes.subarray(start, end), kept);
    return text;
  }

  #isKept(kept: number, start: number, length: number, last: number): boolean {
    const arena = this.#arena;
    const view = this.#view;
    if (arena.getInt32(kept + length - 4, true) !== last) return false;
    for (let i = 0; i + 4 <= length; i += 4)
      if (arena.getInt32(kept + i, true) !== view.getInt32(start + i, true)) return false;
    return true;
  }
}

function textOf(bytes: Buffer, start: number, end: number): string {
  const raw = bytes.toString('latin1', start, end);
  const text = NON_ASCII.test(raw) ? decodeUtf8(bytes, start, end) : raw;
  // The value is a valid JSON text: whoever found it has looked.
  return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text;
}
