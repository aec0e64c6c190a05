/**
 * LayeredPatterns: the patterns of the store that no single value decides: those of the base, those that came since, and keys of those that count no
 * more. A key is a digest of all that makes a pattern what it is (feed, text, everything said), so that a base built anew, with other
 * numbers, knows it by the same; equal ones of a feed are numbered. Adding what is there, or removing what is not, changes nothing.
 */
import { createHash } from 'node:crypto';
import type { DetailsInput } from '../../core/indicator-table.ts';
import type { Renewal } from '../../core/table-change.ts';
import { idKey, keyHash, NO_ID } from '../../core/stix-id.ts';
import type { DeferReason } from '../../rules/stix/atomic-values.ts';
import type { IntelSet } from '../intel-set.ts';

/** A pattern with all that its feed says; plain data. */
export interface StoredPattern {
  readonly key: string;
  readonly pattern: string;
  readonly reason: DeferReason;
  readonly feed: string;
  readonly said: DetailsInput;
}

/** First goes what is removed, then comes what is added. */
export interface PatternChange {
  readonly removed: readonly string[];
  readonly added: readonly StoredPattern[];
}

/** A pattern that counts; `details`: its number in the base, absent for one that came since. */
export interface LivePattern extends StoredPattern {
  readonly details?: number;
}

export const NO_PATTERNS: PatternChange = { removed: [], added: [] };

export function isNoChange({ removed, added }: PatternChange): boolean {
  return removed.length + added.length === 0;
}

/** From one list of patterns to another. */
export function patternChange(before: Iterable<StoredPattern>, after: Iterable<LivePattern>): PatternChange {
  const left = new Map([...before].map(({ key, said }) => [key, said.validUntilMs]));
  const added: StoredPattern[] = [];
  for (const { details: _details, ...pattern } of after)
    if (left.has(pattern.key) && left.get(pattern.key) === pattern.said.validUntilMs) left.delete(pattern.key);
    else added.push(pattern);
  return { removed: [...left.keys()], added };
}

/** What is said when the feed was found to say it still; the same where it states a time. */
export function renewed<T extends Pick<DetailsInput, 'validFromMs' | 'validUntilMs' | 'modifiedMs'>>(
  said: T,
  { fromMs, toMs }: Renewal,
): T {
  return said.validUntilMs === fromMs && isUntimed(said) ? { ...said, validUntilMs: toMs } : said;
}

function isUntimed({ validFromMs, modifiedMs }: Pick<DetailsInput, 'validFromMs' | 'modifiedMs'>): boolean {
  return validFromMs === undefined && modifiedMs === undefined;
}

type PatternsOfSet = Pick<IntelSet, 'deferred' | 'indicators'>;

const KEY_BYTES = 16;

export class LayeredPatterns {
  readonly #set: PatternsOfSet;
  readonly #removed = new Set<string>();
  readonly #added = new Map<string, StoredPattern>();

  constructor(set: PatternsOfSet) {
    this.#set = set;
  }

  apply({ removed, added }: PatternChange): void {
    for (const key of removed) if (!this.#added.delete(key)) this.#removed.add(key);
    for (const pattern of added) this.#added.set(pattern.key, pattern);
  }

  /** Of those that came since the base; the others stand in its columns. */
  renew(renewal: Renewal): void {
    for (const [key, pattern] of this.#added)
      if (pattern.feed === renewal.feed) this.#added.set(key, { ...pattern, said: renewed(pattern.said, renewal) });
  }

  /** Those that came since the base. */
  get added(): Iterable<StoredPattern> {
    return this.#added.values();
  }

  /** All that count, or those asked for alone: those of the base first. */
  *live(which: WhichPatterns = {}): Generator<LivePattern> {
    const { ids, ofFeed } = which;
    for (const pattern of patternsOf(this.#set, which))
      if (!this.#removed.has(pattern.key) && !this.#added.has(pattern.key)) yield pattern;
    for (const pattern of this.#added.values())
      if (ids?.has(pattern.said.id ?? '') !== false && ofFeed?.(pattern.feed) !== false) yield pattern;
  }
}

/** Those asked for; absent: whatever it is. What is not asked for costs no digest of its text. */
export interface WhichPatterns {
  readonly ids?: ReadonlySet<string> | undefined;
  readonly ofFeed?: (name: string) => boolean;
}

/** Of a set, with their numbers. */
export function* patternsOf(
  { deferred, indicators }: PatternsOfSet,
  { ids, ofFeed }: WhichPatterns = {},
): Generator<LivePattern & { readonly details: number }> {
  if (deferred.length === 0 || ids?.size === 0) return;
  const { idHash, feeds } = indicators.columns;
  const hashes = ids === undefined ? undefined : new Set([...ids].map((id) => keyHash(idKey(id))));
  const seen = new Map<string, number>();
  for (const { pattern, reason, details } of deferred) {
    // Without a look at the text where that can be.
    if (idHash !== undefined && hashes?.has(idHash[details] ?? NO_ID) === false) continue;
    const feed = feeds[indicators.feedOf(details)] ?? '';
    if (ofFeed?.(feed) === false) continue;
    const said = indicators.said(details);
    if (ids?.has(said.id ?? '') === false) continue;
    const key = digestOf(feed, pattern, said);
    const number = 1 + (seen.get(key) ?? 0);
    seen.set(key, number);
    yield { key: number === 1 ? key : `${key}.${number}`, pattern, reason, feed, said, details };
  }
}

/** The number of the name is no part of it: that depends on when it came. Nor is an end that moves with every fetch. */
function digestOf(feed: string, pattern: string, { ordinal: _ordinal, validUntilMs, ...rest }: DetailsInput): string {
  const said = isUntimed(rest) ? rest : { ...rest, validUntilMs };
  const digest = createHash('sha256')
    .update(JSON.stringify([feed, pattern, said]))
    .digest();
  return digest.toString('base64url', 0, KEY_BYTES);
}
