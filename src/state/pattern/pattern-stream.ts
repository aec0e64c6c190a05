/**
 * Patterns over several observations, followed through a stream of events in event time. Each event is one observation at one
 * instant. For every pattern and group key the events that satisfy one of its brackets are kept as long as a binding could
 * still need them; an event that completes a binding with events before it gives one match, with the first binding found.
 *
 * Facts are to be pushed in the order of (time, source, position) for results that do not depend on arrival; an event that comes
 * later than others is still matched with them. What is kept is bounded per pattern and key, and over all; what is dropped is
 * counted.
 */
import { type ObservationPlan, observedBrackets } from '../../ir/observation.ts';
import { closing, type DecodedChunk, encodeChunk, type SnapshotChunk } from '../snapshot/chunk.ts';
import { endable } from '../snapshot/endable.ts';
import { KeyedPicture } from '../snapshot/keyed-picture.ts';
import { type SearchObservation, searchBinding } from './binding-search.ts';
import type {
  EventCodec,
  PatternFact,
  PatternStreamCounts,
  PatternStreamMatch,
  PatternStreamOptions,
} from './pattern-fact.ts';
import { KnownPlans } from './known-plans.ts';
import { planSpanMs } from './plan-span.ts';

/** Groups collected for one chunk of a snapshot. */
type GroupCollection = SavedGroup[];

interface SavedGroup {
  /** Key of the pattern, see the constructor. */
  readonly pattern: string;
  readonly key: string;
  /** Null: the group has seen nothing in this epoch. */
  readonly newestMs: number | null;
  readonly touched: number;
  readonly kept: readonly { readonly timeMs: number; readonly brackets: readonly number[]; readonly event: unknown }[];
}

interface Kept<E> {
  readonly timeMs: number;
  readonly brackets: readonly number[];
  readonly event: E;
}

interface Group<E> {
  /** For pictures. */
  readonly number: number;
  /** Position of its plan, see KnownPlans. */
  readonly known: number;
  readonly key: string;
  newestMs: number;
  /** Count of pushes when the group was last touched. */
  touched: number;
  /** By time. */
  kept: Kept<E>[];
}

const DAY_MS = 86_400_000;
const EPOCH_JUMP_MS = 3_600_000;
/** A saved group beside its events. */
const GROUP_BYTES = 100;
/** Groups that one event looks at after a reload, for plans that are gone. */
const PURGED_PER_PUSH = 16;
/** Chunk that lists the keys of all plans. */
const PLANS = 'plans';

export class PatternStream<E> {
  readonly counts: PatternStreamCounts = {
    matches: 0,
    late: 0,
    epochs: 0,
    evictedEvents: 0,
    evictedKeys: 0,
    undecided: 0,
  };
  readonly #plans: KnownPlans;
  /** By number of the plan. */
  readonly #spansMs: number[];
  readonly #options: Required<PatternStreamOptions>;
  /** Least recently used first. */
  #groups = new Map<string, Group<E>>();
  #byNumber: (Group<E> | undefined)[] = [];
  #freeNumbers: number[] = [];
  /** Where the look for groups of plans that are gone has come to; undefined: there are none. */
  #purgeAt: number | undefined;
  readonly #picture: KeyedPicture<GroupCollection>;
  /** Told of a group before events leave it. */
  fullest: ((group: { readonly pattern: number; readonly kept: readonly Kept<E>[] }) => void) | undefined;
  readonly #codec: EventCodec<E>;
  /** By plan, where there were any. */
  readonly #lateOf = new Map<number, number>();
  readonly #undecidedOf = new Map<number, number>();
  #total = 0;
  #bytes = 0;
  #pushes = 0;

  /** `keys`: what names each plan over restarts; different for plans that differ. */
  constructor(
    plans: readonly ObservationPlan[],
    keys: readonly string[],
    codec: EventCodec<E>,
    options: PatternStreamOptions = {},
  ) {
    this.#plans = new KnownPlans(plans, keys);
    this.#codec = codec;
    this.#picture = new KeyedPicture('groups', {
      keyBound: () => this.#byNumber.length,
      exists: (number) => this.#byNumber[number] !== undefined,
      begin: () => [],
      add: (to, number) => this.#saveGroup(to, number),
      encode: (collected, key) => encodeChunk(key, collected),
    });
    this.#options = {
      retentionMs: options.retentionMs ?? DAY_MS,
      latenessMs: options.latenessMs ?? 60_000,
      lateEvents: options.lateEvents ?? 'drop',
      maxPerKey: options.maxPerKey ?? 1_000,
      maxTotal: options.maxTotal ?? 1_000_000,
      budgetBytes: options.budgetBytes ?? 256 << 20,
      maxSteps: options.maxSteps ?? 100_000,
    };
    this.#spansMs = plans.map((plan) => this.#spanOf(plan));
  }

  #spanOf(plan: ObservationPlan): number {
    return Math.min(planSpanMs(plan), this.#options.retentionMs);
  }

  /**
   * Other plans, while events go on. What is kept for plans that go is dropped, bit by bit, unless one that comes has the same key: that goes
   * on with it. Plans that come have the numbers from the one returned on.
   */
  change(
    removed: readonly number[],
    added: readonly { readonly plan: ObservationPlan; readonly key: string }[],
  ): number {
    const first = this.#plans.end;
    for (const number of removed) {
      this.#lateOf.delete(number);
      this.#undecidedOf.delete(number);
    }
    if (this.#plans.change(removed, added)) this.#purgeAt = 0;
    this.#spansMs.push(...added.map(({ plan }) => this.#spanOf(plan)));
    return first;
  }

  /** Events kept, over all patterns and keys. */
  get size(): number {
    return this.#total;
  }

  /** About the memory of the kept events. */
  get bytes(): number {
    return this.#bytes;
  }

  push(fact: PatternFact<E>): PatternStreamMatch<E> | undefined {
    if (fact.pattern >= this.#plans.end) throw new Error(`no pattern ${fact.pattern}`);
    const plan = this.#plans.at(fact.pattern);
    // A worker had seen the event before it heard that the pattern is gone.
    if (plan === undefined) return undefined;
    const group = this.#groupOf(fact.pattern, fact.key);
    group.touched = ++this.#pushes;
    if (fact.isReplay === true && fact.timeMs < group.newestMs - EPOCH_JUMP_MS) this.#beginEpoch(group);
    if (fact.timeMs < group.newestMs - this.#options.latenessMs) {
      this.counts.late++;
      this.#lateOf.set(fact.pattern, this.lateOf(fact.pattern) + 1);
      if (this.#options.lateEvents !== 'evaluate') return undefined;
    }
    group.newestMs = Math.max(group.newestMs, fact.timeMs);
    this.#expire(group, fact.pattern);
    this.#purge();
    const at = insert(group.kept, { timeMs: fact.timeMs, brackets: fact.brackets, event: fact.event });
    this.#total++;
    this.#bytes += this.#codec.size(fact.event);
    const match = this.#search(plan, group, at);
    if (group.kept.length > this.#options.maxPerKey) {
      this.#drop(group, 1);
      this.counts.evictedEvents++;
    }
    while (this.#total > this.#options.maxTotal || this.#bytes > this.#options.budgetBytes) {
      if (this.#groups.size === 1 && group.kept.length === 1) break;
      this.#dropQuietest(group);
    }
    return match;
  }

  /**
   * Takes the groups of another stream of the same options over, at a reload and before the first event; that one must not be used any more.
   * Groups of plans that are gone are dropped bit by bit. Returns the keys of the plans that the other one does not know.
   */
  takeOver(former: PatternStream<E>): readonly string[] {
    if (former === this) return [];
    const before = former.#plans.live();
    const isMore = this.#plans.takeOver(former.#plans);
    this.#groups = former.#groups;
    this.#byNumber = former.#byNumber;
    this.#freeNumbers = former.#freeNumbers;
    for (const [theirs, ours] of [
      [former.#lateOf, this.#lateOf],
      [former.#undecidedOf, this.#undecidedOf],
    ] as const)
      for (const [plan, count] of theirs) {
        const here = this.#plans.numberAt(former.#plans.positionOf(plan));
        if (here >= 0) ours.set(here, count);
      }
    this.#total = former.#total;
    this.#bytes = former.#bytes;
    this.#pushes = former.#pushes;
    this.#purgeAt = isMore ? 0 : undefined;
    for (const name of Object.keys(this.counts) as (keyof PatternStreamCounts)[])
      this.counts[name] = former.counts[name];
    return [...this.#plans.live().keys()].filter((key) => !before.has(key));
  }

  /** See StatefulPart. */
  snapshot(full: boolean): IterableIterator<SnapshotChunk, void> {
    const steps = this.#picture.begin(full);
    return endable(this.#draw(steps), (drawn) => {
      if (!drawn) steps.return?.();
    });
  }

  /** Groups of plans that are not here are left out. Returns the keys of the plans that the snapshot does not know. */
  restore(chunks: ReadonlyMap<string, DecodedChunk>): readonly string[] {
    const known = new Set((chunks.get(PLANS)?.head ?? []) as readonly string[]);
    const planOf = this.#plans.live();
    const saved = [...chunks].flatMap(([name, { head }]) => (name === PLANS ? [] : (head as GroupCollection)));
    saved.sort((a, b) => a.touched - b.touched);
    for (const { pattern, key, newestMs, touched, kept } of saved) {
      const plan = planOf.get(pattern);
      if (plan === undefined) continue;
      const group = this.#groupOf(plan, key);
      group.newestMs = newestMs ?? Number.NEGATIVE_INFINITY;
      group.touched = touched;
      group.kept = kept.map((each) => ({ ...each, event: this.#codec.load(each.event) }));
      this.#total += kept.length;
      for (const { event } of group.kept) this.#bytes += this.#codec.size(event);
      this.#pushes = Math.max(this.#pushes, touched);
    }
    return [...planOf.keys()].filter((key) => !known.has(key));
  }

  /** Late events of one plan. */
  lateOf(plan: number): number {
    return this.#lateOf.get(plan) ?? 0;
  }

  /** Searches of one plan that used up their budget. */
  undecidedOf(plan: number): number {
    return this.#undecidedOf.get(plan) ?? 0;
  }

  /** Numbers of the plans for which the test holds. */
  plansOf(test: (plan: number) => boolean): number[] {
    return [...this.#plans.numbers()].filter(test);
  }

  /** Numbers of the observations that a plan speaks of. */
  bracketsOf(plan: number): number[] {
    const found = this.#plans.at(plan);
    return found === undefined ? [] : observedBrackets(found).map(({ bracket }) => bracket);
  }

  /** Groups with their events, oldest first; the groups touched last come last. */
  *groups(): IterableIterator<{ readonly pattern: number; readonly key: string; readonly kept: readonly Kept<E>[] }> {
    for (const { known, key, kept } of this.#groups.values()) {
      const pattern = this.#plans.numberAt(known);
      if (pattern >= 0) yield { pattern, key, kept };
    }
  }

  *#draw(steps: Iterable<SnapshotChunk | undefined>): Generator<SnapshotChunk, void> {
    yield encodeChunk(PLANS, [...this.#plans.live().keys()]);
    for (const chunk of steps) if (chunk !== undefined) yield chunk;
    yield closing([PLANS, ...this.#picture.chunkKeys()]);
  }

  #saveGroup(to: GroupCollection, number: number): number {
    const group = this.#byNumber[number];
    const pattern = group && this.#plans.keyAt(group.known);
    if (group === undefined || pattern === undefined) return 0;
    const { key, newestMs, touched, kept } = group;
    to.push({
      ...{ pattern, key, touched },
      newestMs: Number.isFinite(newestMs) ? newestMs : null,
      kept: kept.map((each) => ({ ...each, event: this.#codec.save(each.event) })),
    });
    return GROUP_BYTES + kept.reduce((sum, { event }) => sum + this.#codec.size(event), 0);
  }

  /** The group, made the most recently used one. It is about to change. */
  #groupOf(pattern: number, key: string): Group<E> {
    const known = this.#plans.positionOf(pattern);
    const id = `${known} ${key}`;
    let group = this.#groups.get(id);
    if (group === undefined) {
      const number = this.#freeNumbers.pop() ?? this.#byNumber.length;
      group = { number, known, key, newestMs: Number.NEGATIVE_INFINITY, touched: 0, kept: [] };
      this.#picture.touching(number);
      this.#byNumber[number] = group;
    } else {
      this.#picture.touching(group.number);
      this.#groups.delete(id);
    }
    this.#groups.set(id, group);
    return group;
  }

  /** Drops the oldest events of a group. */
  #drop(group: Group<E>, count: number): void {
    const pattern = this.#plans.numberAt(group.known);
    if (group.kept.length > 0 && pattern >= 0) this.fullest?.({ pattern, kept: group.kept });
    for (const { event } of group.kept.splice(0, count)) this.#bytes -= this.#codec.size(event);
    this.#total -= count;
  }

  #beginEpoch(group: Group<E>): void {
    this.counts.epochs++;
    this.#drop(group, group.kept.length);
    group.newestMs = Number.NEGATIVE_INFINITY;
  }

  #expire(group: Group<E>, pattern: number): void {
    const oldestMs = group.newestMs - (this.#spansMs[pattern] as number) - this.#options.latenessMs;
    let expired = 0;
    while (expired < group.kept.length && (group.kept[expired] as Kept<E>).timeMs < oldestMs) expired++;
    if (expired > 0) this.#drop(group, expired);
  }

  #dropQuietest(current: Group<E>): void {
    for (const [id, group] of this.#groups) {
      if (group === current && this.#groups.size > 1) continue;
      this.#remove(id, group);
      this.counts.evictedKeys++;
      return;
    }
  }

  #remove(id: string, group: Group<E>): void {
    this.#picture.touching(group.number);
    this.#groups.delete(id);
    this.#byNumber[group.number] = undefined;
    this.#freeNumbers.push(group.number);
    this.#drop(group, group.kept.length);
  }

  /** Looks at some groups, and drops those whose plan is gone. */
  #purge(): void {
    if (this.#purgeAt === undefined) return;
    const end = Math.min(this.#byNumber.length, this.#purgeAt + PURGED_PER_PUSH);
    for (; this.#purgeAt < end; this.#purgeAt++) {
      const group = this.#byNumber[this.#purgeAt];
      if (group !== undefined && this.#plans.numberAt(group.known) < 0)
        this.#remove(`${group.known} ${group.key}`, group);
    }
    if (this.#purgeAt >= this.#byNumber.length) this.#purgeAt = undefined;
  }

  #search(plan: ObservationPlan, group: Group<E>, at: number): PatternStreamMatch<E> | undefined {
    const { kept } = group;
    const result = searchBinding({
      plan,
      observations: kept.map(({ timeMs }) => instant(timeMs)),
      holds: (bracket, index) => kept[index]?.brackets.includes(bracket) === true,
      mustContain: at,
      maxSteps: this.#options.maxSteps,
    });
    const number = this.#plans.numberAt(group.known);
    if (result.kind === 'undecided') {
      this.counts.undecided++;
      this.#undecidedOf.set(number, this.undecidedOf(number) + 1);
    }
    if (result.kind !== 'found') return undefined;
    this.counts.matches++;
    const indexes = [...new Set(result.binding.map(({ index }) => index))].sort((a, b) => a - b);
    const events = indexes.map((index) => (kept[index] as Kept<E>).event);
    return { pattern: number, key: group.key, events };
  }
}

function insert<E>(kept: Kept<E>[], item: Kept<E>): number {
  let at = kept.length;
  while (at > 0 && (kept[at - 1] as Kept<E>).timeMs > item.timeMs) at--;
  kept.splice(at, 0, item);
  return at;
}

function instant(timeMs: number): SearchObservation {
  const ns = BigInt(Math.round(timeMs * 1e3)) * 1_000n;
  return { first: ns, last: ns, count: 1 };
}
