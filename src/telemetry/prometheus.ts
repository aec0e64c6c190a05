/**
 * Prometheus text format 0.0.4 from component snapshots. Snapshots of one component from several worker threads add up: counts and histograms are
 * sums, gauges are sums too but for times, where the latest counts. A histogram shows one bound per doubling, from a millisecond's
 * thousandth to an hour.
 */
import type { ComponentSnapshot } from './component-counters.ts';
import { BUCKETS, type HistogramSnapshot, histogramCount, mergeHistograms, upperBound } from './histogram.ts';
import { COMMON_HELP, COMPONENTS, commonMetrics, METRICS, type Metric, type MetricType } from './metrics.ts';

export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Bounds shown: each fourth of the recorded ones. */
const SHOWN_EVERY = 4;
const LARGEST_SHOWN = 4_000;

/** One component, all worker threads summed up; inputs, feeds and sinks in this order, by name. */
export function mergeComponents(snapshots: readonly ComponentSnapshot[]): readonly ComponentSnapshot[] {
  const merged = new Map<string, ComponentSnapshot>();
  for (const snapshot of snapshots) {
    const key = `${COMPONENTS.indexOf(snapshot.component)} ${snapshot.name}`;
    const known = merged.get(key);
    merged.set(key, known === undefined ? snapshot : addSnapshots(known, snapshot));
  }
  return [...merged.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, snapshot]) => snapshot);
}

export function renderMetrics(snapshots: readonly ComponentSnapshot[]): string {
  const components = mergeComponents(snapshots);
  const sections: string[] = [];
  for (const metric of METRICS)
    sections.push(...section(metric.name, metric.type, metric.help, ownSamples(metric, components)));
  for (const component of COMPONENTS) {
    const of = components.filter((snapshot) => snapshot.component === component);
    const names = commonMetrics(component);
    sections.push(
      ...section(
        names.dropped,
        'counter',
        COMMON_HELP.dropped,
        labelled(names.dropped, 'reason', of, (each) => each.dropped),
      ),
      ...section(
        names.errors,
        'counter',
        COMMON_HELP.errors,
        labelled(names.errors, 'code', of, (each) => each.errors),
      ),
      ...section(names.other, 'counter', COMMON_HELP.other, labelled(names.other, 'what', of, unlisted)),
    );
  }
  return sections.length === 0 ? '' : `${sections.join('\n')}\n`;
}

function ownSamples(metric: Metric, components: readonly ComponentSnapshot[]): string[] {
  return components
    .filter((snapshot) => snapshot.component === metric.component)
    .flatMap((snapshot) => {
      const labels = `name="${escapeLabel(snapshot.name)}"`;
      if (metric.type === 'histogram') return histogramSamples(metric.name, labels, snapshot.histograms?.[metric.what]);
      const values = metric.type === 'counter' ? snapshot.counts : snapshot.gauges;
      const value = values[metric.what];
      return value === undefined ? [] : [`${metric.name}{${labels}} ${number(value)}`];
    });
}

function histogramSamples(name: string, labels: string, histogram: HistogramSnapshot | undefined): string[] {
  if (histogram === undefined) return [];
  const samples: string[] = [];
  let cumulative = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    cumulative += histogram.counts[bucket] ?? 0;
    const bound = upperBound(bucket);
    if (bucket % SHOWN_EVERY === 0 && bound <= LARGEST_SHOWN)
      samples.push(`${name}_bucket{${labels},le="${number(bound)}"} ${cumulative}`);
  }
  const count = histogramCount(histogram);
  return [
    ...samples,
    `${name}_bucket{${labels},le="+Inf"} ${count}`,
    `${name}_sum{${labels}} ${number(histogram.sum)}`,
    `${name}_count{${labels}} ${count}`,
  ];
}

function labelled(
  name: string,
  label: string,
  components: readonly ComponentSnapshot[],
  values: (snapshot: ComponentSnapshot) => Readonly<Record<string, number>>,
): string[] {
  return components.flatMap((snapshot) =>
    Object.entries(values(snapshot)).map(
      ([key, value]) => `${name}{name="${escapeLabel(snapshot.name)}",${label}="${escapeLabel(key)}"} ${number(value)}`,
    ),
  );
}

function unlisted(snapshot: ComponentSnapshot): Record<string, number> {
  const listed = (type: MetricType, what: string) =>
    METRICS.some((metric) => metric.component === snapshot.component && metric.type === type && metric.what === what);
  return Object.fromEntries([
    ...Object.entries(snapshot.counts).filter(([what]) => !listed('counter', what)),
    ...Object.entries(snapshot.gauges).filter(([what]) => !listed('gauge', what)),
  ]);
}

function section(name: string, type: MetricType, help: string, samples: readonly string[]): string[] {
  return samples.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples];
}

function addSnapshots(a: ComponentSnapshot, b: ComponentSnapshot): ComponentSnapshot {
  const histograms = addRecords(a.histograms ?? {}, b.histograms ?? {}, () => mergeHistograms);
  return {
    component: a.component,
    name: a.name,
    counts: addRecords(a.counts, b.counts, () => sum),
    dropped: addRecords(a.dropped, b.dropped, () => sum),
    errors: addRecords(a.errors, b.errors, () => sum),
    // Times and lags do not add up.
    gauges: addRecords(a.gauges, b.gauges, (what) => (what.endsWith('_ms') ? Math.max : sum)),
    ...(Object.keys(histograms).length > 0 && { histograms }),
  };
}

function addRecords<T>(
  a: Readonly<Record<string, T>>,
  b: Readonly<Record<string, T>>,
  how: (what: string) => (x: T, y: T) => T,
): Record<string, T> {
  const added = new Map(Object.entries(a));
  for (const [what, value] of Object.entries(b)) {
    const known = added.get(what);
    added.set(what, known === undefined ? value : how(what)(known, value));
  }
  return Object.fromEntries(added);
}

function sum(x: number, y: number): number {
  return x + y;
}

function number(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(Number(value.toPrecision(15)));
}

function escapeLabel(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
