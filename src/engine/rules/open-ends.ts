/**
 * OpenEnds: until when patterns of feeds that state no time hold. Such an end moves on each time that the feed is found to say the pattern
 * still, and with it those of all patterns that the feed said at the same time: there are few ends, whatever the number of patterns. The
 * ends of a layer are plain data; a thread keeps for itself where they have moved.
 */
import type { Renewal } from '../../core/table-change.ts';
import { shared } from '../../core/text-pool.ts';
import type { PatternInput } from './compiled-pattern.ts';

interface OpenEnd {
  readonly feed: string;
  /** When the layer was compiled. */
  readonly untilMs: number;
}

/** Of the patterns of a layer, by position. */
export interface PortableEnds {
  /** 1 + position in `ends`; 0: the feed states a time, or the pattern is of none. */
  readonly numbers: Uint32Array;
  readonly ends: readonly OpenEnd[];
}

/** Collects them, pattern by pattern. */
export class OpenEndsBuilder {
  readonly #numbers: number[] = [];
  readonly #ends = new Map<string, readonly [number: number, end: OpenEnd]>();

  add({ feed, indicator }: Pick<PatternInput, 'feed' | 'indicator'>): void {
    const { validFromMs, modifiedMs, validUntilMs } = indicator ?? {};
    const isOpen = feed !== undefined && validUntilMs !== undefined && validFromMs === undefined;
    this.#add(isOpen && modifiedMs === undefined ? { feed, untilMs: validUntilMs } : undefined);
  }

  /** The next pattern is one of another layer. */
  addFrom({ numbers, ends }: PortableEnds, position: number): void {
    this.#add(ends[(numbers[position] ?? 0) - 1]);
  }

  #add(end: OpenEnd | undefined): void {
    if (end === undefined) {
      this.#numbers.push(0);
      return;
    }
    const key = `${end.untilMs} ${end.feed}`;
    const [number] = this.#ends.get(key) ?? [this.#ends.size + 1];
    this.#ends.set(key, [number, end]);
    this.#numbers.push(number);
  }

  finish(): PortableEnds {
    return { numbers: shared(Uint32Array.from(this.#numbers)), ends: [...this.#ends.values()].map(([, end]) => end) };
  }
}

export class OpenEnds {
  readonly #portable: PortableEnds;
  /** By position in the ends. */
  readonly #nowMs: number[];

  constructor(portable: PortableEnds) {
    this.#portable = portable;
    this.#nowMs = portable.ends.map(({ untilMs }) => untilMs);
  }

  /** Undefined: it stands with the pattern. */
  at(position: number): number | undefined {
    return this.#nowMs[(this.#portable.numbers[position] ?? 0) - 1];
  }

  renew({ feed, fromMs, toMs }: Renewal): void {
    for (const [i, end] of this.#portable.ends.entries())
      if (end.feed === feed && this.#nowMs[i] === fromMs) this.#nowMs[i] = toMs;
  }

  /** Of layers that became this one: where their ends have moved. */
  takeOver(former: OpenEnds): void {
    for (const [j, one] of former.#portable.ends.entries()) {
      const i = this.#portable.ends.findIndex(({ feed, untilMs }) => feed === one.feed && untilMs === one.untilMs);
      if (i >= 0) this.#nowMs[i] = Math.max(this.#nowMs[i] ?? 0, former.#nowMs[j] ?? 0);
    }
  }
}
