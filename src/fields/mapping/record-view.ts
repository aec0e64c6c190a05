/**
 * RecordView: how the fields of a shape stand in its raw records, for the event sieve, which finds them in the bytes. It says no more than
 * the shape's view does: the values at the places of a field are all that the view may have for it, and one value alone at
 * places that are certain is the view's.
 */
import type { EventObject, EventValue } from '../../core/event.ts';
import type { EventSource } from '../../core/event-source.ts';
import type { MannerOfPath, RecordPlace } from '../../core/record-place.ts';
import type { QuestionAnswer } from '../../core/record-question.ts';
import type { FieldAliases } from '../../core/rule-event.ts';
import { classOf, giveUp } from './traced-fields.ts';

export interface RecordView {
  /** As the shape's view says it. */
  readonly source: EventSource;
  /** Undefined: only the decoder can tell. */
  placesOf(name: string): readonly RecordPlace[] | undefined;
  /** How objects are to be read for the places to be right. */
  readonly manners: readonly MannerOfPath[];
  /** All values of the view stand in the record as they are. */
  readonly isWhole: boolean;
  /** The view is the record itself, with further names for its own fields. */
  readonly isRecord: boolean;
}

/** Of a record whose fields keep their names; a few may have others as well. */
export function plainView(source: EventSource, aliases?: FieldAliases): RecordView {
  return {
    source,
    placesOf: (name) => [...spellings(name), ...(aliases?.get(name) ?? []).map((alias) => certain([alias]))],
    manners: [],
    isWhole: true,
    isRecord: true,
  };
}

export function certain(path: readonly string[]): RecordPlace {
  return { path, isCertain: true };
}

export function doubtful(path: readonly string[]): RecordPlace {
  return { path, isCertain: false };
}

/** A dotted name as one key and as nested objects, in which a key may be several of its parts. In the order of `someValue`. */
export function spellings(name: string): readonly RecordPlace[] {
  if (!name.includes('.')) return [certain([name])];
  const partly = splits(name.split('.')).slice(0, -1);
  return [certain([name]), ...partly.map((path, i) => (i === 0 ? certain(path) : doubtful(path)))];
}

/** Every way to take neighbouring segments as one key; all in one comes last. */
function splits(segments: readonly string[]): readonly (readonly string[])[] {
  if (segments.length === 0) return [[]];
  return segments.flatMap((_, i) => {
    const key = segments.slice(0, i + 1).join('.');
    return splits(segments.slice(i + 1)).map((rest) => [key, ...rest]);
  });
}

/** Where a dotted name leads to when its first parts are found at `places`; which of these counts only the decoder can tell. */
export function below(name: string, placesOf: (name: string) => readonly RecordPlace[]): readonly RecordPlace[] {
  const places: RecordPlace[] = [];
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    const rest = spellings(name.slice(dot + 1));
    for (const { path } of placesOf(name.slice(0, dot)))
      places.push(...rest.map((place) => doubtful([...path, ...place.path])));
  }
  return places;
}

/**
 * Fields that tell what a kind of record is: where each is found in all records of the kind. The first of its places where something
 * stands is the field's. Where the places cannot be told, the record is left to the decoder.
 */
export class PlacesOfKind {
  readonly #fields: EventObject;
  readonly #placesOf: (name: string) => readonly RecordPlace[] | undefined;
  readonly #pinned = new Map<string, RecordPlace>();

  constructor(fields: EventObject, placesOf: (name: string) => readonly RecordPlace[] | undefined) {
    this.#fields = fields;
    this.#placesOf = placesOf;
  }

  /** As `scalarText` has it. */
  textOf(name: string): string | undefined {
    const places = this.#placesOf(name);
    if (places === undefined) giveUp(this.#fields);
    for (const place of places ?? []) {
      const value = valueAt(this.#fields, place.path);
      if (value === undefined) continue;
      this.#pinned.set(name, place);
      if (typeof value === 'string') return value;
      return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
    }
    return undefined;
  }

  /** The one place of a field that was asked for. */
  pinned(name: string): RecordPlace | undefined {
    return this.#pinned.get(name);
  }
}

/** The value that own keys lead to, arrays not looked into; undefined when there is none. */
export function valueAt(fields: EventObject, path: readonly string[]): EventValue | undefined {
  let object = fields;
  for (const key of path.slice(0, -1)) {
    const kind = classOf(object, key);
    // Every element of an array would be looked into.
    if (kind === 'array') giveUp(object);
    if (kind !== 'object') return undefined;
    object = object[key] as EventObject;
  }
  const name = path.at(-1) ?? '';
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** What stands at the end of the path, when only objects lead there. */
export function classAt(fields: EventObject, path: readonly string[]): QuestionAnswer {
  let object = fields;
  for (const key of path.slice(0, -1)) {
    const kind = classOf(object, key);
    if (kind !== 'object') return kind === 'array' ? kind : 'absent';
    object = object[key] as EventObject;
  }
  return classOf(object, path.at(-1) ?? '');
}

/** The spellings of the paths of each name, in order. */
export function placesByName(
  rows: readonly (readonly [name: string, path: string])[],
): ReadonlyMap<string, readonly RecordPlace[]> {
  const places = new Map<string, RecordPlace[]>();
  for (const [name, path] of rows) places.set(name, [...(places.get(name) ?? []), ...spellings(path)]);
  return places;
}
