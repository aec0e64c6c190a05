/**
 * The earlier rows behind a flux alert: for temporal rules the newest row of the context with each tag, for parent and ancestor rules
 * the chain of parents. Bounded by rows; the oldest go first. Results never depend on it: a tag whose row is gone still counts, only the
 * list is then shorter and marked incomplete.
 */
import { RecentTable } from '../memory/recent-table.ts';
import type { FluxEvaluator } from './evaluate.ts';
import type { FluxPlan, PlannedRule } from './plan.ts';
import { type FluxRow, hasTag } from './row.ts';

export interface Contributor<T> {
  readonly row: FluxRow<T>;
  /** Listed tags that were true on the row itself. */
  readonly tags: readonly string[];
  /** Steps up from the alerting row: 1 is the parent. Absent for temporal rules. */
  readonly depth?: number;
}

export interface FluxEvidence<T> {
  /** Oldest first, the alerting row last. */
  readonly contributors: readonly Contributor<T>[];
  /** False when a parent was never seen (or is forgotten), or the row of a remembered tag is forgotten. */
  readonly complete: boolean;
}

/** Ancestors beyond this depth are not listed; a cycle of ids ends the list as well. */
const MAX_DEPTH = 64;

interface Node<T> {
  readonly row: FluxRow<T>;
  readonly hasParent: boolean;
  readonly parentLo: number;
  readonly parentHi: number;
}

/** The rows of one tuple of columns, shared by the rules that use it. */
interface Lineage<T> {
  readonly child: number;
  readonly parent: number;
  readonly nodes: RecentTable<Node<T>>;
}

export class EvidenceLog<T> {
  readonly #plan: FluxPlan;
  readonly #maxRows: number;
  /** By tuple of columns (child, parent): key of the id to its newest row. */
  readonly #lineages = new Map<string, Lineage<T>>();
  readonly #lineageList: readonly Lineage<T>[];
  /** By rule: key of the context to the newest row with each tag. */
  readonly #contexts: readonly RecentTable<(FluxRow<T> | undefined)[]>[];

  constructor(plan: FluxPlan, maxRows: number) {
    this.#plan = plan;
    this.#maxRows = maxRows;
    for (const planned of plan.rules) {
      const name = lineageName(planned);
      if (planned.rule.action === 'temporal' || this.#lineages.has(name)) continue;
      const { child, parent } = planned;
      this.#lineages.set(name, { child, parent, nodes: new RecentTable(this.#share()) });
    }
    this.#lineageList = [...this.#lineages.values()];
    this.#contexts = plan.rules.map(() => new RecentTable(this.#share()));
  }

  /** Rows for one table: the bound is for all of them together. */
  #share(): number {
    const temporal = this.#plan.rules.filter(({ rule }) => rule.action === 'temporal').length;
    const lineages = new Set(this.#plan.rules.filter(({ child }) => child >= 0).map(lineageName)).size;
    return Math.ceil(this.#maxRows / Math.max(1, temporal + lineages));
  }

  /** Notes the row that the evaluator has just evaluated. */
  note(row: FluxRow<T>, evaluator: FluxEvaluator): void {
    if (this.#maxRows === 0 || row.group === undefined) return;
    for (const planned of this.#plan.rules) {
      if (planned.rule.action === 'temporal' && evaluator.evaluated[planned.ordinal] === true)
        this.#noteContext(planned, row, evaluator);
    }
    for (const { child, parent, nodes } of this.#lineageList) {
      const above = evaluator.columnKey(row, parent);
      const hasParent = above !== undefined;
      const parentLo = above?.lo ?? 0;
      const parentHi = above?.hi ?? 0;
      const key = evaluator.columnKey(row, child);
      if (key !== undefined) nodes.put(key.lo, key.hi, { row, hasParent, parentLo, parentHi });
    }
  }

  /** Why the rule holds on the row just evaluated. */
  of(planned: PlannedRule, row: FluxRow<T>, evaluator: FluxEvaluator): FluxEvidence<T> {
    return planned.rule.action === 'temporal'
      ? this.#ofContext(planned, row, evaluator)
      : this.#ofLineage(planned, row, evaluator);
  }

  #noteContext(planned: PlannedRule, row: FluxRow<T>, evaluator: FluxEvaluator): void {
    const key = evaluator.contextKey(row, planned);
    const contexts = this.#contexts[planned.ordinal];
    if (key === undefined || contexts === undefined) return;
    const rows = contexts.get(key.lo, key.hi) ?? planned.rule.tags.map(() => undefined);
    for (let tag = 0; tag < planned.rule.tags.length; tag++) if (hasTag(row.own, planned, tag)) rows[tag] = row;
    contexts.put(key.lo, key.hi, rows);
  }

  #ofContext(planned: PlannedRule, row: FluxRow<T>, evaluator: FluxEvaluator): FluxEvidence<T> {
    const key = evaluator.contextKey(row, planned);
    const byTag = key === undefined ? [] : (this.#contexts[planned.ordinal]?.get(key.lo, key.hi) ?? []);
    const rows = new Set<FluxRow<T>>([row]);
    let complete = true;
    for (let tag = 0; tag < planned.rule.tags.length; tag++) {
      if (!hasTag(evaluator.tags, planned, tag) || hasTag(row.own, planned, tag)) continue;
      const earlier = byTag[tag];
      if (earlier === undefined) complete = false;
      else rows.add(earlier);
    }
    const contributors = [...rows].map((each) => ({ row: each, tags: ownTags(planned, each) }));
    contributors.sort((a, b) => a.row.timeMs - b.row.timeMs || Number(a.row === row) - Number(b.row === row));
    return { contributors, complete };
  }

  #ofLineage(planned: PlannedRule, row: FluxRow<T>, evaluator: FluxEvaluator): FluxEvidence<T> {
    const nodes = this.#lineages.get(lineageName(planned))?.nodes;
    const contributors: Contributor<T>[] = [{ row, tags: ownTags(planned, row), depth: 0 }];
    const own = evaluator.columnKey(row, planned.child);
    const visited = new Set([own === undefined ? '' : `${own.lo} ${own.hi}`]);
    const first = evaluator.columnKey(row, planned.parent);
    let next = first === undefined ? undefined : { lo: first.lo, hi: first.hi };
    const maxDepth = planned.rule.action === 'parent' ? 1 : MAX_DEPTH;
    let complete = true;
    for (let depth = 1; depth <= maxDepth && next !== undefined; depth++) {
      const id = `${next.lo} ${next.hi}`;
      if (visited.has(id)) break;
      visited.add(id);
      const node = nodes?.get(next.lo, next.hi);
      if (node === undefined) {
        complete = false;
        break;
      }
      contributors.unshift({ row: node.row, tags: ownTags(planned, node.row), depth });
      next = node.hasParent ? { lo: node.parentLo, hi: node.parentHi } : undefined;
    }
    return { contributors, complete };
  }
}

function ownTags<T>(planned: PlannedRule, row: FluxRow<T>): string[] {
  return planned.rule.tags.filter((_, tag) => hasTag(row.own, planned, tag));
}

function lineageName(planned: PlannedRule): string {
  return `${planned.child} ${planned.parent}`;
}
