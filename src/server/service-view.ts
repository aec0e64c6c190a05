/**
 * ServiceView: everything the HTTP server may see of a running service. The composition root (`cli/`) puts it together from the
 * engine; tests give a fake. Every method is called per request and must be cheap: it reads counters, it computes nothing.
 *
 * Nothing here may hold a secret: what it returns is shown to whoever may open the status page.
 */
import type { IndicatorKind } from '../core/indicator.ts';
import type { ComponentSnapshot } from '../telemetry/component-counters.ts';
import type { GroupQuery, GroupReport, StateReport } from '../state/snapshot/stateful-part.ts';
import type { AlertFeed } from './alert-feed.ts';

export interface ServiceView {
  info(): ServiceInfo;
  /** Inputs, feeds and sinks, worker threads summed up; names are unique within each kind of component. */
  components(): readonly ComponentSnapshot[];
  readiness(): Readiness;
  /** What rules over several events remember. */
  state(): StateOverview;
  /** Windows of one rule, at most `limit`; undefined when no windows are kept for such a rule. */
  groups(rule: string, query: GroupQuery): readonly GroupReport[] | undefined;
  /** What the indicators say of a value; an object for JSON. Not cheap: some microseconds to a millisecond. */
  lookup(value: string): object;
  /** Indicators whose value begins with the text; an object for JSON. Looks at all of them: some 20 ms for a million. */
  search(prefix: string, limit: number): object;
  /** The engine's alerts: push each delivered alert into it once. */
  readonly alerts: AlertFeed;
}

export interface StateOverview {
  readonly rules: readonly StateReport[];
  /** Absent when nothing is saved. */
  readonly snapshot?: { readonly savedMs: number; readonly bytes: number };
}

export interface ServiceInfo {
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly startedMs: number;
  /** What this service does just now, in a few words: `demo`, `run`, `drop-in`. */
  readonly mode: string;
  readonly workers: number;
  /** Absent in modes without one. */
  readonly dataDir?: string;
  /** Effective settings worth showing, as `key` and readable `value`; secrets are left out by the caller. */
  readonly configuration: readonly { readonly key: string; readonly value: string }[];
  readonly intelligence: readonly IntelligenceSource[];
  /** Sources that are fetched, whatever they have given. */
  readonly sources: readonly FetchedSource[];
  /** Loaded rules by engine (`sigma`, `pattern`, `flux`, …); absent engines have none. */
  readonly rules: Readonly<Record<string, number>>;
  readonly listeners: readonly Listener[];
  /** Outcome of the latest reload of configuration or intelligence; absent before the first. */
  readonly lastReload?: { readonly atMs: number; readonly ok: boolean; readonly message: string };
}

/** One place indicators come from. */
export interface IntelligenceSource {
  readonly name: string;
  /** `stix`, `list`, `csv`, `hosts`, `taxii`, `compiled`, … */
  readonly format: string;
  /** Active values; the sum of `byKind`. */
  readonly indicators: number;
  readonly byKind: Readonly<Partial<Record<IndicatorKind, number>>>;
  /** Objects that gave no indicator, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
  /** When its content was last known to be current, milliseconds since the epoch; absent: never. */
  readonly lastSuccessMs?: number;
  /** Why the latest try failed; absent when it succeeded. */
  readonly lastError?: string;
  /** True: comes with the program to try it out, and no protection. */
  readonly sample?: boolean;
  /** A value that matches, for the suggested test line. */
  readonly example?: { readonly kind: IndicatorKind; readonly value: string };
}

/** A URL, TAXII server or MISP feed with its schedule. Times are milliseconds since the epoch. */
export interface FetchedSource {
  readonly name: string;
  readonly type: 'url' | 'taxii' | 'misp';
  readonly everySeconds: number;
  /** It is being asked just now. */
  readonly running: boolean;
  /** Objects, events or entries that are here. */
  readonly objects?: number;
  /** Polls in a row that failed. */
  readonly failures: number;
  readonly lastSuccessMs?: number;
  readonly lastChangeMs?: number;
  readonly nextPollMs?: number;
  /** Why the latest poll failed; absent when it succeeded. */
  readonly lastError?: string;
}

/** An input that waits for data, with the address it really has. */
export interface Listener {
  readonly name: string;
  /** `gelf`, `json`, `syslog`, `http`, … */
  readonly protocol: string;
  /** `udp`, `tcp`, `tls`, `http`, `https`, `unix`. */
  readonly transport: string;
  /** `127.0.0.1:12201`, `[::]:12201`. */
  readonly address: string;
  /** Request path of HTTP inputs, else empty. */
  readonly path: string;
}

export interface Readiness {
  readonly ready: boolean;
  /** Why not, for people; empty when ready. */
  readonly reasons: readonly string[];
}
