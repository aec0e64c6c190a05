/**
 * RuleEvent: an event as rules name its fields. Most events need only other names for what they have; these are kept as a table
 * beside the event, so that no event is copied unless something matched.
 */
import type { EventObject, EventValue } from './event.ts';
import { hasField } from './field-path.ts';

/** Name in rules to names in the event, the first present one is meant. An own field of the name comes first. */
export type FieldAliases = ReadonlyMap<string, readonly string[]>;

export interface RuleEvent {
  /** The fields as they are. */
  readonly base: EventObject;
  readonly aliases: FieldAliases | undefined;
  /** All fields under all names; built on first use. */
  readonly fields: EventObject;
  /** The value of a field that neither the event nor an alias has, from elsewhere: fields of a parent process. */
  readonly derive?: (name: string) => EventValue | undefined;
}

export function plainEvent(fields: EventObject): RuleEvent {
  return { base: fields, aliases: undefined, fields };
}

export function aliasedEvent(base: EventObject, aliases: FieldAliases): RuleEvent {
  return aliases.size === 0 ? plainEvent(base) : new AliasedEvent(base, aliases);
}

/** The event with further fields that are looked up when a rule asks for them; `names` are all that may be. */
export function derivedEvent(
  event: RuleEvent,
  names: Iterable<string>,
  derive: (name: string) => EventValue | undefined,
): RuleEvent {
  return new DerivedEvent(event, names, derive);
}

class DerivedEvent implements RuleEvent {
  readonly base: EventObject;
  readonly aliases: FieldAliases | undefined;
  readonly derive: (name: string) => EventValue | undefined;
  readonly #event: RuleEvent;
  readonly #names: Iterable<string>;
  #fields: EventObject | undefined;

  constructor(event: RuleEvent, names: Iterable<string>, derive: (name: string) => EventValue | undefined) {
    this.base = event.base;
    this.aliases = event.aliases;
    this.derive = derive;
    this.#event = event;
    this.#names = names;
  }

  get fields(): EventObject {
    this.#fields ??= this.#build();
    return this.#fields;
  }

  #build(): EventObject {
    const { fields } = this.#event;
    const added: Record<string, EventValue> = {};
    for (const name of this.#names) {
      if (hasField(fields, name)) continue;
      const value = this.derive(name);
      if (value !== undefined) added[name] = value;
    }
    return { ...fields, ...added };
  }
}

class AliasedEvent implements RuleEvent {
  readonly base: EventObject;
  readonly aliases: FieldAliases;
  #fields: EventObject | undefined;

  constructor(base: EventObject, aliases: FieldAliases) {
    this.base = base;
    this.aliases = aliases;
  }

  get fields(): EventObject {
    this.#fields ??= this.#build();
    return this.#fields;
  }

  #build(): EventObject {
    const fields: Record<string, EventValue> = { ...this.base };
    for (const [name, sources] of this.aliases) {
      if (Object.hasOwn(fields, name)) continue;
      const from = sources.find((source) => Object.hasOwn(this.base, source));
      if (from !== undefined) fields[name] = this.base[from] as EventValue;
    }
    return fields;
  }
}
