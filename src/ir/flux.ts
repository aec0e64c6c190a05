/**
 * Flux specification as plain frozen data: rules that remember tags of earlier events of a group (flux-capacitor.md section 4), with
 * the added keys `condition`, `timespan`, `reset`, `strict`, `start`. `rules/flux` makes it from YAML, `state/flux` evaluates it.
 */
import type { Level } from '../core/level.ts';

export interface FluxSpec {
  readonly rules: readonly FluxRule[];
  /** How late an event may be, in event time of its group; absent means the engine's setting. */
  readonly latenessMs?: number;
}

export type FluxRule = TemporalFluxRule | LineageFluxRule;

interface FluxRuleBase {
  /** `rulename`: first-level key in the event's `sigma` map; unique in a specification. */
  readonly name: string;
  readonly description?: string;
  /** Names of the remembered tags, in the order of the list; at least one, all different. */
  readonly tags: readonly string[];
  /** An alert is due when this turns true. */
  readonly condition: TagCondition;
  /** Sigma level of the alert. */
  readonly level?: Level;
}

export interface TemporalFluxRule extends FluxRuleBase {
  readonly action: 'temporal';
  readonly ordered: boolean;
  /** Ordered only: tags of one and the same event do not chain. */
  readonly strict: boolean;
  /** Columns that form a context inside the group; empty means the group itself. */
  readonly groupBy: readonly string[];
  readonly timespanMs?: number;
  /** After an alert the tags of that context are forgotten. */
  readonly reset: boolean;
  /** Events without a true listed tag are evaluated as well. */
  readonly every?: boolean;
}

export interface LineageFluxRule extends FluxRuleBase {
  readonly action: 'parent' | 'ancestor';
  /** Column with the parent's id. */
  readonly parent: string;
  /** Column with the own id. */
  readonly child: string;
  /**
   * Column that tells two processes with the same id apart (start time). Without it each event with an id is a process of its own,
   * and a later event with the same id takes the place of the earlier one.
   */
  readonly start?: string;
}

/** Boolean expression over the tags of one rule. */
export type TagCondition =
  | { readonly kind: 'and'; readonly items: readonly TagCondition[] }
  | { readonly kind: 'or'; readonly items: readonly TagCondition[] }
  | { readonly kind: 'not'; readonly item: TagCondition }
  | {
      readonly kind: 'tag';
      /** Position in `tags`. */
      readonly tag: number;
      /** `any`: own or remembered. `self`: on the event itself. `inherited`: from the parent, an ancestor or an earlier event. */
      readonly from: 'any' | 'self' | 'inherited';
    };
