/**
 * What loaders of indicators share: the policy of a feed, and the report they write while reading it. Counters have closed label
 * sets; of the problems only the first few are kept, so that a feed with a million bad lines stays bounded.
 */
import type { ConfidenceDecay } from './confidence-decay.ts';
import type { Diagnostic } from '../errors/diagnostic.ts';
import type { IndicatorKind, Semantics, Tlp } from './indicator.ts';
import type { AddResult } from './indicator-table-builder.ts';

export interface FeedPolicy {
  /** Name shown as provider of its indicators. */
  readonly provider: string;
  /** `threat` or `mine`, for the STIX Spark record. */
  readonly library?: string;
  /** Used where an entry does not say. */
  readonly confidence?: number;
  /** How confidence fades with age. */
  readonly decay?: ConfidenceDecay;
  readonly tlp?: Tlp;
  /** Absent: exact for STIX, with sub-domains for lists. */
  readonly domains?: 'exact' | 'subdomain';
  /** Absent: exact. */
  readonly urls?: 'exact' | 'prefix' | 'host';
  /** Validity of entries that state no end; `asOfMs` is when the content was known to be current. */
  readonly expiry?: { readonly afterMs: number; readonly asOfMs: number };
  /** `benign`: the values suppress instead of alerting. */
  readonly role: 'indicators' | 'benign';
}

export interface FeedStatistics {
  /** Objects, lines or rows that should be indicators. */
  readonly entries: number;
  /** Values put in, by kind; one entry may give several. */
  readonly kinds: Readonly<Partial<Record<IndicatorKind, number>>>;
  /** Of these, values that stood in the table already. */
  readonly known: number;
  /** Patterns for the pattern engine, by reason. */
  readonly deferred: Readonly<Record<string, number>>;
  /** Entries left out on purpose, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
  /** Spellings accepted although not written as they should be, by name. */
  readonly notes: Readonly<Record<string, number>>;
  /** Entries that could not be used. */
  readonly bad: number;
}

/** Reads one feed as it arrives in chunks of bytes; fills the tables it was made for. */
export interface FeedLoader {
  push(chunk: Uint8Array): void;
  /** Lines that are left out here, for formats of lines that stand for themselves; called between two of them. */
  skip?(lines: number): void;
  /** Why the content as a whole is broken, if it is; what was read before is loaded. */
  end(): Diagnostic | undefined;
}

/** Problems of one feed that are kept word by word. */
export const MAX_PROBLEM_SAMPLES = 20;

export class FeedReport {
  /** Told of everything that is counted, but for `known`, which depends on what stood in the table before. */
  tap: ((what: string) => void) | undefined;
  #entries = 0;
  #known = 0;
  #bad = 0;
  readonly #kinds = new Map<IndicatorKind, number>();
  readonly #deferred = new Map<string, number>();
  readonly #skipped = new Map<string, number>();
  readonly #notes = new Map<string, number>();
  readonly #problems: Diagnostic[] = [];
  #omitted = 0;

  entry(): void {
    this.tap?.('entry');
    this.#entries++;
  }

  loaded(kind: IndicatorKind, result: AddResult): void {
    if (result === 'full') this.skipped('table-full');
    else {
      this.tap?.(`kinds ${kind}`);
      bump(this.#kinds, kind);
    }
    if (result === 'known') this.#known++;
  }

  deferred(reason: string): void {
    this.tap?.(`deferred ${reason}`);
    bump(this.#deferred, reason);
  }

  skipped(reason: string): void {
    this.tap?.(`skipped ${reason}`);
    bump(this.#skipped, reason);
  }

  note(name: string): void {
    this.tap?.(`notes ${name}`);
    bump(this.#notes, name);
  }

  /** An entry that could not be used. `explain` is called only while samples are kept. */
  bad(explain: () => Diagnostic): void {
    this.tap?.('bad');
    this.#bad++;
    this.problem(explain);
  }

  /** Something to say that makes no entry bad. */
  problem(explain: () => Diagnostic): void {
    this.tap?.('problem');
    if (this.#problems.length < MAX_PROBLEM_SAMPLES) this.#problems.push(explain());
    else this.#omitted++;
  }

  get badCount(): number {
    return this.#bad;
  }

  get loadedCount(): number {
    return sum(this.#kinds);
  }

  get deferredCount(): number {
    return sum(this.#deferred);
  }

  get problems(): readonly Diagnostic[] {
    return this.#problems;
  }

  /** Problems beyond the samples. */
  get omittedProblems(): number {
    return this.#omitted;
  }

  statistics(): FeedStatistics {
    return {
      entries: this.#entries,
      kinds: Object.fromEntries(this.#kinds),
      known: this.#known,
      deferred: Object.fromEntries(this.#deferred),
      skipped: Object.fromEntries(this.#skipped),
      notes: Object.fromEntries(this.#notes),
      bad: this.#bad,
    };
  }
}

/** How far a value of this kind reaches under a policy. */
export function semanticsOf(
  policy: FeedPolicy,
  kind: IndicatorKind,
  defaultForDomains: 'exact' | 'subdomain',
): Semantics {
  if (kind === 'domain') return policy.domains ?? defaultForDomains;
  return kind === 'url' ? (policy.urls ?? 'exact') : 'exact';
}

/** When an entry that states no end expires: counted from the latest time that it does state, else from that of the content. */
export function expiryOf(
  { expiry }: FeedPolicy,
  stated: { readonly validFromMs?: number | undefined; readonly modifiedMs?: number | undefined },
): number | undefined {
  if (expiry === undefined) return undefined;
  const { validFromMs, modifiedMs } = stated;
  if (validFromMs === undefined && modifiedMs === undefined) return expiry.asOfMs + expiry.afterMs;
  return Math.max(validFromMs ?? 0, modifiedMs ?? 0) + expiry.afterMs;
}

function bump<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function sum(counts: Map<unknown, number>): number {
  let total = 0;
  for (const count of counts.values()) total += count;
  return total;
}
