/** Random spellings of records, for differential tests of what reads raw bytes. */
import type { EventObject, EventValue } from '../core/event.ts';
import { type Next, pick } from './random-rules.ts';

/** A record as text, with what senders do: blanks, escapes nobody needs, numbers in other forms, keys twice. */
export function spelled(next: Next, value: EventValue, plain: boolean): string {
  if (typeof value === 'string') return spelledText(next, value, plain);
  if (typeof value === 'number' && !plain && next(4) === 0) return Number.isInteger(value) ? `${value}.0` : `${value}0`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const gap = !plain && next(4) === 0 ? ' ' : '';
  if (Array.isArray(value))
    return `[${gap}${(value as readonly EventValue[]).map((item) => spelled(next, item, plain)).join(`,${gap}`)}${gap}]`;
  const members = Object.entries(value as EventObject).map(
    ([key, item]) => `${spelledText(next, key, plain || next(30) > 0)}${gap}:${gap}${spelled(next, item, plain)}`,
  );
  if (!plain && members.length > 0 && next(20) === 0) members.unshift(pick(next, members));
  return `{${gap}${members.join(`,${gap}`)}${gap}}`;
}

function spelledText(next: Next, text: string, plain: boolean): string {
  const json = JSON.stringify(text);
  if (plain || next(5) > 0) return json;
  // No character of an escape is taken apart.
  return json.replace(/\\.|[^"\\]/g, (unit) => {
    if (unit.length > 1 || next(4) > 0) return unit === '/' && next(2) === 0 ? '\\/' : unit;
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Some records have a character changed: mostly they are no JSON then. */
export function damaged(next: Next, text: string): string {
  if (next(12) > 0) return text;
  const at = next(text.length);
  return (
    text.slice(0, at) + pick(next, ['"', '\\', '{', '}', '[', ']', ',', ':', ' ', '0', 'é', '\t']) + text.slice(at + 1)
  );
}
