/**
 * PatternWitnesses: by what an event, or its raw bytes, shows that a pattern may be concerned with it. From the brackets of a pattern
 * come literals of which one stands in every event that it could match, and for some also whole values that the scanner of indicators
 * finds. Patterns without any are looked at for every event.
 */
import type { Observed } from '../../ir/observation.ts';
import type { OriginsOf } from '../../ir/value-origin.ts';
import { LiteralIndex } from '../../match/literal-index.ts';
import { type ScanToken, type TokenClause, tokenClause } from '../../match/object-token.ts';
import { commonness, witnessClause } from '../../match/object-witness.ts';

export interface PatternWitness {
  /** Number of the pattern in the set. */
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

export class PatternWitnesses {
  readonly witnesses: readonly PatternWitness[];
  readonly unwitnessed: readonly number[];
  /** Of all literals, with the numbers of their patterns. */
  readonly index = new LiteralIndex();

  private constructor(witnesses: readonly PatternWitness[], unwitnessed: readonly number[]) {
    this.witnesses = witnesses;
    this.unwitnessed = unwitnessed;
    for (const { pattern, anyOf } of witnesses)
      for (const literal of anyOf) this.index.add('contains', literal, pattern);
  }

  /** Of patterns that are numbered from `first` on. */
  static of(clauses: readonly PatternClause[], first = 0): PatternWitnesses {
    const unwitnessed = clauses.flatMap((clause, i) => (clause === undefined ? [first + i] : []));
    const made = new PatternWitnesses(witnessesOf(clauses, first), unwitnessed);
    made.index.finish();
    return made;
  }

  /** Those of several for which `isWanted` holds; in steps, see `LiteralIndex.finishing`. */
  static *joining(
    all: readonly PatternWitnesses[],
    isWanted: (pattern: number) => boolean,
  ): Generator<void, PatternWitnesses> {
    const witnesses = all.flatMap((one) => one.witnesses.filter(({ pattern }) => isWanted(pattern)));
    const unwitnessed = all.flatMap((one) => one.unwitnessed.filter(isWanted));
    yield;
    const made = new PatternWitnesses(witnesses, unwitnessed);
    yield* made.index.finishing();
    return made;
  }

  /** Adds the numbers of the patterns that could be concerned with a text of an event, which is folded. */
  find(text: string, found: Set<number>): void {
    this.index.find(text, (pattern) => found.add(pattern));
  }
}

/** One for each clause that an event can satisfy, its pattern numbered from `first` on. */
export function witnessesOf(clauses: readonly PatternClause[], first = 0): readonly PatternWitness[] {
  return clauses.flatMap((clause, i) =>
    clause === undefined || clause.anyOf.length === 0 ? [] : [{ pattern: first + i, ...clause }],
  );
}

/** The tokens unless they stand in many more events than the literals: to find them costs nothing, to decode events does. */
function tokensOf(clauses: readonly TokenClause[], literals: readonly string[]): readonly ScanToken[] | undefined {
  const tokens = clauses.flatMap((clause) => clause ?? []);
  if (clauses.includes(undefined) || tokens.length === 0) return undefined;
  const most = MOST_COMMON * Math.max(commonness(literals), RARE);
  return commonness(tokens.map(({ value }) => value)) <= most ? tokens : undefined;
}
