/**
 * The earlier rows behind a flux alert: for temporal rules the newest row of the context with each tag, for parent and ancestor rules
 * the chain of parents. Bounded by rows; the one untouched for longest goes first. Results never depend on it: a tag whose row is
 * gone still counts, only the list is then shorter and marked incomplete.
 */
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
  readonly parent: number | undefined;
}

export class EvidenceLog<T> {
  readonly #plan: FluxPlan;
  readonly #maxRows: number;
  /** By tuple of columns (child, parent): key of the id to its newest row. */
  readonly #lineages = new Map<string, Map<number, Node<T>>>();
  /** By rule: key of the context to the newest row with each tag. */
  readonly #contexts: readonly Map<number, (FluxRow<T> | undefined)[]>[];
  #entries = 0;

  constructor(plan: FluxPlan, maxRows: number) {
    this.#plan = plan;
    this.#maxRows = maxRows;
    this.#contexts = plan.rules.map(() => new Map());
    for (const planned of plan.rules)
      if (planned.rule.action !== 'temporal') this.#lineages.set(lineageName(planned), new Map());
  }

  /** Notes the row that the evaluator has just evaluated. */
  note(row: FluxRow<T>, evaluator: FluxEvaluator): void {
    if (this.#maxRows === 0 || row.group === undefined) return;
    for (const planned of this.#plan.rules) {
      if (planned.rule.action === 'temporal' && evaluator.evaluated[planned.ordinal] === true)
        this.#noteContext(planned, row, evaluator);
    }
    for (const [name, nodes] of this.#lineages) {
      const [child = 0, parent = 0] = name.split(' ').map(Number);
      const key = evaluator.columnKey(row, child);
      if (key !== undefined) this.#put(nodes, key, { row, parent: evaluator.columnKey(row, parent) });
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
    if (key === undefined) return;
    const contexts = this.#contexts[planned.ordinal] as Map<number, (FluxRow<T> | undefined)[]>;
    const rows = contexts.get(key) ?? planned.rule.tags.map(() => undefined);
    for (let tag = 0; tag < planned.rule.tags.length; tag++) if (hasTag(row.own, planned, tag)) rows[tag] = row;
    this.#put(contexts, key, rows);
  }

  #put<V>(map: Map<number, V>, key: number, value: V): void {
    if (map.delete(key)) this.#entries--;
    map.set(key, value);
    if (++this.#entries <= this.#maxRows) return;
    const oldest = map.keys().next();
    if (oldest.done !== true && map.delete(oldest.value)) this.#entries--;
  }

  #ofContext(planned: PlannedRule, row: FluxRow<T>, evaluator: FluxEvaluator): FluxEvidence<T> {
    const key = evaluator.contextKey(row, planned);
    const byTag = key === undefined ? [] : (this.#contexts[planned.ordinal]?.get(key) ?? []);
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
    const nodes = this.#lineages.get(lineageName(planned)) as Map<number, Node<T>>;
    const contributors: Contributor<T>[] = [{ row, tags: ownTags(planned, row), depth: 0 }];
    const visited = new Set<number | undefined>([evaluator.columnKey(row, planned.child)]);
    let key = evaluator.columnKey(row, planned.parent);
    const maxDepth = planned.rule.action === 'parent' ? 1 : MAX_DEPTH;
    let complete = true;
    for (let depth = 1; depth <= maxDepth && key !== undefined && !visited.has(key); depth++) {
      visited.add(key);
      const node = nodes.get(key);
      if (node === undefined) {
        complete = false;
        break;
      }
      contributors.unshift({ row: node.row, tags: ownTags(planned, node.row), depth });
      key = node.parent;
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
