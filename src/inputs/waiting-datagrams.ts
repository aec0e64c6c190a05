/**
 * Takes datagrams that wait at a socket by reading its descriptor. node:dgram hands over one datagram for about 2.7 us of processor
 * time (64 KiB allocated and shrunk, an object for the sender, a call from outside); a read into memory that is there takes 1.0 us, but
 * the one that finds nothing throws (6 us) and nobody tells who has sent. So reads begin where the turns before have shown that several
 * datagrams come at a time, and go to the end of the queue only where many do. The descriptor is found in /proc (Linux); elsewhere
 * node:dgram takes them all.
 */
import type { Buffer } from 'node:buffer';
import { readSync } from 'node:fs';

/** More than any datagram holds; a read into less would cut it off. */
export const MOST_DATAGRAM_BYTES = 65_536;
/** So many more make up for a read that finds none. */
const MANY = 16;
/** A turn that brings fewer tells nothing of those that bring many. */
const FEW = 4;
/** Datagrams read in a turn; others wait for the next one, so that timers and other sockets have theirs. */
const MOST_PER_TURN = 512;

/** What takes datagrams. */
export interface DatagramTarget {
  /** Where the next datagram is to be read to: `MOST_DATAGRAM_BYTES` from `landingStart` on. */
  landing(): Buffer;
  readonly landingStart: number;
  /** So many bytes were read to there: a datagram of nobody knows whom. */
  takeLanded(length: number): void;
  /** Datagrams come of which must be known who has sent them. */
  readonly wantsSenders: boolean;
}

export class WaitingDatagrams {
  readonly #descriptor: number;
  readonly #target: DatagramTarget;
  /** Datagrams of this turn until now. */
  #taken = 0;
  /** What turns bring that bring more than a few. */
  #expected = 0;
  /** No reads before so many of this turn. */
  #readAt = MANY;

  /** `descriptor`: of a socket that does not block, open as long as `taken` is called. */
  constructor(descriptor: number, target: DatagramTarget) {
    this.#descriptor = descriptor;
    this.#target = target;
  }

  /** One datagram was taken: takes more of those that wait behind it. Returns how many. */
  taken(): number {
    if (++this.#taken < this.#readAt) return 0;
    const count = this.#read(MOST_PER_TURN - this.#taken);
    this.#taken += count;
    this.#readAt = this.#taken + MANY;
    return count;
  }

  endOfTurn(): void {
    if (this.#taken >= FEW) this.#expected += (this.#taken - this.#expected) / 4;
    this.#taken = 0;
    this.#readAt = this.#expected < MANY ? MANY : FEW;
  }

  #read(most: number): number {
    const target = this.#target;
    let count = 0;
    for (; count < most && !target.wantsSenders; count++) {
      const bytes = target.landing();
      let length: number;
      try {
        length = readSync(this.#descriptor, bytes, target.landingStart, MOST_DATAGRAM_BYTES, null);
      } catch (error) {
        // EAGAIN: nothing waits any more. An error of the socket that lasts is met, and told, by node:dgram as well.
        if (!isReadError(error)) throw error;
        break;
      }
      target.takeLanded(length);
    }
    return count;
  }
}

function isReadError(error: unknown): boolean {
  return error instanceof Error && (error as { syscall?: string }).syscall === 'read';
}
