/**
 * CorrelationEngine: facts in, firings out, over all correlations of a plan; firings of inner correlations become facts of the outer
 * ones that watch them. Bounded: when all groups together exceed the budget, the correlation that holds most gives up a tenth of its
 * groups, those untouched for longest; counted.
 */
import type { OrderMode } from '../order/keyed-order.ts';
import type { SourceClocks } from '../order/source-clock.ts';
import { type CorrelationFact, collectFacts, type FactLoss } from './fact.ts';
import type { CorrelationFiring } from './firing.ts';
import type { CorrelationPlan, PlannedCorrelation } from './plan.ts';
import { CorrelationRunner, type RunnerCounts, type RunnerOptions } from './runner.ts';

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

/** A group's entry in the map of texts, its queue and its strings, as measured in bench/state.bench.ts. */
const GROUP_BYTES = 250;
const FACT_BYTES = 57;
const CHECK_EVERY = 4096;

export class CorrelationEngine {
  readonly plan: CorrelationPlan;
  readonly runners: readonly CorrelationRunner[];
  readonly lost: Record<FactLoss, number> = { 'missing-group-field': 0, 'missing-value': 0, 'not-numeric': 0 };
  readonly #options: CorrelationOptions;
  readonly #onFiring: (firing: CorrelationFiring) => void;
  #pushes = 0;
  #arrivalMs = 0;

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
    this.runners = plan.correlations.map(
      (planned) =>
        new CorrelationRunner(planned, clocks, options, (firing, carried) => this.#fired(planned, firing, carried)),
    );
  }

  /** Takes a fact; firings come before it returns, or later. */
  push(fact: CorrelationFact, arrivalMs: number): void {
    this.#arrivalMs = arrivalMs;
    this.runners[fact.correlation]?.push(fact, arrivalMs);
    if (++this.#pushes % CHECK_EVERY === 0) this.#keepBudget();
  }

  /** Arrival clock: closes groups that nothing arrived for in time span + lateness. */
  advance(nowMs: number): void {
    this.#arrivalMs = nowMs;
    for (const runner of this.runners) runner.order.closeIdle(nowMs);
  }

  /** End of input: judges and closes everything, inner correlations first. */
  end(): void {
    for (const runner of this.runners) runner.order.closeAll();
  }

  /** Other inputs with the same groups are still to be read: nothing is settled by watermarks meanwhile. */
  hold(held: boolean): void {
    for (const runner of this.runners)
      runner.order.hold = held || (runner.planned.chained && this.#options.mode === 'ordered');
  }

  counts(): { readonly rule: string; readonly counts: RunnerCounts }[] {
    return this.runners.map((runner) => ({ rule: runner.planned.rule.details.id, counts: runner.counts }));
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
      this.runners[fact.correlation]?.push(fact, this.#arrivalMs);
  }

  #keepBudget(): void {
    const bytes = (runner: CorrelationRunner): number =>
      runner.store.groups * GROUP_BYTES + runner.store.facts * FACT_BYTES;
    const total = this.runners.reduce((sum, runner) => sum + bytes(runner), 0);
    if (total <= this.#options.budgetBytes) return;
    const greatest = this.runners.reduce((most, runner) => (bytes(runner) > bytes(most) ? runner : most));
    greatest.evict();
  }
}
