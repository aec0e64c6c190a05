/**
 * HostRestarts: when machines went down and came up, to keep their processes of before apart from questions of behind. By host a short
 * list of spans in the order of their ends; spans that hold another one say less than it does and are left out. Order of arrival does
 * not matter. Bounded: the oldest spans of a host, and the hosts told of longest ago, are let go, the hosts counted.
 */
import type { TextStore } from './text-store.ts';

/** Each boot is told of by a few records. */
const MAX_SPANS = 32;
const MAX_HOSTS = 65_536;
const LET_GO_AT_ONCE = 4_096;

/** Pairs of from and until, ascending by until. */
type Spans = number[];

/** For snapshots, as JSON: hosts told of longest ago first. */
export type SavedRestarts = readonly (readonly [host: string, spans: readonly number[]])[];

export class HostRestarts {
  /** Hosts let go. */
  forgotten = 0;
  readonly #texts: TextStore;
  readonly #spansOf = new Map<number, Spans>();
  /** What was never saved is to be saved, whatever was restored without it. */
  #isChanged = true;

  constructor(texts: TextStore) {
    this.#texts = texts;
  }

  /** Hosts that were told to have restarted. */
  get hosts(): number {
    return this.#spansOf.size;
  }

  /** `host`: text of its name in lower case. */
  add(host: number, fromMs: number, untilMs: number): void {
    const spans = this.#spansOf.get(host) ?? [];
    if (spans.length === 0) this.#texts.pin(host);
    // It moves to the end.
    else this.#spansOf.delete(host);
    this.#spansOf.set(host, spans);
    insert(spans, fromMs, untilMs);
    this.#isChanged = true;
    if (this.#spansOf.size > MAX_HOSTS) this.#letGo();
  }

  /** Whether the machine restarted between the two times, in whichever order: what was there at one of them was not at the other. */
  isBetween(host: number, aMs: number, bMs: number): boolean {
    if (this.#spansOf.size === 0) return false;
    const spans = this.#spansOf.get(host);
    if (spans === undefined) return false;
    const earlier = Math.min(aMs, bMs);
    const later = Math.max(aMs, bMs);
    // None holds another, so that they begin in the order in which they end.
    for (let i = spans.length - 2; i >= 0; i -= 2)
      if ((spans[i + 1] as number) <= later) return earlier < (spans[i] as number);
    return false;
  }

  /** Something was told since the last call. */
  takeChanged(): boolean {
    const isChanged = this.#isChanged;
    this.#isChanged = false;
    return isChanged;
  }

  /** What was taken is to be saved again. */
  markChanged(): void {
    this.#isChanged = true;
  }

  save(): SavedRestarts {
    return Array.from(this.#spansOf, ([host, spans]) => [this.#texts.textOf(host), spans.slice()] as const);
  }

  restore(saved: SavedRestarts): void {
    for (const [name, spans] of saved) {
      const host = this.#texts.idOf(name);
      for (let i = 0; i + 1 < spans.length; i += 2) this.add(host, spans[i] as number, spans[i + 1] as number);
    }
    this.#isChanged = false;
  }

  /** Some at once: a map finds its oldest only past all that were taken out before it. */
  #letGo(): void {
    for (const host of this.#spansOf.keys()) {
      if (this.#spansOf.size <= MAX_HOSTS - LET_GO_AT_ONCE) return;
      this.#spansOf.delete(host);
      this.#texts.unpin(host);
      this.forgotten++;
    }
  }
}

function insert(spans: Spans, fromMs: number, untilMs: number): void {
  for (let i = 0; i < spans.length; i += 2)
    if ((spans[i] as number) >= fromMs && (spans[i + 1] as number) <= untilMs) return;
  let kept = 0;
  let at = 0;
  for (let i = 0; i < spans.length; i += 2) {
    const from = spans[i] as number;
    const until = spans[i + 1] as number;
    if (from <= fromMs && until >= untilMs) continue;
    spans[kept++] = from;
    spans[kept++] = until;
    if (until <= untilMs) at = kept;
  }
  spans.length = kept;
  spans.splice(at, 0, fromMs, untilMs);
  if (spans.length > 2 * MAX_SPANS) spans.splice(0, 2);
}
