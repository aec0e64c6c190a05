/**
 * One row against all rules of a plan (flux-capacitor.md section 5), in event-time order: copies remembered tags into the row, and
 * remembers its own. Nothing is allocated per row but what is remembered.
 *
 * Where the original is wrong this is right: tags are evaluated in the order of the list, all columns of `groupby` count, keys are
 * tuples, an empty or absent id links nothing and nobody is its own parent, an absent column of `groupby` joins nothing, a process
 * id that is used again starts clean (Bloom memory excepted), own and inherited tags are told apart in conditions.
 */
import { Fingerprint } from '../memory/fingerprint.ts';
import type { GroupTable } from '../memory/group-table.ts';
import { NONE } from '../order/item-records.ts';
import { type ChainWords, chainTags, wantedBits } from './chain.ts';
import { IdRecall } from './id-recall.ts';
import type { FluxMemory, RowJournal } from './memory.ts';
import type { FluxPlan, PlannedRule } from './plan.ts';
import { TAGS_PER_WORD } from './plan.ts';
import { ProofJudge, type ProofSource } from './proof.ts';
import { ABSENT, FILLED, type RowTable } from './row-table.ts';
import { RowVerdicts } from './row-verdicts.ts';
import type { FluxRow } from './row.ts';

/** What kind of fact a key stands for; mixed into it. */
const FIRED = 0x46495245;
const START = 0x53544152;
/** Flags of a context: its condition held, or memory alone said so. */
const HELD = 1;
const SUSPECTED = 2;

export class FluxEvaluator {
  readonly plan: FluxPlan;
  /** Results of the last row: own or remembered tags, by the plan's words. */
  readonly tags: Int32Array;
  /** Remembered tags alone. */
  readonly inherited: Int32Array;
  /** By rule: false for a temporal rule whose listed tags were all false. */
  readonly evaluated: boolean[];
  /** Which rules fired on the last row. */
  readonly verdicts: RowVerdicts;
  /** By rule: whether the row was of the process that held its id already. */
  readonly same: boolean[];
  /** Strict order: the tags that are part of the chain; an own tag out of order shows, but does not count. */
  readonly #chained: Int32Array;
  /** Tags that memory held before the last row, where a rule looked. */
  readonly before: Int32Array;
  readonly #words: ChainWords;
  readonly #isJudged: boolean;
  readonly #memory: FluxMemory;
  /** Flags stay exact in Bloom mode: a wrong one would hide an alert. */
  readonly #flags: FluxMemory;
  readonly #seedLo: number;
  readonly #seedHi: number;
  readonly #group = new Fingerprint();
  readonly #key = new Fingerprint();
  /** The last row: its own tags, its time, whether it has a group, its columns. */
  readonly own: Int32Array;
  remembers = false;
  #timeMs = 0;
  /** Where the last row stands, and whether its columns and tags have been read from there. */
  #rows: RowTable<unknown> | undefined;
  #groups: GroupTable | undefined;
  #slot = NONE;
  #isRead = true;
  readonly #columnStates: Uint8Array;
  readonly #columnLo: Int32Array;
  readonly #columnHi: Int32Array;
  readonly #recall: IdRecall;
  /** By rule: what is remembered of the last row's parent and child, by the plan's words. Of rules that have none nothing. */
  readonly #parents: readonly Int32Array[];
  readonly #children: readonly Int32Array[];
  /** Whether a row without own tags, of whose ids nothing is remembered, changes nothing: then its outcome is always the same. */
  readonly #hasPlain: boolean;
  /** Lineage rules that such a row fires: their conditions ask for the absence of tags. */
  readonly #firesPlain: readonly number[];
  /** The results stand for such a row already. */
  #showsPlain = false;
  /** Rows told by that alone. */
  plainRows = 0;
  /** By word: what tells the facts of one id apart, different for every rule and word. */
  readonly #places: Int32Array;
  /** By word: its tags. Of others a Bloom filter would be asked for nothing, and would take wrong answers for tags. */
  readonly #wanted: Int32Array;

  constructor(
    plan: FluxPlan,
    memory: FluxMemory,
    flags: FluxMemory,
    seed: { readonly lo: number; readonly hi: number },
    /** Given when memory may be wrong. */
    proofs?: ProofSource,
  ) {
    this.plan = plan;
    this.tags = new Int32Array(plan.words);
    this.inherited = new Int32Array(plan.words);
    this.#chained = new Int32Array(plan.words);
    this.before = new Int32Array(plan.words);
    this.#words = { tags: this.tags, inherited: this.inherited, chained: this.#chained };
    this.#isJudged = proofs !== undefined;
    this.same = plan.rules.map(() => false);
    this.evaluated = plan.rules.map(() => false);
    this.#memory = memory;
    this.#flags = flags;
    this.#seedLo = seed.lo;
    this.#seedHi = seed.hi;
    this.own = new Int32Array(plan.words);
    this.verdicts = new RowVerdicts(this, proofs === undefined ? undefined : new ProofJudge(plan, proofs));
    this.#columnStates = new Uint8Array(plan.columns.length);
    this.#columnLo = new Int32Array(plan.columns.length);
    this.#columnHi = new Int32Array(plan.columns.length);
    // With `start` each row leaves a mark of its process; with `every` it is told what its group remembers.
    this.#hasPlain = proofs === undefined && plan.rules.every(({ start, every }) => start < 0 && !every);
    const none = new Int32Array(plan.words);
    this.#firesPlain = plan.rules.flatMap(({ rule, ordinal, condition }) =>
      rule.action !== 'temporal' && condition(none, none, none) ? [ordinal] : [],
    );
    this.#places = new Int32Array(plan.words);
    this.#wanted = new Int32Array(plan.words);
    for (const planned of plan.rules) {
      const { wordOffset, wordCount, lo, hi } = planned;
      for (let w = 0; w < wordCount; w++) {
        this.#places[wordOffset + w] = this.#key.set(lo, hi).mix(w, 0).lo;
        this.#wanted[wordOffset + w] = wantedBits(planned, w);
      }
    }
    this.#recall = new IdRecall(plan, memory, this.#places, this.#wanted);
    this.#parents = plan.rules.map(({ parent }) => this.#recall.masksOf(parent) ?? none);
    this.#children = plan.rules.map(({ child }) => this.#recall.masksOf(child) ?? none);
  }

  /** Key of a column's value inside the group of the last row, the same object each time; undefined when the row has none. */
  columnKey(column: number): Fingerprint | undefined {
    this.#readRow();
    if (!this.remembers || this.#columnStates[column] !== FILLED) return undefined;
    return this.#key.set(this.#columnLo[column] as number, this.#columnHi[column] as number);
  }

  /** Key of the context that a temporal rule joined the last row to; undefined when a column of it is absent. */
  contextKey(planned: PlannedRule): Fingerprint | undefined {
    this.#readRow();
    return this.remembers && this.#contextKey(planned) ? this.#key : undefined;
  }

  /** Fingerprint of a group value; the same object each time. */
  groupOf(text: string): Fingerprint {
    return this.#key.set(this.#seedLo, this.#seedHi).add(text);
  }

  /** Evaluates a row of a group of the table; the results stand in the public fields until the next call. */
  evaluate(rows: RowTable<unknown>, slot: number, groups: GroupTable, journal: RowJournal | undefined): void {
    this.remembers = true;
    this.#rows = rows;
    this.#groups = groups;
    this.#slot = slot;
    this.#isRead = false;
    // A Bloom filter must be that of the group before it is asked; tables know by the key alone.
    const isBloom = this.#memory.kind === 'bloom';
    if (isBloom) this.#enterGroup();
    const isTold = this.#recall.mayHold(rows, slot);
    const mayBePlain = this.#hasPlain && !rows.hasTags(slot);
    if (mayBePlain && !isTold) {
      this.#showPlain();
      return;
    }
    this.#readRow();
    const recalls = this.#recall.recall(this.#columnLo, this.#columnHi);
    if (mayBePlain && !recalls) {
      this.#showPlain();
      return;
    }
    this.#timeMs = rows.timeOf(slot);
    if (!isBloom) this.#enterGroup();
    this.#evaluateRules(journal);
  }

  /** Rows that are likely to be evaluated next: `slots` from `from` to before `end`, NONE among them for none. */
  expect(rows: RowTable<unknown>, slots: Int32Array, from: number, end: number): void {
    this.#recall.expect(rows, slots, from, end);
  }

  #enterGroup(): void {
    this.#readGroup();
    const { lo, hi } = this.#group;
    this.#memory.enter(lo, hi);
    if (this.#flags !== this.#memory) this.#flags.enter(lo, hi);
  }

  #readGroup(): void {
    const key = this.#rows?.ownerOf(this.#slot) ?? 0;
    this.#group.set(this.#groups?.keys[2 * key] as number, this.#groups?.keys[2 * key + 1] as number);
  }

  /** Reads group, columns and tags of the last row, unless that is done: of most rows nobody asks for them. */
  #readRow(): void {
    if (this.#isRead) return;
    this.#isRead = true;
    this.#readGroup();
    this.#rows?.read(this.#slot, this.#columnLo, this.#columnHi, this.#columnStates, this.own);
  }

  /** Reads a row whose map stays as it came. */
  pass(rows: RowTable<unknown>, slot: number): void {
    rows.read(slot, this.#columnLo, this.#columnHi, this.#columnStates, this.own);
    this.#isRead = true;
    this.evaluated.fill(false);
    this.#showsPlain = false;
  }

  #showPlain(): void {
    this.plainRows++;
    if (this.#showsPlain) return;
    this.#showsPlain = true;
    this.verdicts.clear();
    this.own.fill(0);
    this.tags.fill(0);
    this.inherited.fill(0);
    this.same.fill(false);
    for (const { rule, ordinal } of this.plan.rules) this.evaluated[ordinal] = rule.action !== 'temporal';
    this.verdicts.fired.push(...this.#firesPlain);
  }

  /** Evaluates a row that has no group: it remembers nothing and is told nothing. */
  evaluateAlone({ timeMs, own }: FluxRow<unknown>): void {
    this.remembers = false;
    this.#isRead = true;
    this.#timeMs = timeMs;
    this.own.set(own);
    this.#columnStates.fill(ABSENT);
    this.#recall.clear();
    this.#evaluateRules(undefined);
  }

  #evaluateRules(journal: RowJournal | undefined): void {
    this.#showsPlain = false;
    this.verdicts.clear();
    for (const rule of this.plan.rules) {
      if (rule.rule.action === 'temporal') this.#temporal(rule, journal);
      else this.#lineage(rule, journal);
    }
  }

  #temporal(planned: PlannedRule, journal: RowJournal | undefined): void {
    const { wordOffset, wordCount } = planned;
    let any = 0;
    for (let word = wordOffset; word < wordOffset + wordCount; word++) {
      any |= this.own[word] as number;
      this.tags[word] = this.own[word] as number;
      this.inherited[word] = 0;
      this.#chained[word] = 0;
    }
    const isEvaluated = any !== 0 || planned.every;
    this.evaluated[planned.ordinal] = isEvaluated;
    if (!isEvaluated) return;
    const joined = this.remembers && this.#contextKey(planned);
    if (joined) {
      if (planned.rule.action === 'temporal' && planned.rule.timespanMs !== undefined)
        this.#timed(planned, planned.rule.timespanMs, journal);
      else this.#untimed(planned, journal);
    }
    this.#judgeTemporal(planned, joined, journal);
  }

  /** Sets #key to rule + context values. False when a column is absent: such a row joins nothing. */
  #contextKey(planned: PlannedRule): boolean {
    this.#key.set(this.#group.lo, this.#group.hi).mix(planned.lo, planned.hi);
    for (const column of planned.context) {
      if (this.#columnStates[column] === ABSENT) return false;
      this.#key.mix(this.#columnLo[column] as number, this.#columnHi[column] as number);
    }
    return true;
  }

  #untimed(planned: PlannedRule, journal: RowJournal | undefined): void {
    const { lo, hi } = this.#key;
    for (let w = 0; w < planned.wordCount; w++) {
      this.#key.set(lo, hi).mix(w, 0);
      const wanted = this.#wanted[planned.wordOffset + w] as number;
      this.before[planned.wordOffset + w] = this.#memory.readMask(this.#key.lo, this.#key.hi, wanted);
    }
    chainTags(planned, this.own, this.before, this.#words);
    for (let w = 0; w < planned.wordCount; w++) {
      const own = this.own[planned.wordOffset + w] as number;
      const after = this.#chained[planned.wordOffset + w] as number;
      if ((own & after) === 0) continue;
      // Own tags are put again even when nothing changes, so that they count as young; a Bloom filter takes nothing but them.
      const put = this.#memory.kind === 'bloom' ? after & own : after;
      this.#key.set(lo, hi).mix(w, 0);
      this.#memory.writeMask(this.#key.lo, this.#key.hi, put, journal);
    }
    this.#key.set(lo, hi);
  }

  /**
   * With a time span each tag has a time. Unordered: when it was last true. Ordered: when the newest chain that ends with it began,
   * so that a chain is whole exactly when its first and its last event are no further apart than the span.
   */
  #timed(planned: PlannedRule, timespanMs: number, journal: RowJournal | undefined): void {
    const rule = planned.rule;
    const ordered = rule.action === 'temporal' && rule.ordered;
    const strict = rule.action === 'temporal' && rule.strict;
    const { lo, hi } = this.#key;
    let before = this.#timeMs;
    let now = this.#timeMs;
    for (let tag = 0; tag < rule.tags.length; tag++) {
      const word = planned.wordOffset + Math.floor(tag / TAGS_PER_WORD);
      const bit = 1 << (tag % TAGS_PER_WORD);
      const own = ((this.own[word] as number) & bit) !== 0;
      this.#key.set(lo, hi).mix(tag, 1);
      let time = this.#memory.readTime(this.#key.lo, this.#key.hi);
      if (!(this.#timeMs - time >= 0 && this.#timeMs - time <= timespanMs)) time = Number.NaN;
      const chain = ordered && tag > 0 ? (strict ? before : now) : this.#timeMs;
      if (!Number.isNaN(time)) this.inherited[word] = (this.inherited[word] as number) | bit;
      before = time;
      now = time;
      if (own && !Number.isNaN(chain)) {
        now = Number.isNaN(time) ? chain : Math.max(time, chain);
        this.#memory.writeTime(this.#key.lo, this.#key.hi, now, journal);
      } else if (ordered && tag > 0 && Number.isNaN(chain)) {
        // The tag before it is not remembered any more: this one shows on its own rows only.
        this.inherited[word] = (this.inherited[word] as number) & ~bit;
        continue;
      }
      if (Number.isNaN(now)) continue;
      this.tags[word] = (this.tags[word] as number) | bit;
      this.#chained[word] = (this.#chained[word] as number) | bit;
    }
    this.#key.set(lo, hi);
  }

  #judgeTemporal(planned: PlannedRule, joined: boolean, journal: RowJournal | undefined): void {
    const strict = planned.rule.action === 'temporal' && planned.rule.strict;
    const claimed = planned.condition(this.own, this.inherited, strict ? this.#chained : this.tags);
    if (!joined) {
      if (claimed) this.verdicts.fired.push(planned.ordinal);
      return;
    }
    if (!claimed && !planned.canFall) return;
    const { lo, hi } = this.#key;
    this.#key.mix(FIRED, 0);
    const firedLo = this.#key.lo;
    const firedHi = this.#key.hi;
    const flag = this.#flags.readMask(firedLo, firedHi, HELD | SUSPECTED);
    const wasTrue = flag === HELD;
    if (this.#isJudged && claimed && wasTrue && !planned.canFall) return;
    const verdict = this.verdicts.confirm(planned, claimed, lo, hi);
    const holds = verdict === 'unknown' ? claimed : verdict === 'true';
    const unknown = verdict === 'unknown' && !wasTrue;
    if (!wasTrue && !(unknown && flag === SUSPECTED)) this.verdicts.settle(planned.ordinal, claimed, verdict);
    if (holds && planned.rule.action === 'temporal' && planned.rule.reset) {
      this.#forgetContext(planned, lo, hi, journal);
      if (flag !== 0) this.#flags.writeMask(firedLo, firedHi, 0, journal);
      return;
    }
    // What fired without proof fires again once it is proven, and not before.
    const next = holds ? (unknown ? SUSPECTED : HELD) : 0;
    if (next !== flag) this.#flags.writeMask(firedLo, firedHi, next, journal);
  }

  #forgetContext(planned: PlannedRule, lo: number, hi: number, journal: RowJournal | undefined): void {
    for (let w = 0; w < planned.wordCount; w++) {
      this.#key.set(lo, hi).mix(w, 0);
      this.#memory.writeMask(this.#key.lo, this.#key.hi, 0, journal);
    }
    if (planned.rule.action !== 'temporal' || planned.rule.timespanMs === undefined) return;
    for (let tag = 0; tag < planned.rule.tags.length; tag++) {
      this.#key.set(lo, hi).mix(tag, 1);
      this.#memory.writeTime(this.#key.lo, this.#key.hi, Number.NaN, journal);
    }
  }

  #lineage(planned: PlannedRule, journal: RowJournal | undefined): void {
    this.evaluated[planned.ordinal] = true;
    const parentLo = this.#columnLo[planned.parent] as number;
    const parentHi = this.#columnHi[planned.parent] as number;
    const childLo = this.#columnLo[planned.child] as number;
    const childHi = this.#columnHi[planned.child] as number;
    const hasChild = this.#columnStates[planned.child] === FILLED;
    const isOwnParent = this.#columnStates[planned.child] !== ABSENT && parentLo === childLo && parentHi === childHi;
    const same = hasChild && this.#sameProcess(planned, journal);
    this.same[planned.ordinal] = same;
    const passesOn = planned.rule.action === 'ancestor';
    const ofParent = this.#parents[planned.ordinal] as Int32Array;
    const ofChild = this.#children[planned.ordinal] as Int32Array;
    for (let word = planned.wordOffset; word < planned.wordOffset + planned.wordCount; word++) {
      const own = this.own[word] as number;
      const place = this.#places[word] as number;
      const inherited = isOwnParent ? 0 : (ofParent[word] as number);
      if (hasChild) {
        const before = ofChild[word] as number;
        const kept = (passesOn ? own | inherited : own) | (same ? before : 0);
        if (kept !== 0 || before !== 0) this.#memory.writeMask(childLo ^ place, childHi, kept, journal);
      }
      this.before[word] = inherited;
      this.inherited[word] = inherited;
      this.tags[word] = own | inherited;
    }
    const claimed = planned.condition(this.own, this.inherited, this.tags);
    if (!this.#isJudged) {
      if (claimed) this.verdicts.fired.push(planned.ordinal);
    } else this.verdicts.settle(planned.ordinal, claimed, this.verdicts.confirm(planned, claimed, parentLo, parentHi));
  }

  /** Whether the row is of the process that holds the id already. Without `start` each row is a process of its own. */
  #sameProcess(planned: PlannedRule, journal: RowJournal | undefined): boolean {
    if (planned.start < 0) return false;
    if (this.#columnStates[planned.start] === ABSENT) return true;
    this.#key.set(this.#columnLo[planned.child] as number, this.#columnHi[planned.child] as number);
    this.#key.mix(planned.lo, planned.hi).mix(START, 0);
    // Thirty bits of the fingerprint tell two start times of one id apart; never 0, which would be "not remembered".
    const mark = ((this.#columnLo[planned.start] as number) & 0x3fffffff) | 0x40000000;
    const before = this.#flags.readMask(this.#key.lo, this.#key.hi, 0x7fffffff);
    if (before !== mark) this.#flags.writeMask(this.#key.lo, this.#key.hi, mark, journal);
    return before === mark;
  }
}
