/**
 * StixLoader: a STIX 2.0 or 2.1 bundle, TAXII envelope, bare array or stream of objects, as it arrives in chunks, into the tables of
 * indicators. Streamed: memory is one object, whatever the size of the bundle.
 *
 * Each pattern that a scan decides becomes rows of the table; other STIX patterns are handed on with the reason, sigma rules to
 * their own list, other pattern types are counted. The life cycle (newest version, revocation) is that of `VersionIndex`, shared by
 * all bundles of one load; objects without an id have none.
 */
import { expiryOf, type FeedLoader, type FeedPolicy, type FeedReport, semanticsOf } from '../../core/feed.ts';
import type { Tlp } from '../../core/indicator.ts';
import type { DetailsInput } from '../../core/indicator-table.ts';
import type { IndicatorTableBuilder } from '../../core/indicator-table-builder.ts';
import { uuidV5 } from '../../core/uuid.ts';
import { type Diagnostic, diagnostic } from '../../errors/diagnostic.ts';
import { parsePattern } from '../pattern/parse.ts';
import { type AtomicValue, atomicValues, type DeferReason } from './atomic-values.ts';
import { ElementSplitter, type SplitProblem } from '../../core/element-splitter.ts';
import { type MarkingDefinitions, markingReferences } from './markings.ts';
import type { NameOrdinals } from './name-ordinals.ts';
import {
  confidenceOf,
  descriptionOf,
  killChainOf,
  nameOf,
  referencesOf,
  type StixObject,
  textOf,
  timeOf,
  typesOf,
} from './stix-object.ts';
import { NO_DETAILS, type VersionIndex } from './version-index.ts';

/** A pattern that one value does not decide. `details` is a number of the indicators' table. */
export interface DeferredPattern {
  readonly pattern: string;
  readonly reason: DeferReason;
  readonly details: number;
}

/** The text of a Sigma rule that came as an indicator's pattern. */
export interface SigmaPattern {
  readonly text: string;
  readonly details: number;
}

/** What all bundles of one load fill together. */
export interface StixTarget {
  readonly indicators: IndicatorTableBuilder;
  readonly benign: IndicatorTableBuilder;
  readonly versions: VersionIndex;
  readonly markings: MarkingDefinitions;
  readonly ordinals: NameOrdinals;
  readonly deferred: DeferredPattern[];
  readonly sigma: SigmaPattern[];
}

/** Told of what becomes of each object, in order. */
export interface StixTap {
  /** An object with an id; `isOld`: another version counts. `modifiedMs` is -Infinity when it does not say. */
  offered(id: string, modifiedMs: number, isOld: boolean): void;
  /** The version that was offered last gives something. */
  kept(): void;
  /** The indicator is read. */
  ended(): void;
}

export interface StixFeed {
  /** Numbers of the feed in the two tables. */
  readonly indicatorsFeed: number;
  readonly benignFeed: number;
  readonly policy: FeedPolicy;
  readonly report: FeedReport;
  /** Named in diagnostics. */
  readonly file: string;
  readonly maxObjectBytes?: number;
  readonly tap?: StixTap;
  /** Objects that name none of these ids are passed over unread. */
  readonly only?: ReadonlySet<string>;
  /** Number of the line that the content begins with; default 1. */
  readonly firstLine?: number;
}

const DEFAULT_MAX_OBJECT_BYTES = 16 * 1024 * 1024;
const OTHER_PATTERN_TYPES = new Set([
  'snort',
  'suricata',
  'yara',
  'pcre',
  'kql',
  'spl',
  'eql',
  'tanium-signal',
  'shodan',
]);
const ID_NAMESPACE = '3c3a5ab3-8a0a-5c3f-93d5-5f4bb3a0a1c4';

export class StixLoader implements FeedLoader {
  readonly #target: StixTarget;
  readonly #feed: StixFeed;
  readonly #splitter: ElementSplitter;
  #broken: Diagnostic | undefined;

  constructor(target: StixTarget, feed: StixFeed) {
    this.#target = target;
    this.#feed = feed;
    const before = (feed.firstLine ?? 1) - 1;
    this.#splitter = new ElementSplitter({
      key: 'objects',
      maxElementBytes: feed.maxObjectBytes ?? DEFAULT_MAX_OBJECT_BYTES,
      element: (text, line) => this.#element(text, before + line),
      problem: (reason, line) => this.#splitProblem(reason, before + line),
    });
  }

  push(chunk: Uint8Array): void {
    this.#splitter.push(chunk);
  }

  end(): Diagnostic | undefined {
    this.#splitter.end();
    return this.#broken;
  }

  #splitProblem(reason: SplitProblem, line: number): void {
    const span = { file: this.#feed.file, line };
    if (reason === 'too_long' || reason === 'too_deep') {
      const message = reason === 'too_long' ? 'object is longer than the limit' : 'object is nested too deep';
      this.#feed.report.entry();
      this.#feed.report.bad(() => diagnostic('INTEL_BAD_OBJECT', 'error', message, { span }));
    } else {
      const message =
        reason === 'incomplete' ? 'the JSON text ends early' : 'the brackets of the JSON text do not pair';
      this.#broken = diagnostic('INTEL_BROKEN_FEED', 'error', message, { span });
    }
  }

  #element(text: string, line: number): void {
    if (this.#feed.only !== undefined && !namesOne(text, this.#feed.only)) return;
    let object: unknown;
    try {
      object = JSON.parse(text);
    } catch (error) {
      // JSON.parse throws only SyntaxError.
      this.#feed.report.entry();
      this.#bad(line, `object is no valid JSON: ${(error as SyntaxError).message}`);
      return;
    }
    if (typeof object !== 'object' || object === null || Array.isArray(object))
      this.#feed.report.skipped('not-an-object');
    else this.#object(object as StixObject, line);
  }

  #object(object: StixObject, line: number): void {
    // Exports of collections wrap each object: {"date_added": …, "object": {…}}.
    const inner = object['object'];
    if (object['type'] === undefined && typeof inner === 'object' && inner !== null && !Array.isArray(inner)) {
      this.#object(inner as StixObject, line);
      return;
    }
    const name = textOf(object, 'name');
    const ordinal = name === undefined ? undefined : this.#target.ordinals.ordinalOf(name);
    const type = object['type'];
    if (type === 'marking-definition')
      this.#target.markings.define(object, (handle, tlp) => restrictDetails(this.#target, handle, tlp));
    if (type === 'indicator' || typeof object['pattern'] === 'string') {
      this.#indicator(object, ordinal, line);
      this.#feed.tap?.ended();
    } else this.#feed.report.skipped('other-object');
  }

  #indicator(object: StixObject, ordinal: number | undefined, line: number): void {
    const { report } = this.#feed;
    report.entry();
    const id = textOf(object, 'id');
    const pattern = textOf(object, 'pattern');
    const revoked = object['revoked'] === true;
    const modified = this.#time(object, 'modified', line) ?? this.#time(object, 'created', line);
    const entry = id === undefined ? undefined : this.#version(id, modified, revoked);
    if (entry === 'skip') return;
    if (revoked) {
      report.skipped('revoked');
      return;
    }
    if (pattern === undefined) {
      this.#void(entry);
      this.#bad(line, `indicator ${id === undefined ? '' : `"${id}" `}has no pattern`);
      return;
    }
    const patternType = (textOf(object, 'pattern_type') ?? 'stix').toLowerCase();
    if (patternType !== 'stix' && patternType !== 'sigma') {
      this.#void(entry);
      report.skipped(`pattern-type-${OTHER_PATTERN_TYPES.has(patternType) ? patternType : 'other'}`);
      return;
    }
    const input = this.#details(object, pattern, ordinal, modified, line);
    if (patternType === 'sigma') {
      const details = this.#addDetails(object, input, entry, false);
      if (details !== undefined) this.#target.sigma.push({ text: pattern, details });
      report.skipped('pattern-type-sigma');
      return;
    }
    this.#pattern(object, pattern, input, entry, line);
  }

  #pattern(object: StixObject, pattern: string, input: DetailsInput, entry: number | undefined, line: number): void {
    const { report, policy, file } = this.#feed;
    const parsed = parsePattern(pattern);
    if (!parsed.ok) {
      this.#void(entry);
      report.bad(() => ({
        ...parsed.diagnostic,
        message: `pattern of "${input.id ?? input.name ?? 'an object'}": ${parsed.diagnostic.message}`,
        related: [{ message: 'in this object', span: { file, line } }],
      }));
      return;
    }
    for (const note of parsed.pattern.notes) report.note(note);
    const extraction = atomicValues(parsed.pattern.root);
    const benign = policy.role === 'benign' || (input.types?.includes('benign') ?? false);
    if (!extraction.ok && benign) {
      this.#void(entry);
      report.skipped('benign-pattern');
      return;
    }
    const details = this.#addDetails(object, input, entry, benign);
    if (details === undefined) return;
    if (!extraction.ok) {
      report.deferred(extraction.reason);
      this.#target.deferred.push({ pattern, reason: extraction.reason, details });
      return;
    }
    for (const note of extraction.notes) report.note(note);
    const table = benign ? this.#target.benign : this.#target.indicators;
    for (const value of extraction.values) report.loaded(value.kind, this.#addValue(table, value, details, benign));
  }

  #addValue(table: IndicatorTableBuilder, value: AtomicValue, details: number, benign: boolean) {
    const fallback = benign ? 'subdomain' : 'exact';
    const semantics =
      value.semantics === 'exact' ? semanticsOf(this.#feed.policy, value.kind, fallback) : value.semantics;
    return table.add(value.kind, value.value, semantics, details);
  }

  /** Entry of the version index, or `skip` when this version does not count. */
  #version(id: string, modified: number | undefined, revoked: boolean): number | 'skip' {
    const { report } = this.#feed;
    const offer = this.#target.versions.offer(id, modified ?? Number.NEGATIVE_INFINITY, revoked);
    this.#feed.tap?.offered(id, modified ?? Number.NEGATIVE_INFINITY, offer.verdict === 'old');
    if (offer.replaces !== NO_DETAILS) {
      dropDetails(this.#target, offer.replaces);
      report.note('replaced-version');
    }
    if (offer.verdict === 'take') return offer.entry;
    report.skipped(offer.verdict === 'old' ? 'older-version' : 'revoked');
    return 'skip';
  }

  /** This version gives nothing; what another feed says of the id counts again. */
  #void(entry: number | undefined): void {
    const again = entry === undefined ? NO_DETAILS : this.#target.versions.void(entry);
    if (again !== NO_DETAILS) restoreDetails(this.#target, again);
  }

  #addDetails(object: StixObject, input: DetailsInput, entry: number | undefined, benign: boolean): number | undefined {
    const { markings, versions, indicators } = this.#target;
    const { policy, indicatorsFeed, benignFeed } = this.#feed;
    const { tlp, unknown } = markings.levelOf(markingReferences(object));
    const marking = tlp ?? policy.tlp;
    const marked = marking === undefined ? input : { ...input, tlp: marking };
    const table = benign ? this.#target.benign : indicators;
    const details = table.addDetails(benign ? benignFeed : indicatorsFeed, marked);
    if (details < 0) {
      this.#void(entry);
      this.#feed.report.skipped('table-full');
      return undefined;
    }
    const handle = detailsHandle(details, benign);
    if (unknown.length > 0) markings.wait(handle, unknown);
    if (entry !== undefined) {
      versions.setDetails(entry, handle);
      this.#feed.tap?.kept();
    }
    return details;
  }

  #details(
    object: StixObject,
    pattern: string,
    ordinal: number | undefined,
    modifiedMs: number | undefined,
    line: number,
  ): DetailsInput {
    const { policy } = this.#feed;
    const name = nameOf(object);
    const description = descriptionOf(object);
    const confidence = confidenceOf(object) ?? policy.confidence;
    const types = typesOf(object);
    const killChain = killChainOf(object);
    const references = referencesOf(object);
    const validFromMs = this.#time(object, 'valid_from', line);
    const statedEndMs = this.#time(object, 'valid_until', line);
    const validUntilMs = statedEndMs ?? expiryOf(policy, { validFromMs, modifiedMs });
    if (validFromMs !== undefined && statedEndMs !== undefined && statedEndMs <= validFromMs)
      this.#badTime(line, `valid_until "${String(object['valid_until'])}" is not later than valid_from`);
    return {
      id: textOf(object, 'id') ?? `indicator--${uuidV5(ID_NAMESPACE, `${policy.provider}\n${pattern}`)}`,
      provider: policy.provider,
      pattern,
      ...(name === undefined ? {} : { name }),
      ...(description === undefined ? {} : { description }),
      ...(policy.library === undefined ? {} : { library: policy.library }),
      ...(policy.decay === undefined ? {} : { decay: policy.decay }),
      ...(confidence === undefined ? {} : { confidence }),
      ...(types === undefined ? {} : { types }),
      ...(killChain === undefined ? {} : { killChain }),
      ...(references === undefined ? {} : { references }),
      ...(ordinal === undefined ? {} : { ordinal }),
      ...(validFromMs === undefined ? {} : { validFromMs }),
      ...(validUntilMs === undefined ? {} : { validUntilMs }),
      ...(modifiedMs === undefined ? {} : { modifiedMs }),
    };
  }

  #time(object: StixObject, key: string, line: number): number | undefined {
    const time = timeOf(object, key);
    if (time === null) this.#badTime(line, `${key} "${String(object[key]).slice(0, 60)}" is no time`);
    else if (time?.strict === false) this.#feed.report.note('time-format');
    return time?.ms;
  }

  #badTime(line: number, message: string): void {
    this.#feed.report.note('bad-time');
    this.#feed.report.problem(() =>
      diagnostic('INTEL_BAD_TIME', 'warning', message, { span: { file: this.#feed.file, line } }),
    );
  }

  #bad(line: number, message: string): void {
    this.#feed.report.bad(() =>
      diagnostic('INTEL_BAD_OBJECT', 'error', message, { span: { file: this.#feed.file, line } }),
    );
  }
}

/** Whether one of the ids stands in the text of an object, or might: written with escapes. */
function namesOne(text: string, ids: ReadonlySet<string>): boolean {
  if (text.includes('\\u00')) return true;
  for (const [, id] of text.matchAll(ID)) if (ids.has(id ?? '')) return true;
  return false;
}

const ID = /"id"\s*:\s*"([^"]*)"/g;

/** One number for details of either table, as the version index keeps it. */
export function detailsHandle(details: number, benign: boolean): number {
  return 2 * details + (benign ? 1 : 0);
}

export function dropDetails(target: Pick<StixTarget, 'indicators' | 'benign'>, handle: number): void {
  (handle % 2 === 1 ? target.benign : target.indicators).drop(Math.floor(handle / 2));
}

function restrictDetails(target: Pick<StixTarget, 'indicators' | 'benign'>, handle: number, tlp: Tlp): void {
  (handle % 2 === 1 ? target.benign : target.indicators).restrict(Math.floor(handle / 2), tlp);
}

export function restoreDetails(target: Pick<StixTarget, 'indicators' | 'benign'>, handle: number): void {
  (handle % 2 === 1 ? target.benign : target.indicators).restore(Math.floor(handle / 2));
}
