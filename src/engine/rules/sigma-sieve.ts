/**
 * SigmaSieve: which Sigma rules may hold for which raw JSON record. It teaches the event sieve the kinds of records: the first one of
 * each is decoded and recognised as every event is, and the rules its log source and event id admit make the kind's group.
 * Shapes say where their fields stand in a record; records of shapes that cannot say it are candidates for every rule. Of several threads one
 * learns, and the others go by that.
 */
import type { EventObject } from '../../core/event.ts';
import { isEventObject } from '../../core/event.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import type { Regex } from '../../ir/predicate.ts';
import { createEventRecogniser } from '../../fields/mapping/recognise.ts';
import type { RecordView } from '../../fields/mapping/record-view.ts';
import { TracedFields } from '../../fields/mapping/traced-fields.ts';
import { FormulaAutomaton, RuleFormulas } from '../../match/rule-formula.ts';
import type { EscapedText } from '../../scan/escaped-texts.ts';
import { EventSieve } from '../../scan/event-sieve.ts';
import type { KeptSieve } from '../../scan/kept-sieve.ts';
import type { PlacedGroup } from '../../scan/sieve-journal.ts';
import type { LearningOptions, ResolvedKind, SieveKind, SieveShare } from '../../scan/sieve-options.ts';
import type { SieveResult } from '../../scan/sieve-result.ts';
import { ScanMemory } from '../../scan/scan-memory.ts';
import type { SieveGroup } from '../../scan/sieve-group.ts';
import { atOnce } from '../in-pieces.ts';
import { KindGroups } from './kind-groups.ts';
import { mayTellOfProcess, tellsOfRestart } from './telling-records.ts';
import type { MatchedSlots, SlotMeaning } from '../state/matched-slots.ts';
import { ParentFields } from '../state/parent-verdicts.ts';

/** Groups hold the rules of a kind; names that tell kinds are log content. */
const MAX_GROUPS = 1024;
/** Characters of what tells one kind, the texts of values among them. */
const MAX_KEY = 1 << 16;
const MAX_BYTES = 512 << 20;

export interface SigmaSieveOptions {
  /** Fields that remembered processes answer where a record lacks them; absent: no processes are remembered. */
  readonly derived?: ReadonlySet<string>;
  /** Told of the fields of each rule that records lack and remembered parents answer. */
  readonly parentFields?: ParentFields;
  /** What is wanted of records for which only rules hold that correlations watch; absent: nothing. */
  readonly matched?: MatchedSlots;
  /** Of rules that were loaded before. */
  readonly formulas?: RuleFormulas;
  readonly inputBytes: number;
  readonly maxDepth: number;
  /** Sieves of other threads will go by what this one learns. */
  readonly shares?: boolean;
  /** What it learns can be kept. */
  readonly keeps?: boolean;
  /** Goes by what that of another thread learns, which has the same rules; absent: learns. */
  readonly follows?: SieveShare;
}

/** What a sieve has learnt. Plain data but for the tables and samples. */
export interface KeptKinds {
  /** What it went by, beside the rules. */
  readonly settings: string;
  readonly sieve: Omit<KeptSieve, 'automata'>;
  /** By what tells kinds apart. */
  readonly named: readonly (readonly [key: string, kind: KeptKind])[];
  readonly slots: readonly SlotMeaning[];
  readonly parentFields: readonly (readonly [rule: number, names: readonly string[]])[];
  /** Expressions, by where their automata stand. */
  readonly expressions: readonly (readonly [cell: number, regex: Regex])[];
}

type KeptKind = PlacedGroup | 'none' | 'exact';

export interface RecordWays {
  /** Known kinds: the bytes told which rules may hold. */
  readonly sieved: number;
  /** Decoded, because the kind is none whose fields are found in bytes. */
  readonly unknown: number;
  /** Decoded, because the record is spelled in a way that only the decoder reads. */
  readonly irregular: number;
  /** Left to the thread that learns. */
  readonly left: number;
}

export class SigmaSieve {
  readonly #memory: ScanMemory;
  readonly #sieve: EventSieve;
  readonly #recogniser = createEventRecogniser();
  /** By what tells kinds apart. */
  readonly #kinds = new Map<string, SieveKind>();
  readonly #groups: KindGroups;
  readonly #derived: ReadonlySet<string> | undefined;
  readonly #matched: MatchedSlots | undefined;
  readonly #parentFields: ParentFields;
  readonly #formulas: RuleFormulas;
  /** Records that it was taught with. */
  #taught: RecordWays = { sieved: 0, unknown: 0, irregular: 0, left: 0 };

  constructor(
    rules: readonly DetectionRule[],
    { derived, matched, parentFields, follows, formulas = new RuleFormulas(), ...options }: SigmaSieveOptions,
  ) {
    this.#parentFields = parentFields ?? new ParentFields();
    this.#derived = derived;
    this.#matched = matched;
    this.#formulas = formulas;
    this.#memory = follows === undefined ? new ScanMemory() : ScanMemory.behind(follows.memory);
    this.#sieve = new EventSieve(this.#memory, {
      ...options,
      ...(follows === undefined
        ? this.#learning()
        : { follows: follows.journal, onNote: (meaning) => matched?.add(meaning as SlotMeaning) }),
    });
    const decided = { derived, matched, parentFields: this.#parentFields, formulas };
    this.#groups = new KindGroups(rules, decided, this.#sieve);
  }

  #learning(): Pick<LearningOptions, 'resolve' | 'improve' | 'recall'> {
    return {
      resolve: (bytes, start, end, origin) =>
        this.#resolve(parseObject(bytes, start, end), origin === '' ? undefined : origin),
      improve: (group, hits, records) => this.#groups.improve(group, hits, records),
      recall: (record, origin) => this.#recallGroup(record, origin === '' ? undefined : origin),
    };
  }

  /** Memory that records may be read into. */
  get input(): Uint8Array {
    return this.#sieve.input;
  }

  /** What makes the kernel read facts. */
  get factReader(): EventSieve['factReader'] {
    return this.#sieve.factReader;
  }

  /** Times of listed values are not to be relied upon. */
  get knowsBeginTime(): boolean {
    return this.#sieve.knowsBeginTime;
  }

  /** In which the input lies. */
  get memory(): ScanMemory {
    return this.#memory;
  }

  /** For those of other threads; undefined where nothing is shared. */
  get share(): SieveShare | undefined {
    return this.#sieve.share;
  }

  /** Takes up what was counted of some kind, by other threads too; from time to time, between two scans. False: of none. */
  improve(): boolean {
    return this.#sieve.improve();
  }

  /** What it has learnt, until it learns more; undefined where that cannot be kept, or is too much. */
  keep(): KeptKinds | undefined {
    const sieve = this.#sieve.keep();
    if (sieve === undefined) return undefined;
    const { automata, ...more } = sieve;
    return {
      settings: this.#settings(),
      sieve: more,
      named: [...this.#kinds].flatMap(([key, kind]): KeptKinds['named'] => {
        const kept = typeof kind === 'string' ? kind : this.#sieve.placed(kind);
        return kept === undefined ? [] : [[key, kept]];
      }),
      slots: this.#matched?.meanings ?? [],
      parentFields: [...this.#parentFields],
      expressions: [...automata].flatMap(([cell, automaton]) =>
        automaton instanceof FormulaAutomaton ? [[cell, automaton.regex] as const] : [],
      ),
    };
  }

  /** Goes on from what a sieve with the same rules has learnt, before the first record. False: it went by something else. */
  recall({ settings, sieve, named, slots, parentFields, expressions }: KeptKinds): boolean {
    if (settings !== this.#settings()) return false;
    const automata = expressions.map(([cell, regex]) => [cell, this.#formulas.automatonOf(regex)] as const);
    for (const meaning of slots) {
      this.#matched?.add(meaning);
      this.#sieve.note(meaning);
    }
    if (!this.#sieve.recall({ ...sieve, automata })) return false;
    for (const [key, kind] of named) this.#kinds.set(key, kind);
    for (const [rule, names] of parentFields) this.#parentFields.add(rule, names);
    return true;
  }

  /** Meets records of the kinds that the former sieve knows, in short steps. Before the first record of its own. */
  *learnFrom(former: SigmaSieve): Generator<undefined, void> {
    this.#sieve.learnFrequency(former.#sieve);
    for (const { record, origin } of former.#sieve.samples()) {
      if (record.length > this.input.length) continue;
      yield* this.#learnKind(record, origin === '' ? undefined : origin);
      this.input.set(record);
      this.scanLines(record.length, true, origin);
      yield;
    }
    this.#taught = this.ways;
  }

  /** What the record's kind is, so that it is known when the record is scanned. */
  *#learnKind(record: Uint8Array, pinned: string | undefined): Generator<undefined, void> {
    const fields = parseObject(record, 0, record.length);
    if (fields === undefined) return;
    const trace = new TracedFields(fields);
    try {
      yield* this.#kindIn(fields, trace, pinned);
    } finally {
      trace.end();
    }
  }

  /** How much it has learnt itself. */
  get news(): number {
    return this.#sieve.news;
  }

  /** What it goes by, beside the rules. */
  #settings(): string {
    return JSON.stringify([[...(this.#derived ?? [])], this.#matched?.fields ?? null, this.#groups.watched]);
  }

  get counts(): EventSieve['counts'] {
    return this.#sieve.counts;
  }

  /** Bytes of its input as a JSON text, for a while; undefined where they stand elsewhere, or are not all printable ASCII. */
  escaped(bytes: Uint8Array, start: number, end: number): EscapedText | undefined {
    const { input } = this;
    const isInput = bytes.buffer === input.buffer && bytes.byteOffset === input.byteOffset;
    return isInput ? this.#sieve.escaped(start, end) : undefined;
  }

  /** How many records went which way, since the start. */
  get ways(): RecordWays {
    const records = this.#sieve.recordsByLabel;
    const [sieved, unknown] = [records.get('sieved') ?? 0, records.get('unknown') ?? 0];
    const { exact, left } = this.#sieve.counts;
    const taught = this.#taught;
    return {
      sieved: sieved - taught.sieved,
      unknown: unknown - taught.unknown,
      irregular: Math.max(0, exact - unknown) - taught.irregular,
      left,
    };
  }

  /** `logsource`: what configuration says of the records, as `product/category/service`. */
  scanLines(length: number, isFinal: boolean, logsource?: string): SieveResult {
    this.#sieve.select(logsource ?? '');
    return this.#sieve.scanLines(length, isFinal);
  }

  scanRecords(ranges: Uint32Array, count: number, logsource?: string): SieveResult {
    this.#sieve.select(logsource ?? '');
    return this.#sieve.scanRecords(ranges, count);
  }

  /** Records that stand in other memory, or in the sieve's own. */
  scanRecordsIn(bytes: Uint8Array, ranges: Uint32Array, count: number, logsource?: string): SieveResult {
    const { input } = this;
    if (bytes.buffer !== input.buffer || bytes.byteOffset !== input.byteOffset) input.set(bytes);
    return this.scanRecords(ranges, count, logsource);
  }

  #resolve(fields: EventObject | undefined, pinned: string | undefined): ResolvedKind {
    if (fields === undefined) return { kind: 'exact', questions: [], label: 'unknown' };
    const trace = new TracedFields(fields);
    try {
      const kind = atOnce(this.#kindIn(fields, trace, pinned));
      return { kind, label: kind === 'exact' ? 'unknown' : 'sieved', questions: trace.questions };
    } finally {
      trace.end();
    }
  }

  /** The group of a kind that was kept, made again. */
  #recallGroup(record: Uint8Array, pinned: string | undefined): SieveGroup | undefined {
    const fields = parseObject(record, 0, record.length);
    if (fields === undefined) return undefined;
    const trace = new TracedFields(fields);
    try {
      const kind = atOnce(this.#kindIn(fields, trace, pinned, true));
      return typeof kind === 'string' || 'address' in kind ? undefined : kind;
    } finally {
      trace.end();
    }
  }

  /** In short steps. `anew`: a kind that was kept is made again. */
  *#kindIn(
    fields: EventObject,
    trace: TracedFields,
    pinned: string | undefined,
    anew = false,
  ): Generator<undefined, SieveKind> {
    const recognised = this.#recogniser.recognise(fields, pinned);
    const view = this.#recogniser.recordView(trace.fields, pinned);
    if (recognised === undefined) return 'exact';
    // The view is by the same code as the shape's; should they differ, the decoder is right.
    if (view === undefined || view.source.key !== recognised.source.key) return 'exact';
    // Audit records complete each other, whatever carries them.
    if (this.#derived !== undefined && Object.hasOwn(trace.fields, 'msg')) return 'exact';
    const atHand = { recognised, view, trace };
    if (this.#derived !== undefined && !view.isRecord && mayTellOfProcess(atHand)) return 'exact';
    // A few for each time that a machine restarts.
    if (this.#derived !== undefined && tellsOfRestart(atHand)) return 'exact';
    for (const name of this.#derived ?? []) for (const { path } of view.placesOf(name) ?? []) trace.asks(path);
    const feeds = this.#derived !== undefined && mayTellOfProcess(atHand);
    if (trace.isOpen) return 'exact';
    const key = JSON.stringify([recognised.shape, recognised.source.key, feeds, trace.telling]);
    if (key.length > MAX_KEY) return 'exact';
    let kind = this.#kinds.get(key);
    if (kind === undefined || (anew && typeof kind !== 'string' && 'address' in kind)) {
      const isRoom = this.#kinds.size < MAX_GROUPS && this.#sieve.tableBytes < MAX_BYTES;
      kind = isRoom && this.#applyManners(view) ? yield* this.#groups.of(atHand, feeds) : 'exact';
      if (isRoom) this.#kinds.set(key, kind);
    }
    return kind;
  }

  #applyManners({ manners }: RecordView): boolean {
    return manners.every(([path, manner]) => this.#sieve.setManner(path, manner));
  }
}

/** The record when it is one JSON object, as the decoder takes it. */
function parseObject(bytes: Uint8Array, start: number, end: number): EventObject | undefined {
  try {
    const value = JSON.parse(Buffer.from(bytes.subarray(start, end)).toString('utf8')) as unknown;
    return isEventObject(value as EventObject) ? (value as EventObject) : undefined;
  } catch {
    // SyntaxError: no JSON after all, the decoder will say so.
    return undefined;
  }
}
