/**
 * File names, registry keys, mutexes, user agents and other texts: rows by one word of their value, so that an observed text
 * asks only for the words it holds. Each row found is then compared as the reference matcher does.
 */
import type { IndicatorKind } from '../core/indicator.ts';
import type { IndicatorTable } from '../core/indicator-table.ts';
import type { ObservedText } from '../core/observed.ts';
import { comparableText, isWholeText, occursBounded } from '../core/occurrence.ts';

const BOUNDED: ReadonlySet<IndicatorKind> = new Set(['file-name', 'registry-key', 'mutex']);
const TEXTUAL: readonly IndicatorKind[] = ['file-name', 'registry-key', 'mutex', 'user-agent', 'text'];
const WORDS = /[A-Za-z0-9]+/g;

export interface TextHit {
  readonly row: number;
  readonly field: string;
  readonly seen: string;
  readonly how: 'exact' | 'exact in text';
}

interface KindIndex {
  readonly kind: IndicatorKind;
  readonly byWord: Map<string, number[]>;
  /** Values without a letter or digit of ASCII. */
  readonly wordless: number[];
}

export class TextIndex {
  readonly #table: IndicatorTable;
  readonly #kinds: KindIndex[] = [];

  constructor(table: IndicatorTable) {
    this.#table = table;
    const kinds = new Map<IndicatorKind, KindIndex>();
    for (let row = 0; row < table.size; row++) {
      const kind = table.kindAt(row);
      if (!TEXTUAL.includes(kind)) continue;
      let index = kinds.get(kind);
      if (index === undefined) {
        index = { kind, byWord: new Map(), wordless: [] };
        kinds.set(kind, index);
        this.#kinds.push(index);
      }
      const word = longestWord(table.valueAt(row));
      const rows = word === undefined ? index.wordless : index.byWord.get(word);
      if (rows !== undefined) rows.push(row);
      else if (word !== undefined) index.byWord.set(word, [row]);
    }
  }

  match(texts: readonly ObservedText[]): TextHit[] {
    const hits: TextHit[] = [];
    for (const index of this.#kinds) for (const text of texts) this.#matchText(index, text, hits);
    return hits;
  }

  #matchText(index: KindIndex, { field, text, isLine }: ObservedText, hits: TextHit[]): void {
    const comparable = comparableText(index.kind, text);
    const rows = new Set(index.wordless);
    for (const [word] of comparable.matchAll(WORDS))
      for (const row of index.byWord.get(word.toLowerCase()) ?? []) rows.add(row);
    for (const row of rows) {
      const value = this.#table.valueAt(row);
      const isWhole = isWholeText(comparable, value, isLine);
      const holds = BOUNDED.has(index.kind) ? occursBounded(comparable, value) : isWhole;
      if (holds) hits.push({ row, field, seen: value, how: isWhole && !isLine ? 'exact' : 'exact in text' });
    }
  }
}

function longestWord(value: string): string | undefined {
  let best: string | undefined;
  for (const [word] of value.matchAll(WORDS)) if (word.length > (best?.length ?? 0)) best = word;
  return best?.toLowerCase();
}
