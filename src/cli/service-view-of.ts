/** What the HTTP server sees of a running service: the engine's state in the server's words. */
import { resolve, sep } from 'node:path';
import type { IndicatorKind } from '../core/indicator.ts';
import { SAMPLE_INTEL } from '../engine/package-folders.ts';
import type { FeedState } from '../intel/intel-set.ts';
import type { Service } from '../engine/service.ts';
import type { PolledSource } from '../engine/intel/source-poller.ts';
import type { AlertFeed } from '../server/alert-feed.ts';
import type { FetchedSource, IntelligenceSource, ServiceInfo, ServiceView } from '../server/service-view.ts';
import { version } from './version.ts';

export function viewOf(service: Service, alerts: AlertFeed, mode: string): ServiceView {
  return {
    alerts,
    components: () => service.components(),
    readiness: () => ({ ready: service.ready, reasons: service.ready ? [] : ['the service is starting or stopping'] }),
    info: () => infoOf(service, mode),
    state: () => service.state(),
    groups: (rule, query) => {
      for (const part of service.generation.parts) {
        const groups = part.groups?.(rule, query);
        if (groups !== undefined) return groups;
      }
      return undefined;
    },
    lookup: (value) => service.lookup(value),
    search: (prefix, limit) => service.search(prefix, limit),
  };
}

function infoOf(service: Service, mode: string): ServiceInfo {
  const { config, generation } = service;
  const { lastReload } = service;
  return {
    version: version(),
    startedMs: service.startedMs,
    mode,
    workers: service.workers,
    dataDir: service.dataDirPath,
    configuration: [
      { key: 'timezone', value: config.timezone },
      { key: 'alerts.suppress_seconds', value: String(config.alerts.suppress_seconds) },
      {
        key: 'outputs',
        value: service
          .components()
          .flatMap(({ component, name }) => (component === 'sink' ? [name] : []))
          .join(', '),
      },
    ],
    intelligence: generation.feeds.map((feed) =>
      sourceOf(feed, generation.usesSamples || isSample(feed), generation.exampleOf(feed.name)),
    ),
    sources: service.sources.map(fetchedOf),
    rules: generation.ruleCounts,
    listeners: service.listeners.map(({ name, plan, address }) => ({
      name,
      protocol: plan.address.protocol,
      transport: plan.address.transport,
      address,
      path: plan.address.path,
    })),
    ...(lastReload !== undefined && { lastReload }),
  };
}

function fetchedOf({ source, name, running, health }: PolledSource): FetchedSource {
  const { objects, lastSuccessMs, lastChangeMs, nextPollMs, lastError } = health ?? {};
  return {
    name,
    // Files are not polled.
    type: source.transport === 'file' ? 'url' : source.transport,
    everySeconds: source.everyMs / 1000,
    running,
    failures: health?.failures ?? 0,
    ...(objects === undefined ? {} : { objects }),
    ...(lastSuccessMs === undefined ? {} : { lastSuccessMs }),
    ...(lastChangeMs === undefined ? {} : { lastChangeMs }),
    ...(nextPollMs === undefined ? {} : { nextPollMs }),
    ...(lastError === undefined ? {} : { lastError: lastError.message }),
  };
}

/** Bundled intelligence, given by name as the demo does. */
function isSample(feed: FeedState): boolean {
  return resolve(feed.name).startsWith(`${SAMPLE_INTEL}${sep}`);
}

function sourceOf(
  feed: FeedState,
  sample: boolean,
  example: { kind: IndicatorKind; value: string } | undefined,
): IntelligenceSource {
  const { kinds, skipped, deferred, bad } = feed.statistics;
  const problem = feed.diagnostics.find((item) => item.severity === 'error');
  return {
    name: feed.provider,
    format: feed.format,
    indicators: Object.values(kinds).reduce((sum, count) => sum + count, 0),
    byKind: kinds,
    skipped: { ...skipped, ...deferred, ...(bad > 0 && { bad }) },
    ...(feed.status !== 'failed' && { lastSuccessMs: feed.fetchedAtMs ?? feed.loadedAtMs }),
    ...(feed.status !== 'loaded' && problem !== undefined && { lastError: problem.message }),
    ...(sample && { sample: true }),
    ...(example !== undefined && { example }),
  };
}
