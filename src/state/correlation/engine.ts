/**
 * CorrelationEngine: facts in, firings out, over all correlations of a plan; firings of inner correlations become facts of the outer
 * ones that watch them. Bounded: when all groups together exceed the budget, the correlation that holds most gives up a tenth of its
 * groups, those untouched for longest; counted.
 */
import type { OrderMode } from '../order/order-target.ts';
import type { SourceClocks } from '../order/source-clock.ts';
import { type CorrelationFact, collectFacts, type FactLoss } from './fact.ts';
import type { CorrelationFiring, FiringHandler } from './firing.ts';
import type { MatchedRecord } from './matched-record.ts';
import { type CorrelationPlan, keyOf, type PlannedCorrelation, type Watcher } from './plan.ts';
import { CorrelationRunner } from './runner.ts';
import type { RunnerCounts, RunnerOptions } from './runner-options.ts';

export interface CorrelationOptions extends RunnerOptions {
  /** Bound of the memory of groups and facts, estimated from the tables. */
  readonly budgetBytes: number;
}

export const DEFAULT_CORRELATION_OPTIONS: Omit<CorrelationOptions, 'seed'> & { readonly mode: OrderMode } = {
  mode: 'ordered',
  latenessMs: 60_000,
  maxPending: 4_000_000,
  maxFactsPerGroup: 100_000,
  maxEvents: 100,
  alert: 'crossing',
  budgetBytes: 1 << 30,
};

const CHECK_EVERY = 4096;
/** Event time between two sweeps of chained correlations. */
const SWEEP_MS = 60_000;

export class CorrelationEngine {
  readonly plan: CorrelationPlan;
  readonly #runners: CorrelationRunner[];
  readonly lost: Record<FactLoss, number> = { 'missing-group-field': 0, 'missing-value': 0, 'not-numeric': 0 };
  readonly #options: CorrelationOptions;
  readonly #onFiring: (firing: CorrelationFiring) => void;
  readonly #clocks: SourceClocks;
  readonly #chained: boolean;
  #held = false;
  #pushes = 0;
  #arrivalMs = 0;
  /** When the chained correlations were settled last: count of pushes, event time. */
  #sweptAt = 0;
  #sweptMs = Number.NEGATIVE_INFINITY;

  /** `onFiring` gets every firing; whether a rule alerts on its own is its `alerts`. */
  constructor(
    plan: CorrelationPlan,
    clocks: SourceClocks,
    options: CorrelationOptions,
    onFiring: (firing: CorrelationFiring) => void,
  ) {
    this.plan = plan;
    this.#options = options;
    this.#onFiring = onFiring;
    this.#clocks = clocks;
    this.#chained = options.mode === 'ordered' && plan.correlations.some(({ chained }) => chained);
    this.#runners = plan.correlations.map(
      (planned) => new CorrelationRunner(planned, clocks, options, this.#handlerOf(planned)),
    );
  }

  get options(): CorrelationOptions {
    return this.#options;
  }

  get runners(): readonly CorrelationRunner[] {
    return this.#runners;
  }

  /**
   * Takes the windows of correlations that read the same from another engine with the same clocks and options, which must not be used any
   * more. Returns the correlations that start empty, and those of the other engine whose windows are given up.
   */
  takeOver(former: CorrelationEngine): { readonly fresh: PlannedCorrelation[]; readonly given: CorrelationRunner[] } {
    const left = new Map(former.#runners.map((runner) => [keyOf(runner.planned), runner]));
    const fresh: PlannedCorrelation[] = [];
    this.plan.correlations.forEach((planned, ordinal) => {
      const key = keyOf(planned);
      const runner = left.get(key);
      if (runner === undefined) {
        fresh.push(planned);
        return;
      }
      left.delete(key);
      runner.moveTo(planned, this.#handlerOf(planned));
      this.#runners[ordinal] = runner;
    });
    for (const reason of Object.keys(this.lost) as FactLoss[]) this.lost[reason] += former.lost[reason];
    return { fresh, given: [...left.values()] };
  }

  #handlerOf(planned: PlannedCorrelation): FiringHandler {
    return (firing, carried) => this.#fired(planned, firing, carried);
  }

  /** Takes a fact; firings come before it returns, or later. */
  push(fact: CorrelationFact, arrivalMs: number): void {
    this.#arrivalMs = arrivalMs;
    this.#runners[fact.correlation]?.push(fact, arrivalMs);
    this.#pushed();
  }

  /** Takes what a record is to a watcher, which `readRecord` of its runner has just let pass. */
  pushRecord(record: MatchedRecord, source: number, watcher: Watcher): void {
    this.#arrivalMs = record.arrivalMs;
    this.#runners[watcher.correlation]?.pushRecord(record, source, watcher);
    this.#pushed();
  }

  #pushed(): void {
    if (++this.#pushes % CHECK_EVERY !== 0) return;
    this.#keepBudget();
    if (this.#chained && !this.#held) this.#settleChained();
  }

  /** Sources that nothing refers to any more are forgotten. */
  releaseSources(): void {
    const used = new Set<number>();
    for (const runner of this.#runners) runner.addSources(used);
    this.#clocks.keep(used);
  }

  /** Arrival clock: closes groups that nothing arrived for in time span + lateness. */
  advance(nowMs: number): void {
    this.#arrivalMs = nowMs;
    for (const runner of this.#runners) runner.order.closeIdle(nowMs);
    if (this.#clocks.isCrowded) this.releaseSources();
  }

  /** End of input: judges and closes everything, inner correlations first. */
  end(): void {
    for (const runner of this.#runners) runner.order.closeAll();
  }

  /** Other inputs with the same groups are still to be read: nothing is settled by watermarks meanwhile. */
  hold(held: boolean): void {
    this.#held = held;
    for (const runner of this.#runners)
      runner.order.hold = held || (runner.planned.chained && this.#options.mode === 'ordered');
  }

  counts(): { readonly rule: string; readonly counts: RunnerCounts }[] {
    return this.#runners.map((runner) => ({ rule: runner.planned.rule.details.id, counts: runner.counts }));
  }

  #fired(planned: PlannedCorrelation, firing: CorrelationFiring, carried: readonly (string | undefined)[]): void {
    this.#onFiring(firing);
    const id = planned.rule.details.id;
    const completing = firing.events.at(-1);
    if (completing === undefined || !this.plan.watchers.has(id)) return;
    const read = (name: string): string | undefined =>
      Object.hasOwn(firing.group, name) ? firing.group[name] : carried[planned.carried.indexOf(name)];
    const count = (reason: FactLoss): void => {
      this.lost[reason]++;
    };
    const place = { ...completing, timeMs: firing.timeMs };
    for (const fact of collectFacts(this.plan, id, read, place, count, firing.events))
      this.#runners[fact.correlation]?.push({ ...fact, epoch: firing.epoch }, this.#arrivalMs);
  }

  /**
   * In files matches wait for their order, and those of inner correlations come when their group is settled, which may be long after for a
   * group that fell silent. An hour behind the newest event nothing can be older: inner correlations are settled up to there in
   * all groups, then the outer ones, by as much less as inner matches may be delayed.
   */
  #settleChained(): void {
    const markMs = this.#clocks.allSettledMs();
    const groups = this.#runners.reduce((sum, { order }) => sum + order.keys, 0);
    // Looking at all groups must not cost more than the facts since the last time did.
    if (markMs < this.#sweptMs + SWEEP_MS || this.#pushes - this.#sweptAt < groups) return;
    this.#sweptMs = markMs;
    this.#sweptAt = this.#pushes;
    const { correlations, watchers } = this.plan;
    correlations.forEach(({ rule, chained, innerDelayMs }, ordinal) => {
      if (chained || watchers.has(rule.details.id)) this.#runners[ordinal]?.order.settleAll(markMs - innerDelayMs);
    });
  }

  #keepBudget(): void {
    const total = this.#runners.reduce((sum, runner) => sum + runner.usedBytes, 0);
    if (total <= this.#options.budgetBytes) return;
    const greatest = this.#runners.reduce((most, runner) => (runner.usedBytes > most.usedBytes ? runner : most));
    greatest.evict();
  }
}
