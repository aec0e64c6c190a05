/**
 * Search for a binding of an ObservationPlan over a finite list of observations (stix-patterns.md sections 7 and 8).
 *
 * Observations are taken in order of time, one bracket after the other, depth first; each one taken is at once checked
 * against every enclosing window, the order that FOLLOWEDBY asks for and the START STOP ranges, all of which can only get
 * tighter, so a partial binding that breaks one is never extended. `number_observed` = N is a capacity of N: the instances
 * of one observation are alike. Repetitions are taken in order of their first observation, since their order does not
 * matter. Most searches end within a few steps; one that does not is first judged as a whole (`plan-judgement.ts`). The worst case
 * stays exponential, so the work is counted and the search gives up, visibly, at `maxSteps`.
 */
import type { ObservationPlan, Observed } from '../../ir/observation.ts';
import type { Interval } from './intervals.ts';
import { later, reaches } from './intervals.ts';
import { judgePlan } from './plan-judgement.ts';
import { findRepeated, repeatedBracket } from './repeated-bracket.ts';

export interface SearchObservation extends Interval {
  /** How many instances there are, from 1. */
  readonly count: number;
}

export interface SearchInput {
  readonly plan: ObservationPlan;
  readonly observations: readonly SearchObservation[];
  /** Whether an observation satisfies a bracket; asked at most once for each pair. */
  readonly holds: (bracket: number, observation: number) => boolean;
  /** Only bindings that contain this observation count. */
  readonly mustContain?: number;
  readonly maxSteps?: number;
}

export interface BoundObservation {
  /** Position in `SearchInput.observations`. */
  readonly index: number;
  /** How many of its instances the binding uses. */
  readonly count: number;
}

export type SearchResult =
  /** The first binding found. */
  | { readonly kind: 'found'; readonly binding: readonly BoundObservation[]; readonly steps: number }
  | { readonly kind: 'none'; readonly steps: number }
  /** The budget was used up: neither yes nor no. */
  | { readonly kind: 'undecided'; readonly steps: number };

const DEFAULT_MAX_STEPS = 5_000_000;
/** Steps before the plan is judged: that costs as much as some thousand. */
const QUICK_STEPS = 2_000;
/** Bracket after bracket is one nested call; beyond this many the stack would be at risk. */
const MAX_DEPTH = 800;

/** What must hold for the observations below one WITHIN or left of one FOLLOWEDBY. */
interface Span {
  readonly outer: Span | undefined;
  /** Undefined: only the latest beginning is followed. */
  readonly durationNs: bigint | undefined;
  latestFirst: bigint | undefined;
  earliestLast: bigint | undefined;
}

interface Range {
  readonly outer: Range | undefined;
  readonly startNs: bigint;
  readonly stopNs: bigint;
}

interface Scope {
  readonly span: Span | undefined;
  readonly range: Range | undefined;
  /** Everything taken must end at or after this. */
  readonly notBefore: bigint | undefined;
  /** Set below REPEATS until the first observation is taken: where in the list it may begin, and where it did. */
  readonly lead: { readonly from: number; taken: number } | undefined;
}

/** Continues the search with what the plan asks next; true ends it. */
type Next = () => boolean;

interface Search extends SearchInput {
  /** Indexes of the observations by first, then last. */
  readonly order: readonly number[];
  /** For each bracket the positions in `order` that satisfy it. */
  readonly candidates: Map<number, readonly number[]>;
  readonly used: Float64Array;
  /** With `mustContain`: the parts of the plan that every binding must go through. */
  readonly way: ReadonlySet<ObservationPlan>;
  readonly taken: BoundObservation[];
  limit: number;
  depth: number;
  steps: number;
  exhausted: boolean;
}

export function searchBinding(input: SearchInput): SearchResult {
  const { observations } = input;
  const repeated = repeatedBracket(input.plan);
  if (repeated !== undefined) {
    const binding = findRepeated(repeated, input);
    return binding === undefined ? { kind: 'none', steps: 0 } : { kind: 'found', binding, steps: 0 };
  }
  const search: Search = {
    ...input,
    order: observations.map((_, i) => i).sort((a, b) => byTime(observations[a], observations[b])),
    candidates: new Map(),
    used: new Float64Array(observations.length),
    way: input.mustContain === undefined ? new Set() : wayToRequired(input, input.mustContain),
    taken: [],
    limit: 0,
    depth: 0,
    steps: 0,
    exhausted: false,
  };
  const limit = input.maxSteps ?? DEFAULT_MAX_STEPS;
  const quick = searchWithin(search, Math.min(QUICK_STEPS, limit));
  if (quick.kind !== 'undecided') return quick;
  const candidates = (bracket: number): readonly number[] =>
    candidatesOf(search, bracket).map((position) => search.order[position] as number);
  const judged = judgePlan({ ...input, candidatesOf: candidates });
  if (judged === 'none') return { kind: 'none', steps: quick.steps };
  if (judged !== undefined) return { kind: 'found', binding: judged, steps: quick.steps };
  return limit > QUICK_STEPS ? searchWithin(search, limit) : quick;
}

function searchWithin(search: Search, limit: number): SearchResult {
  Object.assign(search, { limit, steps: 0, depth: 0, exhausted: false });
  search.used.fill(0);
  search.taken.length = 0;
  const scope: Scope = { span: undefined, range: undefined, notBefore: undefined, lead: undefined };
  const found = solve(search, search.plan, scope, () => containsRequired(search));
  const { steps } = search;
  if (found) return { kind: 'found', binding: [...search.taken], steps };
  return { kind: search.exhausted ? 'undecided' : 'none', steps };
}

/**
 * The way down to the only bracket that the required observation satisfies, up to the first repetition: every binding that
 * counts goes this way. Empty when there are several such brackets.
 */
function wayToRequired({ plan, holds }: SearchInput, required: number): ReadonlySet<ObservationPlan> {
  const way = new Set<ObservationPlan>();
  const brackets: Observed[] = [];
  const collect = (node: ObservationPlan): void => {
    if ('items' in node) for (const item of node.items) collect(item);
    else if ('item' in node) collect(node.item);
    else if (holds(node.bracket, required)) brackets.push(node);
  };
  collect(plan);
  const [only] = brackets;
  if (only === undefined || brackets.length > 1) return way;
  const visit = (node: ObservationPlan): boolean => {
    if (node.kind === 'observed') return node === only;
    const inner = 'items' in node ? node.items.find(visit) : visit(node.item) ? node.item : undefined;
    if (inner === undefined) return false;
    if (node.kind === 'repeats') way.clear();
    else way.add(inner);
    return true;
  };
  if (visit(plan)) way.add(plan);
  return way;
}

function containsRequired({ mustContain, used }: Search): boolean {
  return mustContain === undefined || (used[mustContain] ?? 0) > 0;
}

function solve(search: Search, plan: ObservationPlan, scope: Scope, next: Next): boolean {
  if (search.exhausted) return false;
  switch (plan.kind) {
    case 'observed':
      return takeOne(search, plan, scope, next);
    case 'all':
      return solveAll(search, plan.items, 0, scope, next);
    case 'any':
      return solveAny(search, plan.items, scope, next);
    case 'followed-by':
      return solveInOrder(search, plan.items, scope, next);
    case 'within': {
      const span = {
        outer: scope.span,
        durationNs: BigInt(plan.durationNs),
        latestFirst: undefined,
        earliestLast: undefined,
      };
      return solve(search, plan.item, { ...scope, span }, next);
    }
    case 'start-stop': {
      const range = { outer: scope.range, startNs: BigInt(plan.startNs), stopNs: BigInt(plan.stopNs) };
      return solve(search, plan.item, { ...scope, range }, next);
    }
    case 'repeats': {
      const { item, times } = plan;
      if (item.kind === 'observed') return takeSeveral(search, item.bracket, times, scope, next);
      return solveRepeated(search, item, times, 0, scope, next);
    }
  }
}

function solveAll(search: Search, items: readonly ObservationPlan[], at: number, scope: Scope, next: Next): boolean {
  const item = items[at];
  if (item === undefined) return next();
  // Only the first observation of the first item leads a repetition.
  const inner = at === 0 ? scope : { ...scope, lead: undefined };
  return solve(search, item, inner, () => solveAll(search, items, at + 1, scope, next));
}

function solveAny(search: Search, items: readonly ObservationPlan[], scope: Scope, next: Next): boolean {
  const needed = items.find((item) => search.way.has(item));
  if (needed !== undefined) return solve(search, needed, scope, next);
  return items.some((item) => solve(search, item, scope, next));
}

function solveInOrder(search: Search, items: readonly ObservationPlan[], scope: Scope, next: Next): boolean {
  const left: Span = { outer: scope.span, durationNs: undefined, latestFirst: undefined, earliestLast: undefined };
  const from = (at: number): boolean => {
    const item = items[at];
    if (item === undefined) return next();
    const notBefore = later(scope.notBefore, left.latestFirst);
    return solve(search, item, { ...scope, span: left, notBefore, lead: at === 0 ? scope.lead : undefined }, () =>
      from(at + 1),
    );
  };
  return from(0);
}

function solveRepeated(
  search: Search,
  item: ObservationPlan,
  times: number,
  from: number,
  scope: Scope,
  next: Next,
): boolean {
  if (times === 0) return next();
  const lead = { from: Math.max(from, scope.lead?.from ?? 0), taken: 0 };
  return solve(search, item, { ...scope, lead }, () => {
    if (scope.lead !== undefined) scope.lead.taken = lead.taken;
    return solveRepeated(search, item, times - 1, lead.taken, { ...scope, lead: undefined }, next);
  });
}

function takeOne(search: Search, plan: Observed, scope: Scope, next: Next): boolean {
  const { lead } = scope;
  const isNeeded = search.way.has(plan);
  for (const position of candidatesOf(search, plan.bracket)) {
    if (isNeeded && search.order[position] !== search.mustContain) continue;
    if (lead !== undefined) {
      if (position < lead.from) continue;
      lead.taken = position;
    }
    if (take(search, position, 1, scope, next)) return true;
    if (search.exhausted) return false;
  }
  return false;
}

/** `times` instances of one bracket: how many of each candidate, in order, as many as there are first. */
function takeSeveral(search: Search, bracket: number, times: number, scope: Scope, next: Next): boolean {
  const candidates = candidatesOf(search, bracket);
  const { lead } = scope;
  const from = (at: number, missing: number): boolean => {
    if (missing === 0) return next();
    let free = 0;
    for (let i = at; i < candidates.length && free < missing; i++)
      free += freeInstances(search, candidates[i] as number);
    if (free < missing) return false;
    for (let i = at; i < candidates.length; i++) {
      const position = candidates[i] as number;
      if (missing === times && lead !== undefined) {
        if (position < lead.from) continue;
        lead.taken = position;
      }
      for (let count = Math.min(missing, freeInstances(search, position)); count > 0; count--) {
        if (take(search, position, count, scope, () => from(i + 1, missing - count))) return true;
        if (search.exhausted) return false;
      }
    }
    return false;
  };
  return from(0, times);
}

/** Takes instances of one observation if nothing forbids it, continues, and puts them back when that leads nowhere. */
function take(search: Search, position: number, count: number, scope: Scope, next: Next): boolean {
  if (++search.steps > search.limit || search.depth > MAX_DEPTH) {
    search.exhausted = true;
    return false;
  }
  const index = search.order[position] as number;
  const observation = search.observations[index] as SearchObservation;
  if (freeInstances(search, position) < count) return false;
  if (scope.notBefore !== undefined && observation.last < scope.notBefore) return false;
  for (let range = scope.range; range !== undefined; range = range.outer)
    if (!reaches(observation, range.startNs, range.stopNs)) return false;
  for (let span = scope.span; span !== undefined; span = span.outer) if (!fits(span, observation)) return false;
  const before = stretch(scope.span, observation);
  search.used[index] = (search.used[index] ?? 0) + count;
  search.taken.push({ index, count });
  search.depth++;
  if (next()) return true;
  search.depth--;
  search.taken.pop();
  search.used[index] = (search.used[index] ?? 0) - count;
  restore(scope.span, before);
  return false;
}

function freeInstances(search: Search, position: number): number {
  const index = search.order[position] as number;
  return (search.observations[index]?.count ?? 0) - (search.used[index] ?? 0);
}

function fits(span: Span, observation: Interval): boolean {
  if (span.durationNs === undefined) return true;
  const latestFirst = later(span.latestFirst, observation.first);
  const earliestLast = span.earliestLast;
  const end = earliestLast === undefined || observation.last < earliestLast ? observation.last : earliestLast;
  return latestFirst - end <= span.durationNs;
}

function stretch(innermost: Span | undefined, observation: Interval): (bigint | undefined)[] {
  const before: (bigint | undefined)[] = [];
  for (let span = innermost; span !== undefined; span = span.outer) {
    before.push(span.latestFirst, span.earliestLast);
    span.latestFirst = later(span.latestFirst, observation.first);
    if (span.earliestLast === undefined || observation.last < span.earliestLast) span.earliestLast = observation.last;
  }
  return before;
}

function restore(innermost: Span | undefined, before: readonly (bigint | undefined)[]): void {
  let i = 0;
  for (let span = innermost; span !== undefined; span = span.outer) {
    span.latestFirst = before[i++];
    span.earliestLast = before[i++];
  }
}

function candidatesOf(search: Search, bracket: number): readonly number[] {
  let candidates = search.candidates.get(bracket);
  if (candidates === undefined) {
    candidates = search.order.flatMap((index, position) => (search.holds(bracket, index) ? [position] : []));
    search.candidates.set(bracket, candidates);
  }
  return candidates;
}

function byTime(a: Interval | undefined, b: Interval | undefined): number {
  if (a === undefined || b === undefined) return 0;
  if (a.first !== b.first) return a.first < b.first ? -1 : 1;
  return a.last === b.last ? 0 : a.last < b.last ? -1 : 1;
}
