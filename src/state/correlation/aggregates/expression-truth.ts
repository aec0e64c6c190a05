/**
 * Text conditions of the temporal types: 1 when the boolean expression over "rule has a fact in the window" holds, else 0.
 *
 * temporal_ordered: the expression is brought into alternatives of rules that must be present and rules that must be absent; one
 * alternative holds when its present rules stand in the window in the order of the rule list, and none of the absent ones is there.
 */
import type { RuleExpression } from '../../../ir/correlation.ts';
import { alternativesOf, type RuleAlternative } from '../../../ir/rule-alternatives.ts';
import type { Aggregate } from '../aggregate.ts';
import type { WindowStore } from '../window-store.ts';
import { OrderedRules } from './ordered-rules.ts';
import { RuleCount } from './rule-count.ts';

export class ExpressionTruth implements Aggregate {
  readonly rebuiltOnUndo = true;
  readonly #root: RuleExpression;
  readonly #memberOf: ReadonlyMap<string, number>;
  readonly #counts: RuleCount;
  readonly #chains: readonly {
    readonly alternative: RuleAlternative;
    readonly order: OrderedRules;
    readonly ranks: ReadonlyMap<number, number>;
  }[];
  readonly #store: WindowStore;

  constructor(root: RuleExpression, rules: readonly string[], ordered: boolean, store: WindowStore) {
    this.#root = root;
    this.#store = store;
    this.#memberOf = new Map(rules.map((id, member) => [id, member]));
    this.#counts = new RuleCount(rules.length, store);
    this.#chains = ordered
      ? alternativesOf(root, rules).map((alternative) => {
          const ranks = new Map(alternative.present.map((member, rank) => [member, rank]));
          return { alternative, ranks, order: new OrderedRules(ranks.size, store) };
        })
      : [];
  }

  get byteLength(): number {
    return this.#counts.byteLength + this.#chains.reduce((sum, { order }) => sum + order.byteLength, 0);
  }

  add(group: number, fact: number): void {
    this.#counts.add(group, fact);
    for (const { order, ranks } of this.#chains) {
      const rank = ranks.get(this.#store.memberOf(fact));
      if (rank !== undefined) order.note(group, rank, this.#store.timeOf(fact));
    }
  }

  remove(group: number, fact: number): void {
    this.#counts.remove(group, fact);
  }

  value(group: number, fromMs: number): number {
    if (this.#chains.length === 0) return this.#holds(this.#root, group) ? 1 : 0;
    const holds = this.#chains.some(
      ({ alternative, order }) =>
        (alternative.present.length === 0 || order.value(group, fromMs) === alternative.present.length) &&
        alternative.absent.every((member) => !this.#counts.has(group, member)),
    );
    return holds ? 1 : 0;
  }

  clear(group: number): void {
    this.#counts.clear(group);
    for (const { order } of this.#chains) order.clear(group);
  }

  #holds(node: RuleExpression, group: number): boolean {
    if (node.kind === 'rule') return this.#counts.has(group, this.#memberOf.get(node.id) ?? -1);
    if (node.kind === 'not') return !this.#holds(node.item, group);
    return node.kind === 'and'
      ? node.items.every((item) => this.#holds(item, group))
      : node.items.some((item) => this.#holds(item, group));
  }
}
