/**
 * Alert: what leaves the engine, one JSON object in Elastic Common Schema (design section 6.3).
 * Fields with nothing to say are absent.
 */
import type { EventObject } from './event.ts';
import type { TreeProcess } from './process-tree.ts';
import type { EngineName, Level } from './level.ts';
import type { MatchedField } from './match.ts';
import type { Validity } from './validity.ts';

export interface ThreatIndicator {
  readonly id?: string;
  readonly type: string;
  readonly name?: string;
  readonly value?: string;
  readonly ip?: string;
  readonly port?: number;
  readonly url?: { readonly full?: string; readonly domain?: string };
  readonly email?: { readonly address: string };
  readonly file?: { readonly hash?: Readonly<Record<string, string>>; readonly name?: string };
  readonly registry?: { readonly key: string };
  readonly confidence?: number;
  readonly provider?: string;
  readonly description?: string;
  readonly marking?: { readonly tlp: string };
  readonly first_seen?: string;
  readonly last_seen?: string;
  readonly modified_at?: string;
  readonly reference?: string;
}

export interface AlertFlint {
  readonly engine: EngineName;
  readonly level?: Level;
  readonly matched: readonly MatchedField[];
  readonly matched_omitted?: number;
  readonly events?: readonly AlertEventReference[];
  readonly group?: Readonly<Record<string, string>>;
  readonly count?: number;
  /** Flux with Bloom memory: the earlier events that could prove the remembered tags are gone. */
  readonly unconfirmed?: true;
  /** The alert of this id is taken back: what became known later speaks against it. */
  readonly withdrawn?: true;
  readonly validity?: Validity;
  /** The remembered ancestors of the process that the event is about, the oldest first, the parent last. */
  readonly process_tree?: {
    readonly ancestors: readonly TreeProcess[];
    /** False when the line goes on to a process that nobody told of. */
    readonly complete: boolean;
    /** Further ancestors, older than those shown. */
    readonly omitted?: number;
  };
  readonly input: { readonly name: string; readonly path: string; readonly line?: number; readonly record: number };
  /** `alert_engine` of STIX Spark. */
  readonly library?: string;
  /** `rule_id` of STIX Spark. */
  readonly ordinal?: number;
  /** Semantics of an indicator: exact, subdomain, prefix, host. */
  readonly semantics?: string;
  /** The STIX pattern as published. */
  readonly pattern?: string;
  /** Paths of the texts in this record that were cut to the length limit. */
  readonly cut?: readonly string[];
}

/** A contributing event of a correlation. */
export interface AlertEventReference {
  readonly '@timestamp': string;
  readonly id: string;
  readonly original?: string;
}

export interface Alert {
  readonly '@timestamp': string;
  readonly ecs: { readonly version: string };
  readonly event: {
    readonly kind: 'alert';
    readonly id: string;
    readonly created: string;
    readonly severity: number;
    readonly original?: string;
    readonly original_truncated?: true;
    /** Windows event id and the like. */
    readonly code?: string;
    readonly provider?: string;
    /** First and last event of an alert that stands for several, RFC 3339. */
    readonly start?: string;
    readonly end?: string;
  };
  readonly rule: {
    readonly id: string;
    readonly name: string;
    readonly author?: readonly string[];
    readonly license?: string;
    readonly description?: string;
    readonly reference?: string;
  };
  readonly threat?: {
    readonly indicator?: ThreatIndicator;
    readonly enrichments?: readonly { readonly indicator: ThreatIndicator }[];
    readonly framework?: string;
    readonly technique?: { readonly id: readonly string[] };
    readonly tactic?: { readonly id?: readonly string[]; readonly name?: readonly string[] };
    readonly software?: { readonly id: readonly string[] };
    readonly group?: { readonly id: readonly string[] };
  };
  readonly source?: EventObject;
  readonly destination?: EventObject;
  readonly url?: EventObject;
  readonly dns?: EventObject;
  readonly process?: EventObject;
  readonly file?: EventObject;
  readonly host?: EventObject;
  readonly user?: EventObject;
  readonly http?: EventObject;
  readonly user_agent?: EventObject;
  readonly network?: EventObject;
  readonly registry?: EventObject;
  /** All addresses, names, hashes and users of the alert, whatever their role. */
  readonly related?: EventObject;
  readonly tags?: readonly string[];
  readonly flint: AlertFlint;
}
