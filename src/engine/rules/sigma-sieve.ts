/**
 * SigmaSieve: which Sigma rules may hold for which raw JSON record. It teaches the event sieve the kinds of records: the first one of
 * each is decoded and recognised as every event is, and the rules its log source and event id admit make the kind's group.
 * Flat Windows events and Zeek logs have kinds; records of other shapes are candidates for every rule.
 */
import type { EventObject } from '../../core/event.ts';
import { isEventObject } from '../../core/event.ts';
import type { LogSource } from '../../core/logsource.ts';
import type { Compare } from '../../ir/predicate.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import { createEventRecogniser, type RecognisedEvent } from '../../fields/mapping/recognise.ts';
import { evaluate } from '../../match/interpreter.ts';
import { AtomTable, formulaOf, type RuleFormula } from '../../match/rule-formula.ts';
import { eventSubject } from '../../match/subject.ts';
import { admits } from '../../core/event-source.ts';
import { EventSieve, type SieveKind, type SieveResult } from '../../scan/event-sieve.ts';
import { ScanMemory } from '../../scan/scan-memory.ts';
import type { SieveGroup } from '../../scan/sieve-group.ts';
import { buildGroup, type KindOfRecord } from './sigma-group.ts';
import { FED_NAMES } from '../state/process-feeder.ts';

/** Keys whose values tell what a record is, in the order the kernel knows them by. */
const VALUE_KEYS = [
  'Channel',
  'EventID',
  'SourceName',
  'Provider_Name',
  'ProviderName',
  'Provider',
  'EventType',
  'OperationType',
  '_path',
  '@stream',
  '#path',
  '@proc',
] as const;
/** Keys that tell by being there: what the shapes of fields/mapping ask for beside those. */
const PRESENCE_KEYS = [
  'winlog',
  'winlog.channel',
  'winlog.event_id',
  'Event',
  'System',
  'Records',
  'uid',
  'fuid',
  'id.orig_h',
  'id_orig_h',
  'id',
  'ts',
] as const;
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
/** Where Security 4688 names the parent itself, and need not be answered. */
const PARENT_ALIASES = ['ParentProcessName'] as const;
/** Event ids of records that tell of an end. */
export const EXIT_EVENT_IDS: ReadonlySet<string> = new Set(['5', '4689']);
const MAX_PRESENCE_KEYS = 32;
/** Shapes that are told by those keys alone and keep the record's fields as they are. */
const SHAPES: ReadonlySet<string> = new Set(['windows-flat', 'zeek']);
/** Their value counts for one event id each; the kernel takes it for what tells the kind then only. */
const TELLING_FOR: ReadonlyMap<string, string> = new Map([
  ['EventType', '12'],
  ['OperationType', '4657'],
]);
/** Of literals that are equally rare in the logs met so far, the one estimated to be rarer; hash tables before searches. */
const TIE_BREAK = 1e-3;
const SEARCH_COST = 1e-3;
/** Groups hold the rules of a kind; names that tell kinds are log content. */
const MAX_GROUPS = 1024;
const MAX_BYTES = 512 << 20;

export interface SigmaSieveOptions {
  /** Fields that remembered processes answer where a record lacks them; absent: no processes are remembered. */
  readonly derived?: ReadonlySet<string>;
  readonly inputBytes: number;
  readonly maxDepth: number;
}

export class SigmaSieve {
  readonly #memory = new ScanMemory();
  readonly #sieve: EventSieve;
  readonly #rules: readonly DetectionRule[];
  /** Made when a kind of record first needs them. */
  readonly #formulas: (RuleFormula | undefined)[];
  readonly #atoms = new AtomTable();
  /** Positions of rules by what they ask of a log source: there are a hundred such, not thousands. */
  readonly #bySource: readonly (readonly [LogSource, readonly number[]])[];
  readonly #recogniser = createEventRecogniser();
  readonly #groups = new Map<string, SieveKind>();
  readonly #improvements = new Map<SieveGroup, (hits: Uint32Array, records: number) => SieveGroup>();

  readonly #derived: ReadonlySet<string> | undefined;
  readonly #presenceKeys: readonly string[];

  constructor(rules: readonly DetectionRule[], { derived, ...options }: SigmaSieveOptions) {
    this.#rules = rules;
    this.#derived = derived;
    const told =
      derived === undefined
        ? PRESENCE_KEYS
        : [...new Set([...PRESENCE_KEYS, ...START_KEYS, ...PARENT_ALIASES, ...derived])];
    this.#presenceKeys = told.slice(0, MAX_PRESENCE_KEYS);
    this.#formulas = rules.map(() => undefined);
    this.#bySource = positionsBySource(rules);
    this.#sieve = new EventSieve(this.#memory, {
      ...options,
      valueKeys: VALUE_KEYS,
      presenceKeys: this.#presenceKeys,
      resolve: (bytes, start, end) => this.#kindOf(bytes, start, end),
      improve: (group, hits, records) => {
        const improve = this.#improvements.get(group);
        this.#improvements.delete(group);
        return improve?.(hits, records) ?? group;
      },
    });
  }

  /** Memory that records may be read into. */
  get input(): Uint8Array {
    return this.#sieve.input;
  }

  get counts(): EventSieve['counts'] {
    return this.#sieve.counts;
  }

  scanLines(length: number, isFinal: boolean): SieveResult {
    return this.#sieve.scanLines(length, isFinal);
  }

  scanRecords(ranges: Uint32Array, count: number): SieveResult {
    return this.#sieve.scanRecords(ranges, count);
  }

  #kindOf(bytes: Uint8Array, start: number, end: number): SieveKind {
    const fields = parseObject(bytes, start, end);
    const recognised = fields === undefined ? undefined : this.#recogniser.recognise(fields);
    if (fields === undefined || recognised === undefined || !SHAPES.has(recognised.shape)) return 'exact';
    // A shape that puts fields together has looked at more than the keys above.
    if (recognised.event.base !== fields) return 'exact';
    // Audit records complete each other, whatever carries them.
    if (this.#derived !== undefined && Object.hasOwn(fields, 'msg')) return 'exact';
    const key = groupKey(fields, recognised, this.#presenceKeys);
    let kind = this.#groups.get(key);
    if (kind === undefined) {
      const isRoom = this.#groups.size < MAX_GROUPS && this.#memory.usedBytes < MAX_BYTES;
      kind = isRoom ? this.#buildKind(fields, recognised) : 'exact';
      if (isRoom) this.#groups.set(key, kind);
    }
    return kind;
  }

  #formulaOf(number: number): RuleFormula {
    let formula = this.#formulas[number];
    if (formula === undefined) {
      formula = formulaOf((this.#rules[number] as DetectionRule).predicate, this.#atoms);
      this.#formulas[number] = formula;
    }
    return formula;
  }

  #buildKind(fields: EventObject, recognised: RecognisedEvent): SieveKind {
    const build = (share: KindOfRecord['share']): ReturnType<typeof buildGroup> =>
      this.#buildGroup(fields, recognised, share);
    const built = build(({ probability }) => probability);
    if (built === undefined || built === null) return built === null ? 'none' : 'exact';
    this.#improvements.set(built.group, (hits, records) => {
      const { searched } = built.group;
      const seen = new Map(
        built.atoms.map((atom, i) => [atom, searched.has(i) ? undefined : (hits[i] ?? 0) / records]),
      );
      // What was not looked for, and what is equally rare, goes by the estimate.
      const better = build((atom) => {
        const searchCost = atom.relation === 'contains' ? SEARCH_COST : 0;
        const looked = seen.get(atom);
        return looked === undefined ? atom.probability : looked + TIE_BREAK * atom.probability + searchCost;
      });
      return better?.group ?? built.group;
    });
    return built.group;
  }

  #buildGroup(
    fields: EventObject,
    { event, source }: RecognisedEvent,
    share: KindOfRecord['share'],
  ): ReturnType<typeof buildGroup> {
    const numbers = this.#bySource.flatMap(([wanted, positions]) => (admits(wanted, source) ? positions : []));
    const rules = numbers.sort((a, b) => a - b).map((number) => ({ number, formula: this.#formulaOf(number) }));
    const subject = eventSubject(event.fields);
    const decide = (field: string, node: Compare): boolean | undefined => {
      const other = node.test.kind === 'field-reference' ? node.test.other.name : field;
      const names = [field, other].flatMap((name) => [name, ...(event.aliases?.get(name) ?? [])]);
      return names.every((name) => isTold(fields, name)) ? evaluate(node, subject) : undefined;
    };
    const derived = this.#derived;
    // Whether the record has the field is the same for all of the kind where each of its names tells the kind.
    const isTellingAbsence = (name: string): boolean =>
      this.#presenceKeys.includes(name) || (VALUE_KEYS as readonly string[]).includes(name);
    const isOpen = (field: string): boolean => {
      if (derived?.has(field) !== true) return false;
      const names = [field, ...(event.aliases?.get(field) ?? [])];
      return names.every((name) => !isTellingAbsence(name) || !Object.hasOwn(fields, name));
    };
    const feeds = derived !== undefined && mayTellOfProcess(fields);
    const kind = { aliases: event.aliases, decide, isOpen, share, ...(feeds && { feeds: FED_NAMES }) };
    return buildGroup(rules, kind, { keyOf: (name) => this.#sieve.keyOf(name) });
  }
}

function positionsBySource(rules: readonly DetectionRule[]): [LogSource, number[]][] {
  const groups = new Map<string, [LogSource, number[]]>();
  for (const [number, { logsource }] of rules.entries()) {
    const key = JSON.stringify([logsource.product, logsource.category, logsource.service]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [logsource, [number]]);
    else group[1].push(number);
  }
  return [...groups.values()];
}

/** The start or the end of a process, which must be remembered. */
function mayTellOfProcess(fields: EventObject): boolean {
  return START_KEYS.some((key) => Object.hasOwn(fields, key)) || EXIT_EVENT_IDS.has(String(fields['EventID']));
}

/** Whether the value (or absence) of the key is the same for all records of the kind. */
function isTold(fields: EventObject, name: string): boolean {
  if (!(VALUE_KEYS as readonly string[]).includes(name)) return false;
  const eventId = TELLING_FOR.get(name);
  return eventId === undefined || String(fields['EventID']) === eventId;
}

/** Equal for records whose groups are equal: the source, and all values that comparisons are decided by. */
function groupKey(fields: EventObject, { shape, source }: RecognisedEvent, presenceKeys: readonly string[]): string {
  const told = VALUE_KEYS.map((name) =>
    isTold(fields, name) && Object.hasOwn(fields, name) ? `${typeof fields[name]} ${String(fields[name])}` : '',
  );
  const present = presenceKeys.map((name) => (Object.hasOwn(fields, name) ? '1' : '0')).join('');
  return [shape, source.key, present, ...told].join('\u0000');
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
