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
import { PerKeys } from '../core/per-keys.ts';
import { type EcsCandidate, ecsCandidates } from './ecs-candidates.ts';

const CONTAINERS = ['winlog.event_data', 'Event.EventData', 'Event.System', 'EventData', 'event_data'];
/** What a top-level key must be, or begin with, for a container to be there. */
const ROOTS = new Set(CONTAINERS.flatMap((path) => [path, path.split('.')[0] ?? path]));

const NOTHING = new Set(['', '-', '--', '(empty)', 'N/A', 'n/a', 'null', 'NULL']);
/** Longer texts need not be looked up, for which all of them would be read. */
const LONGEST_NOTHING = 7;

/** Where the value of a name stands: a key of one of the objects, by number. */
interface NamePlace {
  readonly object: number;
  readonly key: number;
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
  readonly mayBeZeek: boolean;
}

/** Events with the same keys in their first objects: the event itself, then its containers, of which the keys that follow are asked. */
class KeyStep {
  readonly before: KeyStep | undefined;
  readonly keys: readonly string[];
  readonly mayHoldContainers: boolean;
  #next: PerKeys<KeyStep> | undefined;
  #shape: EventShape | undefined;

  constructor(before: KeyStep | undefined, keys: readonly string[]) {
    this.before = before;
    this.keys = keys;
    this.mayHoldContainers = before === undefined && keys.some((key) => ROOTS.has(key));
  }

  next(keys: readonly string[]): KeyStep {
    this.#next ??= new PerKeys((next) => addStep(this, next), MAX_STEPS);
    return this.#next.of(keys);
  }

  get shape(): EventShape {
    this.#shape ??= shapeOf(this);
    return this.#shape;
  }
}

/** When there are more steps than this the memory begins anew. */
const MAX_STEPS = 512;
let steps = 0;
let first = newMemory();

function newMemory(): PerKeys<KeyStep> {
  return new PerKeys((keys) => addStep(undefined, keys), MAX_STEPS);
}

function addStep(before: KeyStep | undefined, keys: readonly string[]): KeyStep {
  if (++steps > MAX_STEPS) {
    // What is being walked is left to itself.
    first = newMemory();
    steps = 0;
  }
  return new KeyStep(before, keys);
}

export class EventNames {
  readonly #fields: EventObject;
  /** Of the event itself, then of its containers: by number of the key. */
  readonly #values: readonly (readonly EventValue[])[];
  readonly #shape: EventShape;

  constructor(fields: EventObject) {
    this.#fields = fields;
    let step = first.of(Object.keys(fields));
    const values = [Object.values(fields)];
    if (step.mayHoldContainers)
      for (const container of containersOf(fields)) {
        step = step.next(Object.keys(container));
        values.push(Object.values(container));
      }
    this.#values = values;
    this.#shape = step.shape;
  }

  /** Rows of the table of ECS places that could say something about the event, in the order of the table. */
  get candidates(): readonly PlacedCandidate[] {
    return this.#shape.candidates;
  }

  /** False: it names no connection as Zeek does. */
  get mayBeZeek(): boolean {
    return this.#shape.mayBeZeek;
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
    return place === undefined ? undefined : scalarText(this.#values[place.object]?.[place.key]);
  }
}

function saysNothing(text: string | undefined): boolean {
  return text === undefined || (text.length <= LONGEST_NOTHING && NOTHING.has(text));
}

function containersOf(fields: EventObject): readonly EventObject[] {
  return CONTAINERS.flatMap((path) => valuesOf(fields, path).filter(isEventObject));
}

function shapeOf(last: KeyStep): EventShape {
  const lists: (readonly string[])[] = [];
  for (let step: KeyStep | undefined = last; step !== undefined; step = step.before) lists.unshift(step.keys);
  const places = new Map<string, NamePlace>();
  for (const [object, keys] of lists.entries())
    for (const [number, key] of keys.entries()) {
      const name = (key.startsWith('_') ? key.slice(1) : key).toLowerCase();
      if (!places.has(name)) places.set(name, { object, key: number });
    }
  const [keys = []] = lists;
  const candidates = ecsCandidates(keys, places.keys()).map((one) => ({ ...one, at: places.get(one.folded) }));
  const mayBeZeek = places.has('id_orig_h') || keys.includes('id') || keys.includes('id.orig_h');
  return { places, candidates, mayBeZeek };
}

function scalarText(value: EventValue | undefined): string | undefined {
  if (Array.isArray(value)) return scalarText(value.find((item) => item !== null && typeof item !== 'object'));
  return value === undefined || value === null || typeof value === 'object' ? undefined : String(value);
}
