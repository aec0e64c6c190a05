/** The collections that a running service offers to TAXII clients: its indicators as they are loaded, its sightings as alerts come. */
import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Alert } from '../core/alert.ts';
import type { Tlp } from '../core/indicator.ts';
import { isWithinTlp } from '../core/indicator-table.ts';
import { stixBundle } from '../encode/stix.ts';
import type { Service } from '../engine/service.ts';
import type { DescribedPattern, IndicatorSnapshot } from '../server/taxii/indicator-snapshot.ts';
import { indicatorSnapshot } from '../server/taxii/indicator-snapshot.ts';
import { IndicatorCatalogue } from '../server/taxii/indicator-catalogue.ts';
import { SightingStore } from '../server/taxii/sighting-store.ts';
import { TaxiiServer } from '../server/taxii/taxii-server.ts';
import type { Logger } from '../telemetry/logger.ts';

export interface TaxiiCollections {
  readonly server: TaxiiServer;
  onAlert(alert: Alert): void;
  close(): void;
}

export interface TaxiiCollectionsOptions {
  /** The service, which starts after this. */
  readonly service: () => Service;
  readonly dataDir: string;
  readonly sightingBytes: number;
  /** What is marked stricter stays here. */
  readonly maxTlp: Tlp;
  readonly logger: Logger;
}

const FLUSH_MS = 1000;

export function openTaxiiCollections(options: TaxiiCollectionsOptions): TaxiiCollections {
  const folder = join(options.dataDir, 'taxii-server');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const onDiskProblem = (reason: string): void => options.logger.warn('collections cannot be kept on disk', { reason });
  const sightings = new SightingStore({
    folder: join(folder, 'sightings'),
    maxBytes: options.sightingBytes,
    now: Date.now,
    onDiskProblem,
  });
  const indicators = new IndicatorCatalogue({
    current: currentIndicators(options.service, options.maxTlp),
    now: Date.now,
    file: join(folder, 'indicator-dates'),
    onDiskProblem,
  });
  const sensor = hostname();
  const flusher = setInterval(() => sightings.flush(), FLUSH_MS).unref();
  return {
    server: new TaxiiServer([indicators, sightings], `Flint on ${sensor}`),
    onAlert: (alert) => {
      if (isWithinTlp(alert.threat?.indicator?.marking?.tlp, options.maxTlp))
        sightings.add(stixBundle(alert, sensor).objects);
    },
    close: () => {
      clearInterval(flusher);
      sightings.flush();
    },
  };
}

/** A new snapshot after each reload and each change. */
function currentIndicators(service: () => Service, maxTlp: Tlp): () => IndicatorSnapshot {
  let snapshot: IndicatorSnapshot | undefined;
  let of: readonly unknown[] = [];
  return () => {
    const { live, intel, patterns: current } = service().generation;
    const { table } = live;
    const state = [table, table.revision, intel, current.revision];
    if (snapshot !== undefined && state.every((part, i) => part === of[i])) return snapshot;
    of = state;
    const described = (details: number, type: DescribedPattern['type'], pattern: string) => (): DescribedPattern => ({
      details: { ...intel.indicators.details(details), pattern },
      type,
    });
    const patterns = [
      ...[...current.inputs].flatMap(({ pattern, indicator }) =>
        indicator === undefined ? [] : [(): DescribedPattern => ({ details: { ...indicator, pattern }, type: 'stix' })],
      ),
      ...intel.sigma.map(({ details, text }) => described(details, 'sigma', text)),
    ];
    let sources = table.base.columns.sources.length;
    for (let row = 0; row < table.delta.size; row++) sources += table.delta.sayingsAt(row).length;
    snapshot = indicatorSnapshot(table, patterns, sources, maxTlp);
    return snapshot;
  };
}
