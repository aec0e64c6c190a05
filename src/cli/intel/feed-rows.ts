/** The state of feeds as rows of a table for people and as objects for programs. */
import { formatBytes } from '../byte-amount.ts';
import type { FeedState } from '../../intel/intel-set.ts';
import type { IntelSource } from '../../intel/intel-source.ts';
import { shownSource } from '../../intel/shown-source.ts';
import type { Column } from '../table.ts';

export const FEED_COLUMNS: readonly Column[] = [
  { title: 'name', max: 24 },
  { title: 'source', max: 48 },
  { title: 'status' },
  { title: 'format' },
  { title: 'indicators', align: 'right', max: 20 },
  { title: 'by kind', max: 100 },
  { title: 'left out', max: 100 },
  { title: 'bad', align: 'right' },
  { title: 'size', align: 'right' },
  { title: 'age', align: 'right' },
];

export function feedRow(feed: FeedState, nowMs: number): string[] {
  const { kinds, skipped, notes, bad } = feed.statistics;
  return [
    feed.provider,
    tail(feed.name, 48),
    feed.role === 'benign' ? `${feed.status}, benign` : feed.status,
    feed.format,
    sum(kinds).toLocaleString('en'),
    counts({ ...kinds, ...rulesOf(feed) }),
    counts({ ...leftOut(skipped), ...replacedOf(notes) }),
    bad === 0 ? '' : bad.toLocaleString('en'),
    formatBytes(feed.bytes),
    feed.fetchedAtMs === undefined ? '' : age(nowMs - feed.fetchedAtMs),
  ];
}

/** A URL whose content is not here. */
export const missingRow = (source: IntelSource): string[] =>
  rowWithoutFeed(source, 'not fetched', 'flint intel pull fetches it');

/** A path that gave nothing, not even a feed that failed. */
export const emptyRow = (source: IntelSource): string[] => rowWithoutFeed(source, 'failed', 'nothing was found there');

function rowWithoutFeed(source: IntelSource, status: string, why: string): string[] {
  const cells = new Map([
    ['name', source.name ?? ''],
    ['source', tail(shownSource(source.source), 48)],
    ['status', status],
    ['left out', why],
  ]);
  return FEED_COLUMNS.map(({ title }) => cells.get(title) ?? '');
}

/** What programs get: everything but the diagnostics' internals. */
export function feedObject(feed: FeedState, nowMs: number): Readonly<Record<string, unknown>> {
  const { diagnostics, omittedDiagnostics, statistics, ...state } = feed;
  return {
    ...state,
    ...statistics,
    indicators: sum(statistics.kinds),
    ...(feed.fetchedAtMs !== undefined && { ageSeconds: Math.round((nowMs - feed.fetchedAtMs) / 1000) }),
    problems: diagnostics.map(({ code, severity, message, span }) => ({ code, severity, message, line: span?.line })),
    omittedProblems: omittedDiagnostics,
  };
}

/** `3 domain, 1 url`, the largest first. */
export function counts(by: Readonly<Partial<Record<string, number>>>): string {
  return Object.entries(by)
    .sort((a, b) => (b[1] ?? 0) - (a[1] ?? 0))
    .map(([name, count]) => `${(count ?? 0).toLocaleString('en')} ${name}`)
    .join(', ');
}

export function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

function sum(by: Readonly<Partial<Record<string, number>>>): number {
  return Object.values(by).reduce((total: number, count) => total + (count ?? 0), 0);
}

/** What is no value, but looked for as well. */
function rulesOf({ statistics: { deferred, skipped } }: FeedState): Record<string, number> {
  const sigma = skipped[SIGMA] ?? 0;
  const patterns = sum(deferred);
  return {
    ...(patterns > 0 && { [patterns === 1 ? 'pattern' : 'patterns']: patterns }),
    ...(sigma > 0 && { [sigma === 1 ? 'Sigma rule' : 'Sigma rules']: sigma }),
  };
}

const SIGMA = 'pattern-type-sigma';

/** Rules of other languages by their name alone. */
function leftOut(skipped: Readonly<Record<string, number>>): Record<string, number> {
  const others = Object.entries(skipped).filter(([why]) => why !== SIGMA);
  return Object.fromEntries(others.map(([why, count]) => [why.replace(/^pattern-type-/, ''), count]));
}

/** Versions that were counted as given, until a newer one or a revocation came. */
function replacedOf(notes: Readonly<Record<string, number>>): Record<string, number> {
  const replaced = notes['replaced-version'] ?? 0;
  return replaced > 0 ? { replaced } : {};
}

/** The end of a long path says more than its beginning. */
function tail(text: string, width: number): string {
  return text.length <= width ? text : `…${text.slice(text.length - width + 1)}`;
}
