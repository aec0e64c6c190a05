/**
 * PatternLayer: patterns that came together, with what finds them in events and in raw bytes. What takes long (parsing, compiling, choosing
 * literals) can be done in another thread: `compileLayer` gives plain data and a plan in shared memory, of which `openLayer` makes a layer in
 * some milliseconds for a thousand patterns.
 */
import { shared } from '../../core/text-pool.ts';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import { pathOrigins } from '../../fields/stix/path-origins.ts';
import { STIX_MAPPINGS } from '../../fields/stix/registry.ts';
import type { ObservationPlan } from '../../ir/observation.ts';
import type { ScanToken } from '../../match/object-token.ts';
import { canRunKernel } from '../../scan/indicator-scanner.ts';
import type { LiteralPlan } from '../../scan/literal-plan.ts';
import { ScanMemory } from '../../scan/scan-memory.ts';
import { TOKENS_PER_PATTERN } from '../intel/compiled-tables.ts';
import { type CompiledPattern, compileInput, type PatternInput, plannedPattern } from './compiled-pattern.ts';
import { type FilterPlace, PatternFilter } from './pattern-filter.ts';
import {
  type PatternClause,
  type PatternWitness,
  PatternWitnesses,
  patternClause,
  witnessesOf,
} from './pattern-witnesses.ts';
import { readStixMappings } from './stix-mapping-config.ts';

/** For threads. */
export interface PortableLayer {
  /** JSON of `LayerText`, in shared memory. */
  readonly bytes: Uint8Array;
  /** Of those that the scanner of indicators does not find; absent: there are none, or bytes cannot tell. */
  readonly literals?: LiteralPlan;
}

interface LayerText {
  /** One for each input, in their order. */
  readonly patterns: readonly ({ readonly plan: ObservationPlan } | { readonly problem: Diagnostic })[];
  /** One for each that could be compiled; null: it has no witness. */
  readonly clauses: readonly (Exclude<PatternClause, undefined> | null)[];
}

export interface OpenedLayer {
  /** One for each input, in their order. */
  readonly patterns: readonly (CompiledPattern | { readonly problem: Diagnostic })[];
  readonly layer: PatternLayer;
}

/** Tokens are used where at most one of so many patterns has none. */
const LOOSE_SHARE = 4;

export class PatternLayer {
  /** Its patterns have this number and greater ones. */
  readonly first: number;
  readonly witnesses: PatternWitnesses;
  /** What the tables of the indicator scanner must hold, so that it finds the patterns that have tokens; empty: literals find all. */
  readonly tokens: readonly ScanToken[];
  /** Patterns that literals find. */
  readonly loose: readonly PatternWitness[];
  readonly #make: () => PatternFilter | undefined;
  /** Made when it is asked for. `every`: bytes do not tell. */
  #filter: PatternFilter | 'every' | undefined;

  private constructor(
    first: number,
    witnesses: PatternWitnesses,
    usesTokens: boolean,
    make: (loose: readonly PatternWitness[]) => PatternFilter | undefined,
  ) {
    this.first = first;
    this.witnesses = witnesses;
    this.loose = looseOf(witnesses.witnesses, usesTokens);
    this.tokens = usesTokens ? witnesses.witnesses.flatMap((one) => one.tokens ?? []) : [];
    this.#make = () => make(this.loose);
  }

  static of(witnesses: PatternWitnesses): PatternLayer {
    // Without a witness for each every record is decoded, whatever its bytes hold.
    const isSearched = witnesses.unwitnessed.length === 0;
    return new PatternLayer(0, witnesses, isSearched && usesTokens(witnesses.witnesses), (loose) =>
      isSearched ? PatternFilter.of(loose, witnesses.index) : undefined,
    );
  }

  /** With literals that were compiled elsewhere. */
  static with(
    first: number,
    witnesses: PatternWitnesses,
    withTokens: boolean,
    literals: LiteralPlan | undefined,
    place: () => FilterPlace,
  ): PatternLayer {
    return new PatternLayer(first, witnesses, withTokens, () =>
      literals === undefined ? undefined : new PatternFilter(literals, witnesses.index, place()),
    );
  }

  /**
   * What finds the patterns of the layer in bytes; undefined: there are none to look for. `every`: every record may be for one of those for
   * which `counts` holds.
   */
  filter(counts: (pattern: number) => boolean): PatternFilter | 'every' | undefined {
    if (this.witnesses.unwitnessed.some(counts)) return 'every';
    if (this.loose.length > 0) this.#filter ??= this.#make() ?? 'every';
    return this.#filter;
  }
}

/** Whether patterns are found by their tokens as far as they have any: where bytes are searched for literals anyway, a few more cost less than events that are decoded in vain. */
export function usesTokens(witnesses: readonly PatternWitness[]): boolean {
  const loose = witnesses.filter((one) => one.tokens === undefined).length;
  const tokens = witnesses.reduce((sum, one) => sum + (one.tokens?.length ?? 0), 0);
  const pays = loose * LOOSE_SHARE <= witnesses.length && tokens <= TOKENS_PER_PATTERN * witnesses.length;
  return pays && canRunKernel();
}

export function looseOf(witnesses: readonly PatternWitness[], withTokens: boolean): readonly PatternWitness[] {
  return withTokens ? witnesses.filter(({ tokens }) => tokens === undefined) : witnesses;
}

/** `mappings`: entries of `stix_mappings`. */
export function compileLayer(inputs: readonly PatternInput[], mappings: readonly unknown[]): PortableLayer {
  const origins = pathOrigins([...STIX_MAPPINGS, ...readStixMappings(mappings).mappings]);
  const clauses: PatternClause[] = [];
  const patterns = inputs.map((input) => {
    const compiled = compileInput(input);
    if (!compiled.ok) return { problem: compiled.problem };
    clauses.push(patternClause(compiled.pattern.brackets, origins));
    return { plan: compiled.pattern.plan };
  });
  const witnesses = witnessesOf(clauses);
  const literals = compileLiterals(looseOf(witnesses, usesTokens(witnesses)));
  const text: LayerText = { patterns, clauses: clauses.map((clause) => clause ?? null) };
  return {
    bytes: shared(new Uint8Array(Buffer.from(JSON.stringify(text)))),
    ...(literals !== undefined && { literals }),
  };
}

/** In a memory of its own, for other threads. */
export function compileLiterals(loose: readonly PatternWitness[]): LiteralPlan | undefined {
  return loose.length === 0 ? undefined : PatternFilter.compile(loose, new ScanMemory());
}

/** The layer of what was compiled of these inputs; its patterns are numbered from `first` on. */
export function openLayer(
  inputs: readonly PatternInput[],
  { bytes, literals }: PortableLayer,
  first: number,
  place: () => FilterPlace,
): OpenedLayer {
  const text = JSON.parse(Buffer.from(bytes).toString('utf8')) as LayerText;
  const patterns = text.patterns.map((one, i) =>
    'plan' in one ? plannedPattern(inputs[i] as PatternInput, one.plan) : one,
  );
  const witnesses = PatternWitnesses.of(
    text.clauses.map((clause) => clause ?? undefined),
    first,
  );
  return { patterns, layer: PatternLayer.with(first, witnesses, usesTokens(witnesses.witnesses), literals, place) };
}
