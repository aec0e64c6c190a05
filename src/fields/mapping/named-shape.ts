/**
 * Shapes whose fields stand elsewhere in the record under other names: rows say where, the first that is there counts, and a name without
 * one is looked for below prefixes and in the record itself. Values stay what they are.
 */
import type { EventObject, EventValue } from '../../core/event.ts';
import { isEventObject } from '../../core/event.ts';
import type { EventSource } from '../../core/event-source.ts';
import { someValue } from '../../core/field-path.ts';
import type { RecordPlace } from '../../core/record-place.ts';
import { plainEvent } from '../../core/rule-event.ts';
import { below, certain, doubtful, placesByName, spellings } from './record-view.ts';
import type { Shape } from './shape.ts';
import { classOf } from './traced-fields.ts';

type Row = readonly [name: string, path: string];

interface NamedShape extends Pick<Shape, 'name' | 'summary' | 'recognises'> {
  readonly rows: readonly Row[];
  /** Objects whose members are fields by their own names. */
  readonly prefixes?: readonly string[];
  readonly sourceOf: (fields: EventObject) => EventSource;
}

export function namedShape({ name, summary, recognises, rows, prefixes = [], sourceOf }: NamedShape): Shape {
  const places = placesByName(rows);
  return {
    name,
    summary,
    recognises,
    view: (fields) => {
      const flat = Object.create(null) as Record<string, EventValue>;
      addByName(flat, fields, rows);
      for (const prefix of prefixes)
        someValue(fields, prefix, (value) => {
          if (isEventObject(value)) addMissing(flat, value);
          return false;
        });
      addMissing(flat, fields);
      return { event: plainEvent(flat), source: sourceOf(fields) };
    },
    recordView: (fields) => {
      // Members of objects in a list are for the decoder, and so are keys that are dotted themselves.
      const isPlain = prefixes.every((prefix) => {
        const isOneKey = prefix.includes('.') && classOf(fields, prefix) !== 'absent';
        return !isOneKey && isObjectOrAbsent(fields, prefix.split('.'));
      });
      if (!isPlain) return undefined;
      const own = (wanted: string): RecordPlace[] => [
        ...(places.get(wanted) ?? []),
        ...prefixes.map((prefix) => doubtful([...prefix.split('.'), wanted])),
        certain([wanted]),
      ];
      return {
        source: sourceOf(fields),
        // The first parts of a dotted name are hardly ever one that has got another place.
        placesOf: (wanted) => {
          const isMoved =
            prefixes.length > 0 || wanted.split('.').some((_, i, all) => places.has(all.slice(0, i).join('.')));
          return [...own(wanted), ...(isMoved ? below(wanted, own) : spellings(wanted).slice(1))];
        },
        manners: [],
        isWhole: true,
        isRecord: false,
      };
    },
  };
}

/** Copies the values of each path under the name, where that name is still free. */
export function addByName(flat: Record<string, EventValue>, fields: EventObject, rows: readonly Row[]): void {
  for (const [name, path] of rows) {
    if (Object.hasOwn(flat, name)) continue;
    const values: EventValue[] = [];
    someValue(fields, path, (value) => {
      values.push(value);
      return false;
    });
    if (values.length === 1) flat[name] = values[0] as EventValue;
    else if (values.length > 1) flat[name] = values;
  }
}

function addMissing(flat: Record<string, EventValue>, fields: EventObject): void {
  for (const [name, value] of Object.entries(fields)) if (!Object.hasOwn(flat, name)) flat[name] = value;
}

/** Only objects lead there, or nothing does. */
function isObjectOrAbsent(fields: EventObject, path: readonly string[]): boolean {
  let object = fields;
  for (const key of path) {
    const kind = classOf(object, key);
    if (kind !== 'object') return kind === 'absent';
    object = object[key] as EventObject;
  }
  return true;
}
