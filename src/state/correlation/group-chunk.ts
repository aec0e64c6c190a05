/**
 * Groups of one correlation as a snapshot chunk: columns for groups, columns for their facts one group after the other, and a JSON head for
 * what few have. Numbers of groups and facts are not kept: they are given anew by whoever reads.
 *
 * Group columns: `listed` facts in the list, oldest first; `start` facts of these before the window; `waiting` facts in the queue (eager: the
 * last ones of the list, which may be undone; ordered: further facts, not in the list yet); `openMs`, `groupFlags` as in the WindowStore;
 * `settledMs`, `touched`, `mark` (source), `maxMs`, `markEpoch` of the queue. Fact columns as in the WindowStore.
 */
import { lengthened } from '../../core/growing-columns.ts';
import type { EventPlace } from '../event-place.ts';
import type { KeyedOrder } from '../order/keyed-order.ts';
import type { OrderMode } from '../order/order-target.ts';
import { type Column, type DecodedChunk, encodeChunk, type SnapshotChunk } from '../snapshot/chunk.ts';
import type { FactExtra } from './group-windows.ts';
import type { WindowStore } from './window-store.ts';

const GROUP_TYPES = {
  ...{ listed: Uint32Array, start: Uint32Array, waiting: Uint32Array, openMs: Float64Array, groupFlags: Uint8Array },
  ...{ settledMs: Float64Array, touched: Float64Array, mark: Int32Array, maxMs: Float64Array, markEpoch: Int32Array },
} as const;
const FACT_TYPES = {
  ...{ time: Float64Array, value: Float64Array, position: Float64Array, source: Int32Array, part: Uint32Array },
  ...{ member: Uint16Array, epoch: Int32Array, flags: Uint8Array },
} as const;

const FACT_NAMES = Object.keys(FACT_TYPES) as (keyof typeof FACT_TYPES)[];

/** JSON has no undefined. */
interface SavedExtra {
  readonly carried: readonly (string | null)[];
  readonly inner: readonly EventPlace[] | null;
}

interface GroupChunkHead {
  readonly texts: readonly string[];
  /** Further sources of groups: number in the chunk, and the marks. */
  readonly others: readonly (readonly [number, readonly (readonly [number, number | null, number])[]])[];
  /** Number of the fact in the chunk. */
  readonly extras: readonly (readonly [number, SavedExtra])[];
}

/** Groups being collected for one chunk. */
export class GroupCollection {
  readonly #groups = growingColumns(GROUP_TYPES);
  readonly #facts = new FactColumns();
  readonly #texts: string[] = [];
  readonly #others: [number, readonly (readonly [number, number | null, number])[]][] = [];
  readonly #extras: [number, SavedExtra][] = [];
  #factCount = 0;

  /** Returns about how many bytes the group takes. */
  add(
    store: WindowStore,
    order: KeyedOrder,
    extras: ReadonlyMap<number, FactExtra>,
    mode: OrderMode,
    group: number,
  ): number {
    const queue = order.saveQueue(group);
    const text = store.textOf(group);
    if (queue === undefined || text === undefined) return 0;
    const number = this.#texts.push(text) - 1;
    const first = this.#factCount;
    let start = 0;
    let passed = false;
    for (let fact = store.firstOf(group); fact >= 0; fact = store.afterOf(fact)) {
      passed ||= fact === store.startOf(group);
      if (!passed) start++;
      this.#addFact(store, extras, fact);
    }
    const listed = this.#factCount - first;
    if (mode === 'ordered') for (const fact of queue.items) this.#addFact(store, extras, fact);
    const [[source, maxMs, epoch] = [0, null, 0], ...others] = queue.sources;
    if (others.length > 0) this.#others.push([number, others]);
    const groups = this.#groups;
    groups.listed.set(number, listed);
    groups.start.set(number, start);
    groups.waiting.set(number, queue.items.length);
    groups.openMs.set(number, store.openMsOf(group));
    groups.groupFlags.set(number, store.groupFlagsOf(group));
    groups.settledMs.set(number, queue.settledMs ?? Number.NEGATIVE_INFINITY);
    groups.touched.set(number, queue.touched);
    groups.mark.set(number, source);
    groups.maxMs.set(number, maxMs ?? Number.NEGATIVE_INFINITY);
    groups.markEpoch.set(number, epoch);
    return 65 + 2 * text.length + 40 * (this.#factCount - first);
  }

  encode(key: string): SnapshotChunk {
    const head: GroupChunkHead = { texts: this.#texts, others: this.#others, extras: this.#extras };
    const columns: [string, Column][] = [
      ...Object.entries(this.#groups).map(([name, column]) => [name, column.taken(this.#texts.length)] as const),
      ...FACT_NAMES.map((name) => [name, this.#facts[name].subarray(0, this.#factCount)] as const),
    ].map(([name, column]) => [name, column]);
    return encodeChunk(key, head, Object.fromEntries(columns));
  }

  #addFact(store: WindowStore, extras: ReadonlyMap<number, FactExtra>, fact: number): void {
    const number = this.#factCount++;
    const facts = this.#facts;
    facts.reserve(number);
    // Written out: by name in a loop this took several times as long.
    facts.time[number] = store.timeOf(fact);
    facts.value[number] = store.hasValues ? store.valueAt(fact) : 0;
    facts.position[number] = store.positionOf(fact);
    facts.source[number] = store.sourceOf(fact);
    facts.part[number] = store.partOf(fact);
    facts.member[number] = store.memberOf(fact);
    facts.epoch[number] = store.epochOf(fact);
    facts.flags[number] = store.flagsOf(fact);
    const extra = extras.size === 0 ? undefined : extras.get(fact);
    if (extra === undefined) return;
    const carried = extra.carried.map((text) => text ?? null);
    this.#extras.push([number, { carried, inner: extra.inner ?? null }]);
  }
}

/** Puts the groups of a chunk into a store and order that do not have them. */
export function restoreGroups(
  { head, columns }: DecodedChunk,
  store: WindowStore,
  order: KeyedOrder,
  extras: Map<number, FactExtra>,
  mode: OrderMode,
  arrivalMs: number,
): void {
  const { texts, others, extras: savedExtras } = head as GroupChunkHead;
  const at = columns as Record<keyof typeof GROUP_TYPES | keyof typeof FACT_TYPES, Column>;
  const othersOf = new Map(others);
  const extraOf = new Map(savedExtras);
  let next = 0;
  const [time, value, position] = [at.time, at.value, at.position] as Float64Array[] as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const [source, epoch] = [at.source, at.epoch] as Int32Array[] as [Int32Array, Int32Array];
  const [part, member, flags] = [at.part as Uint32Array, at.member as Uint16Array, at.flags as Uint8Array];
  const take = (group: number): number => {
    const fact = store.newFact(
      group,
      time[next] as number,
      position[next] as number,
      source[next] as number,
      part[next] as number,
      member[next] as number,
    );
    if (store.hasValues) store.setValue(fact, value[next] as number);
    store.setEpoch(fact, epoch[next] as number);
    store.setFlags(fact, flags[next] as number);
    const extra = extraOf.size === 0 ? undefined : extraOf.get(next);
    next++;
    if (extra !== undefined)
      extras.set(fact, { carried: extra.carried.map((text) => text ?? undefined), inner: extra.inner ?? undefined });
    return fact;
  };
  texts.forEach((text, number) => {
    const group = store.groupOf(text);
    const listed = at.listed[number] as number;
    const start = at.start[number] as number;
    const waiting = at.waiting[number] as number;
    const items: number[] = [];
    for (let i = 0; i < listed; i++) {
      const fact = take(group);
      store.append(fact);
      if (i === start) store.setStart(group, fact);
      if (mode === 'eager' && i >= listed - waiting) items.push(fact);
    }
    if (mode === 'ordered') for (let i = 0; i < waiting; i++) items.push(take(group));
    store.setCount(group, listed - start);
    store.setOpenMs(group, at.openMs[number] as number);
    store.setGroupFlags(group, at.groupFlags[number] as number);
    const first = [at.mark[number], at.maxMs[number], at.markEpoch[number]] as [number, number, number];
    const sources = [first, ...(othersOf.get(number) ?? [])];
    const settledMs = at.settledMs[number] as number;
    order.restoreQueue({ key: group, items, sources, settledMs, touched: at.touched[number] as number }, arrivalMs);
  });
}

type ColumnType = (typeof GROUP_TYPES | typeof FACT_TYPES)[keyof (typeof GROUP_TYPES | typeof FACT_TYPES)];

/** The columns of facts, longer when there are more. */
class FactColumns {
  time = new Float64Array(4096);
  value = new Float64Array(4096);
  position = new Float64Array(4096);
  source = new Int32Array(4096);
  part = new Uint32Array(4096);
  member = new Uint16Array(4096);
  epoch = new Int32Array(4096);
  flags = new Uint8Array(4096);

  reserve(index: number): void {
    if (index < this.time.length) return;
    const size = 2 * this.time.length;
    this.time = lengthened(this.time, size);
    this.value = lengthened(this.value, size);
    this.position = lengthened(this.position, size);
    this.source = lengthened(this.source, size);
    this.part = lengthened(this.part, size);
    this.member = lengthened(this.member, size);
    this.epoch = lengthened(this.epoch, size);
    this.flags = lengthened(this.flags, size);
  }
}

class GrowingColumn {
  #values: Column;

  constructor(type: new (length: number) => Column) {
    this.#values = new type(256);
  }

  set(index: number, value: number): void {
    if (index >= this.#values.length) this.#values = lengthened(this.#values, this.#values.length * 2);
    this.#values[index] = value;
  }

  taken(length: number): Column {
    return this.#values.subarray(0, length);
  }
}

function growingColumns<N extends string>(types: Readonly<Record<N, ColumnType | (new (length: number) => Column)>>) {
  const entries = Object.entries(types) as [N, new (length: number) => Column][];
  return Object.fromEntries(entries.map(([name, type]) => [name, new GrowingColumn(type)])) as Record<N, GrowingColumn>;
}
