import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ComponentCounters } from './component-counters.ts';
import { COMPONENTS, commonMetrics, METRICS } from './metrics.ts';
import { mergeComponents, renderMetrics } from './prometheus.ts';

function sink(name: string, fill: (counters: ComponentCounters) => void) {
  const counters = new ComponentCounters('sink', name);
  fill(counters);
  return counters.snapshot();
}

describe('Prometheus text', () => {
  it('has help, type and samples with escaped labels', () => {
    const text = renderMetrics([
      sink('a"b\\c\nd', (counters) => {
        counters.add('delivered', 3);
        counters.drop('queue_full', 2);
        counters.error('send_failed');
        counters.set('queue_bytes', 17.5);
      }),
    ]);
    expect(text.split('\n')).toEqual([
      '# HELP flint_sink_delivered_messages_total alerts taken by the destination',
      '# TYPE flint_sink_delivered_messages_total counter',
      'flint_sink_delivered_messages_total{name="a\\"b\\\\c\\nd"} 3',
      '# HELP flint_sink_queue_bytes bytes waiting',
      '# TYPE flint_sink_queue_bytes gauge',
      'flint_sink_queue_bytes{name="a\\"b\\\\c\\nd"} 17.5',
      '# HELP flint_sink_dropped_total what was given up, by reason',
      '# TYPE flint_sink_dropped_total counter',
      'flint_sink_dropped_total{name="a\\"b\\\\c\\nd",reason="queue_full"} 2',
      '# HELP flint_sink_errors_total errors, by code',
      '# TYPE flint_sink_errors_total counter',
      'flint_sink_errors_total{name="a\\"b\\\\c\\nd",code="send_failed"} 1',
      '',
    ]);
  });

  it('adds up the snapshots of worker threads', () => {
    const worker = (by: number) =>
      sink('out', (counters) => {
        counters.add('delivered', by);
        counters.set('queue_messages', by);
        counters.set('last_success_ms', 1000 * by);
        counters.observe('send', by / 10);
      });
    const [merged, ...rest] = mergeComponents([worker(1), worker(5), worker(2)]);
    expect(rest).toEqual([]);
    expect(merged).toMatchObject({ counts: { delivered: 8 }, gauges: { queue_messages: 8, last_success_ms: 5000 } });
    const text = renderMetrics([worker(1), worker(5), worker(2)]);
    expect(text).toContain('flint_sink_send_seconds_count{name="out"} 3\n');
    expect(text).toContain('flint_sink_send_seconds_sum{name="out"} 0.8\n');
    expect(text).toContain('flint_sink_send_seconds_bucket{name="out",le="+Inf"} 3\n');
  });

  it('has cumulative buckets whose bounds rise', () => {
    const text = renderMetrics([
      sink('out', (counters) => [1e-5, 0.01, 2, 1e6].map((value) => counters.observe('send', value))),
    ]);
    const buckets = [...text.matchAll(/_bucket\{name="out",le="([^"]+)"\} (\d+)/g)].map(([, le, count]) => [
      Number(le?.replace('+Inf', 'Infinity')),
      Number(count),
    ]);
    expect(buckets.length).toBeGreaterThan(20);
    for (const [i, [bound = 0, count = 0]] of buckets.entries()) {
      const [before = 0, counted = 0] = buckets[i - 1] ?? [];
      expect(bound).toBeGreaterThan(before);
      expect(count).toBeGreaterThanOrEqual(counted);
    }
    expect(buckets.at(-1)).toEqual([Number.POSITIVE_INFINITY, 4]);
  });

  it('hides nothing that has no metric of its own', () => {
    const text = renderMetrics([sink('out', (counters) => counters.add('newly_counted', 4))]);
    expect(text).toContain('flint_sink_other_total{name="out",what="newly_counted"} 4\n');
  });

  it('is empty without components', () => {
    expect(renderMetrics([])).toBe('');
  });
});

describe('metric names', () => {
  const exported = [
    ...METRICS.map(({ name }) => name),
    ...COMPONENTS.flatMap((component) => Object.values(commonMetrics(component))),
  ];

  it('are legal, distinct, and counters end in _total', () => {
    expect(new Set(exported).size).toBe(exported.length);
    for (const { name, type } of METRICS) {
      expect(name).toMatch(/^flint_[a-z_]+$/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
    }
  });

  it('are those of docs/metrics.md, with the same help', () => {
    const page = readFileSync(fileURLToPath(new URL('../../docs/metrics.md', import.meta.url)), 'utf8');
    const documented = [...page.matchAll(/^\| `(flint_[a-z_]+)` \| (\w+) \| (.+) \|$/gm)].map(
      ([, name, type, help]) => ({ name, type, help }),
    );
    expect(documented.map(({ name }) => name).sort()).toEqual([...exported].sort());
    for (const { name, type, help } of METRICS) expect(documented).toContainEqual({ name, type, help });
  });
});
