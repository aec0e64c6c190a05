import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Histogram, histogramCount, mergeHistograms, quantile, upperBound } from './histogram.ts';

describe('histogram', () => {
  it('puts each value into the bucket whose bounds hold it', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 4000, noNaN: true }), (value) => {
        const histogram = new Histogram();
        histogram.record(value);
        const bucket = histogram.snapshot().counts.indexOf(1);
        expect(value).toBeLessThanOrEqual(upperBound(bucket) * (1 + 1e-9));
        if (bucket > 0) expect(value).toBeGreaterThan(upperBound(bucket - 1) * (1 - 1e-9));
      }),
    );
  });

  it('merges by adding', () => {
    const [a, b, both] = [new Histogram(), new Histogram(), new Histogram()];
    for (const value of [0.001, 0.5, 3]) for (const each of [a, both]) each.record(value);
    for (const value of [0, 20, 1e9]) for (const each of [b, both]) each.record(value);
    expect(mergeHistograms(a.snapshot(), b.snapshot())).toEqual(both.snapshot());
    expect(histogramCount(both.snapshot())).toBe(6);
  });

  it('finds quantiles within a bucket', () => {
    const histogram = new Histogram();
    for (let i = 1; i <= 1000; i++) histogram.record(i / 1000);
    const p99 = quantile(histogram.snapshot(), 0.99);
    expect(p99).toBeGreaterThanOrEqual(0.99);
    expect(p99).toBeLessThanOrEqual(0.99 * 1.19);
    expect(quantile(new Histogram().snapshot(), 0.5)).toBeNaN();
  });

  it('counts what is no duration as zero', () => {
    const histogram = new Histogram();
    histogram.record(-5);
    histogram.record(Number.NaN);
    expect(histogram.snapshot()).toMatchObject({ sum: 0 });
    expect(histogram.snapshot().counts[0]).toBe(2);
  });
});
