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
  readonly qualifier: Qualifier;
}

export type Qualifier =
  | { readonly kind: 'within'; readonly seconds: number; readonly at: number }
  | { readonly kind: 'repeats'; readonly times: number; readonly at: number }
  /** Nanoseconds since the epoch as decimal text; half-open. */
  | { readonly kind: 'start-stop'; readonly startNs: string; readonly stopNs: string; readonly at: number };

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
  | { readonly type: 'hex' | 'binary'; readonly hex: string }
  | { readonly type: 'timestamp'; readonly epochNs: string };

export interface ParsedPattern {
  readonly text: string;
  readonly root: Observation;
  /** Tolerated spellings, one closed-set name each: `missing-brackets`, `unquoted-hash-name`, … Counted by loaders. */
  readonly notes: readonly string[];
}
