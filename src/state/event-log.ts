/**
 * EventLog: the events that stateful rules may have to show, by their place, in memory, bounded by bytes; the oldest go first, counted: of
 * events and of records that were never decoded, of which those that take more room go. What is not in memory is looked for in the
 * archive, when there is one.
 * An event that is gone still has its place, so alerts keep their identity: a stand-in without fields takes its part.
 */
import type { Event } from '../core/event.ts';
import type { RecordSource } from '../core/record.ts';
import type { MatchedRecord } from './correlation/matched-record.ts';
import type { EventPlace } from './event-place.ts';
import type { SourceClocks } from './order/source-clock.ts';
import { type KeptRecord, RecordLog } from './record-log.ts';

export interface EventLogCounts {
  events: number;
  bytes: number;
  evicted: number;
}

/** Where events are kept beyond memory, and over restarts. */
export interface EventArchive {
  /** Takes an event that an alert may have to show; again and again the same one, too. */
  put(event: Event): void;
  /** The event, as long as it is kept. */
  get(sourceId: string, position: number, part: number): Event | undefined;
}

/** What an event costs beside its original text, which its fields repeat. */
const EVENT_BYTES = 600;

export class EventLog {
  readonly counts: EventLogCounts = { events: 0, bytes: 0, evicted: 0 };
  readonly #budgetBytes: number;
  readonly #clocks: SourceClocks;
  readonly #events = new Map<string, Event>();
  /** Keys of the events, oldest first, from `#first` on. A map finds its own oldest only past all that were taken out before it. */
  #order: string[] = [];
  #first = 0;
  readonly #sources = new Map<number, RecordSource>();

  readonly #archive: EventArchive | undefined;
  readonly #records = new RecordLog();
  #eventOf: ((record: KeptRecord) => Event) | undefined;
  /** The source that was numbered last. */
  #lastSource: RecordSource | undefined;
  #lastNumber = 0;

  constructor(clocks: SourceClocks, budgetBytes: number, archive?: EventArchive) {
    this.#clocks = clocks;
    this.#budgetBytes = budgetBytes;
    this.#archive = archive;
  }

  /** Place of an event; registers its source. Only files have epochs: in a topic, one late sender must not close the others' windows. */
  placeOf(event: Event): EventPlace {
    const { source, position, part } = event.origin;
    return { timeMs: event.timeMs, source: this.#numberOf(source), position, part };
  }

  #numberOf(source: RecordSource): number {
    if (source === this.#lastSource && this.#clocks.idOf(this.#lastNumber) === source.id) return this.#lastNumber;
    const kind = source.replayable && !source.path.includes('://') ? 'file' : 'stream';
    const number = this.#clocks.register(source.id, kind);
    if (!this.#sources.has(number)) this.#sources.set(number, source);
    this.#lastSource = source;
    this.#lastNumber = number;
    return number;
  }

  /** What makes an event of a record; without it no records may be kept. */
  set eventOf(eventOf: (record: KeptRecord) => Event) {
    this.#eventOf = eventOf;
  }

  /** True: records may be kept that nobody has decoded. */
  get takesRecords(): boolean {
    return this.#eventOf !== undefined;
  }

  /** Keeps a record, once; its bytes must stay as they are until `settle`. Returns the number of its source. */
  keep(record: MatchedRecord): number {
    const number = this.#numberOf(record.source);
    if (record.isKept) return number;
    record.isKept = true;
    // What it holds is read after a restart by who knows events only.
    if (this.#archive !== undefined && this.#eventOf !== undefined) this.#archive.put(this.#eventOf(standing(record)));
    const before = this.#records.bytes;
    this.#records.put(number, record);
    this.counts.events++;
    this.counts.bytes += this.#records.bytes - before;
    while (this.counts.bytes > this.#budgetBytes && this.counts.events > 0) this.#evictOldest();
    return number;
  }

  /** Copies the records that were kept since the last call. */
  settle(): void {
    this.#records.settle();
  }

  put(place: EventPlace, event: Event): void {
    const key = keyOf(place);
    if (this.#events.has(key)) return;
    this.#archive?.put(event);
    this.#events.set(key, event);
    this.#order.push(key);
    this.counts.events++;
    this.counts.bytes += eventBytes(event);
    while (this.counts.bytes > this.#budgetBytes && this.counts.events > 0) this.#evictOldest();
  }

  #evictOldest(): void {
    const inRecords = this.#records.bytes;
    if (2 * inRecords > this.counts.bytes) {
      this.#records.dropOldest();
      this.counts.events--;
      this.counts.bytes += this.#records.bytes - inRecords;
      this.counts.evicted++;
      return;
    }
    const key = this.#order[this.#first++] as string;
    const oldest = this.#events.get(key) as Event;
    this.#events.delete(key);
    this.counts.events--;
    this.counts.bytes -= eventBytes(oldest);
    this.counts.evicted++;
    if (2 * this.#first < this.#order.length) return;
    this.#order = this.#order.slice(this.#first);
    this.#first = 0;
  }

  /** The event, or a stand-in for one that is gone. */
  get(place: EventPlace): Event {
    const kept = this.#events.size === 0 ? undefined : this.#events.get(keyOf(place));
    if (kept !== undefined) return kept;
    const { source, position, part } = place;
    const record = part === 0 ? this.#records.get(source, position) : undefined;
    if (record !== undefined && this.#eventOf !== undefined) return this.#eventOf(record);
    return this.#archive?.get(this.#clocks.idOf(source), position, part) ?? this.#standIn(place);
  }

  #standIn({ timeMs, source, position, part }: EventPlace): Event {
    const id = this.#clocks.idOf(source);
    const known = this.#sources.get(source) ?? { input: '', path: id, id, replayable: true, timezone: 'Z' };
    const origin = { source: known, position, line: 0, record: 0, part, arrivalMs: timeMs };
    return { fields: {}, original: '', format: 'forgotten', timeMs, timeOrigin: 'field', origin };
  }
}

function standing(record: MatchedRecord): KeptRecord {
  const { bytes, start, end, timeMs, timeOrigin, source, position, line, record: ordinal, arrivalMs } = record;
  const origin = { source, position, line, record: ordinal, part: 0, arrivalMs };
  return { bytes, start, end, timeMs, timeOrigin, origin };
}

function keyOf({ source, position, part }: EventPlace): string {
  return `${source}:${position}:${part}`;
}

/** About what an event takes in memory. */
export function eventBytes(event: Event): number {
  return EVENT_BYTES + 2 * event.original.length;
}
