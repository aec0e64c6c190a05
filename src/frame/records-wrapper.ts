/**
 * RecordsWrapper: the top-level object around a `Records[]` whose elements stream. Its other members are put aside while they do, and
 * make a record of their own when there are any.
 */
import { CarryBuffer } from './carry-buffer.ts';
import type { EmitRecord } from './framer.ts';
import type { PendingRecord } from './pending-record.ts';

const KEY_BYTES = 'Records'.length;

export class RecordsWrapper {
  readonly #held = new CarryBuffer();
  #isOpen = false;
  #position = 0;
  #line = 0;
  /** Keys of the top-level object so far, and where the last of them begins in the record. */
  #keys = 0;
  #keyOffset = 0;

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Bytes put aside. */
  get length(): number {
    return this.#held.length;
  }

  get hasMembers(): boolean {
    return this.#keys > 1;
  }

  /** A top-level object begins. */
  begin(): void {
    this.#keys = 0;
  }

  beginKey(offset: number): void {
    this.#keyOffset = offset;
  }

  /** A key of the top-level object has ended before index `end`: is it that of the array? */
  endKey(pending: PendingRecord, chunk: Uint8Array, end: number): boolean {
    this.#keys++;
    if (pending.lengthTo(end) - this.#keyOffset !== KEY_BYTES || pending.isTooLong(end)) return false;
    for (let k = 0; k < KEY_BYTES; k++) {
      const byte = pending.byteAt(this.#keyOffset + k, chunk);
      if (byte !== 'Records'.charCodeAt(k) && !(k === 0 && byte === 0x72)) return false;
    }
    return true;
  }

  /** The first object of `Records[]` stands at `at`: what came before is put aside. */
  open(pending: PendingRecord, chunk: Uint8Array, at: number): void {
    if (!this.#isOpen) {
      this.#position = pending.position;
      this.#line = pending.line;
    }
    this.#isOpen = true;
    pending.moveTo(this.#held, chunk, at);
  }

  /** The array has ended at `at`: the object goes on. */
  resume(pending: PendingRecord, at: number): void {
    pending.resume(this.#held, at, this.#position, this.#line);
    this.#held.clear();
  }

  /** The object has ended. */
  close(): void {
    this.#held.clear();
    this.#isOpen = false;
  }

  /** The members of an object whose array never ended properly are searched as text. */
  giveUp(pending: PendingRecord, emit: EmitRecord): void {
    if (this.hasMembers) pending.emit(this.#held.bytes, 0, this.#held.length, this.#position, this.#line, emit);
  }
}
