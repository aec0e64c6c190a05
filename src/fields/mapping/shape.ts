/**
 * Shape: one way in which logs spell their events. A shape recognises its events by their content, names their log source, and
 * gives a view in which fields bear the names that Sigma rules use. Views only add names (values stay what they were, or are
 * put together from several, which the shape then says), so that searching all values stays right.
 */
import type { EventObject } from '../../core/event.ts';
import type { FieldAliases, RuleEvent } from '../../core/rule-event.ts';
import type { EventSource } from '../../core/event-source.ts';
import type { RecordView } from './record-view.ts';

export interface Shape {
  readonly name: string;
  /** One line for documentation. */
  readonly summary: string;
  /** Cheap: a few own-key tests. The first shape of the registry that says yes takes the event. */
  recognises(fields: EventObject): boolean;
  view(fields: EventObject): ShapedEvent;
  /**
   * How the fields of the view stand in the record, for who has only its bytes; undefined, or absent: such records must be decoded. Like
   * `recognises`, it looks at what tells a kind of record only: what is different in each (`traced-fields.ts`) it leaves alone.
   */
  recordView?(fields: EventObject): RecordView | undefined;
}

export interface ShapedEvent {
  readonly event: RuleEvent;
  readonly source: EventSource;
}

/** Rows of (name in rules, name in the event) as a table; several rows of one name are tried in order. */
export function aliasTable(rows: readonly (readonly [string, string])[]): FieldAliases {
  const table = new Map<string, string[]>();
  for (const [name, from] of rows) table.set(name, [...(table.get(name) ?? []), from]);
  return table;
}
