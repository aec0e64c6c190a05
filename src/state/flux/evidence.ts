/**
 * The earlier rows behind a flux alert: for temporal rules the newest row of the context with each tag, for parent and ancestor rules
 * the chain of parents. Bounded by rows; the oldest go first. Results never depend on it: a tag whose row is gone still counts, only the
 * list is then shorter and marked incomplete. Snapshots keep the places of the rows.
 */
import type { EventPlace } from '../event-place.ts';
import { RecentTable } from '../memory/recent-table.ts';
import type { DecodedChunk, SnapshotChunk } from '../snapshot/chunk.ts';
import { type ChainWords, chainTags } from './chain.ts';
import type { FluxEvaluator } from './evaluate.ts';
import { EvidenceChunks, type NamedTable, savedTables, wholeTables } from './evidence-chunks.ts';
import {
  type ContextRows,
  type EvidenceRow,
  type LineageNode,
  loadedNode,
  loadedTags,
  type SavedNode,
  type SavedTags,
} from './evidence-rows.ts';
import type { FluxPlan, PlannedRule } from './plan.ts';
import type { ProofSource, Proven } from './proof.ts';
import { hasTag, type TakenRow } from './row.ts';

export interface Contributor<T> {
  readonly row: EvidenceRow<T>;
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

/** All tags of a word. */
const ALL = 0x7fffffff;

/** The rows of one tuple of columns, shared by the rules that use it. */
interface Lineage<T> {
  readonly child: number;
  readonly parent: number;
  readonly nodes: RecentTable<LineageNode<T>>;
}

export class EvidenceLog<T> implements ProofSource {
  readonly #plan: FluxPlan;
  readonly #maxRows: number;
  /** By tuple of columns (child, parent): key of the id to its newest row. */
  readonly #lineages = new Map<string, Lineage<T>>();
  readonly #lineageList: readonly Lineage<T>[];
  /** By rule: key of the context to the newest row with each tag. */
  readonly #contexts: readonly RecentTable<ContextRows<T>>[];
  readonly #keepItems: boolean;
  readonly #proves: boolean;
  readonly #words: ChainWords;
  readonly #state: Proven;
  /** No tag of any rule. */
  readonly #none: Int32Array;
  readonly #chunks: EvidenceChunks;

  /**
   * `proves`: keep with the rows what they prove, for a memory that may be wrong. `former`: a log that goes on until this one is used; rows
   * of rules that both have are this one's too.
   */
  constructor(plan: FluxPlan, maxRows: number, keepItems: boolean, proves = false, former?: EvidenceLog<T>) {
    const words = (): Int32Array => new Int32Array(plan.words);
    this.#proves = proves;
    this.#chunks = new EvidenceChunks(proves);
    this.#none = words();
    this.#words = { tags: words(), inherited: words(), chained: words() };
    this.#state = { proven: words(), doubted: words() };
    this.#plan = plan;
    this.#maxRows = maxRows;
    this.#keepItems = keepItems;
    for (const planned of plan.rules) {
      const name = lineageName(planned);
      if (planned.rule.action === 'temporal' || this.#lineages.has(name)) continue;
      const { child, parent } = planned;
      const lineage = { child, parent };
      const known = former === undefined ? undefined : former.#lineageOf(this.#columnsOf(lineage));
      this.#lineages.set(name, { ...lineage, nodes: this.#tableFor(known?.nodes, former !== undefined) });
    }
    this.#lineageList = [...this.#lineages.values()];
    this.#contexts = plan.rules.map((planned) => {
      const known = former === undefined ? undefined : former.#contextsOf(contextName(planned));
      return this.#tableFor(known, former !== undefined);
    });
  }

  #lineageOf(columns: string): Lineage<T> | undefined {
    return this.#lineageList.find((one) => this.#columnsOf(one) === columns);
  }

  #contextsOf(name: string): RecentTable<ContextRows<T>> | undefined {
    return this.#contexts[this.#plan.rules.findIndex((one) => contextName(one) === name)];
  }

  /** The known table; else a new one, whose rows may have been seen before when `isLater`. */
  #tableFor<V>(known: RecentTable<V> | undefined, isLater: boolean): RecentTable<V> {
    const table = known ?? new RecentTable<V>(this.#share());
    if (known === undefined) table.lost = isLater;
    else known.shrink(this.#share());
    return table;
  }

  /** Rows for one table: the bound is for all of them together. */
  #share(): number {
    const temporal = this.#plan.rules.filter(({ rule }) => rule.action === 'temporal').length;
    const lineages = new Set(this.#plan.rules.filter(({ child }) => child >= 0).map(lineageName)).size;
    return Math.ceil(this.#maxRows / Math.max(1, temporal + lineages));
  }

  /** Notes the row that the evaluator has just evaluated. True when it may be listed later. */
  note(row: TakenRow<T>, evaluator: FluxEvaluator): boolean {
    if (this.#maxRows === 0 || !evaluator.remembers) return false;
    let kept: EvidenceRow<T> | undefined;
    for (const planned of this.#plan.rules) {
      if (planned.rule.action !== 'temporal' || evaluator.evaluated[planned.ordinal] !== true) continue;
      if (planned.every && !hasOwnTags(planned, row.own)) continue;
      kept ??= this.#keptForm(row);
      this.#noteContext(planned, kept, row, evaluator);
    }
    for (const lineage of this.#lineageList) {
      const { child, parent, nodes } = lineage;
      const above = evaluator.columnKey(parent);
      const hasParent = above !== undefined;
      const parentLo = above?.lo ?? 0;
      const parentHi = above?.hi ?? 0;
      const key = evaluator.columnKey(child);
      if (key === undefined) continue;
      kept ??= this.#keptForm(row);
      const { lo, hi } = key;
      const proof = this.#proves
        ? this.#passedOn(lineage, Int32Array.from(row.own), evaluator, lo, hi, above && { lo: parentLo, hi: parentHi })
        : undefined;
      nodes.put(lo, hi, { row: kept, hasParent, parentLo, parentHi, proof });
    }
    return kept !== undefined;
  }

  prove(planned: PlannedRule, lo: number, hi: number, into: Proven): void {
    const temporal = planned.rule.action === 'temporal';
    const table = temporal ? this.#contexts[planned.ordinal] : this.#lineages.get(lineageName(planned))?.nodes;
    const found = table?.get(lo, hi);
    const offset = temporal ? planned.wordOffset : 0;
    const unknown = found === undefined ? table?.lost === true : found.proof === undefined;
    for (let word = planned.wordOffset; word < planned.wordOffset + planned.wordCount; word++) {
      into.proven[word] = found?.proof?.proven[word - offset] ?? 0;
      into.doubted[word] = unknown ? ALL : (found?.proof?.doubted[word - offset] ?? 0);
    }
  }

  /** Sources of all rows. */
  addSources(to: Set<number>): void {
    for (const { nodes } of this.#lineageList) for (const { row } of nodes.values()) to.add(row.source);
    for (const table of this.#contexts)
      for (const { rows } of table.values()) for (const row of rows) if (row !== undefined) to.add(row.source);
  }

  /** Chunks of what changed since the last call; of everything when `full`. The picture is taken by the call. */
  snapshot(full: boolean): Generator<SnapshotChunk, void> {
    return this.#chunks.snapshot(this.#tables(), full);
  }

  /** Keys of all chunks, once the picture has been drawn. */
  chunkKeys(): string[] {
    return this.#chunks.keys();
  }

  restore(chunks: ReadonlyMap<string, DecodedChunk>): void {
    const contexts = new Map(
      this.#plan.rules.map((planned) => [contextName(planned), this.#contexts[planned.ordinal]]),
    );
    const lineages = new Map(this.#lineageList.map((lineage) => [this.#columnsOf(lineage), lineage.nodes]));
    // A table that the snapshot does not know may have lost anything: memory goes on from before.
    const whole = wholeTables(chunks);
    for (const { name, table } of this.#tables()) table.lost = !whole.includes(name);
    for (const { table, entries } of savedTables(chunks))
      for (const [lo, hi, value] of entries) {
        contexts.get(table)?.put(lo, hi, loadedTags<T>(value as SavedTags));
        lineages.get(table)?.put(lo, hi, loadedNode<T>(value as SavedNode));
      }
  }

  /** Each table with the words that name it over restarts. */
  #tables(): (NamedTable & { readonly table: { lost: boolean } })[] {
    return [
      ...this.#plan.rules.flatMap((planned) => {
        const table = this.#contexts[planned.ordinal];
        return table === undefined || planned.rule.action !== 'temporal'
          ? []
          : [{ name: contextName(planned), table, picture: () => table.picture() }];
      }),
      ...this.#lineageList.map((lineage) => ({
        name: this.#columnsOf(lineage),
        table: lineage.nodes,
        picture: () => lineage.nodes.picture(),
      })),
    ];
  }

  /** Columns by name, and the rules whose words the rows hold. */
  #columnsOf({ child, parent }: Pick<Lineage<T>, 'child' | 'parent'>): string {
    const { columns, rules } = this.#plan;
    return JSON.stringify([columns[child], columns[parent], rules.map(contextName)]);
  }

  #keptForm({ timeMs, source, position, part, own, item }: TakenRow<T>): EvidenceRow<T> {
    const kept = this.#noTags(own) ? this.#none : Array.from(own);
    return { timeMs, source, position, part, own: kept, item: this.#keepItems ? item : undefined };
  }

  /** Most rows: they share one list of tags. */
  #noTags(own: ArrayLike<number>): boolean {
    for (let word = 0; word < own.length; word++) if (own[word] !== 0) return false;
    return true;
  }

  /** Why the rule holds on the row just evaluated. */
  of(planned: PlannedRule, row: TakenRow<T>, evaluator: FluxEvaluator): FluxEvidence<T> {
    return planned.rule.action === 'temporal'
      ? this.#ofContext(planned, row, evaluator)
      : this.#ofLineage(planned, row, evaluator);
  }

  #noteContext(planned: PlannedRule, kept: EvidenceRow<T>, row: TakenRow<T>, evaluator: FluxEvaluator): void {
    const key = evaluator.contextKey(planned);
    const contexts = this.#contexts[planned.ordinal];
    if (key === undefined || contexts === undefined) return;
    // A new list: a picture may hold the one before.
    const { lo, hi } = key;
    const before = contexts.get(lo, hi);
    const rows = planned.rule.tags.map((_, tag) => (hasTag(row.own, planned, tag) ? kept : before?.rows[tag]));
    const proof = this.#proves ? this.#goneOn(planned, evaluator.own, evaluator, lo, hi) : undefined;
    contexts.put(lo, hi, { rows, proof });
  }

  /** The chain of a context after a row, as far as rows prove it, and as far as it may be. */
  #goneOn(planned: PlannedRule, own: Int32Array, evaluator: FluxEvaluator, lo: number, hi: number): Proven {
    const { wordOffset, wordCount, ordinal } = planned;
    const { proven, doubted } = this.#state;
    this.prove(planned, lo, hi, this.#state);
    // The first row of a context, as far as is known: what memory does not hold cannot have been.
    if (this.#contexts[ordinal]?.get(lo, hi) === undefined)
      for (let word = wordOffset; word < wordOffset + wordCount; word++)
        doubted[word] = (doubted[word] as number) & (evaluator.before[word] as number);
    for (let word = wordOffset; word < wordOffset + wordCount; word++)
      doubted[word] = (doubted[word] as number) | (proven[word] as number);
    chainTags(planned, own, proven, this.#words);
    const surely = this.#words.chained.slice(wordOffset, wordOffset + wordCount);
    chainTags(planned, own, doubted, this.#words);
    const perhaps = surely.map((mask, w) => (this.#words.chained[wordOffset + w] as number) & ~mask);
    return { proven: surely, doubted: perhaps };
  }

  /** What a process passes on to its children, as far as rows prove it, and as far as it may be. */
  #passedOn(
    lineage: Lineage<T>,
    own: Int32Array,
    evaluator: FluxEvaluator,
    lo: number,
    hi: number,
    parent: { readonly lo: number; readonly hi: number } | undefined,
  ): Proven {
    // Most rows pass on their own tags alone: nothing is copied for them.
    const passed: { proven: Int32Array; doubted: Int32Array } = { proven: own, doubted: this.#none };
    for (const planned of this.#plan.rules) {
      if (planned.child !== lineage.child || planned.parent !== lineage.parent) continue;
      if (planned.rule.action === 'ancestor' && parent !== undefined && !(parent.lo === lo && parent.hi === hi))
        this.#takeOver(planned, own, parent.lo, parent.hi, evaluator.before, passed);
      if (evaluator.same[planned.ordinal] === true) this.#takeOver(planned, own, lo, hi, undefined, passed);
    }
    return passed;
  }

  /** `held`: what memory says of the key; what it does not hold is not doubted either. */
  #takeOver(
    planned: PlannedRule,
    own: Int32Array,
    lo: number,
    hi: number,
    held: Int32Array | undefined,
    passed: { proven: Int32Array; doubted: Int32Array },
  ): void {
    const { proven, doubted } = this.#state;
    this.prove(planned, lo, hi, this.#state);
    for (let word = planned.wordOffset; word < planned.wordOffset + planned.wordCount; word++) {
      const surely = (passed.proven[word] as number) | (proven[word] as number);
      const perhaps = (doubted[word] as number) & (held === undefined ? ALL : (held[word] as number));
      const rest = ((passed.doubted[word] as number) | perhaps) & ~surely;
      if (surely !== passed.proven[word]) {
        if (passed.proven === own) passed.proven = own.slice();
        passed.proven[word] = surely;
      }
      if (rest !== passed.doubted[word]) {
        if (passed.doubted === this.#none) passed.doubted = new Int32Array(own.length);
        passed.doubted[word] = rest;
      }
    }
  }

  #ofContext(planned: PlannedRule, row: TakenRow<T>, evaluator: FluxEvaluator): FluxEvidence<T> {
    const key = evaluator.contextKey(planned);
    const byTag = key === undefined ? [] : (this.#contexts[planned.ordinal]?.get(key.lo, key.hi)?.rows ?? []);
    const rows = new Map<string, EvidenceRow<T>>([[placeName(row), row]]);
    let complete = true;
    for (let tag = 0; tag < planned.rule.tags.length; tag++) {
      if (!hasTag(evaluator.tags, planned, tag) || hasTag(row.own, planned, tag)) continue;
      const earlier = byTag[tag];
      if (earlier === undefined) complete = false;
      else if (!rows.has(placeName(earlier))) rows.set(placeName(earlier), earlier);
    }
    const contributors = Array.from(rows.values(), (each) => ({ row: each, tags: ownTags(planned, each) }));
    contributors.sort((a, b) => a.row.timeMs - b.row.timeMs || Number(a.row === row) - Number(b.row === row));
    return { contributors, complete };
  }

  #ofLineage(planned: PlannedRule, row: TakenRow<T>, evaluator: FluxEvaluator): FluxEvidence<T> {
    const nodes = this.#lineages.get(lineageName(planned))?.nodes;
    const contributors: Contributor<T>[] = [{ row, tags: ownTags(planned, row), depth: 0 }];
    const own = evaluator.columnKey(planned.child);
    const visited = new Set([own === undefined ? '' : `${own.lo} ${own.hi}`]);
    const first = evaluator.columnKey(planned.parent);
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
      if (depth === MAX_DEPTH && next !== undefined) complete = false;
    }
    return { contributors, complete };
  }
}

function placeName({ source, position, part }: EventPlace): string {
  return `${source}:${position}:${part}`;
}

/** Definition of a rule, and where its words stand: own tags of saved rows are read by these. */
function contextName({ lo, hi, wordOffset }: PlannedRule): string {
  return `${lo} ${hi} ${wordOffset}`;
}

function ownTags(planned: PlannedRule, row: { readonly own: ArrayLike<number> }): string[] {
  return planned.rule.tags.filter((_, tag) => hasTag(row.own, planned, tag));
}

/** Whether the row has a tag of the rule itself. */
function hasOwnTags({ wordOffset, wordCount }: PlannedRule, own: ArrayLike<number>): boolean {
  for (let word = wordOffset; word < wordOffset + wordCount; word++) if (own[word] !== 0) return true;
  return false;
}

function lineageName(planned: PlannedRule): string {
  return `${planned.child} ${planned.parent}`;
}
