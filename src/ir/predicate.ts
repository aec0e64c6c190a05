/**
 * The one rule IR. STIX comparison expressions, Sigma detections and Flux tags compile to these nodes: frozen plain data that can
 * be printed, compared and stored. No backend knows which language a node came from; what differs between the languages is
 * written in the node itself: collation, typing, what an absent field means, and per-value negation.
 */

export type Predicate = And | Or | Not | Constant | Compare | Keyword | Bind | Elements;

export interface And {
  readonly kind: 'and';
  readonly items: readonly Predicate[];
}

export interface Or {
  readonly kind: 'or';
  readonly items: readonly Predicate[];
}

export interface Not {
  readonly kind: 'not';
  readonly item: Predicate;
}

export interface Constant {
  readonly kind: 'constant';
  readonly value: boolean;
}

/** Some value that `path` selects satisfies `test`. */
export interface Compare {
  readonly kind: 'compare';
  readonly path: Path;
  readonly test: Test;
  /** Inverts the test of each single value, before "some value" (STIX `NOT` between path and operator). */
  readonly negate: boolean;
  /** The result when nothing is where the path leads. STIX: false, also under negate. Sigma: false, except null tests. */
  readonly absent: boolean;
  /** What this item is called in explanations: `CommandLine|contains: "-enc"`, `file:name = 'x'`. */
  readonly label?: string;
}

/** Some scalar anywhere in the event satisfies `test` (Sigma keywords, specification section "Keyword search"). */
export interface Keyword {
  readonly kind: 'keyword';
  readonly test: Test;
  readonly label?: string;
}

/**
 * Some object of `type` in the observation satisfies `body` (a STIX bracket, one Bind for each object type it names).
 * Inside the body, object paths start at that object.
 */
export interface Bind {
  readonly kind: 'bind';
  readonly type: string;
  readonly body: Predicate;
}

/**
 * The elements of an array field satisfy `body`, each taken as an event of its own (Sigma array selectors). A value that is no array
 * counts as an array of that one; null and an absent field have no elements.
 */
export interface Elements {
  readonly kind: 'elements';
  readonly path: FieldPath;
  /** A number: the element at this position of an array, from the end when negative; an empty event where there is none. */
  readonly quantifier: 'any' | 'all' | 'all-or-empty' | 'none' | number;
  readonly body: Predicate;
}

export type Path = FieldPath | ObjectPath;

/** A field of the event by name; lookup rules in `core/field-path.ts`. `''` is the element itself inside Elements. */
export interface FieldPath {
  readonly kind: 'field';
  readonly name: string;
}

/** A path below the bound object: STIX object path without its type. `_ref`, `_refs`, `_hex`, `_bin` act by name. */
export interface ObjectPath {
  readonly kind: 'object';
  readonly steps: readonly ObjectStep[];
}

export type ObjectStep =
  | { readonly kind: 'key'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'any' };

/**
 * `exact`: code points as they are. `folded`: both sides lower-cased character by character, so that length and position
 * stay; folding never crosses between ASCII and other letters.
 */
export type Collation = 'exact' | 'folded';

/**
 * `strict`: STIX, types must meet (stix-patterns.md section 3). `bridged`: Sigma, text and the decimal text of a number
 * are equal, booleans equal their text (sigma.md section 5).
 */
export type Typing = 'strict' | 'bridged';

export type Literal =
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'number'; readonly value: number }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'bytes'; readonly hex: string }
  /** Nanoseconds since the epoch as decimal text, so that the node stays plain data. */
  | { readonly type: 'timestamp'; readonly epochNs: string };

export type OrderOperator = 'lt' | 'lte' | 'gt' | 'gte';

export type Test =
  | { readonly kind: 'equals'; readonly value: Literal; readonly collation: Collation; readonly typing: Typing }
  | { readonly kind: 'in'; readonly values: readonly Literal[]; readonly collation: Collation; readonly typing: Typing }
  | { readonly kind: 'order'; readonly operator: OrderOperator; readonly value: Literal; readonly typing: Typing }
  | Glob
  | Regex
  | { readonly kind: 'network'; readonly relation: 'subset' | 'superset'; readonly network: string }
  | { readonly kind: 'exists' }
  | { readonly kind: 'null' }
  | FieldReference
  | TimePart;

/** Whole-value match of text with wildcards (STIX LIKE, Sigma wildcards and contains, startswith, endswith). */
export interface Glob {
  readonly kind: 'glob';
  /** Literal text alternating with wildcards; `any` is any run, also none, also line breaks; `one` is one character. */
  readonly parts: readonly GlobPart[];
  readonly collation: Collation;
  readonly typing: Typing;
  /** Unicode normalisation applied to the value first; the parts are already normalised. */
  readonly normalize: 'none' | 'nfc';
}

export type GlobPart = { readonly text: string } | { readonly wildcard: 'any' | 'one' } | { readonly oneOf: string };

/** Unanchored search by a regular expression that runs in linear time. */
export interface Regex {
  readonly kind: 'regex';
  readonly source: string;
  readonly flags: { readonly ignoreCase: boolean; readonly multiline: boolean; readonly dotAll: boolean };
  readonly typing: Typing;
  readonly normalize: 'none' | 'nfc';
}

/** Compares with another field of the same event (Sigma `fieldref`). */
export interface FieldReference {
  readonly kind: 'field-reference';
  readonly relation: 'equals' | 'contains' | 'startswith' | 'endswith';
  readonly other: FieldPath;
  readonly collation: Collation;
}

/** A part of a timestamp as written, UTC for epoch numbers (Sigma `minute` … `year`; week is the ISO week). */
export interface TimePart {
  readonly kind: 'time-part';
  readonly part: 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year';
  readonly operator: OrderOperator | 'equals';
  readonly value: number;
}
