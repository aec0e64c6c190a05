/**
 * Texts that leave with numbers that stand on them, to a snapshot or another thread: each once, by its place among them, which counts
 * from 1. Their JSON spellings stand one behind the other.
 */
import { pidOfText, textOfPidWord } from './process-ids.ts';
import { NO_TEXT, type TextStore } from './text-store.ts';

export interface TextColumns {
  readonly texts: Uint8Array;
  /** Where the spelling of each ends. */
  readonly ends: Uint32Array;
}

/** Collects them; they are pinned until `release`. */
export class WrittenTexts {
  readonly #texts: TextStore;
  readonly #places = new Map<number, number>();
  #bytes = new Uint8Array(4096);
  readonly #ends: number[] = [];

  constructor(texts: TextStore) {
    this.#texts = texts;
  }

  place(text: number): number {
    if (text === NO_TEXT) return NO_TEXT;
    let place = this.#places.get(text);
    if (place === undefined) {
      place = this.#write(this.#texts.spellingOf(text));
      this.#texts.pin(text);
      this.#places.set(text, place);
    }
    return place;
  }

  pidWord(word: number): number {
    const text = textOfPidWord(word);
    return text === NO_TEXT ? word : pidOfText(this.place(text));
  }

  columns(): TextColumns {
    return { texts: this.#bytes.subarray(0, this.#ends.at(-1) ?? 0), ends: Uint32Array.from(this.#ends) };
  }

  release(): void {
    for (const text of this.#places.keys()) this.#texts.unpin(text);
    this.#places.clear();
  }

  #write(spelling: Uint8Array): number {
    const start = this.#ends.at(-1) ?? 0;
    const end = start + spelling.length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(2 * end);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(spelling, start);
    return this.#ends.push(end);
  }
}

/** Adds them to a store; returns their numbers there by their places. They are not held. */
export function readTexts(store: TextStore, { texts, ends }: TextColumns): Uint32Array {
  const view = new DataView(texts.buffer, texts.byteOffset, texts.byteLength);
  const ids = new Uint32Array(ends.length + 1);
  ids[0] = NO_TEXT;
  for (let i = 0, from = 0; i < ends.length; i++) {
    const to = ends[i] as number;
    ids[i + 1] = store.idOfJson(texts, view, from, to);
    from = to;
  }
  return ids;
}
