/**
 * By what an event, or its raw bytes, shows that a pattern may be concerned with it. From the brackets of a pattern come literals of which one
 * stands in every event that it could match, and for some also whole values that the scanner of indicators finds. Patterns without any
 * are looked at for every event.
 */
import { foldCase } from '../../core/fold.ts';
import { shared } from '../../core/text-pool.ts';
import type { Observed } from '../../ir/observation.ts';
import type { OriginsOf } from '../../ir/value-origin.ts';
import { buildFreeLiterals, type FreeColumns, FreeLiterals, type OwnerVisitor } from '../../match/free-literals.ts';
import { isForGrams } from '../../match/gram-table.ts';
import { type ScanToken, type TokenClause, tokenClause } from '../../match/object-token.ts';
import { commonness, witnessClause } from '../../match/object-witness.ts';
import type { TextUnits } from '../../match/text-units.ts';

export interface PatternWitness {
  /** Number of the pattern. */
  readonly pattern: number;
  /** Lower-case ASCII; at least one stands, in either case, in one of the searchable texts of every event the pattern is concerned with. */
  readonly anyOf: readonly string[];
  /** Values of indicators of which at least one stands in every such event as a whole token; absent: there are none, or frequent ones. */
  readonly tokens?: readonly ScanToken[];
}

/** Tokens may be expected in so many times the events of the literals. */
const MOST_COMMON = 16;
/** A name, address or hash that is expected in so few events is worth it in any case. */
const RARE = 1e-5;

/** What a pattern is found by, whatever its number; plain data. Undefined: it has no witness. Without literals it can never match an event. */
export type PatternClause = Omit<PatternWitness, 'pattern'> | undefined;

/** `brackets`: of one pattern. `origins`: where the values of a property come from in events. */
export function patternClause(brackets: readonly Observed[], origins: OriginsOf): PatternClause {
  const clauses = brackets.map(({ predicate }) => witnessClause(predicate, origins));
  if (clauses.some((clause) => clause === undefined)) return undefined;
  const anyOf = [...new Set(clauses.flatMap((clause) => clause ?? []))];
  const tokens = tokensOf(
    brackets.map(({ predicate }) => tokenClause(predicate, origins)),
    anyOf,
  );
  return { anyOf, ...(tokens !== undefined && { tokens }) };
}

/** The tokens unless they stand in many more events than the literals: to find them costs nothing, to decode events does. */
function tokensOf(clauses: readonly TokenClause[], literals: readonly string[]): readonly ScanToken[] | undefined {
  const tokens = clauses.flatMap((clause) => clause ?? []);
  if (clauses.includes(undefined) || tokens.length === 0) return undefined;
  const most = MOST_COMMON * Math.max(commonness(literals), RARE);
  return commonness(tokens.map(({ value }) => value)) <= most ? tokens : undefined;
}

interface OwnedLiteral {
  readonly text: string;
  readonly owners: readonly number[];
}

/** The literals of patterns, with the numbers of these; plain data in shared memory. */
export interface WitnessIndex {
  readonly free: FreeColumns;
  /** Too short for it, or too long; looked for one by one. */
  readonly others: readonly OwnedLiteral[];
}

export function buildWitnessIndex(witnesses: readonly PatternWitness[]): WitnessIndex {
  const literals = new Map<string, number[]>();
  for (const { pattern, anyOf } of witnesses)
    for (const literal of anyOf) {
      const owners = literals.get(literal);
      if (owners === undefined) literals.set(literal, [pattern]);
      else owners.push(pattern);
    }
  const all = [...literals].map(([text, owners]): OwnedLiteral => ({ text, owners }));
  const { texts, textStart, owners, ownerStart, tables } = buildFreeLiterals(
    all.filter(({ text }) => isForGrams(text)),
  );
  const free: FreeColumns = {
    ...{ texts: shared(texts), textStart: shared(textStart), owners: shared(owners), ownerStart: shared(ownerStart) },
    tables: tables.map(({ heads, next, offsets, hashes, numbers, step }) => ({
      ...{ heads: shared(heads), next: shared(next), offsets: shared(offsets), hashes: shared(hashes) },
      ...{ numbers: shared(numbers), step },
    })),
  };
  return { free, others: all.filter(({ text }) => !isForGrams(text)) };
}

export class WitnessSearch {
  readonly #free: FreeLiterals;
  readonly #others: readonly OwnedLiteral[];

  /** `units`: working memory of the thread. */
  constructor({ free, others }: WitnessIndex, units: TextUnits) {
    this.#free = new FreeLiterals(free, units);
    this.#others = others;
  }

  /** Calls `visit` for the patterns of every literal in the text; a pattern may be visited more than once. */
  find(text: string, visit: OwnerVisitor): void {
    const folded = this.#others.length === 0 ? undefined : foldCase(text);
    if (folded !== undefined)
      for (const { text: other, owners } of this.#others)
        if (folded.includes(other)) for (const owner of owners) visit(owner);
    this.#free.find(text, visit, folded);
  }
}
