/**
 * EventReader: the bytes of records to events, with their fields, their time and their original text. The decoder is the first that
 * recognises the record, unless its source says which; the time is the record's own where it has one, else that of its arrival.
 */
import type { Event, EventObject, TimeOrigin } from '../core/event.ts';
import type { RecordOrigin, RecordSource } from '../core/record.ts';
import type { DecodeLimits, Decoder } from '../decode/decoder.ts';
import { eventTime, type TimeOptions } from '../decode/event-time.ts';
import { DECODERS } from '../decode/registry.ts';
import { decodeUtf8, isAscii } from '../decode/text.ts';
import type { ErrorCode } from '../errors/table.ts';
import type { KeptRecord } from '../state/record-log.ts';
import type { FedTime } from './state/process-feeder.ts';

export interface EventReaderOptions {
  readonly limits: DecodeLimits;
  /** Live streams hold back event times that lie ahead of the clock. */
  readonly clampTime: boolean;
  /** Fields that say when an event happened, before those that are known. */
  readonly timeFields?: readonly string[];
  readonly keepOriginal: boolean;
  /** Changes the fields of each event before anything is matched: legacy key mapping. */
  readonly adapt?: (fields: EventObject) => EventObject;
}

export interface EventReaderCounts {
  /** Records read. */
  candidates: number;
  events: number;
  timeFromArrival: number;
  timeClamped: number;
}

/** `input`: name of the input that the record came through. */
export type ReportProblem = (code: ErrorCode, bytes: Uint8Array, start: number, end: number, input: string) => void;

export class EventReader {
  readonly #options: EventReaderOptions;
  readonly #counts: EventReaderCounts;
  readonly #report: ReportProblem;
  #isAdapted = false;
  #timing: FedTime = { timezone: '', arrivalMs: 0, clamp: false };

  /** Counts what it reads in `counts`. */
  constructor(options: EventReaderOptions, counts: EventReaderCounts, report: ReportProblem) {
    this.#options = options;
    this.#counts = counts;
    this.#report = report;
  }

  /** The record read last has fields under other names than in its bytes, which tell nothing then. */
  get isAdapted(): boolean {
    return this.#isAdapted;
  }

  /** Names and times of all records are what their bytes say, by themselves: no setting bears on them. */
  get isLiteral(): boolean {
    const { adapt, timeFields = [] } = this.#options;
    return adapt === undefined && timeFields.length === 0;
  }

  /** The events of a record. `origin.part` of the given origin is 0; parts are numbered here. */
  read(bytes: Uint8Array, start: number, end: number, origin: RecordOrigin): readonly Event[] {
    this.#counts.candidates++;
    const decoder = decoderOf(bytes, start, end, origin.source.decoder);
    const text = this.#options.keepOriginal ? decodeUtf8(bytes, start, end) : undefined;
    const decoded = decoder.decode(bytes, start, end, this.#options.limits, text);
    if (decoded.problem !== undefined) this.#report(decoded.problem, bytes, start, end, origin.source.input);
    const format = decoded.problem === undefined ? decoder.name : 'text';
    this.#isAdapted = false;
    const original = text ?? '';
    return decoded.events.map((fields, part) =>
      this.#event(fields, format, original, part === 0 ? origin : { ...origin, part }),
    );
  }

  #event(decoded: EventObject, format: string, original: string, origin: RecordOrigin): Event {
    const fields = this.#options.adapt === undefined ? decoded : this.#options.adapt(decoded);
    if (fields !== decoded) this.#isAdapted = true;
    const time = eventTime(fields, format, this.#timeOptions(origin, this.#options.clampTime));
    this.#counts.events++;
    this.countTime(time.origin);
    return { fields, original, format, timeMs: time.ms, timeOrigin: time.origin, origin };
  }

  /** The event of a record that was told of before by its bytes; most of those that alerts show are never asked for their fields. */
  shown({ bytes, start, end, timeMs, timeOrigin, origin }: KeptRecord): Event {
    const { keepOriginal, limits } = this.#options;
    const text = isAscii(bytes, start, end) ? bytes.toString('latin1', start, end) : decodeUtf8(bytes, start, end);
    let decoded: Pick<Event, 'fields' | 'format'> | undefined;
    const decode = (): Pick<Event, 'fields' | 'format'> => {
      if (decoded !== undefined) return decoded;
      const record = Buffer.from(text);
      const decoder = decoderOf(record, 0, record.length, origin.source.decoder);
      const { events } = decoder.decode(record, 0, record.length, limits, text);
      decoded = { fields: events[0] ?? {}, format: decoder.name };
      return decoded;
    };
    return {
      get fields() {
        return decode().fields;
      },
      original: keepOriginal ? text : '',
      get format() {
        return decode().format;
      },
      ...{ timeMs, timeOrigin, origin },
    };
  }

  /** Event time of a record, counting nothing; undefined when it has none of its own. */
  timeOf(bytes: Uint8Array, start: number, end: number, origin: RecordOrigin): number | undefined {
    const decoder = decoderOf(bytes, start, end, origin.source.decoder);
    const { events, problem } = decoder.decode(bytes, start, end, this.#options.limits);
    const [fields] = events;
    if (fields === undefined) return undefined;
    const format = problem === undefined ? decoder.name : 'text';
    const time = eventTime(fields, format, this.#timeOptions(origin, false));
    return time.origin === 'field' ? time.ms : undefined;
  }

  #timeOptions({ source, arrivalMs }: RecordOrigin, clamp: boolean): TimeOptions {
    return { timezone: source.timezone, arrivalMs, clamp, timeFields: this.#options.timeFields };
  }

  /** How the times of records are to be read that are told of by their bytes; the same object while nothing changes. */
  timing({ timezone }: RecordSource, arrivalMs: number): FedTime {
    const timing = this.#timing;
    if (timing.timezone === timezone && timing.arrivalMs === arrivalMs) return timing;
    this.#timing = { timezone, arrivalMs, clamp: this.#options.clampTime };
    return this.#timing;
  }

  countTime(origin: TimeOrigin): void {
    if (origin === 'arrival') this.#counts.timeFromArrival++;
    if (origin === 'clamped') this.#counts.timeClamped++;
  }
}

function decoderOf(bytes: Uint8Array, start: number, end: number, pinned: string | undefined): Decoder {
  const candidates = pinned === undefined ? DECODERS : DECODERS.filter((decoder) => decoder.name === pinned);
  const decoder = candidates.find((candidate) => candidate.recognises(bytes, start, end)) ?? DECODERS.at(-1);
  if (decoder === undefined) throw new Error('the decoder registry is empty');
  return decoder;
}
