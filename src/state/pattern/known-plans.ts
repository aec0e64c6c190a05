/**
 * KnownPlans: the plans of a stream, which come and go while events go on. A plan has a number, which is not given again, and a key, by
 * which it is known over changes, reloads and restarts. What is kept for plans belongs to positions among the keys, so that the plan that
 * comes under the key of one that goes finds what was kept for it.
 */
import type { ObservationPlan } from '../../ir/observation.ts';

/** In place of the key of a plan that is gone for good. */
const GONE = '';

export class KnownPlans {
  /** By number; undefined: it was removed. */
  readonly #plans: (ObservationPlan | undefined)[];
  /** By number, those that were removed included. */
  readonly #keys: string[];
  /** Those of plans that are gone included: somebody may still hold the position. */
  #known: string[];
  /** By position: number of the plan, -1 when it is gone. */
  #planOf: number[];
  /** By number of the plan. */
  #knownOf: number[];

  constructor(plans: readonly ObservationPlan[], keys: readonly string[]) {
    this.#plans = [...plans];
    this.#keys = [...keys];
    this.#known = [...keys];
    this.#planOf = [...keys.keys()];
    this.#knownOf = [...keys.keys()];
  }

  /** The next number. */
  get end(): number {
    return this.#plans.length;
  }

  /** Undefined: it is gone. */
  at(number: number): ObservationPlan | undefined {
    return this.#plans[number];
  }

  /** Where what is kept for the plan belongs. */
  positionOf(number: number): number {
    return this.#knownOf[number] as number;
  }

  /** Number of the plan at the position; -1: it is gone. */
  numberAt(position: number): number {
    return this.#planOf[position] ?? -1;
  }

  keyAt(position: number): string | undefined {
    return this.#known[position];
  }

  /** Of those that are there. */
  *numbers(): Generator<number, void> {
    for (const [number, plan] of this.#plans.entries()) if (plan !== undefined) yield number;
  }

  /** By key. */
  live(): ReadonlyMap<string, number> {
    return new Map([...this.numbers()].map((number) => [this.#keys[number] as string, number]));
  }

  /** True: there are positions whose plan is gone for good. */
  change(
    removed: readonly number[],
    added: readonly { readonly plan: ObservationPlan; readonly key: string }[],
  ): boolean {
    const left = new Map<string, number>();
    for (const number of removed) {
      const known = this.#knownOf[number];
      if (this.#plans[number] === undefined || known === undefined) continue;
      left.set(this.#keys[number] as string, known);
      this.#plans[number] = undefined;
      this.#planOf[known] = -1;
    }
    for (const { plan, key } of added) {
      const known = left.get(key) ?? this.#known.push(key) - 1;
      left.delete(key);
      this.#knownOf.push(known);
      this.#planOf[known] = this.#plans.push(plan) - 1;
      this.#keys.push(key);
    }
    // One that comes back later under the same key begins anew.
    for (const known of left.values()) this.#known[known] = GONE;
    return left.size > 0;
  }

  /** Goes on with the positions of others, which must not be used any more. True: there are positions whose plan is not here. */
  takeOver(former: KnownPlans): boolean {
    const positions = new Map(former.#known.map((key, known) => [key, known]));
    this.#known = former.#known;
    this.#knownOf = this.#keys.map((key) => positions.get(key) ?? this.#known.push(key) - 1);
    this.#planOf = new Array<number>(this.#known.length).fill(-1);
    for (const [number, known] of this.#knownOf.entries()) this.#planOf[known] = number;
    return this.#planOf.includes(-1);
  }
}
