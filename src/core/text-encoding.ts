/** How a text is encoded, by its byte order mark: UTF-8 where there is none. Windows tools write UTF-16, in either order of bytes. */
import { StringDecoder } from 'node:string_decoder';

export type TextEncoding = 'utf8' | 'utf16le' | 'utf16be';

/** By the first two bytes. */
export function textEncoding(head: Uint8Array): TextEncoding {
  const [a, b] = head;
  if (a === 0xff && b === 0xfe) return 'utf16le';
  return a === 0xfe && b === 0xff ? 'utf16be' : 'utf8';
}

/** Text of bytes that come in chunks of any size; a character may be cut. The byte order mark stays in the text. */
export class TextDecoding {
  readonly #decoder: StringDecoder;
  readonly #isSwapped: boolean;
  /** First half of a unit whose second half comes in the next chunk. */
  #half: Uint8Array = new Uint8Array(0);

  constructor(encoding: TextEncoding) {
    this.#decoder = new StringDecoder(encoding === 'utf8' ? 'utf8' : 'utf16le');
    this.#isSwapped = encoding === 'utf16be';
  }

  write(bytes: Uint8Array): string {
    return this.#decoder.write(
      this.#isSwapped ? this.#swapped(bytes) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
    );
  }

  end(): string {
    return this.#decoder.end();
  }

  #swapped(bytes: Uint8Array): Buffer {
    const units = Buffer.concat([this.#half, bytes]);
    const whole = units.length - (units.length % 2);
    this.#half = units.subarray(whole);
    return units.subarray(0, whole).swap16();
  }
}
