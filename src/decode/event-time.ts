/**
 * When an event happened: the first usable candidate field, in order (design section 4). A text line is looked at for the time
 * stamps that lines begin with; a record without any takes its arrival, which the caller counts.
 */
import type { EventObject, TimeOrigin } from '../core/event.ts';
import { mayHaveField, textOf } from '../core/field-path.ts';
import { PerKeys } from '../core/per-keys.ts';
import { auditLine } from '../core/syslog-line.ts';
import { parseTime } from '../core/time.ts';

/** Most particular first: a collector's own stamp comes after the event's where both are common. */
export const TIME_FIELDS = [
  'UtcTime',
  '@timestamp',
  'TimeCreated',
  'EventTime',
  'eventTime',
  'timestamp',
  'Timestamp',
  'ts',
  'time',
  'event.created',
  'start',
  '_time',
  'datetime',
  'date',
  'createdDateTime',
  'activityDateTime',
  'eventTimestamp',
  'event_timestamp',
  'CreationTime',
  'time_generated',
  'TimeGenerated',
  'published',
  // Carbon Black Cloud, osquery.
  'device_timestamp',
  'unixTime',
  'Event.System.TimeCreated.#attributes.SystemTime',
] as const;

/** A line's time stands in its head. */
const HEAD_CHARACTERS = 512;

const LINE_TIMES: readonly RegExp[] = [
  /^(?:<\d{1,3}>\d?\s*)?(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?)/,
  /^(?:<\d{1,3}>)?([A-Z][a-z]{2}\s+\d{1,2}\s+(?:\d{4}\s+)?\d{2}:\d{2}:\d{2})/,
  /^(\d{10}(?:\.\d{1,9})?)\b/,
  // Error logs of nginx and Apache.
  /^(\d{4}\/\d{2}\/\d{2} \d{2}:\d{2}:\d{2})\b/,
  /^\[([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2}(?:\.\d{1,9})? \d{4})\]/,
  /\[(\d{2}\/[A-Z][a-z]{2}\/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4})\]/,
];

/** Seconds and milliseconds of the event that an audit record of Linux is about; a header's time is when it was passed on. */
const AUDIT_TIME = /^\S+ msg=audit\((\d{10}\.\d{3}):/;

/** Beyond arrival by more than this, a live event's time is held back to its arrival (design section 4). */
const MAX_AHEAD_MS = 600_000;

export interface EventTime {
  readonly ms: number;
  readonly origin: TimeOrigin;
}

export interface TimeOptions {
  readonly timezone: string;
  readonly arrivalMs: number;
  /** Live streams clamp; files keep what they say. */
  readonly clamp: boolean;
  /** Names from the configuration, looked at first. */
  readonly timeFields?: readonly string[] | undefined;
}

export function eventTime(fields: EventObject, format: string, options: TimeOptions): EventTime {
  const ms = format === 'text' ? lineTime(fields, options) : fieldTime(fields, options);
  return placedTime(ms, options);
}

/** What stands in the record, held to the clock. */
export function placedTime(ms: number | undefined, options: TimeOptions): EventTime {
  if (ms === undefined) return { ms: options.arrivalMs, origin: 'arrival' };
  if (options.clamp && ms > options.arrivalMs + MAX_AHEAD_MS) return { ms: options.arrivalMs, origin: 'clamped' };
  return { ms, origin: 'field' };
}

function fieldTime(fields: EventObject, options: TimeOptions): number | undefined {
  return (
    firstTime(fields, options.timeFields ?? NO_NAMES, options) ??
    firstTime(fields, NAMES.of(Object.keys(fields)), options)
  );
}

const NO_NAMES: readonly string[] = Object.freeze([]);
/** Kinds of records that are remembered. */
const MAX_KINDS = 256;
const NAMES = new PerKeys(timeNames, MAX_KINDS);

/** Names under which a record with these keys may have its time, in the order in which they count. */
function timeNames(keys: readonly string[]): readonly string[] {
  const own = new Set(keys);
  return [...keys.filter(isBeginTime), ...TIME_FIELDS.filter((name) => mayHaveField(own, name))];
}

function firstTime(fields: EventObject, names: readonly string[], options: TimeOptions): number | undefined {
  for (const name of names) {
    const text = textOf(fields, name);
    const ms = text === undefined ? undefined : parseTime(text, options.timezone, options.arrivalMs);
    if (ms !== undefined) return ms;
  }
  return undefined;
}

/** BEGIN_TIME of STIX Spark, plain or with the underscore of GELF; the original compares keys without case. */
function isBeginTime(key: string): boolean {
  return /^_?begin_time$/i.test(key);
}

function lineTime(fields: EventObject, options: TimeOptions): number | undefined {
  const head = (textOf(fields, 'message') ?? '').slice(0, HEAD_CHARACTERS);
  const audit = auditLine(head);
  const stamp = audit === undefined ? undefined : AUDIT_TIME.exec(head.slice(audit.at))?.[1];
  if (stamp !== undefined) return parseTime(stamp, options.timezone, options.arrivalMs);
  for (const pattern of LINE_TIMES) {
    const text = pattern.exec(head)?.[1];
    const ms = text === undefined ? undefined : parseTime(text, options.timezone, options.arrivalMs);
    if (ms !== undefined) return ms;
  }
  return undefined;
}
