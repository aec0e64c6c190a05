/**
 * SigmaSieve: which Sigma rules may hold for which raw JSON record. It teaches the event sieve the kinds of records: the first one of
 * each is decoded and recognised as every event is, and the rules its log source and event id admit make the kind's group.
 * Shapes say where their fields stand in a record; records of shapes that cannot say it are candidates for every rule. Of several threads one
 * learns, and the others go by that.
 */
import type { EventObject } from '../../core/event.ts';
import { isEventObject } from '../../core/event.ts';
import type { LogSource } from '../../core/logsource.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import type { Compare, Regex } from '../../ir/predicate.ts';
import type { RecordPlace } from '../../core/record-place.ts';
import { createEventRecogniser, type RecognisedEvent } from '../../fields/mapping/recognise.ts';
import { type RecordView, valueAt } from '../../fields/mapping/record-view.ts';
import { TracedFields } from '../../fields/mapping/traced-fields.ts';
import { evaluate } from '../../match/interpreter.ts';
import { type FormulaAtom, FormulaAutomaton, RuleFormulas } from '../../match/rule-formula.ts';
import { eventSubject } from '../../match/subject.ts';
import { admits } from '../../core/event-source.ts';
import type { EscapedText } from '../../scan/escaped-texts.ts';
import { EventSieve } from '../../scan/event-sieve.ts';
import type { KeptSieve } from '../../scan/kept-sieve.ts';
import type { PlacedGroup } from '../../scan/sieve-journal.ts';
import type { ResolvedKind, SieveKind, SieveShare } from '../../scan/sieve-options.ts';
import type { SieveResult } from '../../scan/sieve-result.ts';
import { ScanMemory } from '../../scan/scan-memory.ts';
import type { SieveGroup } from '../../scan/sieve-group.ts';
import { atOnce } from '../in-pieces.ts';
import { type DecidedRule, type DecidingKind, SigmaDecisions } from './sigma-decisions.ts';
import { buildGroup, type KindOfRecord } from './sigma-group.ts';
import type { MatchedSlots, SlotMeaning } from '../state/matched-slots.ts';
import { isRestartEvent, PROVIDER, RESTART_EVENT_IDS } from '../../state/process/host-restart.ts';
import { isOfParent } from '../../state/process/process-fields.ts';
import { ParentFields } from '../state/parent-verdicts.ts';
import { FED_NAMES } from '../state/process-feeder.ts';

/** Keys of records that tell of the start of a process, beside event ids; one of them is in each (`state/process/process-shapes.ts`). */
export const START_KEYS = [
  'process',
  'process.pid',
  'ParentProcessGuid',
  'ParentProcessId',
  'NewProcessId',
  'event_simpleName',
  'InitiatingProcessId',
  'process_pid',
  'columns',
  'columns.pid',
  'ppid',
  'parent_id',
  'msg',
] as const;
/** Event ids of records that tell of an end, or of a start whatever fields are left. */
export const PROCESS_EVENT_IDS: ReadonlySet<string> = new Set(['1', '5', '4689']);
/** What starts and ends of processes are called in `event.type` and `event.action`. */
const ECS_KINDS = ['start', 'end', 'stop', 'exit', 'creation', 'exec', 'fork'] as const;
/** Of literals that are equally rare in the logs met so far, the one estimated to be rarer; hash tables before searches. */
const TIE_BREAK = 1e-3;
const SEARCH_COST = 1e-3;
/** Groups hold the rules of a kind; names that tell kinds are log content. */
const MAX_GROUPS = 1024;
/** Characters of what tells one kind, the texts of values among them. */
const MAX_KEY = 1 << 16;
/** Names of more parts are looked up in decoded records: each part may be a key of its own, or one with its neighbours. */
const MAX_SEGMENTS = 6;
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

/** What a kind of record is, as the decoder sees its first one, and what was asked of it. */
interface KindAtHand {
  readonly recognised: RecognisedEvent;
  readonly view: RecordView;
  readonly trace: TracedFields;
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
  readonly #decisions: SigmaDecisions;
  /** Positions of rules by what they ask of a log source: there are a hundred such, not thousands. */
  readonly #bySource: readonly (readonly [LogSource, readonly number[]])[];
  readonly #recogniser = createEventRecogniser();
  /** By what tells kinds apart, and by what is looked for in them: many kinds ask for the same. */
  readonly #kinds = new Map<string, SieveKind>();
  readonly #groups = new Map<string, SieveKind>();
  readonly #improvements = new Map<SieveGroup, (hits: Uint32Array, records: number) => SieveGroup>();
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
    // Made when a kind of record first needs them.
    this.#decisions = new SigmaDecisions((number) => formulas.of((rules[number] as DetectionRule).predicate));
    this.#bySource = positionsBySource(rules);
    this.#memory = follows === undefined ? new ScanMemory() : ScanMemory.behind(follows.memory);
    if (follows !== undefined) {
      this.#sieve = new EventSieve(this.#memory, {
        ...options,
        follows: follows.journal,
        onNote: (meaning) => matched?.add(meaning as SlotMeaning),
      });
      return;
    }
    this.#sieve = new EventSieve(this.#memory, {
      ...options,
      resolve: (bytes, start, end, origin) =>
        this.#resolve(parseObject(bytes, start, end), origin === '' ? undefined : origin),
      improve: (group, hits, records) => {
        const improve = this.#improvements.get(group);
        this.#improvements.delete(group);
        return improve?.(hits, records) ?? group;
      },
      recall: (record, origin) => this.#recallGroup(record, origin === '' ? undefined : origin),
    });
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
    const matched = this.#matched;
    return JSON.stringify([
      [...(this.#derived ?? [])],
      matched?.fields ?? null,
      matched === undefined ? [] : this.#watched(matched),
    ]);
  }

  #watched(matched: MatchedSlots): readonly number[] {
    return this.#bySource.flatMap(([, positions]) => positions.filter((position) => matched.isWatched(position)));
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
      kind = isRoom && this.#applyManners(view) ? yield* this.#buildKind(atHand, feeds) : 'exact';
      if (isRoom) this.#kinds.set(key, kind);
    }
    return kind;
  }

  #applyManners({ manners }: RecordView): boolean {
    return manners.every(([path, manner]) => this.#sieve.setManner(path, manner));
  }

  *#buildKind(atHand: KindAtHand, feeds: boolean): Generator<undefined, SieveKind> {
    const { recognised, view, trace } = atHand;
    const { event, source } = recognised;
    const derived = this.#derived;
    const subject = eventSubject(event.fields);
    const placesOf = remembered((field): readonly RecordPlace[] | undefined => {
      const found = field.split('.').length > MAX_SEGMENTS ? undefined : view.placesOf(field);
      // Processes that are remembered may answer what the record does not have.
      if (derived?.has(field) !== true) return found;
      return (found ?? []).some(({ path }) => trace.isPresent(path)) ? found : undefined;
    });
    const stateOf = remembered((field): ReturnType<DecidingKind['stateOf']> => {
      const places = placesOf(field);
      if (places === undefined) return derived?.has(field) && isAnsweredByParent(field, atHand) ? 'parent' : 'unknown';
      return places.every(({ path }) => trace.isTold(path)) ? 'told' : 'open';
    });
    const deciding = { stateOf, isWhole: view.isWhole, decide: (node: Compare) => evaluate(node, subject) };
    const numbers = this.#bySource.flatMap(([wanted, positions]) => (admits(wanted, source) ? positions : []));
    const rules: DecidedRule[] = [];
    for (const number of numbers.sort((a, b) => a - b)) {
      const rule = this.#decisions.decide(number, deciding);
      if (rule !== undefined) rules.push(rule);
      yield;
    }
    for (const { number, fields: asked } of derived === undefined ? [] : rules) {
      const lacking = asked.filter((field) => stateOf(field) === 'parent');
      if (lacking.length > 0) this.#parentFields.add(number, lacking);
    }
    const fields = new Set(rules.flatMap((rule) => rule.fields));
    const places = [...fields].map((field) => [field, placesOf(field)]);
    // Records that tell of a process are decoded where a rule holds for them: what they tell is remembered.
    const isWatched = !feeds && rules.some(({ number }) => this.#matched?.isWatched(number) === true);
    const matched = isWatched ? this.#matchedSlots(placesOf) : undefined;
    const key = JSON.stringify([feeds, rules.map(({ id }) => id), places, matched]);
    let kind = this.#groups.get(key);
    if (kind === undefined) {
      kind = yield* this.#buildGroup(rules, {
        ...{ placesOf, ...(feeds && { feeds: FED_NAMES }) },
        ...(matched !== undefined && { matched }),
      });
      this.#groups.set(key, kind);
    }
    return kind;
  }

  #matchedSlots(placesOf: KindOfRecord['placesOf']): KindOfRecord['matched'] {
    const slots = this.#matched;
    const known = slots?.meanings.length;
    const matched = slots?.slotsOf(placesOf);
    for (const meaning of slots?.meanings.slice(known) ?? []) this.#sieve.note(meaning);
    return matched;
  }

  *#buildGroup(rules: readonly DecidedRule[], kind: Omit<KindOfRecord, 'share'>): Generator<undefined, SieveKind> {
    const build = (share: KindOfRecord['share']): ReturnType<typeof buildGroup> =>
      buildGroup(rules, { ...kind, share }, { keyOf: (path) => this.#sieve.keyOf(path) });
    const built = yield* build(({ probability }) => probability);
    if (built === undefined || built === null) return built === null ? 'none' : 'exact';
    this.#improvements.set(built.group, (hits, records) => {
      const { searched } = built.group;
      const seen = new Map(
        built.atoms.map((atom, i) => [atom, searched.has(i) ? undefined : (hits[i] ?? 0) / records]),
      );
      // What was not looked for, and what is equally rare, goes by the estimate.
      const share = (atom: FormulaAtom): number => {
        const searchCost = atom.relation === 'contains' ? SEARCH_COST : 0;
        const looked = seen.get(atom);
        return looked === undefined ? atom.probability : looked + TIE_BREAK * atom.probability + searchCost;
      };
      const better = atOnce(build(share));
      return better?.group ?? built.group;
    });
    return built.group;
  }
}

/** A field of the parent for which records of the kind have places and nothing in them, in no element of an array either. */
function isAnsweredByParent(field: string, { view, trace }: KindAtHand): boolean {
  return isOfParent(field) && view.placesOf(field)?.every(({ path }) => trace.isTold(path)) === true;
}

/** Each name is asked for once. */
function remembered<T>(ask: (field: string) => T): (field: string) => T {
  const answers = new Map<string, T>();
  return (field) => {
    if (answers.has(field)) return answers.get(field) as T;
    const answer = ask(field);
    answers.set(field, answer);
    return answer;
  };
}

function positionsBySource(rules: readonly DetectionRule[]): [LogSource, number[]][] {
  const groups = new Map<string, [LogSource, number[]]>();
  for (const [number, { logsource }] of rules.entries()) {
    const { product = '\n', category = '\n', service = '\n' } = logsource;
    const key = `${product}\0${category}\0${service}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [logsource, [number]]);
    else group[1].push(number);
  }
  return [...groups.values()];
}

/** The start or the end of a process, which must be remembered. */
function mayTellOfProcess({ recognised: { event }, view, trace }: KindAtHand): boolean {
  const eventId = Object.hasOwn(event.base, 'EventID') ? String(event.base['EventID']) : '';
  const idPlaces = view.placesOf('EventID') ?? [];
  for (const { path } of idPlaces) if (trace.asks(path)) valueAt(trace.fields, path);
  const ecs = view.isRecord ? [] : START_KEYS.filter((key) => key.startsWith('process'));
  const keys = START_KEYS.filter((key) => !ecs.includes(key)).flatMap((key) => view.placesOf(key) ?? []);
  // All are asked for: what the answers are is the kind's.
  const started = keys.map(({ path }) => trace.asks(path));
  return started.includes(true) || PROCESS_EVENT_IDS.has(eventId) || (ecs.length > 0 && mayTellInEcs(view, trace));
}

/** The machine restarted; only records with one of a few event ids are asked who wrote them. */
function tellsOfRestart({ recognised: { event }, view, trace }: KindAtHand): boolean {
  const eventId = Object.hasOwn(event.base, 'EventID') ? String(event.base['EventID']) : '';
  const valuesOf = (name: string): readonly unknown[] =>
    (view.placesOf(name) ?? []).flatMap(({ path }) => (trace.asks(path) ? [valueAt(trace.fields, path)] : []));
  if (!RESTART_EVENT_IDS.has(eventId)) return false;
  valuesOf('EventID');
  return PROVIDER.some((name) => valuesOf(name).some((provider) => isRestartEvent(String(provider), eventId)));
}

/** In ECS every event has the ids of its process: category, type and action tell what it says of it. */
function mayTellInEcs(view: RecordView, trace: TracedFields): boolean {
  const hasPid = (view.placesOf('process.pid') ?? []).map(({ path }) => trace.asks(path)).includes(true);
  if (!hasPid) return false;
  const [category = '', ...kinds] = ['event.category', 'event.type', 'event.action'].map((name) =>
    JSON.stringify((view.placesOf(name) ?? []).map(({ path }) => valueAt(trace.fields, path) ?? null)),
  );
  const isNamed = ECS_KINDS.some((word) => kinds.some((text) => text.includes(word)));
  return (category.includes('process') && isNamed) || kinds.some((text) => text.includes('existing_process'));
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
