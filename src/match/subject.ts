/** Subject: what a predicate is evaluated on, a log event or one observation of STIX objects, behind one interface. */
import type { EventObject, EventValue } from '../core/event.ts';

/** A STIX cyber observable; references are resolved by the subject it came from. */
export interface ObservedObject {
  readonly id: string;
  readonly type: string;
  readonly properties: EventObject;
}

export interface Subject {
  readonly fields: EventObject;
  /** All objects of a type in the observation; empty for a bare event without a mapping. */
  objects(type: string): Iterable<ObservedObject>;
  /** The object a reference names inside this observation. */
  resolve(id: string): ObservedObject | undefined;
  /** Counted by the caller: a value that a test could not use and treated as a mismatch. */
  onMismatch?(reason: string, value: EventValue): void;
}

/** A log event without STIX objects: what Sigma and Flux predicates need. */
export function eventSubject(fields: EventObject): Subject {
  return { fields, objects: () => [], resolve: () => undefined };
}
