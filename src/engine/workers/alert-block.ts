/**
 * Alerts on their way from the thread that found them: the lines of JSON as bytes, which change their owner instead of being copied, and
 * the little that the receiving thread must know of each. Where something may ask for the events, these travel beside as bytes, and are
 * made into objects when that happens.
 */
import { deserialize, serialize } from 'node:v8';
import type { FoundAlert } from '../../alerts/found-alert.ts';
import type { Finding } from '../../alerts/finding.ts';
import { numbersJson } from '../../alerts/alert-json.ts';
import type { Alert } from '../../core/alert.ts';
import type { Event } from '../../core/event.ts';
import { type JsonPiece, jsonLine } from '../../core/json-text.ts';
import type { Piece } from '../files/scan-jobs.ts';
import type { LinesBefore } from './prepared-records.ts';

export interface AlertBlock {
  readonly count: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Four offsets in `bytes` of each alert: its line, where in it the numbers go, its event, the end. */
  readonly offsets: Uint32Array;
  /** Of each alert: line and record of its event, event time. */
  readonly numbers: Float64Array;
  readonly ids: readonly string[];
  readonly wheres: readonly string[];
  /** Of each alert its place in `rules`. */
  readonly ruleOf: Uint32Array;
  readonly rules: readonly BlockRule[];
}

interface BlockRule {
  readonly key: string;
  readonly label: string;
}

const OFFSETS = 4;
const NUMBERS = 3;
/** Bytes of UTF-8 that one unit of UTF-16 takes at most. */
const MAX_UNIT_BYTES = 3;
const FIRST_BYTES = 1 << 16;
/** Stands for the place of the numbers where the line has them already: they must be changed in the record. */
const WRITTEN = 0;
const NOTHING_BEFORE: LinesBefore = { lines: 0, records: 0 };

/** Takes findings as they come, so that little is left of them but bytes. */
export class AlertBlockWriter {
  readonly #withEvents: boolean;
  readonly #writer = new ByteWriter();
  #offsets: number[] = [];
  #numbers: number[] = [];
  #ids: string[] = [];
  #wheres: string[] = [];
  #ruleOf: number[] = [];
  #rules: BlockRule[] = [];
  readonly #places = new Map<string, number>();

  /** `withEvents`: somebody may ask for them. */
  constructor(withEvents: boolean) {
    this.#withEvents = withEvents;
  }

  add(found: readonly Finding[]): void {
    for (const finding of found) this.#add(finding);
  }

  /** All since the last call; undefined for none. */
  take(): AlertBlock | undefined {
    const count = this.#ids.length;
    if (count === 0) return undefined;
    const block = {
      count,
      bytes: this.#writer.take(),
      offsets: Uint32Array.from(this.#offsets),
      numbers: Float64Array.from(this.#numbers),
      ids: this.#ids,
      wheres: this.#wheres,
      ruleOf: Uint32Array.from(this.#ruleOf),
      rules: this.#rules,
    };
    this.#offsets = [];
    this.#numbers = [];
    this.#ids = [];
    this.#wheres = [];
    this.#ruleOf = [];
    this.#rules = [];
    this.#places.clear();
    return block;
  }

  #add(finding: Finding): void {
    const writer = this.#writer;
    const { event, label, ruleKey: key } = finding;
    const parts = finding.parts();
    const start = writer.used;
    for (const piece of parts?.head ?? [finding.json()]) writer.piece(piece);
    const middle = parts === undefined ? WRITTEN : writer.used;
    if (parts !== undefined) writer.text(parts.tail);
    const end = writer.used;
    if (this.#withEvents) writer.bytes(serialize(event));
    this.#offsets.push(start, middle, end, writer.used);
    this.#numbers.push(event.origin.line, event.origin.record, event.timeMs);
    this.#ids.push(finding.id);
    this.#wheres.push(finding.where);
    this.#ruleOf.push(this.#placeOf(key, label));
  }

  #placeOf(key: string, label: string): number {
    const name = `${key}\n${label}`;
    let place = this.#places.get(name);
    if (place === undefined) {
      place = this.#rules.length;
      this.#places.set(name, place);
      this.#rules.push({ key, label });
    }
    return place;
  }
}

/** What changes its owner when the result is posted. */
export function transfersOf({ found, left }: Pick<Piece, 'found' | 'left'>): ArrayBuffer[] {
  return [found, left].flatMap((block) => block?.bytes.buffer ?? []);
}

/** The alerts of a block. `before`: lines and records of the file in front of the range that they were found in. */
export function alertsOf(block: AlertBlock | undefined, before: LinesBefore = NOTHING_BEFORE): readonly FoundAlert[] {
  if (block === undefined) return NO_ALERTS;
  return Array.from({ length: block.count }, (_, i) => new BlockAlert(block, i, before));
}

/** The alerts of a block with others of the same input, by the number of the record. `others`: in their order, not in that of a range. */
export function alertsWith(
  block: AlertBlock | undefined,
  others: readonly Finding[],
  before: LinesBefore = NOTHING_BEFORE,
): readonly FoundAlert[] {
  const own = alertsOf(block, before);
  if (block === undefined || others.length === 0) return own.length === 0 ? others : own;
  const all: FoundAlert[] = [];
  let next = 0;
  for (const [i, alert] of own.entries()) {
    const record = (block.numbers[NUMBERS * i + 1] as number) + before.records;
    for (; next < others.length && (others[next] as Finding).event.origin.record < record; next++)
      all.push(others[next] as Finding);
    all.push(alert);
  }
  return [...all, ...others.slice(next)];
}

const NO_ALERTS: readonly FoundAlert[] = Object.freeze([]);

class BlockAlert implements FoundAlert {
  readonly #block: AlertBlock;
  readonly #at: number;
  readonly #before: LinesBefore;
  #alert: Alert | undefined;
  #event: Event | undefined;

  constructor(block: AlertBlock, at: number, before: LinesBefore) {
    this.#block = block;
    this.#at = at;
    this.#before = before;
  }

  get id(): string {
    return this.#block.ids[this.#at] as string;
  }

  get ruleKey(): string {
    return this.#rule.key;
  }

  get label(): string {
    return this.#rule.label;
  }

  get where(): string {
    return this.#block.wheres[this.#at] as string;
  }

  get timeMs(): number {
    return this.#block.numbers[NUMBERS * this.#at + 2] as number;
  }

  get textLength(): number {
    return this.#offset(2) - this.#offset(0);
  }

  get alert(): Alert {
    this.#alert ??= JSON.parse(this.json()) as Alert;
    return this.#alert;
  }

  /** Throws where the block was made without events: a bug of who asked for it so. */
  get event(): Event {
    if (this.#event === undefined) {
      const event = deserialize(this.#block.bytes.subarray(this.#offset(2), this.#offset(3))) as Event;
      this.#event = { ...event, origin: { ...event.origin, line: this.#line, record: this.#record } };
    }
    return this.#event;
  }

  json(): string {
    const [start, middle, end] = [this.#offset(0), this.#offset(1), this.#offset(2)];
    if (middle !== WRITTEN)
      return this.#text(start, middle) + numbersJson(this.#line, this.#record) + this.#text(middle, end);
    const text = this.#text(start, end);
    if (this.#before.lines === 0) return text;
    const alert = JSON.parse(text) as Alert;
    const { line: _line, record: _record, ...source } = alert.flint.input;
    const input = { ...source, ...(this.#line > 0 && { line: this.#line }), record: this.#record };
    return jsonLine({ ...alert, flint: { ...alert.flint, input } });
  }

  get #rule(): BlockRule {
    return this.#block.rules[this.#block.ruleOf[this.#at] as number] as BlockRule;
  }

  get #line(): number {
    const own = this.#block.numbers[NUMBERS * this.#at] as number;
    return own === 0 ? 0 : own + this.#before.lines;
  }

  get #record(): number {
    return (this.#block.numbers[NUMBERS * this.#at + 1] as number) + this.#before.records;
  }

  #offset(which: number): number {
    return this.#block.offsets[OFFSETS * this.#at + which] as number;
  }

  #text(start: number, end: number): string {
    const { bytes } = this.#block;
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8', start, end);
  }
}

class ByteWriter {
  #bytes = Buffer.from(new ArrayBuffer(FIRST_BYTES));
  used = 0;

  text(text: string): void {
    this.#reserve(MAX_UNIT_BYTES * text.length);
    this.used += this.#bytes.write(text, this.used);
  }

  piece(piece: JsonPiece): void {
    if (typeof piece === 'string') this.text(piece);
    else this.bytes(piece);
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.used);
    this.used += bytes.length;
  }

  /** What was written, in a buffer of its own; begins anew. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = new Uint8Array(this.#bytes.subarray(0, this.used));
    this.used = 0;
    return taken;
  }

  #reserve(length: number): void {
    if (this.used + length <= this.#bytes.length) return;
    const larger = Buffer.from(new ArrayBuffer(Math.max(this.used + length, 2 * this.#bytes.length)));
    larger.set(this.#bytes.subarray(0, this.used));
    this.#bytes = larger;
  }
}
