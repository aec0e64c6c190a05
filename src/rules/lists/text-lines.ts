/**
 * TextLines: lines of a text that arrives in chunks. UTF-8, or UTF-16 when a byte order mark says so; LF, CRLF and CR line ends.
 * Longer lines than the limit are given up, so that a file without line ends stays bounded.
 */
import { StringDecoder } from 'node:string_decoder';

export const MAX_LINE_CHARACTERS = 65_536;

export class TextLines {
  readonly #line: (text: string, number: number) => void;
  readonly #tooLong: (number: number) => void;
  #decoder: StringDecoder | undefined;
  #head: Buffer | undefined;
  #rest = '';
  #number = 0;
  #skipping = false;

  constructor(line: (text: string, number: number) => void, tooLong: (number: number) => void) {
    this.#line = line;
    this.#tooLong = tooLong;
  }

  push(chunk: Uint8Array): void {
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (this.#decoder === undefined) {
      bytes = this.#head === undefined ? bytes : Buffer.concat([this.#head, bytes]);
      // One byte 0xff may be half of a byte order mark.
      if (bytes.length === 0 || (bytes.length === 1 && bytes[0] === 0xff)) {
        this.#head = Buffer.from(bytes);
        return;
      }
      this.#decoder = decoderFor(bytes);
    }
    this.#take(this.#decoder.write(bytes));
  }

  /** So many lines are left out here; only at the start of a line. */
  skip(lines: number): void {
    this.#number += lines;
  }

  end(): void {
    const decoder = this.#decoder ?? decoderFor(this.#head ?? Buffer.alloc(0));
    this.#take(decoder.end(this.#decoder === undefined ? (this.#head ?? Buffer.alloc(0)) : undefined));
    if (this.#rest !== '') this.#emit(this.#rest.endsWith('\r') ? this.#rest.slice(0, -1) : this.#rest);
    this.#rest = '';
  }

  #take(text: string): void {
    let start = 0;
    const whole = this.#rest === '' ? text : this.#rest + text;
    for (let end = whole.indexOf('\n'); end >= 0; end = whole.indexOf('\n', start)) {
      this.#emit(whole.slice(start, whole.charCodeAt(end - 1) === 13 ? end - 1 : end));
      start = end + 1;
    }
    this.#rest = whole.slice(start);
    if (this.#rest.length > MAX_LINE_CHARACTERS) {
      if (!this.#skipping) this.#tooLong(this.#number + 1);
      this.#skipping = true;
      this.#rest = '';
    }
  }

  #emit(text: string): void {
    // Old files end their lines with CR alone.
    const lines = text.includes('\r') ? text.split('\r') : [text];
    for (const line of lines) {
      this.#number++;
      const plain = this.#number === 1 && line.charCodeAt(0) === 0xfeff ? line.slice(1) : line;
      if (this.#skipping) this.#skipping = false;
      else if (plain.length > MAX_LINE_CHARACTERS) this.#tooLong(this.#number);
      else this.#line(plain, this.#number);
    }
  }
}

function decoderFor(bytes: Uint8Array): StringDecoder {
  return new StringDecoder(bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf16le' : 'utf8');
}
