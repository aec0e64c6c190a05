/**
 * CorrelationRunner: one correlation over all its groups. KeyedOrder brings the facts of a group into event-time order; here they
 * enter the group's window, and the condition is judged (see plan.ts for `crossing` and `closing`).
 *
 * Crossing: a fact at T sees the facts t with 0 <= T - t <= timespan. It alerts when the condition holds and did not hold at the fact
 * before, or when the window had run empty in between. When an older fact arrives late (eager order), the newer ones are undone
 * and judged again: what has been alerted stays alerted, one alert for each crossing.
 */
import { Fingerprint } from '../memory/fingerprint.ts';
import { KEY_BYTES } from '../order/key-records.ts';
import { KeyedOrder } from '../order/keyed-order.ts';
import type { OrderMode, OrderTarget } from '../order/order-target.ts';
import type { SourceClocks } from '../order/source-clock.ts';
import { type Aggregate, aggregateFor } from './aggregate.ts';
import { boundsTest } from './bounds-test.ts';
import { contributorsOf } from './contributors.ts';
import type { DecodedChunk } from '../snapshot/chunk.ts';
import { KeyedPicture } from '../snapshot/keyed-picture.ts';
import { type CorrelationFact, type FactLoss, numberOf } from './fact.ts';
import type { FiringHandler } from './firing.ts';
import { GroupCollection, restoreGroups } from './group-chunk.ts';
import { type FactExtra, GroupWindows, type RunnerWatch } from './group-windows.ts';
import type { MatchedRecord } from './matched-record.ts';
import { keyOf, type PlannedCorrelation, type Watcher } from './plan.ts';
import { RecordKey } from './record-key.ts';
import type { RunnerCounts, RunnerOptions } from './runner-options.ts';
import { ARMED, ARMED_BEFORE, EMITTED, WindowStore } from './window-store.ts';

export class CorrelationRunner {
  #planned: PlannedCorrelation;
  readonly store: WindowStore;
  readonly order: KeyedOrder;
  readonly extras = new Map<number, FactExtra>();
  readonly picture: KeyedPicture<GroupCollection>;
  readonly #aggregate: Aggregate;
  readonly #windows: GroupWindows;
  #watch: RunnerWatch | undefined;
  readonly #clocks: SourceClocks;
  readonly #options: RunnerOptions;
  #onFiring: FiringHandler;
  readonly #holds: (value: number) => boolean;
  readonly #print = new Fingerprint();
  readonly #key = new RecordKey();
  /** What `readRecord` has read. */
  #valueRead = 0;
  readonly #mode: OrderMode;
  readonly #crossing: boolean;
  #evicted = 0;
  #retracted = 0;
  /** Crossings found while facts are judged again, and alerts given out for facts that were undone. */
  #found: number[] = [];
  #undone = 0;
  #replaying = false;

  constructor(planned: PlannedCorrelation, clocks: SourceClocks, options: RunnerOptions, onFiring: FiringHandler) {
    this.#planned = planned;
    this.store = new WindowStore(options.seed, planned.value !== 'none');
    this.#clocks = clocks;
    this.#options = options;
    this.#onFiring = onFiring;
    this.#crossing = planned.judged === 'crossing';
    this.#mode = this.#crossing ? options.mode : 'ordered';
    this.#aggregate = aggregateFor(planned.rule, this.store);
    this.#windows = new GroupWindows(this.store, this.#aggregate, this.extras, this.#mode, options.maxFactsPerGroup);
    this.#holds = boundsTest(planned);
    this.order = new KeyedOrder(this.#target(), clocks, {
      mode: this.#mode,
      latenessMs: options.latenessMs + planned.innerDelayMs,
      maxPending: options.maxPending,
      deferred: true,
    });
    this.picture = new KeyedPicture(keyOf(planned), {
      keyBound: () => this.order.keyBound,
      exists: (group) => this.order.has(group),
      begin: () => new GroupCollection(),
      add: (to, group) => to.add(this.store, this.order, this.extras, this.#mode, group),
      encode: (collected, key) => collected.encode(key),
    });
    // Firings of inner correlations come when those are settled: in files, where all waits for the order, that is the end.
    this.order.hold = planned.chained && options.mode === 'ordered';
  }

  get watch(): RunnerWatch | undefined {
    return this.#watch;
  }

  set watch(watch: RunnerWatch | undefined) {
    this.#watch = watch;
    this.#windows.watch = watch;
  }

  get planned(): PlannedCorrelation {
    return this.#planned;
  }

  /** Goes on, with all it holds, for a rule of the same key in another plan. */
  moveTo(planned: PlannedCorrelation, onFiring: FiringHandler): void {
    this.#planned = planned;
    this.#onFiring = onFiring;
    this.order.latenessMs = this.#options.latenessMs + planned.innerDelayMs;
    this.order.hold = planned.chained && this.#options.mode === 'ordered';
  }

  /** True when facts wait for their lateness before they enter the window. */
  get waits(): boolean {
    return this.#mode === 'ordered';
  }

  get counts(): RunnerCounts {
    return {
      ...this.order.counts,
      groups: this.store.groups,
      facts: this.store.facts,
      pending: this.order.pending,
      trimmed: this.#windows.trimmed,
      evicted: this.#evicted,
      retracted: this.#retracted,
      bytes: this.store.byteLength + this.#aggregate.byteLength + this.order.byteLength,
    };
  }

  /** Sources that something here refers to. */
  addSources(to: Set<number>): void {
    this.store.addSources(to);
    this.order.addSources(to);
    for (const { inner } of this.extras.values()) for (const { source } of inner ?? []) to.add(source);
  }

  /** Bytes of what is held, without room for more. */
  get usedBytes(): number {
    return this.store.usedBytes + this.store.groups * KEY_BYTES;
  }

  push(fact: CorrelationFact, arrivalMs: number): void {
    const { store } = this;
    this.watch?.took(fact.member);
    const group = store.groupOf(fact.group.length === 1 ? (fact.group[0] as string) : JSON.stringify(fact.group));
    const id = store.newFact(group, fact.timeMs, fact.position, fact.source, fact.part, fact.member);
    if (store.hasValues)
      store.setValue(id, typeof fact.value === 'string' ? this.#valueKey(fact.value) : (fact.value ?? 0));
    store.setEpoch(id, fact.epoch ?? this.#clocks.observe(fact.source, fact.timeMs, arrivalMs));
    if (fact.carried !== undefined || fact.inner !== undefined)
      this.extras.set(id, { carried: fact.carried ?? [], inner: fact.inner });
    this.order.push(group, id, arrivalMs);
  }

  /** Why the record takes no part; undefined: it does, and `pushRecord` is to be called next. */
  readRecord(record: MatchedRecord, { groupNumbers, valueNumbers }: Watcher): FactLoss | undefined {
    if (!areThere(record, groupNumbers)) return 'missing-group-field';
    if (this.#planned.value === 'none') return undefined;
    if (!areThere(record, valueNumbers)) return 'missing-value';
    if (this.#planned.value === 'text') {
      this.#valueRead = this.#valueKeyOf(record, valueNumbers);
      return undefined;
    }
    const value = numberOf(record.textOf(valueNumbers[0] as number) ?? '');
    if (value === undefined) return 'not-numeric';
    this.#valueRead = value;
    return undefined;
  }

  /** As `push` of the fact that the record is to the watcher; `source`: number of the record's. */
  pushRecord(record: MatchedRecord, source: number, { groupNumbers, carriedNumbers, member }: Watcher): void {
    const { store } = this;
    this.watch?.took(member);
    const key = this.#key;
    const group = key.read(record, groupNumbers)
      ? store.groupOfBytes(key.bytes, key.start, key.end)
      : store.groupOf(key.text);
    const id = store.newFact(group, record.timeMs, record.position, source, 0, member);
    if (store.hasValues) store.setValue(id, this.#valueRead);
    store.setEpoch(id, this.#clocks.observe(source, record.timeMs, record.arrivalMs));
    if (carriedNumbers.length > 0)
      this.extras.set(id, { carried: carriedNumbers.map((field) => record.textOf(field)), inner: undefined });
    this.order.push(group, id, record.arrivalMs);
  }

  /** The number that the group's condition is about, at its newest fact. */
  valueOf(group: number): number {
    const last = this.store.lastOf(group);
    const fromMs =
      last < 0 || !this.#crossing ? Number.NEGATIVE_INFINITY : this.store.timeOf(last) - this.planned.rule.timespanMs;
    return this.#aggregate.value(group, fromMs);
  }

  /** Frees a tenth of the groups, those untouched for longest. */
  evict(): void {
    this.#evicted += this.order.evictStalest(0.1);
  }

  /** Takes groups of a snapshot; their aggregates, which it does not hold, are made anew. */
  restoreGroups(chunk: DecodedChunk, arrivalMs: number): void {
    const before = this.store.groups;
    restoreGroups(chunk, this.store, this.order, this.extras, this.#mode, arrivalMs);
    // Into an empty store groups come with rising numbers.
    for (let group = before; group < this.store.groups; group++) this.#windows.rebuild(group);
  }

  #target(): OrderTarget {
    const { store } = this;
    return {
      items: store,
      touching: (group) => this.picture.touching(group),
      expect: (facts, from, end) => store.expect(facts, from, end),
      apply: (fact) => (this.#crossing ? this.#applyCrossing(fact) : this.#applyClosing(fact)),
      undo: (fact) => this.#undo(fact),
      isDelayed: (fact) => this.extras.size > 0 && this.extras.get(fact)?.inner !== undefined,
      settle: (fact) => this.#windows.dropBefore(fact, this.planned.rule.timespanMs),
      late: (fact) => this.#release(fact),
      takeLate: (fact, timeMs, epoch) => {
        if (this.#options.lateEvents !== 'evaluate') return false;
        store.setTime(fact, timeMs);
        store.setEpoch(fact, epoch);
        return true;
      },
      advanced: (group, settledMs) => this.#advanced(group, settledMs),
      forgetAll: () => this.#forgetAll(),
      retentionMs: () => this.planned.rule.timespanMs,
      closed: (group) => this.#free(group),
      evicted: (group) => this.#free(group),
    };
  }

  #applyCrossing(fact: number): void {
    const { store } = this;
    const group = store.ownerOf(fact);
    const fromMs = store.timeOf(fact) - this.planned.rule.timespanMs;
    this.#windows.expire(group, fromMs);
    const armed = store.countOf(group) === 0 || (store.groupFlagsOf(group) & ARMED) !== 0;
    this.#windows.enter(group, fact);
    const holds = this.#holds(this.#aggregate.value(group, fromMs));
    const before = store.flagsOf(fact) & EMITTED;
    // What the group was like before this fact, so that an undo can bring it back.
    store.setFlags(fact, before | ((store.groupFlagsOf(group) & ARMED) !== 0 ? ARMED_BEFORE : 0));
    store.setGroupFlags(group, holds ? 0 : ARMED);
    if (holds && (armed || this.#options.alert === 'each')) this.#cross(group, fact);
    else if (before !== 0) store.setFlags(fact, store.flagsOf(fact) & ~EMITTED);
  }

  #cross(group: number, fact: number): void {
    const { store } = this;
    if ((store.flagsOf(fact) & EMITTED) !== 0) {
      this.#undone--;
      return;
    }
    if (this.#replaying) this.#found.push(fact);
    else this.#fire(group, fact);
  }

  #fire(group: number, fact: number): void {
    const { store } = this;
    store.setFlags(fact, store.flagsOf(fact) | EMITTED);
    const timeMs = store.timeOf(fact);
    const fromMs = timeMs - this.planned.rule.timespanMs;
    const value = this.#aggregate.value(group, fromMs);
    this.#emit(group, fact, value, store.timeOf(store.startOf(group)), timeMs);
  }

  /** Takes the newest fact of the group back. */
  #undo(fact: number): void {
    const { store } = this;
    const group = store.ownerOf(fact);
    this.#replaying = true;
    if ((store.flagsOf(fact) & EMITTED) !== 0) this.#undone++;
    this.#windows.takeBack(group, fact, this.planned.rule.timespanMs);
    store.setGroupFlags(group, (store.flagsOf(fact) & ARMED_BEFORE) !== 0 ? ARMED : 0);
  }

  /** Facts that were judged again are done: alerts beyond those given out before the undo. */
  #endReplay(group: number): void {
    this.#replaying = false;
    const surplus = Math.max(0, this.#found.length - this.#undone);
    this.#retracted += Math.max(0, this.#undone - this.#found.length);
    this.#found.forEach((fact, index) => {
      if (index < this.#found.length - surplus) this.store.setFlags(fact, this.store.flagsOf(fact) | EMITTED);
      else this.#fireAt(group, fact);
    });
    this.#found = [];
    this.#undone = 0;
  }

  /** Fires for a fact that need not be the newest: the window is the one that ends with it. */
  #fireAt(group: number, fact: number): void {
    const { store } = this;
    store.setFlags(fact, store.flagsOf(fact) | EMITTED);
    const timeMs = store.timeOf(fact);
    const fromMs = timeMs - this.planned.rule.timespanMs;
    let first = fact;
    let count = 1;
    for (let at = store.beforeOf(fact); at >= 0 && store.timeOf(at) >= fromMs; at = store.beforeOf(at)) {
      first = at;
      count++;
    }
    // The aggregate stands at the newest fact by now; for event_count the number is known, for others that of now is told.
    const value = this.planned.rule.type === 'event_count' ? count : this.#aggregate.value(group, fromMs);
    this.#emit(group, fact, value, store.timeOf(first), timeMs);
  }

  #applyClosing(fact: number): void {
    const { store } = this;
    const group = store.ownerOf(fact);
    const timeMs = store.timeOf(fact);
    if (timeMs > store.openMsOf(group) + this.planned.rule.timespanMs) this.#judge(group);
    if (Number.isNaN(store.openMsOf(group))) store.setOpenMs(group, timeMs);
    this.#windows.enter(group, fact);
  }

  /** Judges the group's window and empties it. */
  #judge(group: number): void {
    const { store } = this;
    const openMs = store.openMsOf(group);
    if (Number.isNaN(openMs)) return;
    const value = this.#aggregate.value(group, Number.NEGATIVE_INFINITY);
    const last = store.lastOf(group);
    if (last >= 0 && this.#holds(value)) this.#emit(group, last, value, openMs, openMs + this.planned.rule.timespanMs);
    store.setOpenMs(group, Number.NaN);
    this.#windows.expire(group, Number.POSITIVE_INFINITY);
    this.#aggregate.clear(group);
  }

  #advanced(group: number, settledMs: number | undefined): void {
    if (this.#replaying) this.#endReplay(group);
    if (
      !this.#crossing &&
      (settledMs === undefined || settledMs > this.store.openMsOf(group) + this.planned.rule.timespanMs)
    )
      this.#judge(group);
    if (settledMs === undefined) this.#windows.empty(group);
  }

  /** A late fact: it was counted, nothing refers to it. */
  #release(fact: number): void {
    this.extras.delete(fact);
    this.store.freeFact(fact);
  }

  /** Windows that nobody looks at, and that nothing is to be told of when they end. */
  #forgetAll(): boolean {
    const isSilent = this.#crossing && this.#aggregate.countsOnly === true && this.#watch === undefined;
    if (!isSilent || !this.picture.touchAll()) return false;
    this.extras.clear();
    this.store.freeAll();
    return true;
  }

  #free(group: number): void {
    this.#windows.empty(group);
    this.store.freeGroup(group);
  }

  #emit(group: number, fact: number, value: number, windowStartMs: number, windowEndMs: number): void {
    const { store } = this;
    const fromMs = this.#crossing ? store.timeOf(fact) - this.planned.rule.timespanMs : Number.NEGATIVE_INFINITY;
    const { events, omitted } = contributorsOf(store, this.extras, fact, fromMs, this.#options.maxEvents);
    this.#onFiring(
      {
        rule: this.planned.rule,
        timeMs: store.timeOf(fact),
        epoch: store.epochOf(fact),
        group: this.groupValues(group),
        value,
        windowStartMs,
        windowEndMs,
        events,
        eventsOmitted: omitted,
      },
      this.extras.get(fact)?.carried ?? [],
    );
  }

  groupValues(group: number): Record<string, string> {
    const text = this.store.textOf(group) ?? '';
    const names = this.planned.groupNames;
    const values = names.length === 1 ? [text] : (JSON.parse(text) as string[]);
    return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
  }

  #valueKeyOf(record: MatchedRecord, fields: readonly number[]): number {
    const key = this.#key;
    if (!key.read(record, fields)) return this.#valueKey(key.text);
    const { lo, hi } = this.#options.seed;
    return this.#print.set(lo, hi).addBytes(key.bytes, key.start, key.end).key;
  }

  /** 53 bits of the fingerprint: exact as a number, so that it fits the column of numeric values. */
  #valueKey(text: string): number {
    return this.#print.set(this.#options.seed.lo, this.#options.seed.hi).add(text).key;
  }
}

function areThere(record: MatchedRecord, fields: readonly number[]): boolean {
  for (let i = 0; i < fields.length; i++) if (record.isAbsent(fields[i] as number)) return false;
  return true;
}
