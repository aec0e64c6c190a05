/**
 * Lookup of an event's fields by the names that formats use for one thing. Names without a dot are sought among the top-level keys and
 * among the keys of the known containers of Windows event data, whatever their letter case and with or without the leading underscore
 * of GELF; the first in the record wins. Names with a dot are field paths. Texts that only say "nothing" count as absent.
 *
 * Events of one source have the same keys again and again: what follows from the keys alone is worked out once and remembered.
 */
import type { EventObject, EventValue } from '../core/event.ts';
import { isEventObject } from '../core/event.ts';
import { textAt, textOf, valuesOf } from '../core/field-path.ts';
import { type EcsCandidate, ecsCandidates } from './ecs-candidates.ts';

const CONTAINERS = ['winlog.event_data', 'Event.EventData', 'Event.System', 'EventData', 'event_data'];
/** What a top-level key must be, or begin with, for a container to be there. */
const ROOTS = new Set(CONTAINERS.flatMap((path) => [path, path.split('.')[0] ?? path]));

const NOTHING = new Set(['', '-', '--', '(empty)', 'N/A', 'n/a', 'null', 'NULL']);
/** Longer texts need not be looked up, for which all of them would be read. */
const LONGEST_NOTHING = 7;

/** When there are more kinds of events than this the memory begins anew. */
const MAX_REMEMBERED = 256;
const MAX_REMEMBERED_CHARACTERS = 4096;
const remembered = new Map<string, EventShape>();

/** Where the value of a name stands: a key of one of the objects. */
interface NamePlace {
  readonly object: number;
  readonly key: string;
}

/** `at`: where the value stands; undefined for paths. */
export interface PlacedCandidate extends EcsCandidate {
  readonly at: NamePlace | undefined;
}

/** What events with the same keys have in common. */
interface EventShape {
  /** By name in lower case, without the leading underscore. */
  readonly places: ReadonlyMap<string, NamePlace>;
  readonly candidates: readonly PlacedCandidate[];
}

export class EventNames {
  readonly #fields: EventObject;
  /** The event itself, then its containers. */
  readonly #objects: readonly EventObject[];
  readonly #shape: EventShape;

  constructor(fields: EventObject) {
    this.#fields = fields;
    const keys = Object.keys(fields);
    this.#objects = keys.some((key) => ROOTS.has(key)) ? withContainers(fields) : [fields];
    this.#shape = shapeOf(this.#objects, keys);
  }

  /** Rows of the table of ECS places that could say something about the event, in the order of the table. */
  get candidates(): readonly PlacedCandidate[] {
    return this.#shape.candidates;
  }

  /** What the name says, as text; undefined when it says nothing. */
  text(name: string): string | undefined {
    const text = name.includes('.')
      ? textOf(this.#fields, name)
      : this.#scalar(this.#shape.places.get(name.toLowerCase()));
    return saysNothing(text) ? undefined : text;
  }

  /** What a candidate says. */
  textOf({ name, segments, at }: PlacedCandidate): string | undefined {
    const text = segments === undefined ? this.#scalar(at) : textAt(this.#fields, name, segments);
    return saysNothing(text) ? undefined : text;
  }

  has(name: string): boolean {
    return this.text(name) !== undefined;
  }

  #scalar(place: NamePlace | undefined): string | undefined {
    return place === undefined ? undefined : scalarText(this.#objects[place.object]?.[place.key]);
  }
}

function saysNothing(text: string | undefined): boolean {
  return text === undefined || (text.length <= LONGEST_NOTHING && NOTHING.has(text));
}

function withContainers(fields: EventObject): readonly EventObject[] {
  const objects = [fields];
  for (const path of CONTAINERS)
    for (const value of valuesOf(fields, path)) if (isEventObject(value)) objects.push(value);
  return objects;
}

function shapeOf(objects: readonly EventObject[], keys: readonly string[]): EventShape {
  // The number of keys in each object tells a key with a line feed from two keys.
  let all = `${keys.length};${keys.join('\n')}`;
  for (let i = 1; i < objects.length; i++) {
    const own = Object.keys(objects[i] as EventObject);
    all = `${own.length},${all}\n${own.join('\n')}`;
  }
  const known = remembered.get(all);
  if (known !== undefined) return known;
  const places = new Map<string, NamePlace>();
  for (const [object, value] of objects.entries())
    for (const key of Object.keys(value)) {
      const name = (key.startsWith('_') ? key.slice(1) : key).toLowerCase();
      if (!places.has(name)) places.set(name, { object, key });
    }
  const candidates = ecsCandidates(keys, places.keys()).map((one) => ({ ...one, at: places.get(one.folded) }));
  const shape = { places, candidates };
  if (all.length > MAX_REMEMBERED_CHARACTERS) return shape;
  if (remembered.size === MAX_REMEMBERED) remembered.clear();
  remembered.set(all, shape);
  return shape;
}

function scalarText(value: EventValue | undefined): string | undefined {
  if (Array.isArray(value)) return scalarText(value.find((item) => item !== null && typeof item !== 'object'));
  return value === undefined || value === null || typeof value === 'object' ? undefined : String(value);
}
