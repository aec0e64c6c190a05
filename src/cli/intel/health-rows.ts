/** How the sources that are fetched are doing, as rows of a table for people and as objects for programs. */
import { type IntelSource, isRemote } from '../../intel/intel-source.ts';
import { feedNameOf } from '../../intel/shown-source.ts';
import { readHealth, type SourceHealth } from '../../intel/source-health.ts';
import type { Column } from '../table.ts';
import { age } from './feed-rows.ts';

export interface FetchedSource {
  readonly source: IntelSource;
  /** Absent: never asked. */
  readonly health?: SourceHealth;
}

export const HEALTH_COLUMNS: readonly Column[] = [
  { title: 'fetched source', max: 48 },
  { title: 'type' },
  { title: 'state' },
  { title: 'objects', align: 'right' },
  { title: 'last success', align: 'right' },
  { title: 'last change', align: 'right' },
  { title: 'next poll', align: 'right' },
  { title: 'last error', max: 100 },
];

export async function fetchedSources(
  sources: readonly IntelSource[],
  folder: string | undefined,
): Promise<readonly FetchedSource[]> {
  return await Promise.all(
    sources.filter(isRemote).map(async (source) => {
      const health = folder === undefined ? undefined : await readHealth(source, folder);
      return { source, ...(health === undefined ? {} : { health }) };
    }),
  );
}

export function healthRow({ source, health }: FetchedSource, nowMs: number): string[] {
  const ago = (ms: number | undefined): string => (ms === undefined ? 'never' : `${age(nowMs - ms)} ago`);
  const { nextPollMs, lastError } = health ?? {};
  return [
    titleOf(source),
    source.transport,
    stateOf(health),
    health?.objects?.toLocaleString('en') ?? '',
    ago(health?.lastSuccessMs),
    ago(health?.lastChangeMs),
    nextPollMs === undefined ? '' : nextPollMs <= nowMs ? 'due' : `in ${age(nextPollMs - nowMs)}`,
    lastError === undefined ? '' : `${lastError.code}: ${lastError.message}`,
  ];
}

/** What programs get. Times are text. */
export function healthObject({ source, health }: FetchedSource): Readonly<Record<string, unknown>> {
  const time = (key: string, ms: number | undefined) => (ms === undefined ? {} : { [key]: new Date(ms).toISOString() });
  return {
    source: titleOf(source),
    type: source.transport,
    state: stateOf(health),
    everySeconds: source.everyMs / 1000,
    ...(health?.objects === undefined ? {} : { objects: health.objects }),
    ...time('lastTry', health?.lastTryMs),
    ...time('lastSuccess', health?.lastSuccessMs),
    ...time('lastChange', health?.lastChangeMs),
    ...time('nextPoll', health?.nextPollMs),
    ...(health?.lastError === undefined ? {} : { lastError: health.lastError }),
    failures: health?.failures ?? 0,
  };
}

function stateOf(health: SourceHealth | undefined): string {
  if (health === undefined) return 'not fetched';
  if (health.lastError === undefined) return 'ok';
  return health.failures === 1 ? 'failed' : `failed ${health.failures} times`;
}

function titleOf(source: IntelSource): string {
  return source.name ?? feedNameOf(source.source);
}
