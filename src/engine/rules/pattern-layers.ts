/**
 * PatternLayers: which patterns a set has, and what finds them: a base and the layers that came after it, while events went on; patterns that
 * were removed are tombstones in their layers. Layers are joined when there are many (`merge`). A pattern keeps its number for as long as
 * the set lives, and threads that are told of the same changes give the same numbers. Layers stand once in shared memory.
 */
import { foldCase } from '../../core/fold.ts';
import type { Renewal } from '../../core/table-change.ts';
import type { ScanToken } from '../../match/object-token.ts';
import { TextUnits } from '../../match/text-units.ts';
import { type LiteralPlan, placePlan } from '../../scan/literal-plan.ts';
import type { ScanMemory } from '../../scan/scan-memory.ts';
import type { CompiledPattern } from './compiled-pattern.ts';
import type { FilterPlace, PatternFilter } from './pattern-filter.ts';
import { type LayerPart, PatternLayer, type PortableLayer } from './pattern-layer.ts';
import type { PatternWitness } from './pattern-witnesses.ts';

/** Layers that became one: all that lie before the number of a pattern, with the base or without. Plain data. */
export interface LayerMerge {
  readonly before: number;
  readonly withBase: boolean;
  /** Tombstones that are gone with it. */
  readonly buried: number;
  /** Of the patterns of `layer`. */
  readonly numbers: Uint32Array;
  readonly layer: PortableLayer;
}

/** What is to be joined for a merge. */
export interface WantedMerge extends Omit<LayerMerge, 'layer'> {
  readonly parts: readonly LayerPart[];
}

/** More layers beside the base are joined. */
const MAX_LAYERS = 4;
/** With more patterns than these and a quarter of the base come or gone, the base becomes part of it. */
const MERGE_PATTERNS = 1000;

export class PatternLayers {
  readonly #units = new TextUnits();
  /** The base first. */
  #layers: readonly PatternLayer[] = [];
  /** Tombstones in layers. */
  readonly #gone = new Set<number>();
  /** Made when something is removed for the first time. */
  #byKey: Map<string, number> | undefined;
  /** Patterns below this number are those of the base. */
  #baseEnd: number;
  /** Number of the next pattern. */
  #end = 0;
  #size = 0;
  /** Tombstones since the last merge with the base. */
  #buried = 0;
  /** Of the layers as they are, once somebody asked. */
  #tokens: readonly ScanToken[] | undefined;
  /** Where this thread searches bytes. */
  #place: FilterPlace | undefined;
  #merges = 0;

  constructor(base: PortableLayer) {
    this.#baseEnd = this.add(base).size;
  }

  /** Patterns come, under the next numbers. */
  add(portable: PortableLayer): PatternLayer {
    const first = this.#end;
    const layer = new PatternLayer(
      portable,
      Uint32Array.from(portable.flags, (_, i) => first + i),
      this.#units,
    );
    this.#end += layer.size;
    this.#size += layer.size;
    if (this.#byKey !== undefined) addKeys(this.#byKey, layer);
    // The base stands first whatever it has.
    if (layer.size > 0 || this.#layers.length === 0) this.#layers = [...this.#layers, layer];
    this.#tokens = undefined;
    return layer;
  }

  /** The pattern with this key goes. Returns its number; undefined: there is none. */
  remove(key: string): number | undefined {
    const number = this.#keys.get(key);
    if (number === undefined) return undefined;
    this.#keys.delete(key);
    this.#gone.add(number);
    this.#buried++;
    this.#size--;
    return number;
  }

  get #keys(): Map<string, number> {
    if (this.#byKey === undefined) {
      this.#byKey = new Map();
      for (const layer of this.#layers) addKeys(this.#byKey, layer);
    }
    return this.#byKey;
  }

  /** Parsed anew each time. */
  open(number: number): CompiledPattern {
    const layer = this.#layers.findLast(({ size, first }) => size > 0 && first <= number);
    if (layer === undefined) throw new Error(`there is no pattern ${number}`);
    return layer.open(number);
  }

  /** False: the pattern was removed. */
  counts(pattern: number): boolean {
    return !this.#gone.has(pattern);
  }

  isInBase(pattern: number): boolean {
    return pattern < this.#baseEnd;
  }

  get base(): PatternLayer {
    return this.#layers[0] as PatternLayer;
  }

  /** Patterns that count. */
  get size(): number {
    return this.#size;
  }

  /** How far the set has gone from its base. */
  get changes(): {
    readonly layers: number;
    readonly added: number;
    readonly tombstones: number;
    readonly merges: number;
  } {
    const [layers, merges] = [this.#layers.length - 1, this.#merges];
    return { layers, added: this.#end - this.#baseEnd, tombstones: this.#buried, merges };
  }

  /** For the scanner's literal search. Patterns that appear neither here nor in `unwitnessed` can never match an event. */
  get witnesses(): readonly PatternWitness[] {
    return this.#layers.flatMap(({ witnesses }) => witnesses.filter(({ pattern }) => this.counts(pattern)));
  }

  /** Patterns without a witness: candidates for every event. */
  get unwitnessed(): readonly number[] {
    return this.#layers.flatMap(({ unwitnessed }) => unwitnessed.filter((number) => this.counts(number)));
  }

  /** What the tables of the indicator scanner must hold. */
  get tokens(): readonly ScanToken[] {
    this.#tokens ??= this.#layers.flatMap(({ tokens }) => tokens);
    return this.#tokens;
  }

  get hasTokens(): boolean {
    return this.#layers.some(({ hasTokens }) => hasTokens);
  }

  /** Adds the patterns that could be concerned with a text of an event. */
  find(text: string, found: Set<number>): void {
    const folded = foldCase(text);
    for (const layer of this.#layers) layer.find(folded, found);
  }

  /** Adds those that must be looked at for every event. */
  findUnwitnessed(found: Set<number>): void {
    for (const { unwitnessed } of this.#layers) for (const number of unwitnessed) found.add(number);
  }

  /**
   * Bytes are searched here from now on, by literals that stand in the memory of the place. `room`: who hands that out; they are copied there. Absent:
   * another thread has done so, `literals` of each layer.
   */
  search(place: FilterPlace, literals: ScanMemory | readonly (LiteralPlan | undefined)[]): void {
    this.#place = place;
    for (const [i, layer] of this.#layers.entries()) {
      const former = layer.portable.literals;
      layer.useLiterals(
        !('allocate' in literals) ? literals[i] : former === undefined ? undefined : placePlan(former, literals),
      );
    }
  }

  /** Of each layer, where they stand. */
  get literals(): readonly (LiteralPlan | undefined)[] {
    return this.#layers.map(({ portable }) => portable.literals);
  }

  /** What finds in bytes the patterns that no tokens do; undefined: bytes do not tell. */
  get filters(): readonly PatternFilter[] | undefined {
    const filters = this.#layers.map((layer) => layer.filter((pattern) => this.counts(pattern), this.#place));
    return filters.includes('every') ? undefined : filters.filter((one) => typeof one === 'object');
  }

  /** What a feed says without stating a time ends later. */
  renew(renewal: Renewal): void {
    for (const layer of this.#layers) layer.renew(renewal);
  }

  /** Undefined while the layers are few. */
  get wantedMerge(): WantedMerge | undefined {
    const { added, tombstones, layers } = this.changes;
    const withBase = added + tombstones > Math.max(MERGE_PATTERNS, this.#baseEnd / 4);
    return withBase || layers > MAX_LAYERS ? this.mergeOf(withBase) : undefined;
  }

  /** All layers as they are now, with the base or without. */
  mergeOf(withBase: boolean): WantedMerge {
    const layers = withBase ? this.#layers : this.#layers.slice(1);
    const numbers: number[] = [];
    const parts = layers.map(({ portable, numbers: all }): LayerPart => {
      const positions: number[] = [];
      for (const [position, number] of all.entries())
        if (this.counts(number)) {
          positions.push(position);
          numbers.push(number);
        }
      const { literals: _literals, ...layer } = portable;
      return { layer, positions: Uint32Array.from(positions) };
    });
    const [before, buried] = [this.#end, this.#buried];
    return { before, withBase, buried, numbers: Uint32Array.from(numbers), parts };
  }

  /** Layers become one; nothing that matches changes by it. Returns the literals of those that are gone. */
  merge({ before, withBase, buried, numbers, layer }: LayerMerge): readonly LiteralPlan[] {
    const base = withBase ? 0 : 1;
    const former = this.#layers.slice(base).filter(({ first, size }) => size === 0 || first < before);
    const joined = new PatternLayer(layer, numbers, this.#units);
    joined.takeOver(former);
    const kept = new Set(numbers);
    // Tombstones outlive no layer.
    for (const { numbers: all } of former) for (const number of all) if (!kept.has(number)) this.#gone.delete(number);
    this.#layers = [...this.#layers.slice(0, base), joined, ...this.#layers.slice(base + former.length)];
    this.#tokens = undefined;
    this.#merges++;
    if (withBase) {
      this.#baseEnd = before;
      this.#buried -= buried;
    }
    return former.flatMap(({ portable }) => portable.literals ?? []);
  }
}

function addKeys(byKey: Map<string, number>, { keys, numbers }: PatternLayer): void {
  for (const [position, key] of keys.entries()) if (key !== '') byKey.set(key, numbers[position] ?? 0);
}
