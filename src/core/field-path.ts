/**
 * Field lookup on an Event (sigma.md section 4, "Field lookup").
 *
 * A key with the complete name wins, dots included; else dotted segments walk through nested objects, where a key may be several of
 * them in one: `a.b.c` is found in {"a.b": {"c": 1}} and {"a": {"b.c": 1}} as well. Where the name leads to several values each
 * counts. A segment that meets an array tries each element. Only own keys are ever seen, so "constructor" or "__proto__" find
 * nothing they should not.
 */
import type { EventObject, EventValue } from './event.ts';
import { isEventObject } from './event.ts';

/** Calls `visit` for each value the name selects; stops when it returns true. Returns whether it stopped. */
export function someValue(fields: EventObject, name: string, visit: (value: EventValue) => boolean): boolean {
  if (Object.hasOwn(fields, name)) return visitLeaf(fields[name], visit);
  // Most names of a list of candidates are absent: told by what they begin with, before anything is split.
  return beginsAt(fields, name) && walk(fields, name.split('.'), 0, visit);
}

/** Whether there is a key that a dotted name may begin with. */
function beginsAt(fields: EventObject, name: string): boolean {
  const beginnings = beginningsOf(name);
  for (let i = 0; i < beginnings.length; i++) if (Object.hasOwn(fields, beginnings[i] as string)) return true;
  return false;
}

/** Of the names that were asked for: a text that is cut out anew is looked up four times as slowly. */
const knownBeginnings = new Map<string, readonly string[]>();
/** Rules and mappings have fewer names; when there are more the memory begins anew. */
const MAX_NAMES = 16_384;

/** What stands before each dot of the name. */
function beginningsOf(name: string): readonly string[] {
  const known = knownBeginnings.get(name);
  if (known !== undefined) return known;
  const beginnings: string[] = [];
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) beginnings.push(name.slice(0, dot));
  if (knownBeginnings.size >= MAX_NAMES) knownBeginnings.clear();
  knownBeginnings.set(name, beginnings);
  return beginnings;
}

/** All values that a name selects, arrays flattened; empty when the field is absent. */
export function valuesOf(fields: EventObject, name: string): readonly EventValue[] {
  const values: EventValue[] = [];
  someValue(fields, name, (value) => {
    values.push(value);
    return false;
  });
  return values;
}

/** All values that a name selects, arrays as they are. */
export function wholeValues(fields: EventObject, name: string): readonly EventValue[] {
  if (Object.hasOwn(fields, name)) return [fields[name] as EventValue];
  return beginsAt(fields, name) ? wholeBelow(fields, name.split('.'), 0) : [];
}

function wholeBelow(value: EventValue, segments: readonly string[], depth: number): readonly EventValue[] {
  if (depth === segments.length) return [value];
  if (Array.isArray(value))
    return (value as readonly EventValue[]).flatMap((item) => wholeBelow(item, segments, depth));
  if (!isEventObject(value)) return [];
  const found: EventValue[] = [];
  let key = segments[depth] as string;
  for (let end = depth + 1; ; key += `.${segments[end++]}`) {
    if (Object.hasOwn(value, key)) found.push(...wholeBelow(value[key] as EventValue, segments, end));
    if (end === segments.length) return found;
  }
}

/** True when the name selects anything at all, null and empty containers included. */
export function hasField(fields: EventObject, name: string): boolean {
  if (Object.hasOwn(fields, name)) return true;
  return beginsAt(fields, name) && exists(fields, name.split('.'), 0);
}

/** False: a record with these keys has nothing under the name. */
export function mayHaveField(keys: ReadonlySet<string>, name: string): boolean {
  return keys.has(name) || beginningsOf(name).some((beginning) => keys.has(beginning));
}

/** As `textOf`, for a dotted name that was split before. */
export function textAt(fields: EventObject, name: string, segments: readonly string[]): string | undefined {
  let value: EventValue | undefined = fields;
  if (Object.hasOwn(fields, name)) return textOf(fields, name);
  for (const segment of segments) {
    // Arrays and keys that are dotted themselves take the long way.
    if (!isEventObject(value) || !Object.hasOwn(value, segment)) return textOf(fields, name);
    value = value[segment];
  }
  if (typeof value === 'string') return value;
  return typeof value === 'object' ? textOf(fields, name) : String(value);
}

/** First scalar that the name selects, as text; undefined when absent, null or not scalar. */
export function textOf(fields: EventObject, name: string): string | undefined {
  // Most names stand in the record itself, with one value or not at all.
  const own = Object.hasOwn(fields, name);
  const value = own ? fields[name] : undefined;
  if (typeof value === 'string') return value;
  if (own ? typeof value !== 'object' : !name.includes('.')) return value === undefined ? undefined : String(value);
  let text: string | undefined;
  someValue(fields, name, (value) => {
    if (value === null || typeof value === 'object') return false;
    text = String(value);
    return true;
  });
  return text;
}

function walk(
  value: EventValue | undefined,
  segments: readonly string[],
  depth: number,
  visit: (value: EventValue) => boolean,
): boolean {
  if (value === undefined) return false;
  if (Array.isArray(value)) return value.some((item) => walk(item, segments, depth, visit));
  if (depth === segments.length) return visitLeaf(value, visit);
  if (!isEventObject(value)) return false;
  let key = segments[depth] as string;
  for (let end = depth + 1; ; key += `.${segments[end++]}`) {
    if (Object.hasOwn(value, key) && walk(value[key], segments, end, visit)) return true;
    if (end === segments.length) return false;
  }
}

function exists(value: EventValue | undefined, segments: readonly string[], depth: number): boolean {
  if (value === undefined) return false;
  if (depth === segments.length) return true;
  if (Array.isArray(value)) return value.some((item) => exists(item, segments, depth));
  if (!isEventObject(value)) return false;
  let key = segments[depth] as string;
  for (let end = depth + 1; ; key += `.${segments[end++]}`) {
    if (Object.hasOwn(value, key) && exists(value[key], segments, end)) return true;
    if (end === segments.length) return false;
  }
}

function visitLeaf(value: EventValue | undefined, visit: (value: EventValue) => boolean): boolean {
  if (value === undefined) return false;
  if (Array.isArray(value)) return value.some((item) => visitLeaf(item, visit));
  return visit(value);
}
