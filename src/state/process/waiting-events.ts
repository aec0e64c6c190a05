/**
 * WaitingEvents: events that wait for the start of a process that nobody has told of, by host and id. Bounded by bytes as their
 * owners weigh them: beyond it those that wait for the process asked for first are given up.
 */
import type { ProcessEvent } from './process-event.ts';
import { NO_PID } from './process-ids.ts';

export interface Waiting<T> {
  readonly process: ProcessEvent;
  readonly item: T;
  readonly bytes: number;
  /** Order of waiting; absent in snapshots of former versions. */
  readonly since?: number;
}

const NOBODY: readonly never[] = Object.freeze([]);
const SLOTS = 4096;
const DECIMAL = /^(?:0|[1-9]\d{0,8})$/;
const FIRST_TEXT = 0x8000_0000;

export class WaitingEvents<T> {
  count = 0;
  bytes = 0;
  /** Given up. */
  dropped = 0;
  readonly #byKey = new Map<string, Waiting<T>[]>();
  #since = 0;
  /** How many ids are waited for whose words fall on the same slot: nearly every start is for nobody. */
  readonly #slots = new Uint32Array(SLOTS);

  add(key: string, { process, item, bytes }: Waiting<T>): void {
    const waiting = { process, item, bytes, since: this.#since++ };
    const list = this.#byKey.get(key);
    if (list === undefined) {
      this.#byKey.set(key, [waiting]);
      this.#note(key, 1);
    } else list.push(waiting);
    this.count++;
    this.bytes += waiting.bytes;
  }

  /** Gives up the oldest, which are returned, when more than `maxBytes` wait, a sixteenth at once: a map finds its oldest past all that were taken out before. */
  keepWithin(maxBytes: number): readonly T[] {
    if (this.bytes <= maxBytes) return NOBODY;
    const leftBytes = maxBytes - maxBytes / 16;
    const givenUp: T[] = [];
    for (const [key, list] of this.#byKey) {
      if (this.bytes <= leftBytes) break;
      this.#forget(key);
      this.#uncount(list);
      this.dropped += list.length;
      for (const { item } of list) givenUp.push(item);
    }
    return givenUp;
  }

  /** Takes out all, in the order in which they began to wait. */
  takeAll(): readonly T[] {
    const all = [...this.#byKey];
    for (const [key, list] of all) {
      this.#forget(key);
      this.#uncount(list);
    }
    const order = all.flatMap(([, list]) => list).sort((a, b) => (a.since ?? 0) - (b.since ?? 0));
    return order.map(({ item }) => item);
  }

  /** False: nobody waits for the process with this id, on any host. */
  mayWaitFor(pid: number): boolean {
    return this.count > 0 && this.#slots[slotOf(pid)] !== 0;
  }

  /** Takes out those for whom the wait is over. */
  take(key: string, isReady: (waiting: Waiting<T>) => boolean): readonly T[] {
    const list = this.#byKey.get(key);
    if (list === undefined) return [];
    const ready = list.filter(isReady);
    if (ready.length === list.length) this.#forget(key);
    else if (ready.length > 0) {
      const rest = list.filter((waiting) => !ready.includes(waiting));
      this.#byKey.set(key, rest);
    }
    this.#uncount(ready);
    return ready.map(({ item }) => item);
  }

  *entries(): Generator<readonly [key: string, waiting: Waiting<T>]> {
    for (const [key, list] of this.#byKey) for (const waiting of list) yield [key, waiting];
  }

  #forget(key: string): void {
    this.#byKey.delete(key);
    this.#note(key, -1);
  }

  #uncount(list: readonly Waiting<T>[]): void {
    this.count -= list.length;
    for (const { bytes } of list) this.bytes -= bytes;
  }

  #note(key: string, change: number): void {
    const pid = key.slice(key.indexOf('\0') + 1);
    const slot = slotOf(DECIMAL.test(pid) ? Number(pid) : FIRST_TEXT);
    this.#slots[slot] = (this.#slots[slot] as number) + change;
  }
}

/** All ids that are no numbers share one slot: their words may change while somebody waits. */
function slotOf(pid: number): number {
  return pid >= FIRST_TEXT && pid <= NO_PID ? SLOTS - 1 : pid % (SLOTS - 1);
}

/** Host and id of the process that is waited for. */
export function waitingKey(host: string, pid: string): string {
  return `${host.toLowerCase()}\0${pid}`;
}
