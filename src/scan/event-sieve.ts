/**
 * EventSieve: JSON records in, and for each the rules that may hold for it; records that no rule can match are never decoded
 * (docs/design/event-sieve.md). What kinds of records there are is learnt on the way: at the first record of a kind the
 * resolver decodes it and says which rules concern its kind.
 *
 * A wrong no is impossible: what is not plain JSON of a known kind is a candidate for every rule.
 */
import { type EscapedText, EscapedTexts } from './escaped-texts.ts';
import { FactReader } from './fact-reader.ts';
import { kernelModule } from './kernel-module.ts';
import type { ScanMemory } from './scan-memory.ts';
import { SieveAutomata } from './sieve-automata.ts';
import type { SieveGroup } from './sieve-group.ts';
import { ENOUGH_RECORDS, SieveGroups } from './sieve-groups.ts';
import { MAX_KEYS, MAX_TELLS, SieveKeys } from './sieve-keys.ts';
import { MAX_EDGES, type NumberedQuestion, SieveKinds } from './sieve-kinds.ts';
import * as layout from './sieve-memory.ts';
import { SieveCandidates, type SieveResult } from './sieve-result.ts';
import type { KeyManner } from '../core/record-place.ts';
import type { RecordQuestion } from '../core/record-question.ts';

/** What a resolver says of a kind of record: its rules, none at all, or that records of it must be decoded each. */
export type SieveKind = SieveGroup | 'none' | 'exact';

/** A kind, and what was asked of the record to tell it. */
export interface ResolvedKind {
  readonly kind: SieveKind;
  readonly questions: readonly RecordQuestion[];
  /** What its records are counted under. */
  readonly label: string;
}

export interface SieveOptions {
  /** Bytes of its input. */
  readonly inputBytes: number;
  /** Objects and arrays may be nested so deep; deeper records go to the exact path. */
  readonly maxDepth: number;
  /** Told of the first record of each kind; `origin` is what `select` said. */
  readonly resolve: (bytes: Uint8Array, start: number, end: number, origin: string) => ResolvedKind;
  /**
   * Told once of each group, when enough records were met, in how many of them each atom held: gives the group that reaches its rules
   * by what is rare in these logs.
   */
  readonly improve?: (group: SieveGroup, hits: Uint32Array, records: number) => SieveGroup;
}

const RANGES = 32_768;
/** Words of the kernel's list of candidates, beside room for the rules of one record. */
const OUT_WORDS = 65_536;
/** Kinds of records that are remembered: names in them are log content. */
const MAX_ROUTES = 8192;
const STAMP_LIMIT = 0x7000_0000;
const MAX_STACK_DEPTH = 32;
const SAMPLE_BYTES = 1 << 20;
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
  readonly #options: SieveOptions;
  readonly #kernel: Kernel;
  readonly #work: number;
  readonly #control: Uint32Array;
  readonly #inputAt: number;
  readonly #rangesAt: number;
  readonly #given: Uint32Array;
  readonly #keys: SieveKeys;
  readonly #kinds: SieveKinds;
  /** Where the first question stands, by origin of the records. */
  readonly #firsts = new Map<string, number>();
  #origin = '';
  readonly #tells: number;
  readonly #groups: SieveGroups;
  readonly #candidates: SieveCandidates;
  readonly #automata: SieveAutomata;
  readonly #escaped: EscapedTexts;
  /** Leaves of all kinds, with what their records are counted under. */
  readonly #leaves: { readonly leaf: number; readonly label: string }[] = [];
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
    this.#automata = new SieveAutomata(memory);
    this.#options = options;
    this.#work = memory.allocate(layout.SIEVE_WORK_BYTES);
    this.#inputAt = memory.allocate(options.inputBytes);
    this.#candidates = new SieveCandidates(this.#inputAt);
    this.#rangesAt = memory.allocate(RANGES * 8);
    const dictionary = memory.allocate(4 * MAX_KEYS * layout.ENTRY_BYTES);
    this.#tells = memory.allocate(MAX_TELLS * 16);
    const heads = memory.allocate(layout.KNOWN_TEXTS * layout.KNOWN_HEAD_BYTES);
    const open = memory.allocate(layout.MAX_OPEN * layout.OPEN_BYTES);
    const blocks: readonly (readonly [number, number])[] = [
      [layout.SIEVE_QUOTES, memory.allocate(layout.MAX_QUOTES * 4)],
      [layout.SIEVE_VALUES, memory.allocate(layout.MAX_VALUES * 16)],
      [layout.SIEVE_WANTED, memory.allocate(layout.MAX_VALUES * 4)],
      [layout.SIEVE_DICTIONARY, dictionary],
      [layout.SIEVE_DICTIONARY_MASK, 4 * MAX_KEYS - 1],
      [layout.SIEVE_EDGES, memory.allocate(2 * MAX_EDGES * 4)],
      [layout.SIEVE_EDGES_MASK, 2 * MAX_EDGES - 1],
      [layout.SIEVE_TEXT, memory.allocate(3 * (layout.MAX_TEXT + 64))],
      [layout.SIEVE_MAX_DEPTH, Math.min(MAX_STACK_DEPTH, options.maxDepth)],
      [layout.SIEVE_TELLS, this.#tells],
      [layout.SIEVE_KEYS, memory.allocate(MAX_KEYS * 4)],
      [layout.SIEVE_KEYS_BYTES, MAX_KEYS * 4],
      [layout.SIEVE_MASKS, memory.allocate(32)],
      [layout.SIEVE_REPEATS, memory.allocate(layout.REPEATS * layout.REPEAT_BYTES)],
      [layout.SIEVE_LEARNT, memory.allocate(layout.MAX_LEARNT * layout.LEARNT_BYTES)],
      [layout.SIEVE_KNOWN_HEADS, heads],
      [layout.SIEVE_KNOWN_TEXTS, memory.allocate(layout.KNOWN_TEXTS * layout.KNOWN_BYTES)],
      [layout.SIEVE_LAYOUTS, memory.allocate(layout.LAYOUTS * layout.LAYOUT_BYTES)],
      [layout.SIEVE_LIST, memory.allocate((layout.LIST_PIECE + 16) * 4)],
      [layout.SIEVE_ORDERS, memory.allocate(layout.ORDERS * layout.ORDER_BYTES)],
      [layout.SIEVE_OPEN, open],
      [layout.SIEVE_LISTED, memory.allocate(layout.MAX_FIELDS * 4)],
    ];
    const { buffer } = memory.memory;
    this.#control = new Uint32Array(buffer, this.#work, layout.SIEVE_WORK_BYTES / 4);
    this.#given = new Uint32Array(buffer, this.#rangesAt, RANGES * 2);
    this.input = new Uint8Array(buffer, this.#inputAt, options.inputBytes);
    for (const [offset, value] of blocks) this.#set(offset, value);
    new Uint8Array(buffer, this.#get(layout.SIEVE_MASKS), 16).fill(0xff);
    const instance = new WebAssembly.Instance(kernelModule('sieve'), { env: { memory: memory.memory } });
    this.#kernel = instance.exports as unknown as Kernel;
    const control = this.#control;
    this.factReader = new FactReader(memory, {
      heads: new Uint32Array(buffer, heads, 2 * layout.KNOWN_TEXTS),
      headsAt: heads,
      open: new Uint32Array(buffer, open, (layout.MAX_OPEN * layout.OPEN_BYTES) / 4),
      inputAt: this.#inputAt,
      get openCount() {
        return control[layout.SIEVE_OPEN_COUNT >> 2] as number;
      },
      set openCount(count) {
        control[layout.SIEVE_OPEN_COUNT >> 2] = count;
      },
      addLayout: (words, count, program) => this.#kernel.addLayout(this.#work, words, count, program),
      noteText: (start, length, number) => this.#kernel.noteText(this.#work, this.#inputAt + start, length, number),
      refuseZoneless: () => this.#set(layout.SIEVE_ZONED, 1),
    });
    this.#escaped = new EscapedTexts(memory, (from, to, out) => this.#kernel.escapeText(from, to, out));
    this.#keys = new SieveKeys(memory, (key, parent, text, length) =>
      this.#kernel.addKey(this.#work, key, parent, text, length),
    );
    this.#kinds = new SieveKinds(memory, (edge) => this.#kernel.addEdge(this.#work, edge));
    this.#groups = new SieveGroups(memory, this.#automata, {
      addLiterals: (matcher, first, count) => this.#kernel.addLiterals(matcher, first, count),
      makeRoom: (group) => this.#makeRoom({ atoms: group.atoms, slots: group.slots, rules: group.numbers.length }),
      improve: options.improve,
    });
    this.#set(layout.SIEVE_INFO, this.#keys.info);
    this.select('');
    this.#makeRoom({ atoms: 4096, slots: 256, rules: 1024 });
  }

  /** Records that went to the exact path as a whole, rules evaluated, values that were remembered, records in a known order, since the start. */
  get counts(): {
    readonly exact: number;
    readonly evaluated: number;
    readonly repeated: number;
    readonly foreseen: number;
    readonly kinds: number;
    readonly groups: number;
  } {
    const exact = this.#get(layout.SIEVE_EXACT);
    return {
      exact,
      evaluated: this.#get(layout.SIEVE_EVALUATED),
      repeated: this.#get(layout.SIEVE_REPEATED),
      foreseen: this.#get(layout.SIEVE_FORESEEN),
      kinds: this.#leaves.length,
      groups: this.#groups.count,
    };
  }

  /** Records by what their kinds are counted under; those that were irregular are not among them. */
  get recordsByLabel(): ReadonlyMap<string, number> {
    const records = new Map<string, number>();
    for (const { leaf, label } of this.#leaves)
      records.set(label, (records.get(label) ?? 0) + this.#kinds.recordsOf(leaf));
    return records;
  }

  /** Times of listed values are not to be relied upon. */
  get knowsBeginTime(): boolean {
    return this.#keys.knowsBeginTime;
  }

  /** `input[start, end)` as a JSON text, for a while; undefined where it is not all printable ASCII. */
  escaped(start: number, end: number): EscapedText | undefined {
    return this.#escaped.add(this.#inputAt + start, this.#inputAt + end);
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
    let first = this.#firsts.get(origin);
    if (first === undefined) {
      first = this.#memory.allocate(4);
      this.#firsts.set(origin, first);
    }
    this.#origin = origin;
    this.#set(layout.SIEVE_FIRST, first);
  }

  /** Records are the lines of `input[0, length)`; `isFinal` makes an unterminated last line a record. */
  scanLines(length: number, isFinal: boolean): SieveResult {
    this.#begin();
    this.#set(layout.SIEVE_POSITION, this.#inputAt);
    const end = this.#inputAt + length;
    for (;;) {
      const status = this.#kernel.sieveLines(this.#work, end, isFinal ? 1 : 0);
      this.#take(0);
      if (status === DONE) break;
      if (status === MISSING) this.#automata.make(this.#get(layout.SIEVE_MISSING));
      if (status === UNKNOWN) this.#learn(this.#get(layout.SIEVE_POSITION), end);
    }
    return this.#result(this.#get(layout.SIEVE_RECORD), this.#get(layout.SIEVE_POSITION) - this.#inputAt);
  }

  /** Records are given: two numbers each, start and end in `input`. */
  scanRecords(ranges: Uint32Array, count: number): SieveResult {
    this.#begin();
    for (let first = 0; first < count; first += RANGES) {
      const taken = Math.min(RANGES, count - first);
      for (let i = 0; i < 2 * taken; i++) this.#given[i] = this.#inputAt + (ranges[2 * first + i] ?? 0);
      this.#set(layout.SIEVE_RECORD, 0);
      for (;;) {
        const status = this.#kernel.sieveRanges(this.#work, this.#rangesAt, taken);
        this.#take(first);
        if (status === DONE) break;
        if (status === MISSING) this.#automata.make(this.#get(layout.SIEVE_MISSING));
        const record = this.#get(layout.SIEVE_RECORD);
        if (status === UNKNOWN) this.#learn(this.#given[2 * record] ?? 0, this.#given[2 * record + 1] ?? 0);
      }
    }
    return this.#result(count, 0);
  }

  /** The record at `start` is of a kind that was not met before. */
  #learn(start: number, limit: number): void {
    if (this.#leaves.length >= MAX_ROUTES) {
      this.#set(layout.SIEVE_FULL, 1);
      return;
    }
    const bytes = this.input.subarray(0, limit - this.#inputAt);
    const from = start - this.#inputAt;
    // The records at hand are the sample that frequencies are learnt from.
    this.#groups.learnFrom(bytes.subarray(from, from + SAMPLE_BYTES));
    const feed = bytes.indexOf(0x0a, from);
    const end = feed < 0 ? bytes.length : feed;
    const { kind, questions, label } = this.#options.resolve(bytes, from, end, this.#origin);
    const numbered = this.#numbered(questions);
    // Its values are noted when it is walked again.
    if (numbered === 'again') return;
    const first = this.#get(layout.SIEVE_FIRST);
    const at =
      numbered === undefined ? undefined : this.#kinds.add(numbered, first, this.#tells, this.#get(layout.SIEVE_STAMP));
    if (at === undefined) {
      this.#set(layout.SIEVE_FORCED, 1);
      return;
    }
    const group =
      kind === 'exact' ? layout.GROUP_EXACT : kind === 'none' ? layout.GROUP_NONE : this.#groups.addressOf(kind);
    const leaf = this.#kinds.addLeaf(at, group);
    this.#leaves.push({ leaf, label });
    if (typeof kind !== 'string') this.#groups.addLeaf(kind, leaf);
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
  #makeRoom(needed: { readonly atoms: number; readonly slots: number; readonly rules: number }): void {
    if (needed.atoms > this.#atoms) {
      this.#atoms = 2 * needed.atoms;
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
    if (this.#groups.areFresh && this.#records >= this.#nextLook) {
      this.#nextLook = this.#records + Math.max(ENOUGH_RECORDS, this.#records >> 3);
      this.#groups.improve((leaf, address) => this.#kinds.setGroup(leaf, address));
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
    new Uint32Array(buffer, this.#tells, MAX_TELLS * 4).fill(0);
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
    return this.#control[offset >> 2] ?? 0;
  }

  #set(offset: number, value: number): void {
    this.#control[offset >> 2] = value;
  }
}
