/** Syntax tree of a STIX pattern (2.1 section 9), frozen plain data. Positions are offsets in UTF-16 units of the pattern text. */

export type Observation = Bracket | ObservationJoin | Qualified;

export interface Bracket {
  readonly kind: 'bracket';
  readonly test: Comparison;
}

/** `[a] AND [b]`, `[a] OR [b]`, `[a] FOLLOWEDBY [b]`; operands of one operator are one flat list. */
export interface ObservationJoin {
  readonly kind: 'observation-and' | 'observation-or' | 'followedby';
  readonly items: readonly Observation[];
}

export interface Qualified {
  readonly kind: 'qualified';
  readonly item: Observation;
  /** The item stands in parentheses: what qualifies it does not qualify the bracket in them. */
  readonly grouped?: true;
  readonly qualifier: Qualifier;
}

export type Qualifier =
  | { readonly kind: 'within'; readonly seconds: number; readonly at: number }
  | { readonly kind: 'repeats'; readonly times: number; readonly at: number }
  /** The timestamps as written, without quotes; half-open. Plain strings (2.0) may hold anything until compiled. */
  | { readonly kind: 'start-stop'; readonly start: string; readonly stop: string; readonly at: number };

export type Comparison = ComparisonJoin | ComparisonTest;

/** AND, OR between comparisons inside one bracket; operands of one operator are one flat list. */
export interface ComparisonJoin {
  readonly kind: 'and' | 'or';
  readonly items: readonly Comparison[];
}

export type ComparisonOperator =
  | '='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'IN'
  | 'LIKE'
  | 'MATCHES'
  | 'ISSUBSET'
  | 'ISSUPERSET'
  | 'EXISTS';

export interface ComparisonTest {
  readonly kind: 'test';
  readonly path: PatternPath;
  readonly operator: ComparisonOperator;
  readonly negated: boolean;
  /** One literal; several for IN; none for EXISTS. */
  readonly operands: readonly PatternLiteral[];
  readonly at: number;
}

export interface PatternPath {
  readonly type: string;
  readonly steps: readonly PathStep[];
}

export type PathStep =
  | { readonly kind: 'key'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'any' };

export type PatternLiteral =
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'integer' | 'float'; readonly value: number }
  | { readonly type: 'boolean'; readonly value: boolean }
  /** The octets as lower-case hex, whichever of the two was written. */
  | { readonly type: 'hex' | 'binary'; readonly hex: string }
  /** The form is checked, the calendar is not: February 30 is refused by the compiler. */
  | { readonly type: 'timestamp'; readonly text: string };

export interface ParsedPattern {
  readonly text: string;
  readonly root: Observation;
  /** Tolerated spellings, each at most once; empty for a pattern that the grammar allows. Counted by loaders. */
  readonly notes: readonly Tolerance[];
}

/** Spellings outside the grammar that can mean only one thing; accepted from feeds, refused in strict mode. */
export type Tolerance =
  /** `file:name = 'a'`, also with one of the two brackets */
  | 'missing-brackets'
  /** `file:hashes.SHA-256` */
  | 'unquoted-key'
  | 'lower-case-keyword'
  /** a backslash before an ordinary character stands for itself */
  | 'stray-backslash'
  | 'double-quotes';
