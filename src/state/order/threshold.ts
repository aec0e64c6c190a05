/** The value that so many of a list are not above: which are the oldest tenth of a million, without sorting a million. */

const BINS = 4096;
/** Below this sorting is as quick. */
const FEW = 1024;

/** The least value that at least `count` of the values do not exceed. Infinite when there are fewer. The values are finite; their order is lost. */
export function thresholdOf(values: Float64Array, count: number): number {
  if (count <= 0) return Number.NEGATIVE_INFINITY;
  if (count > values.length) return Number.POSITIVE_INFINITY;
  return nth(values, count - 1);
}
function nth(values: Float64Array, rank: number): number {
  if (values.length <= FEW) return values.sort()[rank] as number;
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  if (least === greatest) return least;
  const binOf = (value: number): number =>
    Math.min(BINS - 1, Math.floor(((value - least) / (greatest - least)) * BINS));
  const sizes = new Uint32Array(BINS);
  for (const value of values) {
    const bin = binOf(value);
    sizes[bin] = (sizes[bin] as number) + 1;
  }
  let bin = 0;
  let below = 0;
  while (below + (sizes[bin] as number) <= rank) below += sizes[bin++] as number;
  const inside = values.filter((value) => binOf(value) === bin);
  return inside.length === values.length ? (inside.sort()[rank - below] as number) : nth(inside, rank - below);
}
