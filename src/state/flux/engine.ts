/**
 * FluxEngine: rows in, rows with updated tags and alerts out, in event time for each group. Rows are put into order by KeyedOrder
 * (waiting for their lateness, or evaluated at once and revised), then evaluated against the memory. Durable before the next row:
 * nothing is batched, so nothing is lost between batches (flux-capacitor.md 8.1).
 */
import { type Diagnostic, diagnostic } from '../../errors/diagnostic.ts';
import type { BloomOptions } from '../memory/bloom-generations.ts';
import { GroupTable } from '../memory/group-table.ts';
import type { LateEvents } from '../order/late-events.ts';
import { KeyedOrder, type OrderCounts, type OrderMode, type OrderTarget } from '../order/keyed-order.ts';
import type { SourceClocks } from '../order/source-clock.ts';
import { FluxEvaluator } from './evaluate.ts';
import { EvidenceLog, type FluxEvidence } from './evidence.ts';
import { BloomMemory, ExactMemory, type FluxMemory, type RowJournal } from './memory.ts';
import type { FluxPlan, PlannedRule } from './plan.ts';
import type { FluxRow } from './row.ts';

export type FluxMemoryOptions =
  | { readonly kind: 'exact'; readonly budgetBytes: number; readonly maxPerGroup: number }
  | ({ readonly kind: 'bloom' } & BloomOptions);

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

export type FluxHandler<T> = (row: FluxRow<T>, result: FluxResult<T>) => void;

interface Entry<T> {
  readonly row: FluxRow<T>;
  readonly key: number;
  /** Fingerprint of the group. */
  readonly lo: number;
  readonly hi: number;
  readonly epoch: number;
  /** Eager mode only. */
  readonly journal: RowJournal | undefined;
  /** Eager mode: rules that alerted on the row. */
  reported: number[] | undefined;
}

/** A row that waits for its order, or may still be undone, as a snapshot needs it. */
export interface PendingRow<T> {
  readonly row: FluxRow<T>;
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

export class FluxEngine<T> {
  readonly plan: FluxPlan;
  readonly memory: FluxMemory;
  /** Exact flags beside a Bloom memory; the memory itself when that is exact. */
  readonly flags: FluxMemory;
  readonly order: KeyedOrder<Entry<T>>;
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
  readonly #fired: number[] = [];
  /** The one result that handlers see, filled anew for each row. */
  readonly #result: FluxResult<T> & { revised: boolean; noted: boolean };
  #row: FluxRow<T> | undefined;
  #held: Entry<T>[] = [];

  constructor(plan: FluxPlan, clocks: SourceClocks, options: FluxEngineOptions, onRow: FluxHandler<T>) {
    this.plan = plan;
    this.#clocks = clocks;
    this.#options = options;
    this.#onRow = onRow;
    this.#timed = plan.rules.some(({ rule }) => rule.action === 'temporal' && rule.timespanMs !== undefined);
    const exact = options.memory.kind === 'exact' ? options.memory : { budgetBytes: 64 << 20, maxPerGroup: 1_000_000 };
    this.flags = new ExactMemory({ ...exact, timed: this.#timed && options.memory.kind === 'exact' });
    this.memory = options.memory.kind === 'exact' ? this.flags : new BloomMemory(options.memory);
    const proves = options.memory.kind === 'bloom' && options.evidenceRows > 0;
    this.evidence = new EvidenceLog(plan, options.evidenceRows, options.evidenceItems, proves);
    this.#evaluator = new FluxEvaluator(
      plan,
      this.memory,
      this.flags,
      options.seed,
      proves ? this.evidence : undefined,
    );
    const { tags, inherited, evaluated, unconfirmed } = this.#evaluator;
    const evidence = (rule: PlannedRule): FluxEvidence<T> =>
      this.#row === undefined
        ? { contributors: [], complete: false }
        : this.evidence.of(rule, this.#row, this.#evaluator);
    this.#result = {
      tags,
      inherited,
      evaluated,
      fired: this.#fired,
      unconfirmed,
      revised: false,
      noted: false,
      evidence,
    };
    this.order = new KeyedOrder<Entry<T>>(this.#target(), clocks, {
      mode: options.mode,
      latenessMs: plan.spec.latenessMs ?? options.latenessMs,
      maxPending: options.maxPending,
    });
  }

  get counts(): OrderCounts & {
    readonly pending: number;
    readonly facts: number;
    readonly forgotten: number;
    readonly bytes: number;
  } {
    return {
      ...this.order.counts,
      pending: this.order.pending,
      facts: this.memory.facts,
      forgotten: this.memory.forgotten,
      bytes: this.memory.byteLength + (this.flags === this.memory ? 0 : this.flags.byteLength),
    };
  }

  /** Takes a row. The handler is called for this row, for others that it lets go, or for none yet. */
  push(row: FluxRow<T>, arrivalMs: number): void {
    const epoch = this.#clocks.observe(row.source, row.timeMs);
    if (row.group === undefined) {
      this.#report({ row, key: 0, lo: 0, hi: 0, epoch, journal: undefined, reported: undefined }, false);
      return;
    }
    const eager = this.#options.mode === 'eager';
    const { lo, hi } = this.#evaluator.groupOf(row.group);
    const key = this.#keyOf(lo, hi);
    const journal =
      eager && this.memory.kind === 'exact' ? { masks: [], times: this.#timed ? [] : undefined } : undefined;
    this.order.push(key, { row, key, lo, hi, epoch, journal, reported: undefined }, arrivalMs);
    if (this.#held.length > 0) this.#releaseHeld();
  }

  /** Arrival clock: lets go of rows of groups that fell silent. */
  advance(nowMs: number): void {
    this.order.closeIdle(nowMs);
    this.#releaseHeld();
  }

  /** End of input: evaluates all that waits. */
  end(): void {
    this.order.closeAll();
    this.#releaseHeld();
  }

  /** Small numbers for groups: as keys of a Map they are found several times faster than 53-bit ones. */
  #keyOf(lo: number, hi: number): number {
    const known = this.groups.find(lo, hi);
    if (known >= 0) return known;
    const key = this.groups.add(lo, hi);
    this.groups.live[key] = 1;
    return key;
  }

  #closed(key: number): void {
    this.groups.live[key] = 0;
    if (++this.#closedGroups < 1024 || this.#closedGroups * 2 < this.groups.count) return;
    this.#closedGroups = 0;
    this.groups.releaseEmpty();
  }

  exportRow({ row, key, epoch, journal, reported }: Entry<T>): PendingRow<T> {
    return {
      row,
      key,
      epoch,
      // Copies: an undo empties the journal before the row is written.
      masks: journal === undefined ? null : [...journal.masks],
      times: journal?.times === undefined ? null : [...journal.times],
      reported: reported === undefined ? null : [...reported],
    };
  }

  importRow({ row, key, epoch, masks, times, reported }: PendingRow<T>): Entry<T> {
    const { lo, hi } = this.#evaluator.groupOf(row.group ?? '');
    return {
      row,
      key,
      lo,
      hi,
      epoch,
      journal: masks === null ? undefined : { masks: [...masks], times: times === null ? undefined : [...times] },
      reported: reported === null ? undefined : [...reported],
    };
  }

  #target(): OrderTarget<Entry<T>> {
    const parentsFirst = this.#options.equalTimes === 'parents-first' && this.#options.mode === 'ordered';
    return {
      touching: (key) => this.touching(key),
      timeOf: (entry) => entry.row.timeMs,
      sourceOf: (entry) => entry.row.source,
      epochOf: (entry) => entry.epoch,
      compare: compareEntries,
      apply: (entry, again) => {
        if (parentsFirst) this.#hold(entry);
        else this.#report(entry, again);
      },
      undo: (entry) => {
        if (entry.journal === undefined) return;
        this.memory.enter(entry.lo, entry.hi);
        this.memory.undo(entry.journal);
      },
      settle: () => {},
      // A late row is evaluated against what is remembered now, unless it shall not be.
      late: (entry) =>
        this.#options.lateEvents === 'drop' ? this.#pass(entry) : this.#report({ ...entry, journal: undefined }, false),
      advanced: () => {},
      closed: (key) => this.#closed(key),
      retentionMs: () => 0,
      evicted: (key) => this.#closed(key),
    };
  }

  #report(entry: Entry<T>, revised: boolean): void {
    const { row, journal } = entry;
    const evaluator = this.#evaluator;
    evaluator.evaluate(row, entry.lo, entry.hi, journal);
    const noted = this.#options.evidenceRows > 0 && this.evidence.note(row, evaluator);
    this.#fired.length = 0;
    for (const rule of evaluator.fired) {
      if (this.#options.mode === 'eager') {
        if (entry.reported?.includes(rule) === true) continue;
        entry.reported = [...(entry.reported ?? []), rule];
      }
      this.#fired.push(rule);
      if (evaluator.restored.includes(rule)) this.proofs.restored++;
      if (evaluator.unconfirmed.includes(rule)) this.proofs.unconfirmed++;
    }
    if (!revised) this.proofs.refuted += evaluator.refuted.length;
    this.#row = row;
    this.#result.revised = revised;
    this.#result.noted = noted;
    this.#onRow(row, this.#result);
  }

  /** Hands a row on that is not evaluated: its map stays as it came. */
  #pass({ row }: Entry<T>): void {
    this.#evaluator.evaluated.fill(false);
    this.#fired.length = 0;
    this.#row = row;
    this.#result.revised = false;
    this.#result.noted = false;
    this.#onRow(row, this.#result);
  }

  /** Rows of one group and one time wait for each other, to be sorted parents first. */
  #hold(entry: Entry<T>): void {
    const first = this.#held[0];
    if (first !== undefined && (first.key !== entry.key || first.row.timeMs !== entry.row.timeMs)) this.#releaseHeld();
    this.#held.push(entry);
  }

  #releaseHeld(): void {
    if (this.#held.length === 0) return;
    const held = this.#held;
    this.#held = [];
    for (const entry of this.#parentsFirst(held)) this.#report(entry, false);
  }

  /** Depth first from each row in arrival order; a cycle is cut where it is met. Ids of the first lineage rule decide. */
  #parentsFirst(entries: readonly Entry<T>[]): readonly Entry<T>[] {
    const planned = this.plan.rules.find(({ child }) => child >= 0);
    if (planned === undefined || entries.length === 1) return entries;
    const byId = new Map<string | undefined, Entry<T>[]>();
    for (const entry of entries) {
      const id = entry.row.columns[planned.child];
      byId.set(id, [...(byId.get(id) ?? []), entry]);
    }
    const sorted = new Set<Entry<T>>();
    const started = new Set<Entry<T>>();
    const visit = (start: Entry<T>): void => {
      const chain = [start];
      for (let entry = chain.at(-1); entry !== undefined; entry = chain.at(-1)) {
        started.add(entry);
        const parentId = entry.row.columns[planned.parent];
        const parents = parentId === undefined || parentId === '' ? [] : (byId.get(parentId) ?? []);
        const next = parents.find((parent) => !started.has(parent));
        if (next !== undefined) chain.push(next);
        else sorted.add(chain.pop() as Entry<T>);
      }
    };
    for (const entry of entries) if (!started.has(entry)) visit(entry);
    return [...sorted];
  }
}

function compareEntries<T>(a: Entry<T>, b: Entry<T>): number {
  return (
    a.epoch - b.epoch ||
    a.row.timeMs - b.row.timeMs ||
    a.row.source - b.row.source ||
    a.row.position - b.row.position ||
    a.row.part - b.row.part
  );
}
