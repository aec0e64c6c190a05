/**
 * Syntax tree of Sigma rules: what stands between the YAML text and the IR, and what pipelines rewrite. Values are already
 * past their modifiers: a detection item is a field, tested values, and how they are linked. Plain data, never mutated.
 */
import type { LogSource } from '../../core/logsource.ts';
import type { RuleDetails } from '../../core/match.ts';
import type { RuleOrigin, RuleStatus } from '../../ir/detection-rule.ts';
import type { Elements, OrderOperator, TimePart } from '../../ir/predicate.ts';

/** A piece of text: literal, wildcard, one character out of a set, or a placeholder that a pipeline must resolve. */
export type TextPart =
  | { readonly text: string }
  | { readonly wildcard: 'any' | 'one' }
  | { readonly oneOf: string }
  | { readonly placeholder: string };

export interface RegexFlags {
  readonly ignoreCase: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
}

export type SigmaValue =
  | {
      readonly kind: 'text';
      readonly parts: readonly TextPart[];
      readonly cased: boolean;
      /** An encoding has made bytes of it: each character (U+0000 to U+00FF) is one. */
      readonly bytes?: true;
    }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' }
  | {
      readonly kind: 'regex';
      readonly source: string;
      readonly flags: RegexFlags;
      /** `source` with what placeholders are to become, until they are resolved. */
      readonly parts?: readonly TextPart[];
    }
  | { readonly kind: 'network'; readonly network: string }
  | { readonly kind: 'exists'; readonly value: boolean }
  /** The digits of an integer beyond 2^53, else a number. */
  | { readonly kind: 'order'; readonly operator: OrderOperator; readonly value: number | string }
  | {
      readonly kind: 'field-reference';
      readonly field: string;
      readonly relation: 'equals' | 'contains' | 'startswith' | 'endswith';
      readonly cased: boolean;
    }
  | {
      readonly kind: 'time-part';
      readonly part: TimePart['part'];
      readonly operator: TimePart['operator'];
      readonly value: number;
    }
  /** One written value that became several; at least one must hold, also under `all`. */
  | { readonly kind: 'one-of'; readonly values: readonly SigmaValue[] };

export interface ItemValue {
  readonly value: SigmaValue;
  /** As written in the rule, for explanations. */
  readonly written: string;
}

export interface DetectionItem {
  readonly kind: 'item';
  /** Absent: keyword search over the whole event. Empty: the element of an array that is looked at. */
  readonly field?: string;
  /** The key as written, with its modifiers. */
  readonly key: string;
  readonly values: readonly ItemValue[];
  /** True with `all`: every value must hold. */
  readonly all: boolean;
  /** True with `neq`. */
  readonly negated: boolean;
  /** Ids of pipeline items that changed it. */
  readonly applied?: readonly string[];
}

export type Definition =
  | { readonly kind: 'all' | 'any'; readonly items: readonly Definition[] }
  /** In conditions about the elements of arrays only. */
  | { readonly kind: 'not'; readonly item: Definition }
  | DetectionItem
  /** `field[any]: {…}` and `field[0]` of rules that state sigma-version 3. */
  | {
      readonly kind: 'elements';
      readonly field: string;
      readonly quantifier: Elements['quantifier'];
      readonly body: Definition;
    };

export type Condition =
  | { readonly kind: 'and' | 'or'; readonly items: readonly Condition[] }
  | { readonly kind: 'not'; readonly item: Condition }
  | { readonly kind: 'identifier'; readonly name: string }
  /** `1 of x*` (any) and `all of x*`, resolved to the names it stands for. */
  | { readonly kind: 'of'; readonly quantifier: 'any' | 'all'; readonly names: readonly string[] };

export interface RuleMeta {
  /** `details.id` is final: the rule's id, else its name, else made from file and position. */
  readonly details: RuleDetails;
  readonly origin: RuleOrigin;
  readonly name?: string;
  readonly status?: RuleStatus;
  readonly taxonomy: string;
  readonly fields: readonly string[];
  /** Unknown top-level keys with a scalar value, for pipelines and rule sets. */
  readonly custom: Readonly<Record<string, unknown>>;
  readonly date?: string;
  readonly modified?: string;
}

export interface SigmaDetection {
  readonly kind: 'detection';
  readonly meta: RuleMeta;
  readonly logsource: LogSource & { readonly custom?: Readonly<Record<string, string>> };
  readonly definitions: ReadonlyMap<string, Definition>;
  /** Alternatives, one per written condition. */
  readonly conditions: readonly Condition[];
  /** Made from a part of a legacy aggregation: feeds its correlation, never alerts. */
  readonly internal: boolean;
}

export interface SigmaFilter {
  readonly kind: 'filter';
  readonly meta: RuleMeta;
  readonly logsource: LogSource;
  /** Ids or names; empty: any rule. */
  readonly rules: readonly string[];
  readonly definitions: ReadonlyMap<string, Definition>;
  readonly conditions: readonly Condition[];
}
