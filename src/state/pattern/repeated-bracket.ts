/**
 * The common plan "one bracket, n times, within a duration" without search: nothing else competes for its observations, so
 * counting is enough. A binding exists exactly when, for some earliest end e, the observations that end at or after e and
 * begin by e + duration have n instances. Quadratic in the observations at worst, and any n is as cheap as any other.
 */
import type { ObservationPlan } from '../../ir/observation.ts';
import { reaches } from './intervals.ts';
import type { BoundObservation, SearchInput, SearchObservation } from './binding-search.ts';

interface RepeatedBracket {
  readonly bracket: number;
  readonly times: number;
  readonly durationNs: bigint | undefined;
  readonly ranges: readonly { readonly startNs: bigint; readonly stopNs: bigint }[];
}

/** Undefined when the plan has several brackets, or windows inside repetitions. */
export function repeatedBracket(plan: ObservationPlan): RepeatedBracket | undefined {
  if (plan.kind === 'observed') return { bracket: plan.bracket, times: 1, durationNs: undefined, ranges: [] };
  if ('items' in plan) return undefined;
  const inner = repeatedBracket(plan.item);
  if (inner === undefined) return undefined;
  if (plan.kind === 'start-stop') {
    const range = { startNs: BigInt(plan.startNs), stopNs: BigInt(plan.stopNs) };
    return { ...inner, ranges: [...inner.ranges, range] };
  }
  if (plan.kind === 'repeats')
    return inner.durationNs === undefined ? { ...inner, times: inner.times * plan.times } : undefined;
  // A window around a single observation holds always.
  if (inner.times === 1) return inner;
  const durationNs = BigInt(plan.durationNs);
  const isTighter = inner.durationNs === undefined || durationNs < inner.durationNs;
  return isTighter ? { ...inner, durationNs } : inner;
}

export function findRepeated(wanted: RepeatedBracket, input: SearchInput): readonly BoundObservation[] | undefined {
  const { observations, mustContain } = input;
  const candidates = observations
    .map((observation, index) => ({ ...observation, index }))
    .filter(({ index }) => input.holds(wanted.bracket, index))
    .filter((one) => wanted.ranges.every(({ startNs, stopNs }) => reaches(one, startNs, stopNs)));
  const required = candidates.find(({ index }) => index === mustContain);
  if (mustContain !== undefined && required === undefined) return undefined;
  const { durationNs } = wanted;
  if (durationNs === undefined) return collect(wanted.times, candidates, required);
  const ends = required === undefined ? candidates : candidates.filter(({ last }) => last <= required.last);
  for (const { last: end } of ends) {
    const fits = (one: SearchObservation): boolean => one.last >= end && one.first <= end + durationNs;
    if (required !== undefined && !fits(required)) continue;
    const binding = collect(wanted.times, candidates.filter(fits), required);
    if (binding !== undefined) return binding;
  }
  return undefined;
}

type Candidate = SearchObservation & { readonly index: number };

function collect(
  times: number,
  candidates: readonly Candidate[],
  required: Candidate | undefined,
): readonly BoundObservation[] | undefined {
  const binding: BoundObservation[] = [];
  let missing = times;
  const ordered = required === undefined ? candidates : [required, ...candidates.filter((one) => one !== required)];
  for (const { index, count } of ordered) {
    if (missing === 0) break;
    const taken = Math.min(count, missing);
    binding.push({ index, count: taken });
    missing -= taken;
  }
  return missing === 0 ? binding : undefined;
}
