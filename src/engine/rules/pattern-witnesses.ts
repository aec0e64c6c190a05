/**
 * PatternWitnesses: by what an event, or its raw bytes, shows that a pattern may be concerned with it. From the brackets of a pattern
 * come literals of which one stands in every event that it could match, and for some also whole values that the scanner of indicators
 * finds. Patterns without any are looked at for every event.
 */
import type { Event } from '../../core/event.ts';
import { foldCase } from '../../core/fold.ts';
import type { Observed } from '../../ir/observation.ts';
import type { OriginsOf } from '../../ir/value-origin.ts';
import { LiteralIndex } from '../../match/literal-index.ts';
import { type ScanToken, type TokenClause, tokenClause } from '../../match/object-token.ts';
import { commonness, witnessClause } from '../../match/object-witness.ts';
import { searchableTexts } from './searchable-texts.ts';

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

export class PatternWitnesses {
  readonly witnesses: readonly PatternWitness[];
  readonly unwitnessed: readonly number[];
  readonly #index = new LiteralIndex();

  /** `patterns`: the brackets of each. `origins`: where the values of a property come from in events. */
  constructor(patterns: readonly (readonly Observed[])[], origins: OriginsOf) {
    const witnesses: PatternWitness[] = [];
    const unwitnessed: number[] = [];
    for (const [number, brackets] of patterns.entries()) {
      const clauses = brackets.map(({ predicate }) => witnessClause(predicate, origins));
      if (clauses.some((clause) => clause === undefined)) {
        unwitnessed.push(number);
        continue;
      }
      const anyOf = [...new Set(clauses.flatMap((clause) => clause ?? []))];
      const tokens = tokensOf(
        brackets.map(({ predicate }) => tokenClause(predicate, origins)),
        anyOf,
      );
      if (anyOf.length > 0) witnesses.push({ pattern: number, anyOf, ...(tokens !== undefined && { tokens }) });
      for (const literal of anyOf) this.#index.add('contains', literal, number);
    }
    this.witnesses = witnesses;
    this.unwitnessed = unwitnessed;
    this.#index.finish();
  }

  /** Numbers of the patterns that could be concerned with the event, in their order. */
  candidates(event: Event): readonly number[] {
    const found = new Set(this.unwitnessed);
    for (const text of searchableTexts(event)) this.#index.find(foldCase(text), (pattern) => found.add(pattern));
    return [...found].sort((a, b) => a - b);
  }
}

/** The tokens unless they stand in many more events than the literals: to find them costs nothing, to decode events does. */
function tokensOf(clauses: readonly TokenClause[], literals: readonly string[]): readonly ScanToken[] | undefined {
  const tokens = clauses.flatMap((clause) => clause ?? []);
  if (clauses.includes(undefined) || tokens.length === 0) return undefined;
  const most = MOST_COMMON * Math.max(commonness(literals), RARE);
  return commonness(tokens.map(({ value }) => value)) <= most ? tokens : undefined;
}
