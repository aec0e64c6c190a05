/**
 * JSON records. An object is an event; `{"Records": [...]}` and arrays give one event per element; other JSON values are the
 * message of an event. What begins as JSON and is none, or is nested too deep, is still searched, as text.
 */
import type { EventObject, EventValue } from '../core/event.ts';
import { isEventObject } from '../core/event.ts';
import type { DecodeLimits, Decoded, Decoder } from './decoder.ts';
import { parseJson } from '../core/json-value.ts';
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
  const parsed = parseJson(text, limits.maxDepth);
  if (parsed.problem !== undefined) return { ...textRecord(text), problem: PROBLEMS[parsed.problem] };
  const events = unwrap(parsed.value);
  return { events: events.length === 0 ? [{}] : events };
}

const PROBLEMS = { 'no-json': 'DATA_BAD_JSON', 'too-deep': 'DATA_TOO_DEEP' } as const;

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
