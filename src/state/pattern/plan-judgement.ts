/**
 * What can be said of a plan without a search, in polynomial time: that no binding exists, since counts or the order of time forbid
 * it even when the rest is let go; or, where nothing depends on time, a binding. For searches that do not come to an end, which
 * are mostly those for something that is not there: eleven pairs out of twenty events.
 */
import type { ObservationPlan } from '../../ir/observation.ts';
import type { BoundObservation, SearchObservation } from './binding-search.ts';
import { type Demand, serveAll } from './instance-flow.ts';
import { later, reaches } from './intervals.ts';

export interface JudgedPlan {
  readonly plan: ObservationPlan;
  readonly observations: readonly SearchObservation[];
  /** Indexes of the observations that satisfy a bracket. */
  readonly candidatesOf: (bracket: number) => readonly number[];
  /** Only bindings that contain this observation count. */
  readonly mustContain?: number;
}

/** Windows that one `WITHIN` is tried with, times observations; beyond it the window is let go. */
const MAX_TRIALS = 100_000;

/** `none`: there is no binding. Undefined: a search must tell. */
export function judgePlan(judged: JudgedPlan): 'none' | readonly BoundObservation[] | undefined {
  const demands: Demand[] = [];
  const isWhole = demandsOf(judged, judged.plan, 1, everything, demands);
  if (!isWhole) return cannotHold(judged, judged.plan, everything, true) ? 'none' : undefined;
  return served(judged, demands);
}

/** Which observations count: the ranges and windows around a part of the plan. */
type Accepts = (observation: SearchObservation) => boolean;
const everything: Accepts = () => true;

/** The plan is nothing but these demands. */
function served(judged: JudgedPlan, demands: readonly Demand[]): ReturnType<typeof judgePlan> {
  const { mustContain } = judged;
  const instances = instancesOf(judged);
  if (mustContain === undefined) {
    const all = serveAll(demands, instances);
    return all === 'short' ? 'none' : all;
  }
  // One demand takes it; the others share what is left.
  for (const [taker, { candidates, count }] of demands.entries()) {
    if (!candidates.includes(mustContain)) continue;
    const rest = demands.with(taker, { candidates, count: count - 1 });
    const all = serveAll(rest, (index) => instances(index) - (index === mustContain ? 1 : 0));
    if (all === undefined) return undefined;
    if (all !== 'short') return [{ index: mustContain, count: 1 }, ...all];
  }
  return 'none';
}

/** True when the demands are all that this part of the plan asks for; else they are what it asks for at least. */
function demandsOf(
  judged: JudgedPlan,
  plan: ObservationPlan,
  times: number,
  accepts: Accepts,
  into: Demand[],
): boolean {
  const single = singleCandidates(judged, plan, accepts);
  if (single !== undefined) {
    into.push({ candidates: single, count: times });
    return true;
  }
  switch (plan.kind) {
    case 'all':
      return plan.items.map((item) => demandsOf(judged, item, times, accepts, into)).every((isWhole) => isWhole);
    case 'followed-by':
      for (const item of plan.items) demandsOf(judged, item, times, accepts, into);
      return false;
    case 'within':
      demandsOf(judged, plan.item, times, accepts, into);
      return false;
    case 'start-stop':
      return demandsOf(judged, plan.item, times, inRange(plan, accepts), into);
    case 'repeats':
      return demandsOf(judged, plan.item, times * plan.times, accepts, into);
    case 'any': {
      const ways = plan.items.map((item) => {
        const own: Demand[] = [];
        demandsOf(judged, item, 1, accepts, own);
        return own;
      });
      const possible = ways.filter((own) => serveAll(own, instancesOf(judged)) !== 'short');
      const totals = possible.map((own) => own.reduce((sum, { count }) => sum + count, 0));
      const candidates = [...new Set(possible.flatMap((own) => own.flatMap((demand) => demand.candidates)))];
      into.push({ candidates, count: times * (totals.length === 0 ? 1 : Math.min(...totals)) });
      return false;
    }
    case 'observed':
      return true;
  }
}

/** Of a part that takes one observation, whichever alternative it goes by; a window around one always holds. */
function singleCandidates(judged: JudgedPlan, plan: ObservationPlan, accepts: Accepts): readonly number[] | undefined {
  switch (plan.kind) {
    case 'observed':
      return judged
        .candidatesOf(plan.bracket)
        .filter((index) => accepts(judged.observations[index] as SearchObservation));
    case 'within':
      return singleCandidates(judged, plan.item, accepts);
    case 'start-stop':
      return singleCandidates(judged, plan.item, inRange(plan, accepts));
    case 'repeats':
      return plan.times === 1 ? singleCandidates(judged, plan.item, accepts) : undefined;
    case 'any': {
      const ways = plan.items.map((item) => singleCandidates(judged, item, accepts));
      return ways.includes(undefined) ? undefined : [...new Set(ways.flatMap((way) => way ?? []))];
    }
    default:
      return undefined;
  }
}

/** `triesWindows`: each window that a WITHIN can have is looked at by itself. */
function cannotHold(judged: JudgedPlan, plan: ObservationPlan, accepts: Accepts, triesWindows: boolean): boolean {
  if (earliestEnd(judged, plan, undefined, accepts) === undefined) return true;
  const demands: Demand[] = [];
  demandsOf(judged, plan, 1, accepts, demands);
  if (serveAll(demands, instancesOf(judged)) === 'short') return true;
  switch (plan.kind) {
    case 'all':
    case 'followed-by':
      return plan.items.some((item) => cannotHold(judged, item, accepts, triesWindows));
    case 'any':
      return plan.items.every((item) => cannotHold(judged, item, accepts, triesWindows));
    case 'repeats':
      return lacksOrder(judged, plan.item, plan.times, accepts) || cannotHold(judged, plan.item, accepts, triesWindows);
    case 'start-stop':
      return cannotHold(judged, plan.item, inRange(plan, accepts), triesWindows);
    case 'within': {
      if (!triesWindows) return cannotHold(judged, plan.item, accepts, false);
      const durationNs = BigInt(plan.durationNs);
      const ends = new Set(judged.observations.filter(accepts).map(({ last }) => last));
      if (ends.size * judged.observations.length > MAX_TRIALS) return cannotHold(judged, plan.item, accepts, true);
      const fits =
        (end: bigint): Accepts =>
        (one) =>
          one.last >= end && one.first <= end + durationNs && accepts(one);
      return [...ends].every((end) => cannotHold(judged, plan.item, fits(end), false));
    }
    case 'observed':
      return false;
  }
}

/**
 * Of `times` repetitions of a sequence: the earliest that may begin one, in order, against the latest that may end it. There is an
 * observation for each, or there are not enough in the right order.
 */
function lacksOrder(judged: JudgedPlan, plan: ObservationPlan, times: number, accepts: Accepts): boolean {
  if (plan.kind === 'within') return lacksOrder(judged, plan.item, times, accepts);
  if (plan.kind === 'start-stop') return lacksOrder(judged, plan.item, times, inRange(plan, accepts));
  if (plan.kind !== 'followed-by' || times > judged.observations.length) return false;
  const singles = plan.items.flatMap((item) => {
    const candidates = singleCandidates(judged, item, accepts);
    return candidates === undefined ? [] : [candidates];
  });
  const instants = (candidates: readonly number[], end: 'first' | 'last'): bigint[] =>
    candidates
      .flatMap((index) => {
        const one = judged.observations[index] as SearchObservation;
        return new Array<bigint>(Math.min(one.count, times)).fill(one[end]);
      })
      .sort(byValue);
  return singles.some((left, at) => {
    const begins = instants(left, 'first').slice(0, times);
    return singles.slice(at + 1).some((right) => {
      const ends = instants(right, 'last').slice(-times);
      return begins.length < times || ends.length < times || begins.some((begin, i) => begin > (ends[i] as bigint));
    });
  });
}

/**
 * The earliest that the latest beginning among a binding can be, when all of it ends at or after `from`; undefined when there is none.
 * Every part takes what is best for itself, also what others have taken.
 */
function earliestEnd(
  judged: JudgedPlan,
  plan: ObservationPlan,
  from: bigint | undefined,
  accepts: Accepts,
): bigint | undefined {
  switch (plan.kind) {
    case 'observed':
      return nthBeginning(judged, plan.bracket, 1, from, accepts);
    case 'within':
      return earliestEnd(judged, plan.item, from, accepts);
    case 'start-stop':
      return earliestEnd(judged, plan.item, from, inRange(plan, accepts));
    case 'repeats':
      if (plan.item.kind === 'observed') return nthBeginning(judged, plan.item.bracket, plan.times, from, accepts);
      return earliestEnd(judged, plan.item, from, accepts);
    case 'any': {
      const ends = plan.items.flatMap((item) => earliestEnd(judged, item, from, accepts) ?? []);
      return ends.sort(byValue)[0];
    }
    case 'all':
    case 'followed-by': {
      let end: bigint | undefined;
      for (const item of plan.items) {
        const after = plan.kind === 'followed-by' ? later(from, end) : from;
        const own = earliestEnd(judged, item, after, accepts);
        if (own === undefined) return undefined;
        end = later(end, own);
      }
      return end;
    }
  }
}

function nthBeginning(
  judged: JudgedPlan,
  bracket: number,
  times: number,
  from: bigint | undefined,
  accepts: Accepts,
): bigint | undefined {
  const fitting = judged
    .candidatesOf(bracket)
    .map((index) => judged.observations[index] as SearchObservation)
    .filter((one) => (from === undefined || one.last >= from) && accepts(one))
    .sort((a, b) => byValue(a.first, b.first));
  let missing = times;
  for (const { first, count } of fitting) {
    missing -= count;
    if (missing <= 0) return first;
  }
  return undefined;
}

function inRange(range: { readonly startNs: string; readonly stopNs: string }, accepts: Accepts): Accepts {
  const [start, stop] = [BigInt(range.startNs), BigInt(range.stopNs)];
  return (one) => reaches(one, start, stop) && accepts(one);
}

function byValue(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** How many instances an observation has. */
function instancesOf({ observations }: JudgedPlan): (index: number) => number {
  return (index) => observations[index]?.count ?? 0;
}
