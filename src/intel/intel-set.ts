/** IntelSet: everything that one load of intelligence gives, read-only; a reload makes another one. */
import type { FeedStatistics } from '../core/feed.ts';
import type { IndicatorTable } from '../core/indicator-table.ts';
import type { Diagnostic } from '../errors/diagnostic.ts';
import type { MarkingLevel } from '../rules/stix/markings.ts';
import type { DeferredPattern, SigmaPattern } from '../rules/stix/stix-loader.ts';
import type { BenignSet } from './benign-set.ts';
import type { Sections } from './section-file.ts';

/**
 * `loaded`: the content as it is now. `kept`: it is broken or cannot be had, its last good content is in use. `partial`: it is broken
 * and there is no better; what could be read is in use. `failed`: nothing of it is in use.
 */
export type FeedStatus = 'loaded' | 'kept' | 'partial' | 'failed';

/** One file or URL, as `flint intel ls` shows it. */
export interface FeedState {
  /** Path, or URL without user name, password and query; also its name in `IndicatorTable.columns.feeds`. */
  readonly name: string;
  readonly provider: string;
  /** The compiled file that it came in. */
  readonly container?: string;
  /** Format that was found: `stix`, `plain`, `table`, `hosts`, `misp`, `warninglist`, `json-values`, `compiled`; or `unknown`. */
  readonly format: string;
  readonly role: 'indicators' | 'benign';
  readonly status: FeedStatus;
  readonly statistics: FeedStatistics;
  /** Bytes of the content, unpacked. */
  readonly bytes: number;
  readonly loadedAtMs: number;
  /** When the content in use was fetched or last confirmed; URLs only. */
  readonly fetchedAtMs?: number;
  /** As of when entries without a time of their own are known to stand there; only where they expire. */
  readonly asOfMs?: number;
  /** Name of the file with notes of its records (`seen/`). */
  readonly seen?: string;
  readonly diagnostics: readonly Diagnostic[];
  /** Diagnostics beyond those kept. */
  readonly omittedDiagnostics: number;
}

/** What a later load of some of the sources must know of this one, to come to what a load of all would have come to. */
export interface Carried {
  /** Keys of ids that are withdrawn for good, four words each (`VersionIndex.exportRevoked`). */
  readonly revoked: Uint32Array;
  /** Keys of ids that came in several feeds: which of them counts depends on all. */
  readonly contested: Uint32Array;
  /** Hashes of all names by their number (`NameOrdinals.export`). */
  readonly ordinals: Uint32Array;
  /** Marking definitions of the feeds' own. */
  readonly markings: readonly MarkingLevel[];
}

export interface IntelSet extends Carried {
  readonly indicators: IndicatorTable;
  readonly benign: BenignSet;
  /** Patterns for the pattern engine; `indicators.details(details)` says what they belong to. */
  readonly deferred: readonly DeferredPattern[];
  /** Rules for the Sigma loader; details as above. */
  readonly sigma: readonly SigmaPattern[];
  readonly feeds: readonly FeedState[];
  /** Of all feeds, and of sources that gave no feed at all. */
  readonly diagnostics: readonly Diagnostic[];
  /** Sections that others put into the compiled file this set was read from; empty for any other set. */
  readonly extra: Sections;
}
