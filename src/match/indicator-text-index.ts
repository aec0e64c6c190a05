/**
 * File names, registry keys, mutexes, user agents and other texts: rows by one word of their value, so that an observed text
 * asks only for the words it holds. Each row found is then compared as the reference matcher does.
 */
import type { IndicatorKind } from '../core/indicator.ts';
import type { IndicatorRows } from '../core/indicator-rows.ts';
import { INDICATOR_KINDS } from '../core/indicator-table.ts';
import type { ObservedText } from '../core/observed.ts';
import { comparableText, isWholeText, occursBounded } from '../core/occurrence.ts';

const BOUNDED: ReadonlySet<IndicatorKind> = new Set(['file-name', 'registry-key', 'mutex']);
const TEXTUAL = new Set(
  (['file-name', 'registry-key', 'mutex', 'user-agent', 'text'] as const).map((kind) => INDICATOR_KINDS.indexOf(kind)),
);
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
  readonly #table: IndicatorRows;
  readonly #kinds = new Map<IndicatorKind, KindIndex>();

  constructor(table: IndicatorRows) {
    this.#table = table;
    if (![...table.shapes()].some(isTextual)) return;
    for (let row = 0; row < table.size; row++) this.add(row);
  }

  /** A row that the table has now; rows of other kinds are left alone. */
  add(row: number): void {
    if (!isTextual(this.#table.shapeAt(row))) return;
    const kind = this.#table.kindAt(row);
    let index = this.#kinds.get(kind);
    if (index === undefined) {
      index = { kind, byWord: new Map(), wordless: [] };
      this.#kinds.set(kind, index);
    }
    const word = longestWord(this.#table.valueAt(row));
    const rows = word === undefined ? index.wordless : index.byWord.get(word);
    if (rows !== undefined) rows.push(row);
    else if (word !== undefined) index.byWord.set(word, [row]);
  }

  match(texts: readonly ObservedText[]): TextHit[] {
    const hits: TextHit[] = [];
    for (const index of this.#kinds.values()) for (const text of texts) this.#matchText(index, text, hits);
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

function isTextual(shape: number): boolean {
  return TEXTUAL.has(shape & 15);
}

function longestWord(value: string): string | undefined {
  let best: string | undefined;
  for (const [word] of value.matchAll(WORDS)) if (word.length > (best?.length ?? 0)) best = word;
  return best?.toLowerCase();
}
