/**
 * JSON as values of events: no deeper than a limit, and numbers that JavaScript cannot hold exactly are the text of their digits. Records
 * are read so, and what stands as JSON in a text of a record.
 */
import { type EventObject, type EventValue, isEventObject } from './event.ts';
import { digitsOf, withExactIntegers } from './exact-integers.ts';

export type JsonValue =
  | { readonly value: EventValue; readonly problem?: never }
  | { readonly problem: 'no-json' | 'too-deep' };

/** `maxDepth`: levels below the outermost value that may hold others. */
export function parseJson(text: string, maxDepth: number): JsonValue {
  let value: EventValue;
  try {
    value = JSON.parse(text) as EventValue;
  } catch {
    // SyntaxError is how JSON.parse says that the text is no JSON.
    return { problem: 'no-json' };
  }
  const { tooDeep, inexact } = examine(value, maxDepth);
  if (tooDeep) return { problem: 'too-deep' };
  const isMended = inexact === 0 || (inexact === 1 && isEventObject(value) && mendMember(value, text));
  return { value: isMended ? value : (JSON.parse(withExactIntegers(text)) as EventValue) };
}

/** Puts the digits in place of the one inexact number, where it is a member of the value itself: each record of NXLog has one. */
function mendMember(fields: EventObject, text: string): boolean {
  for (const key in fields) {
    if (!isInexact(fields[key])) continue;
    const digits = digitsOf(text, key);
    if (digits === undefined) return false;
    // It was made here, and nobody else has seen it.
    (fields as Record<string, EventValue>)[key] = digits;
    return true;
  }
  return false;
}

function isInexact(value: EventValue | undefined): boolean {
  return typeof value === 'number' && (value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER);
}

interface Examined {
  /** Deeper than the limit: nothing else is known. */
  readonly tooDeep: boolean;
  /** Numbers beyond the integers that a double tells apart. */
  readonly inexact: number;
}

/** Iterative, so that no record can exhaust the stack here or in what walks the event later. */
function examine(value: EventValue, limit: number): Examined {
  let inexact = isInexact(value) ? 1 : 0;
  let level: EventValue[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return { tooDeep: true, inexact };
    const next: EventValue[] = [];
    for (const item of level) {
      if (typeof item !== 'object' || item === null) continue;
      for (const child of Object.values(item as Record<string, EventValue>))
        if (typeof child === 'object' && child !== null) next.push(child);
        else if (isInexact(child)) inexact++;
    }
    level = next;
  }
  return { tooDeep: false, inexact };
}
