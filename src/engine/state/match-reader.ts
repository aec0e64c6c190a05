/**
 * MatchReader: what correlations want of a record that rules hold for, its time and the values of some fields, from the places of its values
 * in the bytes as the event sieve lists them. Exactly what decoding it would say, or nothing: several values for one field, arrays and
 * objects are left to the decoder. Records of one source list the same names in the same order: what stands where is worked out once.
 */
import type { RecordOrigin } from '../../core/record.ts';
import { parseTime } from '../../core/time.ts';
import { placedTime, TIME_FIELDS } from '../../decode/event-time.ts';
import { KIND_BOOLEAN, KIND_NULL, KIND_NUMBER, KIND_TEXT } from '../../scan/sieve-memory.ts';
import { ABSENT, MatchedRecord, NUMBER, SPELLED, VERBATIM } from '../../state/correlation/matched-record.ts';
import { textOfSpelling } from '../../state/process/text-spelling.ts';
import type { MatchedSlots, Meant } from './matched-slots.ts';
import type { FedTime, FedValues } from './process-feeder.ts';
import { TimeReader } from './time-reader.ts';

const [BLANK, COLON, BACKSLASH] = [0x20, 0x3a, 0x5c];
/** Lists of values that are known; log content decides how many there are. */
const MAX_LAYOUTS = 1024;
const NOWHERE = -1;

/** A list of values, by its words of slot and kind. */
interface Layout {
  readonly words: Uint32Array;
  /** False: the list needs the decoder. */
  readonly isPlain: boolean;
  /** Places of times, in the order in which they are tried. */
  readonly times: readonly number[];
  /** By field the place of its value, or NOWHERE. */
  readonly fields: Int32Array;
}

const NO_LAYOUT: Layout = { words: new Uint32Array(0), isPlain: false, times: [], fields: new Int32Array(0) };

export class MatchReader {
  /** What the last record said. */
  readonly record: MatchedRecord;
  readonly #slots: MatchedSlots;
  readonly #times = new TimeReader();
  /** By a hash of their words; of two with one hash the last. */
  readonly #layouts = new Map<number, Layout>();
  #layout = NO_LAYOUT;
  #given: Uint8Array = new Uint8Array(0);
  #bytes: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(slots: MatchedSlots) {
    this.#slots = slots;
    this.record = new MatchedRecord(slots.fields.length);
  }

  /** Fills `record`; false: it must be decoded. It stands in `[start, end)` of the bytes of the values. */
  read(
    { bytes, fields, from: listed, count }: FedValues,
    origin: RecordOrigin,
    start: number,
    end: number,
    time: FedTime,
  ): boolean {
    if (bytes !== this.#given) {
      this.#given = bytes;
      this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    const first = 3 * listed;
    const layout = this.#layoutOf(fields, first, count);
    if (!layout.isPlain) return false;
    const { record } = this;
    const { values } = record;
    for (let field = 0; field < layout.fields.length; field++) {
      const place = layout.fields[field] as number;
      const to = 3 * field;
      if (place === NOWHERE) {
        values[to] = ABSENT;
        continue;
      }
      const at = first + 3 * place;
      const from = fields[at + 1] as number;
      const until = fields[at + 2] as number;
      const kind = (fields[at] as number) >>> 8;
      if (!this.#standsAlone(kind === KIND_TEXT ? from - 2 : from - 1)) return false;
      values[to] = this.#spellingOf(kind, from, until);
      values[to + 1] = from;
      values[to + 2] = until;
    }
    const placed = placedTime(this.#time(layout.times, fields, first, time), time);
    record.bytes = this.#bytes;
    record.start = start;
    record.end = end;
    record.timeMs = placed.ms;
    record.timeOrigin = placed.origin;
    record.source = origin.source;
    record.position = origin.position;
    record.line = origin.line;
    record.record = origin.record;
    record.arrivalMs = origin.arrivalMs;
    record.isKept = false;
    return true;
  }

  /** No element of an array: behind its name. */
  #standsAlone(before: number): boolean {
    let at = before;
    while (this.#bytes[at] === BLANK) at--;
    return this.#bytes[at] === COLON;
  }

  #spellingOf(kind: number, start: number, end: number): number {
    if (kind === KIND_NULL) return ABSENT;
    if (kind === KIND_NUMBER) return NUMBER;
    if (kind !== KIND_TEXT) return VERBATIM;
    const bytes = this.#bytes;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte === BACKSLASH || byte > 0x7e) return SPELLED;
    }
    return VERBATIM;
  }

  #time(
    places: readonly number[],
    fields: Uint32Array,
    first: number,
    { timezone, arrivalMs }: FedTime,
  ): number | undefined {
    for (let i = 0; i < places.length; i++) {
      const at = first + 3 * (places[i] as number);
      const start = fields[at + 1] as number;
      const end = fields[at + 2] as number;
      const ms =
        this.#times.read(this.#view, start, end, timezone) ??
        parseTime(this.#text((fields[at] as number) >>> 8, start, end), timezone, arrivalMs);
      if (ms !== undefined) return ms;
    }
    return undefined;
  }

  #text(kind: number, start: number, end: number): string {
    const text = textOfSpelling(this.#bytes.subarray(start, end));
    return kind === KIND_NUMBER ? String(Number(text)) : text;
  }

  #layoutOf(fields: Uint32Array, first: number, count: number): Layout {
    if (isOf(this.#layout.words, fields, first, count)) return this.#layout;
    let hash = count;
    for (let at = first; at < first + 3 * count; at += 3) hash = Math.imul(hash ^ (fields[at] as number), 0x9e3779b1);
    let layout = this.#layouts.get(hash);
    if (layout === undefined || !isOf(layout.words, fields, first, count)) {
      layout = this.#newLayout(Uint32Array.from({ length: count }, (_, i) => fields[first + 3 * i] as number));
      if (this.#layouts.size >= MAX_LAYOUTS) this.#layouts.clear();
      this.#layouts.set(hash, layout);
    }
    this.#layout = layout;
    return layout;
  }

  #newLayout(words: Uint32Array): Layout {
    const byTime = TIME_FIELDS.map((): Found => ({ ...NOT_FOUND }));
    const byField = this.#slots.fields.map((): Found => ({ ...NOT_FOUND }));
    for (const [place, word] of words.entries()) {
      const { times, fields } = this.#slots.meaningOf(word & 255);
      note(byTime, times, place);
      note(byField, fields, place);
    }
    const kindAt = (place: number): number => (words[place] as number) >>> 8;
    const isPlain =
      [...byTime, ...byField].every(({ isCertain }) => isCertain) &&
      byField.every(({ place }) => place === NOWHERE || kindAt(place) <= KIND_NULL);
    return {
      words,
      isPlain,
      // What is no scalar is none to the decoder either.
      times: byTime.flatMap(({ place }) => (place === NOWHERE || kindAt(place) > KIND_BOOLEAN ? [] : [place])),
      fields: Int32Array.from(byField, ({ place }) => place),
    };
  }
}

/** The one value of a time or field; not certain where there are several, or it need not be that. */
interface Found {
  place: number;
  isCertain: boolean;
}

const NOT_FOUND: Found = { place: NOWHERE, isCertain: true };

function note(found: readonly Found[], meant: readonly Meant[], place: number): void {
  for (const { number, isCertain } of meant) {
    const one = found[number];
    if (one === undefined) continue;
    one.isCertain &&= isCertain && one.place === NOWHERE;
    one.place = place;
  }
}

function isOf(words: Uint32Array, fields: Uint32Array, first: number, count: number): boolean {
  if (words.length !== count) return false;
  for (let i = 0, at = first; i < count; i++, at += 3) if (words[i] !== fields[at]) return false;
  return true;
}
