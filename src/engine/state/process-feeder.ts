/**
 * ProcessFeeder: what a record says about a process and its time, read from the places of its values in the bytes as the event sieve
 * lists them; the record is not decoded, and no text is made of what was met before. Exactly what decoding it would say, or
 * nothing: what is unusual (nested objects under names that matter, several values under one) is left to the decoder.
 */
import type { TimeOrigin } from '../../core/event.ts';
import { parseTime } from '../../core/time.ts';
import { placedTime, TIME_FIELDS } from '../../decode/event-time.ts';
import { processId } from '../../state/process/process-event.ts';
import { MAX_VALUE_CHARACTERS, ProcessFact } from '../../state/process/process-fact.ts';
import { FIELD_COUNT } from '../../state/process/process-rows.ts';
import { NO_PID, pidOfBytes, pidWord } from '../../state/process/process-ids.ts';
import {
  GENERAL_NAMES,
  type LayoutCondition,
  type LayoutField,
  type LayoutShape,
  layoutOf,
  NESTED_NAMES,
  type Places,
  PROCESS_SLOT_NAMES,
  type ProcessLayout,
} from '../../state/process/process-layout.ts';
import { textOfSpelling } from '../../state/process/text-spelling.ts';
import { DASH_TEXT, EMPTY_TEXT, NO_TEXT, type TextStore } from '../../state/process/text-store.ts';
import { NO_FACT, type SieveResult } from '../../scan/sieve-result.ts';
import type { FactLayout, FactReader } from '../../scan/fact-reader.ts';
import { FACT_ZONELESS, KIND_BOOLEAN, KIND_NUMBER, KIND_TEXT, KIND_WILD, OPEN_TEXT } from '../../scan/sieve-memory.ts';
import { TimeReader } from './time-reader.ts';

/** Values of records: entries of three numbers, slot + kind * 256, start and end in `bytes`. */
export interface FedValues {
  readonly bytes: Uint8Array;
  readonly fields: Uint32Array;
  /** Number of the first entry, and how many there are. */
  readonly from: number;
  readonly count: number;
  /**
   * What the kernel has read of the record, from `factAt` on in the words of the scan, of which it is that candidate; `NO_FACT`: nothing.
   * Values are listed only where it has read nothing.
   */
  readonly factAt: number;
  readonly candidate: number;
  readonly facts: Pick<SieveResult, 'words' | 'factStarts' | 'candidateCount'> | undefined;
  readonly factReader: FactReader | undefined;
  /** The first key of the record does not begin with an R, and comes right behind the brace. */
  readonly hasPlainStart: boolean;
  /** Rules that hold for the record for certain, or that only the parent of its process decides (`core/rule-candidate.ts`): `ruleCount` of them from `rules[firstRule]` on. */
  readonly rules: Uint32Array;
  readonly firstRule: number;
  readonly ruleCount: number;
}

/** How the times of a record are to be taken. */
export interface FedTime {
  readonly timezone: string;
  readonly arrivalMs: number;
  readonly clamp: boolean;
}

/** Names whose values are wanted, by slot: fields of processes, times, and what must not be nested. */
export const FED_NAMES: readonly string[] = [
  ...new Set([...PROCESS_SLOT_NAMES, ...TIME_FIELDS, ...NESTED_NAMES, ...GENERAL_NAMES]),
];

const DAY_MS = 86_400_000;
const DASH = 0x2d;
const BACKSLASH = 0x5c;
/** Lists of values that are known; log content decides how many there are. */
const MAX_LAYOUTS = 1024;

/** Candidates whose processes are looked for ahead. */
const FORESEEN = 48;

/** Told of pairs of host and process id, by their words, that will be asked for soon. */
export type Foresee = (ids: Uint32Array, count: number) => void;

/** A list of values, by its words of slot and kind. */
interface Layout {
  readonly words: Uint32Array;
  /** Undefined: the list needs the decoder. */
  readonly process: ProcessLayout | undefined;
  readonly times: Places;
}

export class ProcessFeeder {
  /** What the last record said; `activity` where it says nothing that is remembered. */
  readonly fact = new ProcessFact();
  readonly #texts: () => TextStore;
  readonly #times = new TimeReader();
  /** By a hash of their words; of two with one hash the last. */
  readonly #layouts = new Map<number, Layout>();
  #layout: Layout = newLayout(new Uint32Array(0));
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #fields: Uint32Array = new Uint32Array(0);
  /** Index of the record's first entry. */
  #first = 0;
  #factReader: FactReader | undefined;
  readonly #foresee: Foresee;
  /** Behind the candidates of the scan whose processes were looked for ahead. */
  #foreseen = 0;
  #foreseenOf: FedValues['facts'];
  readonly #ids = new Uint32Array(4 * FORESEEN);

  /** `texts`: where those of the facts are kept now. */
  constructor(texts: () => TextStore, foresee: Foresee) {
    this.#texts = texts;
    this.#foresee = foresee;
  }

  /** The texts that `fact` stands on. */
  get texts(): TextStore {
    return this.#texts();
  }

  /** Fills `fact`. Undefined: the record must be decoded; else where its time comes from. */
  read(values: FedValues, time: FedTime): TimeOrigin | undefined {
    const { bytes, fields, from, count, factReader } = values;
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    if (factReader !== this.#factReader) {
      this.#factReader = factReader;
      // Another kernel is told of each list anew.
      this.#layouts.clear();
      this.#layout = newLayout(new Uint32Array(0));
    }
    this.#fields = fields;
    this.#first = 3 * from;
    const texts = this.#texts();
    const isValid = factReader?.isValid(texts) === true;
    if (values.factAt !== NO_FACT) {
      const origin = isValid ? this.#readFact(values, time, texts) : undefined;
      if (origin !== undefined || count === 0) return origin;
    }
    const { process, times } = this.#layoutOf(count);
    if (process === undefined) return undefined;
    const { fact } = this;
    fact.kind = 'activity';
    const shape = this.#shapeOf(process);
    if (shape?.isGeneral === true) return undefined;
    const { ms, origin } = placedTime(this.#time(times, time), time);
    if (shape === undefined || shape.kind === 'activity') return origin;
    fact.pid = this.#pid(shape.pid, texts);
    if (fact.pid === NO_PID) return origin;
    fact.kind = shape.kind;
    fact.timeMs = ms;
    fact.isTimeAssumed = origin !== 'field';
    fact.host = texts.lowerOf(this.#host(process.hosts, texts));
    fact.guid = texts.guidOf(this.#value(shape.guid, texts));
    fact.parentPid = this.#pid(shape.parentPid, texts);
    fact.parentGuid = texts.guidOf(this.#value(shape.parentGuid, texts));
    this.#fill(fact.fields, shape.fields, texts);
    this.#fill(fact.parentFields, shape.parentFields, texts);
    return origin;
  }

  /** What the kernel has read; undefined where it took a time for one of UTC that is not. */
  #readFact(values: FedValues, time: FedTime, texts: TextStore): TimeOrigin | undefined {
    const { facts: scan, factAt, factReader } = values;
    if (scan === undefined) return undefined;
    const facts = scan.words;
    const { fact } = this;
    const flags = facts[factAt + 2] as number;
    if ((flags & FACT_ZONELESS) !== 0 && time.timezone !== 'Z') {
      factReader?.refuseZoneless();
      return undefined;
    }
    if (values.candidate >= this.#foreseen || scan !== this.#foreseenOf) this.#lookAhead(scan, values.candidate, texts);
    // Days before 1970 are negative.
    const { ms, origin } = placedTime(DAY_MS * ((facts[factAt] as number) | 0) + (facts[factAt + 1] as number), time);
    fact.kind = (flags & 1) === 0 ? 'start' : 'exit';
    fact.timeMs = ms;
    fact.isTimeAssumed = origin !== 'field';
    fact.host = texts.lowerOf(this.#numbered(facts[factAt + 3] as number, texts) || EMPTY_TEXT);
    fact.pid = facts[factAt + 4] as number;
    fact.guid = texts.guidOf(this.#numbered(facts[factAt + 5] as number, texts));
    fact.parentPid = facts[factAt + 6] as number;
    fact.parentGuid = texts.guidOf(this.#numbered(facts[factAt + 7] as number, texts));
    const from = factAt + 8;
    for (let i = 0; i < FIELD_COUNT; i++) {
      fact.fields[i] = this.#numberedField(facts[from + i] as number, texts);
      fact.parentFields[i] = this.#numberedField(facts[from + FIELD_COUNT + i] as number, texts);
    }
    return origin;
  }

  /** Of this fact and those behind it. Places in a large table are far from the processor: it waits once for all of them, not for each. */
  #lookAhead(scan: NonNullable<FedValues['facts']>, candidate: number, texts: TextStore): void {
    const { words, factStarts, candidateCount } = scan;
    const end = Math.min(candidateCount, candidate + FORESEEN);
    const ids = this.#ids;
    let count = 0;
    for (let i = candidate; i < end; i++) {
      const at = factStarts[i] as number;
      if (at === NO_FACT) continue;
      const host = texts.lowerOf(this.#numbered(words[at + 3] as number, texts) || EMPTY_TEXT);
      ids[count++] = host;
      ids[count++] = words[at + 4] as number;
      ids[count++] = host;
      ids[count++] = words[at + 6] as number;
    }
    this.#foreseen = end;
    this.#foreseenOf = scan;
    this.#foresee(ids, count);
  }

  #numbered(word: number, texts: TextStore): number {
    return word < OPEN_TEXT ? word : this.#openText(word - OPEN_TEXT, texts);
  }

  #numberedField(word: number, texts: TextStore): number {
    return word < OPEN_TEXT ? word : shortened(this.#openText(word - OPEN_TEXT, texts), texts);
  }

  /** Number of a text that has none yet in the kernel. */
  #openText(text: number, texts: TextStore): number {
    const reader = this.#factReader as FactReader;
    const known = reader.numberOf(text);
    if (known !== NO_TEXT) return known;
    const start = reader.startOf(text);
    const end = reader.endOf(text);
    const number =
      reader.kindOf(text) === KIND_NUMBER
        ? texts.idOf(String(Number(textOfSpelling(this.#bytes.subarray(start, end)))))
        : texts.idOfJson(this.#bytes, this.#view, start, end);
    reader.give(text, number);
    return number;
  }

  #layoutOf(count: number): Layout {
    const fields = this.#fields;
    const first = this.#first;
    if (isOf(this.#layout.words, fields, first, count)) return this.#layout;
    let hash = count;
    for (let at = first; at < first + 3 * count; at += 3) hash = Math.imul(hash ^ (fields[at] as number), 0x9e3779b1);
    const known = this.#layouts.get(hash);
    if (known !== undefined && isOf(known.words, fields, first, count)) {
      this.#layout = known;
      return known;
    }
    this.#layout = newLayout(Uint32Array.from({ length: count }, (_, i) => this.#word(i)));
    if (this.#layouts.size >= MAX_LAYOUTS) this.#layouts.clear();
    this.#layouts.set(hash, this.#layout);
    const { words, process, times } = this.#layout;
    if (process !== undefined) this.#factReader?.addLayout(words, factLayoutOf(process, times));
    return this.#layout;
  }

  #word(place: number): number {
    return this.#fields[this.#first + 3 * place] as number;
  }

  #start(place: number): number {
    return this.#fields[this.#first + 3 * place + 1] as number;
  }

  #end(place: number): number {
    return this.#fields[this.#first + 3 * place + 2] as number;
  }

  /** The first that fits. */
  #shapeOf({ shapes }: ProcessLayout): LayoutShape | undefined {
    for (let i = 0; i < shapes.length; i++) {
      const shape = shapes[i] as LayoutShape;
      let holds = true;
      for (let j = 0; holds && j < shape.when.length; j++) {
        holds = this.#isOneOf(shape.when[j] as LayoutCondition);
      }
      if (holds) return shape;
    }
    return undefined;
  }

  #isOneOf({ places, texts }: LayoutCondition): boolean {
    for (let i = 0; i < places.length; i++)
      for (let j = 0; j < texts.length; j++) if (this.#isText(places[i] as number, texts[j] as string)) return true;
    return false;
  }

  /** Texts of conditions are of ASCII, without anything that JSON escapes. */
  #isText(place: number, text: string): boolean {
    const start = this.#start(place);
    const end = this.#end(place);
    const bytes = this.#bytes;
    if (this.#word(place) >>> 8 === KIND_NUMBER) return this.#text(place) === text;
    let isSame = end - start === text.length;
    for (let i = 0; isSame && i < text.length; i++) isSame = bytes[start + i] === text.charCodeAt(i);
    if (isSame || end - start <= text.length) return isSame;
    // Another spelling may be longer.
    for (let i = start; i < end; i++) if (bytes[i] === BACKSLASH) return this.#text(place) === text;
    return false;
  }

  #text(place: number): string {
    const text = textOfSpelling(this.#bytes.subarray(this.#start(place), this.#end(place)));
    return this.#word(place) >>> 8 === KIND_NUMBER ? String(Number(text)) : text;
  }

  #time(places: Places, { timezone, arrivalMs }: FedTime): number | undefined {
    for (let i = 0; i < places.length; i++) {
      const place = places[i] as number;
      const ms =
        this.#times.read(this.#view, this.#start(place), this.#end(place), timezone) ??
        parseTime(this.#text(place), timezone, arrivalMs);
      if (ms !== undefined) return ms;
    }
    return undefined;
  }

  /** The first that is not empty. */
  #host(places: Places, texts: TextStore): number {
    for (let i = 0; i < places.length; i++) {
      const text = this.#id(places[i] as number, texts);
      if (text !== EMPTY_TEXT) return text;
    }
    return EMPTY_TEXT;
  }

  /** The first that says something. */
  #value(places: Places, texts: TextStore): number {
    for (let i = 0; i < places.length; i++) {
      const text = this.#id(places[i] as number, texts);
      if (text !== EMPTY_TEXT && text !== DASH_TEXT) return text;
    }
    return NO_TEXT;
  }

  #pid(places: Places, texts: TextStore): number {
    for (let i = 0; i < places.length; i++) {
      const place = places[i] as number;
      const pid = pidOfBytes(this.#view, this.#start(place), this.#end(place));
      if (pid !== undefined) return pid;
      const text = this.#id(place, texts);
      if (text !== EMPTY_TEXT && text !== DASH_TEXT) return pidWord(processId(texts.textOf(text)), texts);
    }
    return NO_PID;
  }

  #fill(to: Uint32Array, from: readonly LayoutField[], texts: TextStore): void {
    for (let i = 0; i < to.length; i++) to[i] = NO_TEXT;
    for (let i = 0; i < from.length; i++) {
      const { field, places } = from[i] as LayoutField;
      to[field] = shortened(this.#value(places, texts), texts);
    }
  }

  #id(place: number, texts: TextStore): number {
    const start = this.#start(place);
    const end = this.#end(place);
    if (end === start) return EMPTY_TEXT;
    if (end - start === 1 && this.#bytes[start] === DASH) return DASH_TEXT;
    if (this.#word(place) >>> 8 === KIND_NUMBER) return texts.idOf(this.#text(place));
    const text = texts.idOfJson(this.#bytes, this.#view, start, end);
    this.#factReader?.note(start, end - start, text);
    return text;
  }
}

function shortened(text: number, texts: TextStore): number {
  const isLong = texts.spellingLength(text) > MAX_VALUE_CHARACTERS;
  return isLong ? texts.idOf(texts.textOf(text).slice(0, MAX_VALUE_CHARACTERS)) : text;
}

/** The layout for the kernel: a fact has the fields of the process, then those of the parent. */
function factLayoutOf({ hosts, shapes }: ProcessLayout, times: Places): FactLayout {
  return {
    times,
    hosts,
    shapes: shapes.map(({ kind, isGeneral, fields, parentFields, ...shape }) => ({
      ...shape,
      kind: isGeneral || kind === 'activity' ? ('other' as const) : kind,
      fields: [...fields, ...parentFields.map(({ field, places }) => ({ field: field + FIELD_COUNT, places }))],
    })),
  };
}

function isOf(words: Uint32Array, fields: Uint32Array, first: number, count: number): boolean {
  if (words.length !== count) return false;
  for (let i = 0, at = first; i < count; i++, at += 3) if (words[i] !== fields[at]) return false;
  return true;
}

function newLayout(words: Uint32Array): Layout {
  const places = new Map<string, number>();
  let isPlain = true;
  for (const [place, word] of words.entries()) {
    const name = FED_NAMES[word & 255] as string;
    // A name for several values, or for what only the decoder can tell.
    const isNested = word >>> 8 === KIND_WILD && NESTED_NAMES.includes(name);
    if (places.has(name) || isNested || GENERAL_NAMES.includes(name)) isPlain = false;
    places.set(name, place);
  }
  // An object under a name that matters nowhere nested is no text, as it is none to the decoder.
  const isText = (place: number): boolean => {
    const kind = (words[place] as number) >>> 8;
    return kind >= KIND_TEXT && kind <= KIND_BOOLEAN;
  };
  const times = TIME_FIELDS.flatMap((name) => {
    const place = places.get(name);
    return place !== undefined && isText(place) ? [place] : [];
  });
  return { words, process: isPlain ? layoutOf((name) => places.get(name), isText) : undefined, times };
}
