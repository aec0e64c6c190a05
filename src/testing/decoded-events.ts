/** The events of one record as the program decodes them, without a time of their own: what matchers are tried on in tests. */
import type { Event } from '../core/event.ts';
import { DECODERS } from '../decode/registry.ts';

export function decodedEvents(bytes: Uint8Array): Event[] {
  const decoder = DECODERS.find((item) => item.recognises(bytes, 0, bytes.length)) ?? DECODERS.at(-1);
  const decoded = decoder?.decode(bytes, 0, bytes.length, { maxDepth: 64 });
  const format = decoded?.problem === undefined ? (decoder?.name ?? '') : 'text';
  const source = { input: 't', path: 't', id: 't', replayable: true, timezone: 'Z' };
  const origin = { source, position: 0, line: 0, record: 0, part: 0, arrivalMs: 0 };
  return (decoded?.events ?? []).map((fields) => ({
    fields,
    original: '',
    format,
    timeMs: 0,
    timeOrigin: 'arrival',
    origin,
  }));
}
