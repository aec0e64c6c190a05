/**
 * Event: one decoded log record, as plain own-key data.
 *
 * The fields keep the record's own shape (nested objects, arrays, numbers) and are never merged into other objects,
 * so a key such as "__proto__" stays an ordinary key. Field names of the format are mapped at lookup, not rewritten here.
 */
import type { RecordOrigin } from './record.ts';

export type EventScalar = string | number | boolean | null;
export type EventValue = EventScalar | readonly EventValue[] | EventObject;
export interface EventObject {
  readonly [key: string]: EventValue;
}

/** Where an Event's time came from; all but `field` are counted. */
export const TIME_ORIGINS = ['field', 'arrival', 'clamped'] as const;
export type TimeOrigin = (typeof TIME_ORIGINS)[number];

export interface Event {
  /** The decoded record. A text line that is no structured record is `{ message: line }`. */
  readonly fields: EventObject;
  /** The record as received, decoded as UTF-8 with replacement characters. */
  readonly original: string;
  /** Name of the decoder that took it: `json`, `text`, … */
  readonly format: string;
  /** Event time in milliseconds since the epoch, UTC; may carry a fraction. */
  readonly timeMs: number;
  readonly timeOrigin: TimeOrigin;
  readonly origin: RecordOrigin;
}

export function isEventObject(value: EventValue | undefined): value is EventObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
