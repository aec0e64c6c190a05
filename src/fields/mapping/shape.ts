/**
 * Shape: one way in which logs spell their events. A shape recognises its events by their content, names their log source, and
 * gives a view in which fields bear the names that Sigma rules use. Views only add names (values stay what they were, or are
 * put together from several, which the shape then says), so that searching all values stays right.
 */
import type { EventObject } from '../../core/event.ts';
import type { EventSource } from '../../core/event-source.ts';

export interface Shape {
  readonly name: string;
  /** One line for documentation. */
  readonly summary: string;
  /** Cheap: a few own-key tests. The first shape of the registry that says yes takes the event. */
  recognises(fields: EventObject): boolean;
  view(fields: EventObject): ShapedEvent;
}

export interface ShapedEvent {
  readonly fields: EventObject;
  readonly source: EventSource;
}

/** Adds `names` (new name to existing field) where the new name is absent and the existing field is there. */
export function withAliases(fields: EventObject, names: readonly (readonly [string, string])[]): EventObject {
  let view: Record<string, EventObject[string]> | undefined;
  for (const [name, from] of names) {
    if (Object.hasOwn(fields, name) || !Object.hasOwn(fields, from)) continue;
    view ??= { ...fields };
    if (!Object.hasOwn(view, name)) view[name] = fields[from] as EventObject[string];
  }
  return view ?? fields;
}
