/**
 * FluxEngine: rows in, rows with updated tags and alerts out, in event time for each group. Rows are put into order by KeyedOrder
 * (waiting for their lateness, or evaluated at once and revised), then evaluated against the memory. Durable before the next row:
 * nothing is batched, so nothing is lost between batches (flux-capacitor.md 8.1).
 */
import { Failures } from '../../core/failures.ts';
import { type Diagnostic, diagnostic } from '../../errors/diagnostic.ts';
import type { BloomOptions } from '../memory/bloom-generations.ts';
import { GroupTable } from '../memory/group-table.ts';
import type { LateEvents } from '../order/late-events.ts';
import { NONE } from '../order/item-records.ts';
import { KeyedOrder } from '../order/keyed-order.ts';
import type { OrderCounts, OrderMode, OrderTarget } from '../order/order-target.ts';
import type { SourceClocks } from '../order/source-clock.ts';
import { EqualTimes } from './equal-times.ts';
import { FluxEvaluator } from './evaluate.ts';
import { EvidenceLog, type FluxEvidence } from './evidence.ts';
import { BloomMemory, ExactMemory, type FluxMemory, isEmpty, type RowJournal } from './memory.ts';
import type { FluxPlan, PlannedRule } from './plan.ts';

import type { FluxRow, TakenRow } from './row.ts';
import { RowIntake } from './row-intake.ts';
import { type ItemSizes, type RowRevision, RowTable, type SavedColumns } from './row-table.ts';
import { ShownRow } from './shown-row.ts';

export type FluxMemoryOptions =
  | { readonly kind: 'exact'; readonly budgetBytes: number; readonly maxPerGroup: number }
  | ({ readonly kind: 'bloom'; readonly budgetBytes: number } & BloomOptions);

export interface FluxEngineOptions {
  readonly memory: FluxMemoryOptions;
  /** `ordered` for files and `--emit events`, `eager` for live inputs. */
  readonly mode: OrderMode;
  /** Used when the specification sets none. */
  readonly latenessMs: number;
  /** Default: late rows are evaluated. Rows that are left out are handed on as they came. */
  readonly lateEvents?: LateEvents;
  /** Rows that may wait over all groups. */
  readonly maxPending: number;
  /** What the items of rows that wait, or may be undone, may take in memory. Beyond it the oldest are settled early, counted. */
  readonly pendingBytes: number;
  /** Groups whose order is kept. Beyond it what waits in those untouched for longest is settled early, counted. */
  readonly maxGroups: number;
  /** Rows with equal times: in arrival order as the original, or parents before their children. Ordered mode only. */
  readonly equalTimes: 'arrival' | 'parents-first';
  /** Key of the fingerprints; random, kept in snapshots. */
  readonly seed: { readonly lo: number; readonly hi: number };
  /** Earlier rows kept as evidence, 0 for none. */
  readonly evidenceRows: number;
  /** Keep the items of these rows, too; else whoever asks finds them by their places. */
  readonly evidenceItems: boolean;
}

export const DEFAULT_FLUX_OPTIONS: Omit<FluxEngineOptions, 'seed'> = {
  memory: { kind: 'exact', budgetBytes: 1 << 30, maxPerGroup: 4_000_000 },
  mode: 'ordered',
  latenessMs: 60_000,
  maxPending: 500_000,
  pendingBytes: 512 << 20,
  maxGroups: 2_000_000,
  equalTimes: 'arrival',
  evidenceRows: 200_000,
  evidenceItems: true,
};

export interface FluxResult<T> {
  /** Own or remembered tags by the plan's words. All arrays are valid until the handler returns. */
  readonly tags: Int32Array;
  readonly inherited: Int32Array;
  readonly evaluated: readonly boolean[];
  /** Ordinals of the rules that must alert now; what has been reported for this row before is left out. */
  readonly fired: readonly number[];
  /** Those of them that Bloom memory alone speaks for. */
  readonly unconfirmed: readonly number[];
  /** Eager mode: the row was reported before, and came again because an older one arrived after it. */
  readonly revised: boolean;
  /** The row may be listed by later alerts. */
  readonly noted: boolean;
  /** Why a fired rule holds; callable until the handler returns. */
  evidence(rule: PlannedRule): FluxEvidence<T>;
}

/** What became of alerts that Bloom memory had a say in. */
export interface ProofCounts {
  /** Dropped: the earlier rows prove that their tags were never there. */
  refuted: number;
  /** Kept without proof: the earlier rows are gone. */
  unconfirmed: number;
  /** Raised although memory denied them: a wrong tag stood against a `not`. */
  restored: number;
}

export type FluxHandler<T> = (row: TakenRow<T>, result: FluxResult<T>) => void;

/** A row that waits for its order, or may still be undone, as a snapshot needs it. */
export interface PendingRow<T> {
  readonly row: SavedColumns & TakenRow<T> & { readonly own: readonly number[] };
  readonly key: number;
  readonly epoch: number;
  readonly masks: readonly number[] | null;
  readonly times: readonly number[] | null;
  readonly reported: readonly number[] | null;
}

/** Rules of the specification that ask of Bloom memory what it cannot give: they must be left out. */
export function bloomProblems(plan: FluxPlan): { readonly rule: string; readonly problem: Diagnostic }[] {
  return plan.rules.flatMap(({ rule }) => {
    if (rule.action !== 'temporal' || (rule.timespanMs === undefined && !rule.reset)) return [];
    const message = `rule "${rule.name}" has a timespan or reset, which Bloom memory cannot give`;
    const hint = 'leave the capacity away to use exact memory';
    return [{ rule: rule.name, problem: diagnostic('STATE_BLOOM_LIMIT', 'error', message, { hint }) }];
  });
}

function isTimed(plan: FluxPlan): boolean {
  return plan.rules.some(({ rule }) => rule.action === 'temporal' && rule.timespanMs !== undefined);
}

/** Exact memory; beside Bloom memory a small one for flags. */
function newFlags(memory: FluxMemoryOptions, timed: boolean): ExactMemory {
  const exact = memory.kind === 'exact' ? memory : { budgetBytes: 64 << 20, maxPerGroup: 1_000_000 };
  return new ExactMemory({ ...exact, timed: timed && memory.kind === 'exact' });
}

export class FluxEngine<T> {
  readonly plan: FluxPlan;
  readonly memory: FluxMemory;
  /** Exact flags beside a Bloom memory; the memory itself when that is exact. */
  readonly flags: FluxMemory;
  readonly order: KeyedOrder;
  readonly rows: RowTable<T>;
  readonly proofs: ProofCounts = { refuted: 0, unconfirmed: 0, restored: 0 };
  /** Numbers of the groups that the order knows. */
  readonly groups = new GroupTable();
  /** Told before the rows of a group change: for pictures of them. */
  touching: (key: number) => void = () => {};
  #closedGroups = 0;
  readonly #evaluator: FluxEvaluator;
  readonly evidence: EvidenceLog<T>;
  readonly #clocks: SourceClocks;
  readonly #options: FluxEngineOptions;
  readonly #onRow: FluxHandler<T>;
  readonly #timed: boolean;
  readonly #intake: RowIntake<T>;
  /** What the row at hand changes in memory, where that may be undone. */
  readonly #journal: RowJournal | undefined;
  /** Groups that were closed may have to be released once no row is on its way to one. */
  #mayRelease = false;
  /** What handlers threw: the order of rows, and what is remembered of them, must not suffer from it. */
  readonly #failures = new Failures();
  readonly #fired: number[] = [];
  /** The one result that handlers see, filled anew for each row. */
  readonly #result: FluxResult<T> & { revised: boolean; noted: boolean };
  /** The one row that handlers see. */
  readonly #row: ShownRow<T>;
  /** Where rows of equal times are taken parents first. */
  readonly #equals: EqualTimes | undefined;

  /** `former`: an engine of the same options and clocks that goes on until this one takes over; what it remembers is this one's too. */
  constructor(
    plan: FluxPlan,
    clocks: SourceClocks,
    options: FluxEngineOptions,
    onRow: FluxHandler<T>,
    former?: FluxEngine<T>,
    /** What the items of rows take in memory; default: nothing. */
    sizes?: ItemSizes<T>,
  ) {
    this.plan = plan;
    this.#clocks = clocks;
    this.#options = options;
    this.#onRow = onRow;
    this.#timed = isTimed(plan);
    this.flags = former?.flags ?? newFlags(options.memory, this.#timed);
    this.memory =
      former?.memory ??
      (options.memory.kind === 'exact' ? this.flags : new BloomMemory(options.memory, options.memory.budgetBytes));
    const proves = options.memory.kind === 'bloom' && options.evidenceRows > 0;
    this.evidence = new EvidenceLog(plan, options.evidenceRows, options.evidenceItems, proves, former?.evidence);
    this.#evaluator = new FluxEvaluator(
      plan,
      this.memory,
      this.flags,
      options.seed,
      proves ? this.evidence : undefined,
    );
    const { tags, inherited, evaluated, verdicts } = this.#evaluator;
    const evidence = (rule: PlannedRule): FluxEvidence<T> => this.evidence.of(rule, this.#row, this.#evaluator);
    this.#result = {
      tags,
      inherited,
      evaluated,
      fired: this.#fired,
      unconfirmed: verdicts.unconfirmed,
      revised: false,
      noted: false,
      evidence,
    };
    this.rows = new RowTable<T>(plan, sizes);
    this.#row = new ShownRow(this.rows, this.#evaluator.own);
    if (options.equalTimes === 'parents-first' && options.mode === 'ordered')
      this.#equals = EqualTimes.of(plan, this.rows, (slot) => this.#finish(slot));
    this.order = new KeyedOrder(this.#target(), clocks, {
      mode: options.mode,
      latenessMs: plan.spec.latenessMs ?? options.latenessMs,
      maxPending: options.maxPending,
      deferred: true,
    });
    const undoes = options.mode === 'eager' && this.memory.kind === 'exact';
    this.#journal = undoes ? { masks: [], times: this.#timed ? [] : undefined } : undefined;
    const { order, rows } = this;
    const evaluator = this.#evaluator;
    const appliesAtOnce = options.mode === 'eager' || order.latenessMs <= 0;
    this.#intake = new RowIntake(this.groups, rows, {
      groupOf: (text) => evaluator.groupOf(text),
      expectKeys: (keys, from, end) => order.expect(keys, from, end),
      expectRows: (slots, from, end) => {
        if (appliesAtOnce) evaluator.expect(rows, slots, from, end);
      },
    });
  }

  get memoryOptions(): FluxMemoryOptions {
    return this.#options.memory;
  }

  get counts(): OrderCounts & {
    readonly pending: number;
    readonly facts: number;
    readonly forgotten: number;
    /** What the items of rows that wait or may be undone take. */
    readonly itemBytes: number;
    readonly bytes: number;
    /** What the order knows of its groups, and the slots that rows wait in. */
    readonly orderBytes: number;
  } {
    return {
      ...this.order.counts,
      pending: this.order.pending + this.#intake.count,
      facts: this.memory.facts,
      forgotten: this.memory.forgotten,
      itemBytes: this.rows.itemBytes,
      orderBytes: this.order.byteLength,
      bytes: this.memory.byteLength + (this.flags === this.memory ? 0 : this.flags.byteLength),
    };
  }

  /**
   * Whether what this engine remembers can be shared with one for the plan: times are kept only where a rule has a time span, and rows
   * that wait cannot be shared. Rows that could still be undone stay as they are.
   */
  canShareWith(plan: FluxPlan): boolean {
    return this.#options.mode === 'eager' && this.#timed === isTimed(plan);
  }

  /** Takes a row. The handler is called for this row, for others that it lets go, or for none yet. */
  push(row: FluxRow<T>, arrivalMs: number): void {
    this.#intake.add(row, arrivalMs);
    this.flush();
  }

  /** As `push`, but the row may be held back, to be made ready together with others, until `flush` is called; that throws what handlers throw. */
  enqueue(row: FluxRow<T>, arrivalMs: number): void {
    this.#intake.add(row, arrivalMs);
    if (this.#intake.isFull) this.#letGo();
  }

  /** Lets go of the rows that were held back. What handlers threw is thrown when all are gone. */
  flush(): void {
    this.#letGo();
    this.#failures.raise();
  }

  #letGo(): void {
    if (this.#intake.count > 0) this.#intake.release(this.#take, this.#takeAlone, this.#failures);
    if (this.#mayRelease) this.#releaseGroups();
  }

  readonly #take = (slot: number, key: number, arrivalMs: number): void => {
    const { rows } = this;
    // One that was closed and comes again before its number is released is no longer to be released.
    this.groups.live[key] = 1;
    rows.enter(slot, this.#clocks.observe(rows.sourceOf(slot), rows.timeOf(slot), arrivalMs));
    this.order.push(key, slot, arrivalMs);
    this.#equals?.release();
    if (rows.itemBytes > this.#options.pendingBytes) this.#makeRoom();
    if (this.order.keys > this.#options.maxGroups) this.#forgetOrders();
  };

  readonly #takeAlone = (row: FluxRow<T>, arrivalMs: number): void => {
    const epoch = this.#clocks.observe(row.source, row.timeMs, arrivalMs);
    const slot = this.rows.add(row, NONE, 0, 0);
    this.rows.enter(slot, epoch);
    this.#evaluator.evaluateAlone(row);
    this.#tell(slot, false, false);
    this.rows.free(slot);
  };

  /** Down to three quarters, so that it is not called again for each row. */
  #makeRoom(): void {
    const { rows, order } = this;
    const enough = (): boolean => rows.itemBytes <= 0.75 * this.#options.pendingBytes;
    while (!enough() && order.pending > 0) {
      order.relieve(enough);
      this.#equals?.release();
    }
  }

  /** What is remembered of the groups stays; of rows that come for them later it is not known any more how late they are. */
  #forgetOrders(): void {
    const before = this.order.pending;
    this.order.evictStalest(0.1);
    this.#equals?.release();
    this.order.counts.early += before - this.order.pending;
  }

  /** Sources that nothing refers to any more are forgotten. */
  releaseSources(): void {
    this.#letGo();
    const used = new Set<number>();
    this.order.addSources(used);
    this.rows.addSources(used);
    this.evidence.addSources(used);
    this.#clocks.keep(used);
  }

  /** Arrival clock: lets go of rows of groups that fell silent. */
  advance(nowMs: number): void {
    this.#letGo();
    this.order.closeIdle(nowMs);
    this.#equals?.release();
    if (this.#clocks.isCrowded) this.releaseSources();
    this.#failures.raise();
  }

  /** End of input: evaluates all that waits. */
  end(): void {
    this.#letGo();
    this.order.closeAll();
    this.#equals?.release();
    this.#failures.raise();
  }

  /** While held, nothing is settled by watermarks: other files with the same groups are still to be read. */
  hold(held: boolean): void {
    this.#letGo();
    this.order.hold = held;
    this.#failures.raise();
  }

  #closed(key: number): void {
    this.groups.live[key] = 0;
    if (++this.#closedGroups >= 1024) this.#mayRelease = true;
  }

  #releaseGroups(): void {
    this.#mayRelease = false;
    if (this.#closedGroups * 2 < this.groups.count) return;
    this.#closedGroups = 0;
    this.groups.releaseEmpty();
  }

  exportRow(slot: number): PendingRow<T> {
    const { rows } = this;
    const revision = rows.revisions[slot];
    const journal = revision?.journal;
    return {
      row: rows.save(slot),
      key: rows.ownerOf(slot),
      epoch: rows.epochOf(slot),
      // Copies: an undo empties the journal before the row is written.
      masks: journal === undefined ? null : [...journal.masks],
      times: journal?.times === undefined ? null : [...journal.times],
      reported: revision?.reported === undefined ? null : [...revision.reported],
    };
  }

  /** Takes a saved row; its queue is to be restored next. */
  importRow({ row, key, epoch, masks, times, reported }: PendingRow<T>): number {
    const journal = masks === null ? undefined : { masks: [...masks], times: times === null ? undefined : [...times] };
    const eager = this.#options.mode === 'eager';
    const slot = this.rows.restore(row, key, epoch);
    if (journal !== undefined) this.rows.revisionOf(slot).journal = journal;
    if (reported !== null) this.rows.revisionOf(slot).reported = [...reported];
    if (eager) this.rows.append(slot);
    return slot;
  }

  #target(): OrderTarget {
    const eager = this.#options.mode === 'eager';
    const { rows } = this;
    return {
      items: rows,
      touching: (key) => this.touching(key),
      expect: (slots, from, end) => this.#evaluator.expect(rows, slots, from, end),
      apply: (slot, again) => {
        if (eager) {
          rows.append(slot);
          this.#reportRevisable(slot, again);
        } else if (this.#equals !== undefined) this.#equals.hold(slot);
        else this.#finish(slot);
      },
      undo: (slot) => {
        rows.unlinkLast(slot);
        const journal = rows.revisions[slot]?.journal;
        if (journal === undefined) return;
        const key = rows.ownerOf(slot);
        this.memory.enter(this.groups.keys[2 * key] as number, this.groups.keys[2 * key + 1] as number);
        this.memory.undo(journal);
      },
      settle: (slot) => {
        rows.unlinkFirst(slot);
        rows.free(slot);
      },
      // A late row is evaluated against what is remembered now, unless it shall not be.
      late: (slot) => {
        if (this.#options.lateEvents !== 'drop') this.#finish(slot);
        else {
          this.#pass(slot);
          rows.free(slot);
        }
      },
      advanced: () => {},
      closed: (key) => this.#closed(key),
      retentionMs: () => 0,
      evicted: (key) => this.#closed(key),
    };
  }

  /** Evaluates a row that nothing needs afterwards. */
  #finish(slot: number): void {
    this.#evaluator.evaluate(this.rows, slot, this.groups, undefined);
    this.#tell(slot, false, false);
    this.rows.free(slot);
  }

  /** Evaluates a row that may be undone. Most change nothing and fire nothing: nothing is kept of these. */
  #reportRevisable(slot: number, revised: boolean): void {
    const journal = this.#journal;
    this.#evaluator.evaluate(this.rows, slot, this.groups, journal);
    if (journal !== undefined && !isEmpty(journal)) {
      this.rows.revisionOf(slot).journal = { masks: [...journal.masks], times: journal.times && [...journal.times] };
      journal.masks.length = 0;
      if (journal.times !== undefined) journal.times.length = 0;
    }
    this.#tell(slot, revised, true);
  }

  /** Tells what the evaluator has found of the row. */
  #tell(slot: number, revised: boolean, revisable: boolean): void {
    const evaluator = this.#evaluator;
    const row = this.#row;
    row.slot = slot;
    const noted = this.#options.evidenceRows > 0 && this.evidence.note(row, evaluator);
    if (this.#fired.length > 0) this.#fired.length = 0;
    const { fired, refuted } = evaluator.verdicts;
    if (fired.length > 0) this.#fire(revisable ? this.rows.revisionOf(slot) : undefined);
    if (!revised) this.proofs.refuted += refuted.length;
    this.#result.revised = revised;
    this.#result.noted = noted;
    this.#handOn();
  }

  #handOn(): void {
    try {
      this.#onRow(this.#row, this.#result);
    } catch (failure) {
      // Whatever it is: whoever hands rows in is told once all that is due has been handed on.
      this.#failures.add(failure);
    }
  }

  /** Lists the rules that alert on the row now. */
  #fire(revision: RowRevision | undefined): void {
    const { fired, unconfirmed, restored } = this.#evaluator.verdicts;
    for (const rule of fired) {
      if (revision !== undefined) {
        if (revision.reported?.includes(rule) === true) continue;
        revision.reported = [...(revision.reported ?? []), rule];
      }
      this.#fired.push(rule);
      if (restored.includes(rule)) this.proofs.restored++;
      if (unconfirmed.includes(rule)) this.proofs.unconfirmed++;
    }
  }

  /** Hands a row on that is not evaluated: its map stays as it came. */
  #pass(slot: number): void {
    this.#evaluator.pass(this.rows, slot);
    this.#fired.length = 0;
    this.#row.slot = slot;
    this.#result.revised = false;
    this.#result.noted = false;
    this.#handOn();
  }
}
