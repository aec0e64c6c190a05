/**
 * RuleEvent: an event as rules name its fields. Most events need only other names for what they have; these are kept as a table
 * beside the event, so that no event is copied unless something matched.
 */
import type { EventObject, EventValue } from './event.ts';

/** Name in rules to names in the event, the first present one is meant. An own field of the name comes first. */
export type FieldAliases = ReadonlyMap<string, readonly string[]>;

export interface RuleEvent {
  /** The fields as they are. */
  readonly base: EventObject;
  readonly aliases: FieldAliases | undefined;
  /** All fields under all names; built on first use. */
  readonly fields: EventObject;
}

export function plainEvent(fields: EventObject): RuleEvent {
  return { base: fields, aliases: undefined, fields };
}

export function aliasedEvent(base: EventObject, aliases: FieldAliases): RuleEvent {
  return aliases.size === 0 ? plainEvent(base) : new AliasedEvent(base, aliases);
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
