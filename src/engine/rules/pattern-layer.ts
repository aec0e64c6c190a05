/**
 * PatternLayer: patterns that came together, with what finds them in events and in raw bytes. What takes long (parsing, compiling, choosing
 * literals) is done once: `compileLayer` gives plain data in shared memory, which every thread that matches opens without copying. A
 * pattern is parsed by a thread when an event may concern it.
 */
import { jsonBytes, readJsonBytes } from '../../core/json-bytes.ts';
import { pieceAt, type SharedPieces, sharedPieces } from '../../core/shared-pieces.ts';
import type { Renewal } from '../../core/table-change.ts';
import { shared } from '../../core/text-pool.ts';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import type { StixMapping } from '../../fields/stix/mapping.ts';
import { pathOrigins } from '../../fields/stix/path-origins.ts';
import { STIX_MAPPINGS } from '../../fields/stix/registry.ts';
import type { ObservationPlan } from '../../ir/observation.ts';
import type { ScanToken } from '../../match/object-token.ts';
import type { TextUnits } from '../../match/text-units.ts';
import { canRunKernel } from '../../scan/indicator-scanner.ts';
import type { LiteralPlan } from '../../scan/literal-plan.ts';
import { TOKENS_PER_PATTERN } from '../intel/compiled-tables.ts';
import { type CompiledPattern, compileInput, type PatternInput, plannedPattern } from './compiled-pattern.ts';
import { OpenEnds, OpenEndsBuilder, type PortableEnds } from './open-ends.ts';
import { compilePatternLiterals, type FilterPlace, PatternFilter } from './pattern-filter.ts';
import {
  buildWitnessIndex,
  type PatternClause,
  type PatternWitness,
  patternClause,
  type WitnessIndex,
  WitnessSearch,
} from './pattern-witnesses.ts';

/** For threads. Patterns are known by their position in it. */
export interface PortableLayer {
  /** JSON of a `PatternRecord` each. */
  readonly records: SharedPieces;
  /** Of each pattern, bits. */
  readonly flags: Uint8Array;
  readonly ends: PortableEnds;
  /** JSON: the key of each, for changes. */
  readonly keys: Uint8Array;
  /** JSON: `PatternWitness` of those that have one. */
  readonly witnesses: Uint8Array;
  /** Positions of those that must be looked at for every event. */
  readonly unwitnessed: Uint32Array;
  readonly index: WitnessIndex;
  /** Patterns are found by their tokens, as far as they have any, in the tables of the indicator scanner. */
  readonly withTokens: boolean;
  /** Patterns that are not. */
  readonly loose: number;
  /** Of these; absent: there are none, or bytes cannot tell. */
  readonly literals?: LiteralPlan;
}

export interface CompiledLayer {
  readonly layer: PortableLayer;
  /** Of each pattern that cannot be used, with its key. */
  readonly problems: readonly (readonly [key: string, problem: Diagnostic])[];
  /** Tolerated spellings and normalisations, by name, with the number of patterns. */
  readonly notes: ReadonlyMap<string, number>;
}

interface PatternRecord {
  readonly input: PatternInput;
  readonly plan: ObservationPlan;
}

/** Flag: the pattern takes several events. */
const SPANS = 1;
/** Tokens are used where at most one of so many patterns has none. */
const LOOSE_SHARE = 4;

/** Parses and compiles; what cannot be used is reported and left out. `mappings`: added to the built-in ones. */
export function compileLayer(inputs: Iterable<PatternInput>, mappings: readonly StixMapping[] = []): CompiledLayer {
  const origins = pathOrigins([...STIX_MAPPINGS, ...mappings]);
  const problems: (readonly [string, Diagnostic])[] = [];
  const notes = new Map<string, number>();
  const parts = noParts();
  for (const input of inputs) {
    const key = input.key ?? '';
    const compiled = compileInput(input);
    if (!compiled.ok) {
      problems.push([key, compiled.problem]);
      continue;
    }
    const { plan, brackets, spansEvents } = compiled.pattern;
    parts.records.push(jsonBytes({ input, plan } satisfies PatternRecord));
    parts.flags.push(spansEvents ? SPANS : 0);
    parts.ends.add(input);
    parts.keys.push(key);
    parts.clauses.push(patternClause(brackets, origins));
    for (const note of compiled.notes) notes.set(note, (notes.get(note) ?? 0) + 1);
  }
  return { layer: layerOf(parts), problems, notes };
}

/** By position. */
interface LayerParts {
  readonly records: Uint8Array[];
  readonly flags: number[];
  readonly ends: OpenEndsBuilder;
  readonly keys: string[];
  readonly clauses: PatternClause[];
}

function noParts(): LayerParts {
  return { records: [], flags: [], ends: new OpenEndsBuilder(), keys: [], clauses: [] };
}

function layerOf({ records, flags, ends, keys, clauses }: LayerParts): PortableLayer {
  const witnesses = clauses.flatMap((clause, pattern): PatternWitness[] =>
    clause === undefined || clause.anyOf.length === 0 ? [] : [{ ...clause, pattern }],
  );
  const withTokens = usesTokens(witnesses) && witnesses.some(({ tokens }) => tokens !== undefined);
  const loose = withTokens ? witnesses.filter(({ tokens }) => tokens === undefined) : witnesses;
  const literals = loose.length === 0 ? undefined : compilePatternLiterals(loose);
  return {
    records: sharedPieces(records),
    flags: shared(Uint8Array.from(flags)),
    ends: ends.finish(),
    keys: shared(jsonBytes(keys)),
    witnesses: shared(jsonBytes(witnesses)),
    unwitnessed: shared(Uint32Array.from(clauses.flatMap((clause, i) => (clause === undefined ? [i] : [])))),
    index: buildWitnessIndex(witnesses),
    ...{ withTokens, loose: loose.length },
    ...(literals !== undefined && { literals }),
  };
}

/** Whether patterns are found by their tokens as far as they have any: where bytes are searched for literals anyway, a few more cost less than events that are decoded in vain. */
function usesTokens(witnesses: readonly PatternWitness[]): boolean {
  const loose = witnesses.filter((one) => one.tokens === undefined).length;
  const tokens = witnesses.reduce((sum, one) => sum + (one.tokens?.length ?? 0), 0);
  const pays = loose * LOOSE_SHARE <= witnesses.length && tokens <= TOKENS_PER_PATTERN * witnesses.length;
  return pays && canRunKernel();
}

/** Those patterns of a layer that are to be in another, by position, ascending. */
export interface LayerPart {
  readonly layer: PortableLayer;
  readonly positions: Uint32Array;
}

/** One layer of parts of several, in their order. */
export function joinLayers(from: readonly LayerPart[]): PortableLayer {
  const parts = noParts();
  for (const { layer, positions } of from) {
    const keys = readJsonBytes<readonly string[]>(layer.keys);
    const unwitnessed = new Set(layer.unwitnessed);
    const clauses = new Map(readJsonBytes<readonly PatternWitness[]>(layer.witnesses).map((one) => [one.pattern, one]));
    for (const position of positions) {
      parts.records.push(pieceAt(layer.records, position));
      parts.flags.push(layer.flags[position] ?? 0);
      parts.ends.addFrom(layer.ends, position);
      parts.keys.push(keys[position] ?? '');
      // What was found by nothing can match nothing.
      parts.clauses.push(unwitnessed.has(position) ? undefined : (clauses.get(position) ?? { anyOf: [] }));
    }
  }
  return layerOf(parts);
}

export class PatternLayer {
  /** Of its patterns by position, ascending. */
  readonly numbers: Uint32Array;
  readonly unwitnessed: readonly number[];
  readonly #ends: OpenEnds;
  #portable: PortableLayer;
  readonly #search: WitnessSearch;
  #witnesses: readonly PatternWitness[] | undefined;
  /** Made when it is asked for. */
  #filter: PatternFilter | undefined;

  /** `units`: working memory of the thread. */
  constructor(portable: PortableLayer, numbers: Uint32Array, units: TextUnits) {
    this.#portable = portable;
    this.numbers = numbers;
    this.#ends = new OpenEnds(portable.ends);
    this.unwitnessed = [...portable.unwitnessed].map((position) => numbers[position] ?? 0);
    this.#search = new WitnessSearch(portable.index, units);
  }

  /** Patterns that are in it, or were. */
  get size(): number {
    return this.numbers.length;
  }

  get first(): number {
    return this.numbers[0] ?? 0;
  }

  get portable(): PortableLayer {
    return this.#portable;
  }

  /** The same literals in another memory. */
  useLiterals(literals: LiteralPlan | undefined): void {
    this.#filter = undefined;
    const { literals: _former, ...rest } = this.#portable;
    this.#portable = literals === undefined ? rest : { ...rest, literals };
  }

  /** Parsed anew each time. */
  get keys(): readonly string[] {
    return readJsonBytes(this.#portable.keys);
  }

  spansEvents(position: number): boolean {
    return ((this.#portable.flags[position] ?? 0) & SPANS) !== 0;
  }

  /** What a feed says without stating a time ends later. */
  renew(renewal: Renewal): void {
    this.#ends.renew(renewal);
  }

  /** The layer goes on with patterns of former ones. */
  takeOver(former: readonly PatternLayer[]): void {
    for (const one of former) this.#ends.takeOver(one.#ends);
  }

  /** The pattern with this number, which the layer has; parsed anew each time. */
  open(number: number): CompiledPattern {
    const position = this.#positionOf(number);
    const { input, plan } = readJsonBytes<PatternRecord>(pieceAt(this.#portable.records, position));
    const validUntilMs = this.#ends.at(position);
    const { indicator } = input;
    if (indicator === undefined || validUntilMs === undefined) return plannedPattern(input, plan);
    return plannedPattern({ ...input, indicator: { ...indicator, validUntilMs } }, plan);
  }

  #positionOf(number: number): number {
    let [low, high] = [0, this.numbers.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.numbers[middle] ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    if (this.numbers[low] !== number) throw new Error(`the layer has no pattern ${number}`);
    return low;
  }

  /** By the numbers of the set. Kept from the first time on. */
  get witnesses(): readonly PatternWitness[] {
    this.#witnesses ??= readJsonBytes<readonly PatternWitness[]>(this.#portable.witnesses).map((one) => ({
      ...one,
      pattern: this.numbers[one.pattern] ?? 0,
    }));
    return this.#witnesses;
  }

  /** Its tokens must stand in the tables of the indicator scanner. */
  get hasTokens(): boolean {
    return this.#portable.withTokens;
  }

  /** What the tables of the indicator scanner must hold, so that it finds the patterns that have tokens; empty: literals find all. */
  get tokens(): readonly ScanToken[] {
    return this.hasTokens ? this.witnesses.flatMap((one) => one.tokens ?? []) : NO_TOKENS;
  }

  /** Adds the numbers of the patterns that could be concerned with a text of an event, which is folded. */
  find(text: string, found: Set<number>): void {
    this.#search.find(text, (position) => found.add(this.numbers[position] ?? 0));
  }

  /**
   * What finds the patterns of the layer in bytes; undefined: there are none to look for. `every`: every record may be for one of those for
   * which `counts` holds. `place`: where texts and literals stand; absent: bytes do not tell.
   */
  filter(counts: (pattern: number) => boolean, place: FilterPlace | undefined): PatternFilter | 'every' | undefined {
    if (this.unwitnessed.some(counts)) return 'every';
    const { loose, literals } = this.#portable;
    if (loose === 0) return undefined;
    if (place === undefined || literals === undefined) return 'every';
    this.#filter ??= new PatternFilter(literals, this.#search, place);
    return this.#filter;
  }
}

const NO_TOKENS: readonly ScanToken[] = Object.freeze([]);
