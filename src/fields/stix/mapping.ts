/**
 * StixMapping: which STIX cyber observables a kind of log event holds, as plain data, so that users can add their own in the
 * configuration. A mapping applies when its conditions hold; several may apply to one event. Built-in ones stand in
 * `mappings/`, one file per format, listed in `registry.ts`. `event-objects.ts` makes the objects, lazily.
 */
import type { EventScalar } from '../../core/event.ts';
import type { Conversion } from './conversions.ts';

export interface StixMapping {
  /** Unique; part of the ids of its objects. */
  readonly name: string;
  /** All must hold; none: applies to every event. */
  readonly when: readonly Condition[];
  /** Tried before each field name, in order; absent: the name alone. */
  readonly prefixes?: readonly string[];
  readonly objects: readonly ObjectTemplate[];
}

/** Some of the fields is present and, when values are given, equal to one of them (case folded). */
export interface Condition {
  readonly fields: readonly string[];
  readonly values?: readonly string[];
}

/**
 * One object of the event, or one for each value of `each`. It exists when a property takes a value from a field of the event, or
 * when an object of one of the templates in `existsWith` does.
 */
export interface ObjectTemplate {
  /** Unique in the mapping; what `ref` and `refs` name. */
  readonly id: string;
  /** A STIX type. `address`: ipv4-addr, ipv6-addr or domain-name, as `value` looks. */
  readonly type: string;
  readonly when?: readonly Condition[];
  readonly each?: FieldSource;
  readonly existsWith?: readonly string[];
  /** Templates without whose objects this one does not exist either. */
  readonly requires?: readonly string[];
  /** Dotted property paths, numbers for list positions: `hashes.SHA-256`, `values.0.name`. */
  readonly properties: Readonly<Record<string, PropertySource>>;
}

export type PropertySource =
  | FieldSource
  /** The value of `each` that this object is made for. */
  | { readonly each: true; readonly as: Conversion }
  /** The object made by the first of these templates that makes one; left out when there is none. */
  | { readonly ref: readonly string[] }
  /** All objects made by other templates. */
  | { readonly refs: readonly string[] }
  /** Not from the event: says nothing about whether the object exists. */
  | { readonly value: EventScalar | readonly EventScalar[] };

export interface FieldSource {
  /** The first field that gives a value counts; with `list` all of them. */
  readonly from: readonly string[];
  readonly as: Conversion;
  readonly list?: true;
  /** Cuts each text at this separator first. */
  readonly split?: string;
}

// Constructors that keep the tables short.

export function field(as: Conversion, ...from: readonly string[]): FieldSource {
  return { from, as };
}

export function text(...from: readonly string[]): FieldSource {
  return { from, as: 'text' };
}

export function integer(...from: readonly string[]): FieldSource {
  return { from, as: 'integer' };
}

export function list(as: Conversion, ...from: readonly string[]): FieldSource {
  return { from, as, list: true };
}

export function ref(...ids: readonly string[]): PropertySource {
  return { ref: ids };
}

export function has(...fields: readonly string[]): Condition {
  return { fields };
}

export function is(fields: readonly string[], ...values: readonly string[]): Condition {
  return { fields, values };
}
