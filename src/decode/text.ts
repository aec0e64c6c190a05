/** Records that are no structured format: the line is the event's message, and indicators are found in it all the same. */
import type { Decoded, Decoder } from './decoder.ts';

export const textDecoder: Decoder = {
  name: 'text',
  summary: 'any other line: the whole text is the message',
  recognises: () => true,
  decode: (bytes, start, end, _limits, text) => textRecord(text ?? decodeUtf8(bytes, start, end)),
};

export function textRecord(text: string): Decoded {
  return { events: [{ message: text.endsWith('\r') ? text.slice(0, -1) : text }] };
}

const utf8 = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });

/** Invalid sequences become replacement characters; a shared buffer is copied first because the decoder refuses it. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  const view = bytes.subarray(start, end);
  return utf8.decode(view.buffer instanceof SharedArrayBuffer ? view.slice() : view);
}
