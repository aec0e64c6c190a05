/** The text of a top-level field: own keys only, numbers as decimal text; undefined when absent, null or no scalar. */
import type { EventObject } from '../../core/event.ts';

export function scalarText(fields: EventObject, name: string): string | undefined {
  if (!Object.hasOwn(fields, name)) return undefined;
  const value = fields[name];
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
