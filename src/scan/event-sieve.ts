/**
 * EventSieve: JSON records in, and for each the rules that may hold for it; records that no rule can match are never decoded
 * (docs/design/event-sieve.md). What kinds of records there are is learnt on the way: at the first record of a kind the
 * resolver decodes it and says which rules concern its kind. Only one thread learns: those of others have a journal of it and use its
 * tables, and leave records of kinds that are not in it to that thread.
 *
 * A wrong no is impossible: what is not plain JSON of a known kind is a candidate for every rule.
 */
import { type EscapedText, EscapedTexts } from './escaped-texts.ts';
import { FactReader } from './fact-reader.ts';
import { kernelModule } from './kernel-module.ts';
import {
  fitsTables,
  KEPT_BYTES,
  type KeptSieve,
  type KeyNews,
  type LearntKind,
  MAX_KEPT_KINDS,
  type SampleRecord,
} from './kept-sieve.ts';
import { ScanMemory } from './scan-memory.ts';
import { SieveAutomata } from './sieve-automata.ts';
import type { SieveGroup } from './sieve-group.ts';
import { ENOUGH_RECORDS, SieveGroups } from './sieve-groups.ts';
import { MAX_KEYS, MAX_TELLS, SieveKeys } from './sieve-keys.ts';
import { type GroupNeeds, type PlacedGroup, SieveJournal, SieveJournalReader } from './sieve-journal.ts';
import { type NumberedQuestion, SieveKinds } from './sieve-kinds.ts';
import { SieveLeaves } from './sieve-leaves.ts';
import * as layout from './sieve-memory.ts';
import type { FollowingOptions, LearningOptions, SieveOptions, SieveShare } from './sieve-options.ts';
import { SieveCandidates, type SieveResult } from './sieve-result.ts';
import { SieveWorkArea } from './sieve-work-area.ts';
import type { KeyManner } from '../core/record-place.ts';
import type { RecordQuestion } from '../core/record-question.ts';

const RANGES = 32_768;
/** Words of the kernel's list of candidates, beside room for the rules of one record. */
const OUT_WORDS = 65_536;
/** Kinds of records that are remembered: names in them are log content. So much is told of them to others. */
const MAX_ROUTES = 8192;
const MAX_JOURNAL_BYTES = 64 << 20;
/** A block begins so far behind where the one before it ends. */
const BEFORE_BLOCK = 64;
const STAMP_LIMIT = 0x7000_0000;
const SAMPLE_BYTES = 1 << 20;
const EXACTLY: PlacedGroup = { address: layout.GROUP_EXACT };
const NO_RULES: PlacedGroup = { address: layout.GROUP_NONE };
const DONE = 1;
const UNKNOWN = 2;
const MISSING = 3;

interface Kernel {
  sieveLines(work: number, end: number, isFinal: number): number;
  sieveRanges(work: number, ranges: number, count: number): number;
  addLiterals(matcher: number, first: number, count: number): void;
  addEdge(work: number, edge: number): void;
  addLayout(work: number, words: number, count: number, program: number): void;
  noteText(work: number, start: number, length: number, number: number): void;
  addKey(work: number, key: number, parent: number, text: number, length: number): void;
  escapeText(from: number, to: number, out: number): number;
}

export class EventSieve {
  readonly input: Uint8Array;
  /** What makes the kernel read facts from listed values. */
  readonly factReader: FactReader;
  readonly #memory: ScanMemory;
  /** What can be kept: large tables, and where they begin. */
  readonly #kept: { readonly tables: ScanMemory; readonly start: number } | undefined;
  readonly #resolve: LearningOptions['resolve'] | undefined;
  readonly #journal: SieveJournal | undefined;
  readonly #news: SieveJournalReader | undefined;
  readonly #onNote: FollowingOptions['onNote'];
  /** Records left to the thread that learns. */
  #leftCount = 0;
  readonly #kernel: Kernel;
  readonly #area: SieveWorkArea;
  readonly #rangesAt: number;
  readonly #given: Uint32Array;
  readonly #keys: SieveKeys;
  readonly #kinds: SieveKinds;
  /** Where the first question stands, by origin of the records. */
  readonly #firsts = new Map<string, number>();
  #origin = '';
  readonly #groups: SieveGroups;
  readonly #candidates: SieveCandidates;
  readonly #automata: SieveAutomata;
  readonly #escaped: EscapedTexts;
  readonly #leaves: SieveLeaves;
  readonly #keyNews: KeyNews[] = [];
  /** Kinds that were learnt by another sieve. */
  #recalled = 0;
  /** Records so far, and when groups are looked through for those that have met enough. */
  #records = 0;
  #nextLook: number = ENOUGH_RECORDS;
  /** Room in the stamps. */
  #atoms = 0;
  #slots = 0;
  #rules = 0;
  #outWords = 0;

  /** Allocates its input and work area; on the thread that owns the memory. */
  constructor(memory: ScanMemory, options: SieveOptions) {
    this.#memory = memory;
    const isFollowing = 'follows' in options;
    // First of all, so that it is the same place for all of them.
    const start = !isFollowing && options.keeps === true ? memory.allocate(KEPT_BYTES) : undefined;
    const tables =
      start === undefined ? memory : new ScanMemory(memory.memory, start - BEFORE_BLOCK, start + KEPT_BYTES);
    this.#kept = start === undefined ? undefined : { tables, start };
    this.#automata = new SieveAutomata(tables);
    this.#resolve = isFollowing ? undefined : options.resolve;
    this.#journal = isFollowing || options.shares !== true ? undefined : new SieveJournal(memory);
    this.#onNote = isFollowing ? options.onNote : undefined;
    this.#news = isFollowing ? new SieveJournalReader(memory, options.follows) : undefined;
    this.#area = new SieveWorkArea(memory, options);
    const { work, inputAt } = this.#area;
    this.input = new Uint8Array(memory.memory.buffer, inputAt, options.inputBytes);
    this.#candidates = new SieveCandidates(inputAt);
    this.#rangesAt = memory.allocate(RANGES * 8);
    this.#given = new Uint32Array(memory.memory.buffer, this.#rangesAt, RANGES * 2);
    const instance = new WebAssembly.Instance(kernelModule('sieve'), { env: { memory: memory.memory } });
    this.#kernel = instance.exports as unknown as Kernel;
    const area = this.#area;
    this.factReader = new FactReader(memory, {
      heads: area.heads,
      headsAt: area.get(layout.SIEVE_KNOWN_HEADS),
      open: area.open,
      inputAt,
      get openCount() {
        return area.get(layout.SIEVE_OPEN_COUNT);
      },
      set openCount(count) {
        area.set(layout.SIEVE_OPEN_COUNT, count);
      },
      addLayout: (words, count, program) => this.#kernel.addLayout(work, words, count, program),
      noteText: (start, length, number) => this.#kernel.noteText(work, inputAt + start, length, number),
      refuseZoneless: () => this.#set(layout.SIEVE_ZONED, 1),
    });
    this.#escaped = new EscapedTexts(memory, (from, to, out) => this.#kernel.escapeText(from, to, out));
    this.#keys = new SieveKeys(
      memory,
      (key, parent, text, length) => this.#kernel.addKey(work, key, parent, text, length),
      (news) => {
        this.#journal?.add(news);
        if (!isFollowing) this.#keyNews.push(news);
      },
    );
    this.#kinds = new SieveKinds(memory, (edge) => this.#kernel.addEdge(work, edge));
    this.#leaves = new SieveLeaves(this.#kinds, isFollowing ? 0 : MAX_KEPT_KINDS);
    this.#groups = new SieveGroups(tables, this.#automata, {
      addLiterals: (matcher, first, count) => this.#kernel.addLiterals(matcher, first, count),
      makeRoom: (needs) => this.#makeRoom(needs),
      improve: isFollowing ? undefined : options.improve,
      recall: (leaf) => {
        const sample = this.#leaves.sampleOf(leaf);
        if (isFollowing || sample === undefined) return undefined;
        // Nothing was learnt here yet, perhaps.
        this.learnFrequency(this);
        return options.recall?.(sample.record, sample.origin);
      },
    });
    this.#set(layout.SIEVE_INFO, this.#keys.info);
    this.select('');
    this.#makeRoom({ atoms: 4096, slots: 256, rules: 1024 });
  }

  /** For sieves of other threads; undefined where nothing is shared. */
  get share(): SieveShare | undefined {
    return this.#journal === undefined ? undefined : { memory: this.#memory.memory, journal: this.#journal.address };
  }

  /**
   * Records that went to the exact path as a whole (those that were left do not count), rules evaluated, values that were remembered,
   * records in a known order, keys of these that came letter by letter, and records left to the thread that learns, since the start.
   */
  get counts(): {
    readonly exact: number;
    readonly evaluated: number;
    readonly repeated: number;
    readonly foreseen: number;
    readonly foreseenKeys: number;
    readonly kinds: number;
    readonly groups: number;
    readonly left: number;
  } {
    return {
      exact: this.#get(layout.SIEVE_EXACT) - this.#leftCount,
      evaluated: this.#get(layout.SIEVE_EVALUATED),
      repeated: this.#get(layout.SIEVE_REPEATED),
      foreseen: this.#get(layout.SIEVE_FORESEEN),
      foreseenKeys: this.#get(layout.SIEVE_FORESEEN_KEYS),
      kinds: this.#leaves.count,
      groups: this.#groups.count,
      left: this.#leftCount,
    };
  }

  /** Records by what their kinds are counted under; those that were irregular are not among them. */
  get recordsByLabel(): ReadonlyMap<string, number> {
    return this.#leaves.recordsByLabel;
  }

  /** First records of the kinds that it knows, as far as there was room for them. */
  samples(): Iterable<SampleRecord> {
    return this.#leaves.samples();
  }

  /** Literals are as frequent as for another sieve, or as in the first records that it knows. Before the first record. */
  learnFrequency(former: EventSieve): void {
    const { frequency } = former.#groups;
    const sample = frequency === undefined ? [...former.samples()].map(({ record }) => record) : [];
    this.#groups.learnFrom(frequency ?? Buffer.concat(sample).subarray(0, SAMPLE_BYTES));
  }

  /** Kinds that were learnt and groups that were improved here. */
  get news(): number {
    return this.#leaves.count - this.#recalled + this.#groups.improved;
  }

  /** Bytes of all tables. */
  get tableBytes(): number {
    return this.#memory.ownBytes + (this.#kept === undefined ? 0 : this.#kept.tables.ownBytes - KEPT_BYTES);
  }

  /** Where a group stands; undefined: nowhere, no record of its kind could be told by its bytes. */
  placed(group: SieveGroup | PlacedGroup): PlacedGroup | undefined {
    return this.#groups.has(group) ? this.#groups.placeOf(group) : undefined;
  }

  /** What it has learnt, until it learns more; undefined where that cannot be kept, or is too much. */
  keep(): KeptSieve | undefined {
    if (this.#kept === undefined) return undefined;
    const { start, tables } = this.#kept;
    const { usedBytes, memory } = tables;
    const leaves = this.#leaves.kept((address) => this.#groups.isFresh(address));
    if (usedBytes > start + KEPT_BYTES || leaves === undefined) return undefined;
    const bytes = new Uint8Array(memory.buffer, start, Math.max(0, usedBytes - start));
    return { ...leaves, start, tables: bytes, keys: this.#keyNews, automata: this.#automata.cells };
  }

  /** Goes on from what another one has kept, before the first record. False: it does not fit. */
  recall(kept: KeptSieve): boolean {
    if (this.#kept?.start !== kept.start || this.#leaves.count + this.#keyNews.length > 0) return false;
    const { tables } = this.#kept;
    if (!fitsTables(kept) || tables.ownBytes > 0) return false;
    const at = tables.allocate(kept.tables.length);
    if (at !== kept.start) return false;
    new Uint8Array(tables.memory.buffer, at, kept.tables.length).set(kept.tables);
    for (const news of kept.keys) this.#takeKey(news);
    for (const [cell, automaton] of kept.automata) this.#automata.recall(cell, automaton);
    let sample = 0;
    for (const { isFresh, sampleBytes, ...kind } of kept.kinds) {
      const record = sampleBytes === 0 ? undefined : kept.samples.subarray(sample, sample + sampleBytes);
      sample += sampleBytes;
      this.#groups.recall(kind.group, isFresh);
      this.#addKind(kind, record);
    }
    this.#recalled = this.#leaves.count;
    return true;
  }

  /** Times of listed values are not to be relied upon. */
  get knowsBeginTime(): boolean {
    return this.#keys.knowsBeginTime;
  }

  /** `input[start, end)` as a JSON text, for a while; undefined where it is not all printable ASCII. */
  escaped(start: number, end: number): EscapedText | undefined {
    return this.#escaped.add(this.#area.inputAt + start, this.#area.inputAt + end);
  }

  /** Number of a path of keys in records; undefined when there are too many. */
  keyOf(path: readonly string[]): number | undefined {
    return this.#keys.numberOf(path);
  }

  /** How the object at a path is read from now on; false when there are too many keys. */
  setManner(path: readonly string[], manner: KeyManner): boolean {
    return this.#keys.setManner(path, manner);
  }

  /** Records that are scanned from now on come from `origin`: kinds of records are those of one origin. Origins are few. */
  select(origin: string): void {
    this.#origin = origin;
    this.#set(layout.SIEVE_FIRST, this.#firstOf(origin));
  }

  #firstOf(origin: string): number {
    let first = this.#firsts.get(origin);
    if (first === undefined) {
      first = this.#memory.allocate(4);
      this.#firsts.set(origin, first);
    }
    return first;
  }

  /** Those of other threads are told before they see a kind that is resolved after this. */
  note(note: unknown): void {
    this.#journal?.add({ news: 'note', note });
  }

  /** Writes a group that has met enough records anew; between two scans, from time to time, where others do most of them. False: there is none. */
  improve(): boolean {
    return this.#groups.improve((leaf, group) => {
      this.#setGroup(leaf, group);
      this.#journal?.add({ news: 'group', leaf, group });
    });
  }

  #setGroup(leaf: number, group: PlacedGroup): void {
    if (group.needs !== undefined) this.#makeRoom(group.needs);
    this.#leaves.setGroup(leaf, group);
  }

  /** Records are the lines of `input[0, length)`; `isFinal` makes an unterminated last line a record. */
  scanLines(length: number, isFinal: boolean): SieveResult {
    this.#begin();
    this.#set(layout.SIEVE_POSITION, this.#area.inputAt);
    const end = this.#area.inputAt + length;
    for (;;) {
      const status = this.#kernel.sieveLines(this.#area.work, end, isFinal ? 1 : 0);
      this.#take(0);
      if (status === DONE) break;
      if (status === MISSING) this.#makeAutomaton();
      if (status === UNKNOWN) this.#learn(this.#get(layout.SIEVE_POSITION), end);
    }
    return this.#result(this.#get(layout.SIEVE_RECORD), this.#get(layout.SIEVE_POSITION) - this.#area.inputAt);
  }

  /** Records are given: two numbers each, start and end in `input`. */
  scanRecords(ranges: Uint32Array, count: number): SieveResult {
    this.#begin();
    for (let first = 0; first < count; first += RANGES) {
      const taken = Math.min(RANGES, count - first);
      for (let i = 0; i < 2 * taken; i++) this.#given[i] = this.#area.inputAt + (ranges[2 * first + i] ?? 0);
      this.#set(layout.SIEVE_RECORD, 0);
      for (;;) {
        const status = this.#kernel.sieveRanges(this.#area.work, this.#rangesAt, taken);
        this.#take(first);
        if (status === DONE) break;
        if (status === MISSING) this.#makeAutomaton();
        const record = this.#get(layout.SIEVE_RECORD);
        if (status === UNKNOWN) this.#learn(this.#given[2 * record] ?? 0, this.#given[2 * record + 1] ?? 0);
      }
    }
    return this.#result(count, 0);
  }

  /** The record at `start` is of a kind that was not met before. */
  #learn(start: number, limit: number): void {
    const resolve = this.#resolve;
    if (resolve === undefined) {
      this.#leave();
      return;
    }
    if (this.#leaves.count >= MAX_ROUTES || (this.#journal?.bytes ?? 0) > MAX_JOURNAL_BYTES) {
      this.#set(layout.SIEVE_FULL, 1);
      this.#journal?.add({ news: 'full' });
      return;
    }
    const bytes = this.input.subarray(0, limit - this.#area.inputAt);
    const from = start - this.#area.inputAt;
    // The records at hand are the sample that frequencies are learnt from.
    this.#groups.learnFrom(bytes.subarray(from, from + SAMPLE_BYTES));
    const feed = bytes.indexOf(0x0a, from);
    const end = feed < 0 ? bytes.length : feed;
    const { kind, questions, label } = resolve(bytes, from, end, this.#origin);
    const numbered = this.#numbered(questions);
    // Its values are noted when it is walked again.
    if (numbered === 'again') return;
    const steps = numbered && this.#kinds.stepsOf(numbered, this.#area.tells, this.#get(layout.SIEVE_STAMP));
    if (steps === undefined) {
      this.#set(layout.SIEVE_FORCED, 1);
      return;
    }
    const group = kind === 'exact' ? EXACTLY : kind === 'none' ? NO_RULES : this.#groups.placeOf(kind);
    if (!this.#addKind({ origin: this.#origin, steps, group, label }, bytes.subarray(from, end)))
      this.#set(layout.SIEVE_FORCED, 1);
  }

  /** False when there is no place for the kind; as much of its way as there is place for is there then. `sample`: its first record. */
  #addKind(kind: LearntKind, sample?: Uint8Array): boolean {
    const { steps, origin, group } = kind;
    this.#journal?.add({ news: 'kind', ...kind });
    const at = this.#kinds.add(steps, this.#firstOf(origin));
    if (at === undefined) return false;
    if (group.needs !== undefined) this.#makeRoom(group.needs);
    this.#groups.addLeaf(group, this.#leaves.add(this.#kinds.addLeaf(at, group.address), kind, sample));
    return true;
  }

  /** The next record is for the thread that learns. */
  #leave(): void {
    this.#leftCount++;
    this.#candidates.leaveNext();
    this.#set(layout.SIEVE_FORCED, 1);
  }

  #makeAutomaton(): void {
    if (this.#resolve === undefined) this.#leave();
    else this.#automata.make(this.#get(layout.SIEVE_MISSING));
  }

  /** Goes over to what the thread that learns has learnt by now. */
  #follow(): void {
    for (let news = this.#news?.read(); news !== undefined; news = this.#news?.read()) {
      switch (news.news) {
        case 'key':
        case 'tell':
        case 'manner':
          this.#takeKey(news);
          break;
        case 'kind':
          this.#addKind(news);
          break;
        case 'group':
          this.#setGroup(news.leaf, news.group);
          break;
        case 'note':
          this.#onNote?.(news.note);
          break;
        case 'full':
          this.#set(layout.SIEVE_FULL, 1);
      }
    }
  }

  #takeKey(news: KeyNews): void {
    if (news.news === 'manner') this.#keys.setManner(news.path, news.manner);
    else if (news.news === 'tell') this.#keys.tellOf(news.path);
    else this.#keys.numberOf(news.path);
  }

  /** `again`: the kernel did not yet look at everything that was asked. */
  #numbered(questions: readonly RecordQuestion[]): readonly NumberedQuestion[] | 'again' | undefined {
    const numbered: NumberedQuestion[] = [];
    let isComplete = true;
    for (const question of questions) {
      const found = question.ask === 'alone' ? { tell: 0, isNew: false } : this.#keys.tellOf(question.path);
      if (found === undefined) return undefined;
      if (found.isNew) isComplete = false;
      numbered.push({ ...question, tell: found.tell });
    }
    return isComplete ? numbered : 'again';
  }

  /** Stamps for the largest group, and room for all its rules in the list of candidates. */
  #makeRoom(needed: GroupNeeds): void {
    if (needed.atoms > this.#atoms) {
      this.#atoms = 2 * needed.atoms;
      this.#set(layout.SIEVE_HITS, this.#memory.allocate(4 * this.#atoms));
      this.#set(layout.SIEVE_ATOMS, this.#memory.allocate(4 * this.#atoms));
    }
    if (needed.slots > this.#slots) {
      this.#slots = 2 * needed.slots;
      this.#set(layout.SIEVE_SLOTS, this.#memory.allocate(layout.SLOT_BYTES * this.#slots));
    }
    if (needed.rules <= this.#rules) return;
    this.#rules = 2 * needed.rules;
    this.#set(layout.SIEVE_RULES, this.#memory.allocate(4 * this.#rules));
    this.#set(layout.SIEVE_QUEUE, this.#memory.allocate(4 * this.#rules));
    this.#outWords =
      OUT_WORDS + this.#rules + (layout.FACT_BYTES + layout.FIELD_BYTES * layout.MAX_FIELDS) / 4 + layout.HEADER_BYTES;
    this.#set(layout.SIEVE_OUT, this.#memory.allocate(4 * this.#outWords));
    this.#set(layout.SIEVE_OUT_CAPACITY, OUT_WORDS - 8);
  }

  #begin(): void {
    this.factReader.beginScan();
    this.#follow();
    if (this.#groups.areFresh && this.#records >= this.#nextLook) {
      const isDone = !this.improve();
      if (isDone) this.#nextLook = this.#records + Math.max(ENOUGH_RECORDS, this.#records >> 3);
    }
    this.#candidates.clear();
    this.#set(layout.SIEVE_RECORD, 0);
    this.#set(layout.SIEVE_OUT_COUNT, 0);
    this.#set(layout.SIEVE_BLANKS, 0);
    if (this.#get(layout.SIEVE_STAMP) < STAMP_LIMIT) return;
    // One stamp per record: begun anew long before they run out.
    const { buffer } = this.#memory.memory;
    new Uint32Array(buffer, this.#get(layout.SIEVE_ATOMS), this.#atoms).fill(0);
    new Uint32Array(buffer, this.#get(layout.SIEVE_SLOTS), (layout.SLOT_BYTES / 4) * this.#slots).fill(0);
    new Uint32Array(buffer, this.#get(layout.SIEVE_RULES), this.#rules).fill(0);
    new Uint32Array(buffer, this.#get(layout.SIEVE_KEYS), MAX_KEYS).fill(0);
    new Uint32Array(buffer, this.#area.tells, MAX_TELLS * 4).fill(0);
    this.#set(layout.SIEVE_SERIAL, 0);
    this.#set(layout.SIEVE_STAMP, 0);
  }

  /** Moves the kernel's candidates into the result. */
  #take(firstOrdinal: number): void {
    const words = this.#get(layout.SIEVE_OUT_COUNT);
    if (words === 0) return;
    const found = new Uint32Array(this.#memory.memory.buffer, this.#get(layout.SIEVE_OUT), words);
    this.#candidates.take(found, firstOrdinal);
    this.#set(layout.SIEVE_OUT_COUNT, 0);
  }

  #result(records: number, consumedBytes: number): SieveResult {
    this.#records += records;
    return this.#candidates.result(records, consumedBytes, this.#get(layout.SIEVE_BLANKS));
  }

  #get(offset: number): number {
    return this.#area.get(offset);
  }

  #set(offset: number, value: number): void {
    this.#area.set(offset, value);
  }
}
