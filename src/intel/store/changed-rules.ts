/**
 * The patterns and Sigma rules of a source that come or go with its new content, told apart by all that makes them what they are.
 */
import { idKey, keyHash, NO_ID } from '../../core/stix-id.ts';
import type { IntelSet } from '../intel-set.ts';
import { type PatternChange, patternChange, patternsOf } from './layered-patterns.ts';
import type { StoreState } from './store-state.ts';

export interface ChangedRules {
  readonly patterns: PatternChange;
  readonly sigmaChanged: boolean;
  /** As in `TableDiff` (`diff-table.ts`). */
  readonly touched: ReadonlyMap<string, number | undefined>;
  readonly before: ReadonlyMap<string, number>;
}

export interface ChangedRulesOptions {
  /** The feeds whose content is replaced. */
  readonly replaced: ReadonlySet<string>;
  /** Ids whose new version does not count. */
  readonly beaten: ReadonlySet<string>;
  /** The new content is only what changed, which is about these; undefined: it is all. */
  readonly ids: ReadonlySet<string> | undefined;
}

export function changedRules(state: StoreState, fresh: IntelSet, options: ChangedRulesOptions): ChangedRules {
  const { replaced, beaten, ids } = options;
  const ofFeed = (name: string): boolean => replaced.has(name);
  const before = [...state.patterns.live({ ids, ofFeed })];
  const after = [...patternsOf(fresh, { ofFeed })].filter(({ said }) => !beaten.has(said.id ?? ''));
  const patterns = patternChange(before, after);
  const removed = new Set(patterns.removed);
  const sigmaBefore = sigmaOf(state.set, replaced, { ids });
  const sigmaAfter = sigmaOf(fresh, replaced, { without: beaten });
  const touched = new Map<string, number | undefined>();
  const formerly = new Map<string, number>();
  for (const { key, said } of before)
    if (removed.has(key)) {
      touched.set(said.id ?? '', undefined);
      formerly.set(said.id ?? '', said.modifiedMs ?? Number.NEGATIVE_INFINITY);
    }
  for (const { said } of patterns.added) touched.set(said.id ?? '', said.modifiedMs ?? Number.NEGATIVE_INFINITY);
  let sigmaChanged = false;
  for (const [key, { id, modifiedMs }] of sigmaBefore)
    if (!sigmaAfter.has(key)) {
      formerly.set(id, modifiedMs);
      touched.set(id, touched.get(id));
      sigmaChanged = true;
    }
  for (const [key, { id, modifiedMs }] of sigmaAfter)
    if (!sigmaBefore.has(key)) {
      touched.set(id, modifiedMs);
      sigmaChanged = true;
    }
  return { patterns, sigmaChanged, touched, before: formerly };
}

/** What of a Sigma rule in a feed tells which version counts. */
export interface SigmaVersion {
  readonly id: string;
  readonly modifiedMs: number;
}

export interface WhichRules {
  /** Those of these ids alone; undefined: whatever their ids. */
  readonly ids?: ReadonlySet<string> | undefined;
  readonly without?: ReadonlySet<string>;
}

/** Sigma rules of the feeds, by all that makes them what they are; the number of the name is no part of that. */
export function sigmaOf(
  { sigma, indicators }: Pick<IntelSet, 'indicators' | 'sigma'>,
  feeds: ReadonlySet<string>,
  { ids: only, without }: WhichRules = {},
): Map<string, SigmaVersion> {
  const rules = new Map<string, SigmaVersion>();
  if (only?.size === 0) return rules;
  const hashes = only === undefined ? undefined : new Set([...only].map((id) => keyHash(idKey(id))));
  const { idHash } = indicators.columns;
  for (const { text, details } of sigma) {
    // Without a look at the text where that can be.
    if (idHash !== undefined && hashes?.has(idHash[details] ?? NO_ID) === false) continue;
    if (!feeds.has(indicators.columns.feeds[indicators.feedOf(details)] ?? '')) continue;
    const { ordinal: _ordinal, ...said } = indicators.said(details);
    if (without?.has(said.id ?? '') === true || only?.has(said.id ?? '') === false) continue;
    rules.set(JSON.stringify([text, said]), {
      id: said.id ?? '',
      modifiedMs: said.modifiedMs ?? Number.NEGATIVE_INFINITY,
    });
  }
  return rules;
}
