/**
 * Histogram of durations or sizes in fixed logarithmic buckets: four per doubling, from one microsecond (or 1e-6 of any unit) to 2^32
 * times that. The relative error of a quantile is at most 19 %; recording costs one logarithm and one addition; two histograms merge by
 * adding, so worker threads send snapshots. 131 numbers in all.
 */

const LEAST = 1e-6;
const PER_DOUBLING = 4;
const DOUBLINGS = 32;
/** Bucket 0 holds values up to LEAST, the last one everything beyond the range. */
export const BUCKETS = PER_DOUBLING * DOUBLINGS + 2;

export interface HistogramSnapshot {
  /** How many values fell into each bucket, not cumulative. */
  readonly counts: readonly number[];
  readonly sum: number;
}

export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  #sum = 0;

  /** Takes a value in the base unit (seconds, bytes). Negative values and NaN count as zero: clocks step back. */
  record(value: number): void {
    const known = Number.isNaN(value) ? 0 : Math.max(value, 0);
    const bucket = bucketOf(known);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += known;
  }

  snapshot(): HistogramSnapshot {
    return { counts: [...this.#counts], sum: this.#sum };
  }
}

/** Upper bound of a bucket, inclusive; Infinity for the last. */
export function upperBound(bucket: number): number {
  return bucket >= BUCKETS - 1 ? Number.POSITIVE_INFINITY : LEAST * 2 ** (bucket / PER_DOUBLING);
}

export function mergeHistograms(a: HistogramSnapshot, b: HistogramSnapshot): HistogramSnapshot {
  return { counts: a.counts.map((count, i) => count + (b.counts[i] ?? 0)), sum: a.sum + b.sum };
}

export function histogramCount(snapshot: HistogramSnapshot): number {
  return snapshot.counts.reduce((sum, count) => sum + count, 0);
}

/** The bound that a share `q` (0 to 1) of the values does not exceed; NaN for an empty histogram. */
export function quantile(snapshot: HistogramSnapshot, q: number): number {
  const wanted = Math.ceil(q * histogramCount(snapshot));
  if (histogramCount(snapshot) === 0) return Number.NaN;
  let seen = 0;
  for (const [bucket, count] of snapshot.counts.entries()) {
    seen += count;
    if (seen >= Math.max(1, wanted)) return upperBound(bucket);
  }
  return Number.POSITIVE_INFINITY;
}

function bucketOf(value: number): number {
  if (value <= LEAST) return 0;
  const bucket = Math.ceil(Math.log2(value / LEAST) * PER_DOUBLING - 1e-9);
  return Math.min(bucket, BUCKETS - 1);
}
