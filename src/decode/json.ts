/**
 * JSON records. An object is an event; `{"Records": [...]}` and arrays give one event per element; other JSON values are the
 * message of an event. What begins as JSON and is none is still searched, as text. Numbers that JavaScript cannot hold exactly are the
 * text of their digits.
 */
import type { EventObject, EventValue } from '../core/event.ts';
import { isEventObject } from '../core/event.ts';
import type { DecodeLimits, Decoded, Decoder } from './decoder.ts';
import { digitsOf, withExactIntegers } from '../core/exact-integers.ts';
import { decodeUtf8, textRecord } from './text.ts';

export const jsonDecoder: Decoder = {
  name: 'json',
  summary: 'JSON objects, arrays of objects, Records[] wrappers',
  recognises: (bytes, start, end) => {
    const first = bytes[skipBlanks(bytes, start, end)];
    return first === 0x7b || first === 0x5b;
  },
  decode: (bytes, start, end, limits, text) => {
    const first = skipBlanks(bytes, start, end);
    return decodeJson(text !== undefined && first === start ? text : decodeUtf8(bytes, first, end), limits);
  },
};

function decodeJson(text: string, limits: DecodeLimits): Decoded {
  let value: EventValue;
  try {
    value = JSON.parse(text) as EventValue;
  } catch {
    // SyntaxError is how JSON.parse says that the record is no JSON.
    return { ...textRecord(text), problem: 'DATA_BAD_JSON' };
  }
  const { tooDeep, inexact } = examine(value, limits.maxDepth);
  if (tooDeep) return { ...textRecord(text), problem: 'DATA_TOO_DEEP' };
  const isMended = inexact === 0 || (inexact === 1 && isEventObject(value) && mendMember(value, text));
  const events = unwrap(isMended ? value : (JSON.parse(withExactIntegers(text)) as EventValue));
  return { events: events.length === 0 ? [{}] : events };
}

/** Puts the digits in place of the one inexact number, where it is a member of the record itself: each record of NXLog has one. */
function mendMember(fields: Record<string, EventValue>, text: string): boolean {
  for (const key in fields) {
    if (!isInexact(fields[key])) continue;
    const digits = digitsOf(text, key);
    if (digits === undefined) return false;
    fields[key] = digits;
    return true;
  }
  return false;
}

function isInexact(value: EventValue | undefined): boolean {
  return typeof value === 'number' && (value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER);
}

function unwrap(value: EventValue): EventObject[] {
  if (Array.isArray(value)) return (value as readonly EventValue[]).flatMap(unwrap);
  if (!isEventObject(value)) return [{ message: value }];
  const keys = Object.keys(value);
  const records = value.Records;
  // CloudTrail delivers one object with nothing but Records; other objects may have a field of that name.
  return keys.length === 1 && Array.isArray(records) && records.length > 0
    ? (records as readonly EventValue[]).flatMap(unwrap)
    : [value];
}

interface Examined {
  /** Deeper than the limit: nothing else is known. */
  readonly tooDeep: boolean;
  /** Numbers beyond the integers that a double tells apart. */
  readonly inexact: number;
}

/** Iterative, so that no record can exhaust the stack here or in what walks the event later. */
function examine(value: EventValue, limit: number): Examined {
  let inexact = 0;
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

/** White space of JSON, a byte order mark, and NUL bytes that some senders leave between records. */
function skipBlanks(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  if (bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf) at += 3;
  while (at < end) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d && byte !== 0) break;
    at++;
  }
  return at;
}
