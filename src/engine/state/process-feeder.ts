/**
 * ProcessFeeder: what a record says about a process and its time, read from the places of its values in the bytes as the event sieve
 * lists them; the record is not decoded. Exactly what decoding it would say, or nothing: what is unusual (nested objects under
 * names that matter, several values under one) is left to the decoder.
 */
import type { RecordOrigin } from '../../core/record.ts';
import { parseTime } from '../../core/time.ts';
import { type EventTime, placedTime, TIME_FIELDS } from '../../decode/event-time.ts';
import type { ProcessEvent } from '../../state/process/process-event.ts';
import {
  type FieldSlots,
  GENERAL_NAMES,
  NESTED_NAMES,
  PROCESS_SLOT_NAMES,
  processEventOfSlots,
} from '../../state/process/process-slots.ts';
import { RecentTexts } from './recent-texts.ts';

/** Values of one record: entries of three numbers, slot + kind * 256, start and end in the bytes. */
export interface FedValues {
  readonly fields: Uint32Array;
  /** Number of the first entry, and how many there are. */
  readonly from: number;
  readonly count: number;
}

/** Names whose values are wanted, by slot: fields of processes, times, and what must not be nested. */
export const FED_NAMES: readonly string[] = [
  ...new Set([...PROCESS_SLOT_NAMES, ...TIME_FIELDS, ...NESTED_NAMES, ...GENERAL_NAMES]),
];

const TIME_SLOTS = TIME_FIELDS.map((name) => FED_NAMES.indexOf(name));
const IS_NESTED = Uint8Array.from(FED_NAMES, (name) => (NESTED_NAMES.includes(name) ? 1 : 0));
const IS_GENERAL = Uint8Array.from(FED_NAMES, (name) => (GENERAL_NAMES.includes(name) ? 1 : 0));
const KIND_TEXT = 0;
const KIND_NULL = 4;
const KIND_WILD = 5;
const KIND_EMPTY = 6;
const ISO_LENGTH = 24;

export interface FedProcess {
  /** Undefined: the record is about no process. */
  readonly process: ProcessEvent | undefined;
  readonly time: EventTime;
}

export class ProcessFeeder implements FieldSlots {
  readonly present = new Uint8Array(FED_NAMES.length);
  /** Entry of each slot that is present. */
  readonly #entries = new Int32Array(FED_NAMES.length);
  readonly #recent = new RecentTexts();
  #bytes: Uint8Array = new Uint8Array(0);
  #fields: Uint32Array = new Uint32Array(0);
  #day = -1;
  #dayMs = 0;

  /** Undefined: the record must be decoded. */
  read(bytes: Uint8Array, values: FedValues, origin: RecordOrigin, clamp: boolean): FedProcess | undefined {
    this.#bytes = bytes;
    this.#fields = values.fields;
    const isPlain = this.#load(values);
    let read: FedProcess | undefined;
    if (isPlain) {
      const { timezone } = origin.source;
      const { arrivalMs } = origin;
      const time = placedTime(this.#time(timezone, arrivalMs), { timezone, arrivalMs, clamp });
      read = { process: processEventOfSlots(this, time.ms), time };
    }
    for (let at = 3 * values.from; at < 3 * (values.from + values.count); at += 3)
      this.present[(values.fields[at] as number) & 255] = 0;
    return read;
  }

  /** Text of a slot of the record at hand. */
  text(slot: number): string | undefined {
    if (this.present[slot] === 0) return undefined;
    const at = this.#entries[slot] as number;
    const kind = (this.#fields[at] as number) >>> 8;
    // An object under a name that matters nowhere nested is no text, as it is none to the decoder.
    if (kind === KIND_NULL || kind === KIND_EMPTY || kind === KIND_WILD) return undefined;
    const text = this.#recent.text(this.#bytes, this.#fields[at + 1] as number, this.#fields[at + 2] as number);
    if (kind === KIND_TEXT || text === 'true' || text === 'false') return text;
    return String(Number(text));
  }

  /** False when a name stands for several values, or for what only the decoder can tell. */
  #load({ fields, from, count }: FedValues): boolean {
    let isPlain = true;
    for (let at = 3 * from; at < 3 * (from + count); at += 3) {
      const word = fields[at] as number;
      const slot = word & 255;
      const isNested = word >>> 8 === KIND_WILD && IS_NESTED[slot] === 1;
      if (this.present[slot] !== 0 || isNested || IS_GENERAL[slot] === 1) isPlain = false;
      this.present[slot] = 1;
      this.#entries[slot] = at;
    }
    return isPlain;
  }

  #time(timezone: string, arrivalMs: number): number | undefined {
    for (let i = 0; i < TIME_SLOTS.length; i++) {
      const text = this.text(TIME_SLOTS[i] as number);
      const ms = text === undefined ? undefined : (this.#isoTime(text) ?? parseTime(text, timezone, arrivalMs));
      if (ms !== undefined) return ms;
    }
    return undefined;
  }

  /** `2024-01-31T23:59:58.123Z`; undefined for every other spelling. */
  #isoTime(text: string): number | undefined {
    if (text.length !== ISO_LENGTH || text.charCodeAt(10) !== 0x54 || text.charCodeAt(23) !== 0x5a) return undefined;
    if (text.charCodeAt(4) !== 0x2d || text.charCodeAt(7) !== 0x2d || text.charCodeAt(19) !== 0x2e) return undefined;
    if (text.charCodeAt(13) !== 0x3a || text.charCodeAt(16) !== 0x3a) return undefined;
    const day = digits(text, 0, 4) * 10_000 + digits(text, 5, 2) * 100 + digits(text, 8, 2);
    const hour = digits(text, 11, 2);
    const minute = digits(text, 14, 2);
    const second = digits(text, 17, 2);
    const fraction = digits(text, 20, 3);
    if (!(hour < 24 && minute < 60 && second < 60 && fraction >= 0)) return undefined;
    if (day !== this.#day) {
      const ms = parseTime(`${text.slice(0, 10)}T00:00:00Z`, 'Z', 0);
      if (ms === undefined || Number.isNaN(day)) return undefined;
      this.#day = day;
      this.#dayMs = ms;
    }
    return this.#dayMs + hour * 3_600_000 + minute * 60_000 + second * 1000 + fraction;
  }
}

/** NaN when there is anything but digits. */
function digits(text: string, from: number, count: number): number {
  let value = 0;
  for (let i = from; i < from + count; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}
