/**
 * Patterns over several observations, followed through a stream of events in event time. Each event is one observation at one
 * instant. For every pattern and group key the events that satisfy one of its brackets are kept as long as a binding could
 * still need them; an event that completes a binding with events before it gives one match, with the first binding found.
 *
 * Facts are to be pushed in the order of (time, source, position) for results that do not depend on arrival; an event that comes
 * later than others is still matched with them. What is kept is bounded per pattern and key, and over all; what is dropped is
 * counted.
 */
import type { ObservationPlan } from '../../ir/observation.ts';
import { type SearchObservation, searchBinding } from './binding-search.ts';

export interface PatternFact<E> {
  /** Position in the list of plans. */
  readonly pattern: number;
  readonly key: string;
  /** Milliseconds since the epoch, may carry a fraction. */
  readonly timeMs: number;
  /** Brackets that the event satisfies, at least one. */
  readonly brackets: readonly number[];
  readonly event: E;
  /** The source is read from the past (a file): a jump back of more than an hour begins a new epoch there, and nothing is late. */
  readonly isReplay?: boolean;
}

export interface PatternStreamMatch<E> {
  readonly pattern: number;
  readonly key: string;
  /** Events of the binding, oldest first. */
  readonly events: readonly E[];
}

export interface PatternStreamOptions {
  /** How long events are kept for plans that set no limit themselves. Default 24 hours. */
  readonly retentionMs?: number;
  /** Events may be this much older than the newest of their key. Default 60 seconds. */
  readonly latenessMs?: number;
  /** Events kept for one pattern and key; beyond it the oldest are dropped. Default 1,000. */
  readonly maxPerKey?: number;
  /** Events kept over all; beyond it the key that was quiet for longest is dropped. Default 1,000,000. */
  readonly maxTotal?: number;
  readonly maxSteps?: number;
}

export interface PatternStreamCounts {
  matches: number;
  /** Older than the lateness allows. */
  late: number;
  /** Jumps back in replayed sources: the events kept for the key were dropped. */
  epochs: number;
  /** Dropped because a pattern's key held too many. */
  evictedEvents: number;
  /** Dropped because there were too many over all. */
  evictedKeys: number;
  /** Searches that used up their budget: neither match nor none. */
  undecided: number;
}

export interface PatternStreamSnapshot<E> {
  readonly version: 1;
  readonly groups: readonly {
    readonly pattern: number;
    readonly key: string;
    readonly newestMs: number;
    readonly kept: readonly Kept<E>[];
  }[];
}

interface Kept<E> {
  readonly timeMs: number;
  readonly brackets: readonly number[];
  readonly event: E;
}

interface Group<E> {
  readonly pattern: number;
  readonly key: string;
  newestMs: number;
  /** By time. */
  kept: Kept<E>[];
}

const DAY_MS = 86_400_000;
const EPOCH_JUMP_MS = 3_600_000;

export class PatternStream<E> {
  readonly counts: PatternStreamCounts = {
    matches: 0,
    late: 0,
    epochs: 0,
    evictedEvents: 0,
    evictedKeys: 0,
    undecided: 0,
  };
  readonly #plans: readonly ObservationPlan[];
  readonly #spansMs: readonly number[];
  readonly #options: Required<PatternStreamOptions>;
  /** Least recently used first. */
  readonly #groups = new Map<string, Group<E>>();
  #total = 0;

  constructor(plans: readonly ObservationPlan[], options: PatternStreamOptions = {}) {
    this.#plans = plans;
    this.#options = {
      retentionMs: options.retentionMs ?? DAY_MS,
      latenessMs: options.latenessMs ?? 60_000,
      maxPerKey: options.maxPerKey ?? 1_000,
      maxTotal: options.maxTotal ?? 1_000_000,
      maxSteps: options.maxSteps ?? 100_000,
    };
    this.#spansMs = plans.map((plan) => Math.min(planSpanMs(plan), this.#options.retentionMs));
  }

  /** Events kept, over all patterns and keys. */
  get size(): number {
    return this.#total;
  }

  push(fact: PatternFact<E>): PatternStreamMatch<E> | undefined {
    const plan = this.#plans[fact.pattern];
    if (plan === undefined) throw new Error(`no pattern ${fact.pattern}`);
    const group = this.#groupOf(fact);
    if (fact.isReplay === true && fact.timeMs < group.newestMs - EPOCH_JUMP_MS) this.#beginEpoch(group);
    if (fact.timeMs < group.newestMs - this.#options.latenessMs) {
      this.counts.late++;
      return undefined;
    }
    group.newestMs = Math.max(group.newestMs, fact.timeMs);
    this.#expire(group);
    const at = insert(group.kept, { timeMs: fact.timeMs, brackets: fact.brackets, event: fact.event });
    this.#total++;
    const match = this.#search(plan, group, at);
    if (group.kept.length > this.#options.maxPerKey) {
      group.kept.shift();
      this.#total--;
      this.counts.evictedEvents++;
    }
    while (this.#total > this.#options.maxTotal) this.#dropQuietest(group);
    return match;
  }

  snapshot(): PatternStreamSnapshot<E> {
    return { version: 1, groups: [...this.#groups.values()].map((group) => ({ ...group, kept: [...group.kept] })) };
  }

  restore(snapshot: PatternStreamSnapshot<E>): void {
    this.#groups.clear();
    this.#total = 0;
    for (const group of snapshot.groups) {
      if (group.pattern >= this.#plans.length) continue;
      this.#groups.set(groupId(group), { ...group, kept: [...group.kept] });
      this.#total += group.kept.length;
    }
  }

  #groupOf(fact: PatternFact<E>): Group<E> {
    const id = groupId(fact);
    const { pattern, key } = fact;
    const group = this.#groups.get(id) ?? { pattern, key, newestMs: Number.NEGATIVE_INFINITY, kept: [] };
    this.#groups.delete(id);
    this.#groups.set(id, group);
    return group;
  }

  #beginEpoch(group: Group<E>): void {
    this.counts.epochs++;
    this.#total -= group.kept.length;
    group.kept = [];
    group.newestMs = Number.NEGATIVE_INFINITY;
  }

  #expire(group: Group<E>): void {
    const oldestMs = group.newestMs - (this.#spansMs[group.pattern] as number) - this.#options.latenessMs;
    let expired = 0;
    while (expired < group.kept.length && (group.kept[expired] as Kept<E>).timeMs < oldestMs) expired++;
    if (expired === 0) return;
    group.kept.splice(0, expired);
    this.#total -= expired;
  }

  #dropQuietest(current: Group<E>): void {
    for (const [id, group] of this.#groups) {
      if (group === current && this.#groups.size > 1) continue;
      this.#groups.delete(id);
      this.#total -= group.kept.length;
      this.counts.evictedKeys++;
      return;
    }
  }

  #search(plan: ObservationPlan, group: Group<E>, at: number): PatternStreamMatch<E> | undefined {
    const { kept } = group;
    const result = searchBinding({
      plan,
      observations: kept.map(({ timeMs }) => instant(timeMs)),
      holds: (bracket, index) => kept[index]?.brackets.includes(bracket) === true,
      mustContain: at,
      maxSteps: this.#options.maxSteps,
    });
    if (result.kind === 'undecided') this.counts.undecided++;
    if (result.kind !== 'found') return undefined;
    this.counts.matches++;
    const indexes = [...new Set(result.binding.map(({ index }) => index))].sort((a, b) => a - b);
    const events = indexes.map((index) => (kept[index] as Kept<E>).event);
    return { pattern: group.pattern, key: group.key, events };
  }
}

/** How far apart two observations of one binding can be at most, in milliseconds. */
export function planSpanMs(plan: ObservationPlan): number {
  switch (plan.kind) {
    case 'observed':
      return 0;
    case 'any':
      return Math.max(...plan.items.map(planSpanMs));
    case 'within':
      return Math.min(Number(plan.durationNs) / 1e6, planSpanMs(plan.item));
    case 'start-stop':
      return Math.min(Math.max(0, Number(BigInt(plan.stopNs) - BigInt(plan.startNs)) / 1e6), planSpanMs(plan.item));
    case 'repeats':
      return plan.times === 1 ? planSpanMs(plan.item) : Number.POSITIVE_INFINITY;
    default:
      return plan.items.length === 1 ? planSpanMs(plan.items[0] as ObservationPlan) : Number.POSITIVE_INFINITY;
  }
}

function groupId(of: { readonly pattern: number; readonly key: string }): string {
  return `${of.pattern} ${of.key}`;
}

function insert<E>(kept: Kept<E>[], item: Kept<E>): number {
  let at = kept.length;
  while (at > 0 && (kept[at - 1] as Kept<E>).timeMs > item.timeMs) at--;
  kept.splice(at, 0, item);
  return at;
}

function instant(timeMs: number): SearchObservation {
  const ns = BigInt(Math.round(timeMs * 1e3)) * 1_000n;
  return { first: ns, last: ns, count: 1 };
}
