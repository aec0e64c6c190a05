/**
 * Lookup of an event's fields by the names that formats use for one thing. Names without a dot are sought among the top-level keys and
 * among the keys of the known containers of Windows event data, whatever their letter case and with or without the leading underscore
 * of GELF; the first in the record wins. Names with a dot are field paths. Texts that only say "nothing" count as absent.
 */
import type { EventObject, EventValue } from '../core/event.ts';
import { isEventObject } from '../core/event.ts';
import { textAt, textOf, valuesOf } from '../core/field-path.ts';

const CONTAINERS = ['winlog.event_data', 'Event.EventData', 'Event.System', 'EventData', 'event_data'];

const NOTHING = new Set(['', '-', '--', '(empty)', 'N/A', 'n/a', 'null', 'NULL']);

export class EventNames {
  readonly #fields: EventObject;
  readonly #byName = new Map<string, EventValue>();
  #hasContainers = false;

  constructor(fields: EventObject) {
    this.#fields = fields;
    this.#add(fields);
    for (const path of CONTAINERS)
      for (const value of valuesOf(fields, path)) {
        if (!isEventObject(value)) continue;
        this.#hasContainers = true;
        this.#add(value);
      }
  }

  /** The first of the names that says something, as text. */
  text(names: readonly string[]): string | undefined {
    for (const name of names) {
      const text = name.includes('.') ? textOf(this.#fields, name) : scalarText(this.#byName.get(name.toLowerCase()));
      if (text !== undefined && !NOTHING.has(text)) return text;
    }
    return undefined;
  }

  /** As `text`, for one dotted name. */
  textAt(name: string, segments: readonly string[]): string | undefined {
    const text = textAt(this.#fields, name, segments);
    return text === undefined || NOTHING.has(text) ? undefined : text;
  }

  /** Keys that are not those of the event itself: of its containers. The same for events with the same keys. */
  joinedKeys(): string {
    return this.#hasContainers ? [...this.#byName.keys()].join('\n') : '';
  }

  /** Names without a dot that the event has, lower case and without leading underscore. */
  keys(): Iterable<string> {
    return this.#byName.keys();
  }

  has(name: string): boolean {
    return this.text([name]) !== undefined;
  }

  #add(object: EventObject): void {
    for (const key of Object.keys(object)) {
      const name = (key.startsWith('_') ? key.slice(1) : key).toLowerCase();
      const value = object[key];
      if (value !== undefined && !this.#byName.has(name)) this.#byName.set(name, value);
    }
  }
}

function scalarText(value: EventValue | undefined): string | undefined {
  if (Array.isArray(value)) return scalarText(value.find((item) => item !== null && typeof item !== 'object'));
  return value === undefined || value === null || typeof value === 'object' ? undefined : String(value);
}
