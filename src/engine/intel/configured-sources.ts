/** The configured sources as the store knows them: what tells them apart, what they were like, and which feeds each gave. */
import { createHash } from 'node:crypto';
import type { IntelSet } from '../../intel/intel-set.ts';
import type { IntelSource } from '../../intel/intel-source.ts';
import { feedNameOf } from '../../intel/shown-source.ts';
import type { SourceFeeds } from '../../intel/store/store-entry.ts';

/** Tells configured sources apart; the same address may stand there twice. */
export function nameOf(source: IntelSource, position: number): string {
  return `${position} ${feedNameOf(source.source)}`;
}

/** Everything that decides what the sources give. */
export function digestOf(sources: readonly IntelSource[]): string {
  return createHash('sha256').update(JSON.stringify(sources), 'utf8').digest('hex');
}

/** The feeds of a load by source: they stand in the order of the sources. */
export function feedsBySource(
  sources: readonly IntelSource[],
  { feeds }: IntelSet,
  counts: readonly number[],
  fingerprints: readonly string[],
): SourceFeeds[] {
  let at = 0;
  return sources.map((source, i) => {
    const first = at;
    at += counts[i] ?? 0;
    return { source: nameOf(source, i), fingerprint: fingerprints[i] ?? '', feeds: feeds.slice(first, at) };
  });
}
