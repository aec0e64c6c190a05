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

/** Where bytes of shared memory are copied to, which the decoder refuses; longer ones get a copy of their own. */
const copy = new Uint8Array(1 << 16);

/** Invalid sequences become replacement characters. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  const view = bytes.subarray(start, end);
  if (!(view.buffer instanceof SharedArrayBuffer)) return utf8.decode(view);
  if (view.length > copy.length) return utf8.decode(view.slice());
  copy.set(view);
  return utf8.decode(copy.subarray(0, view.length));
}

/** Such bytes are the same text in every encoding that matters: no decoder is needed for it. */
export function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if ((bytes[at] as number) > 0x7f) return false;
  return true;
}
