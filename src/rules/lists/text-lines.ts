/**
 * TextLines: lines of a text that arrives in chunks. UTF-8, or UTF-16 when a byte order mark says so; LF, CRLF and CR line ends.
 * Longer lines than the limit are given up, so that a file without line ends stays bounded.
 */
import { isAscii } from 'node:buffer';
import { TextDecoding, textEncoding } from '../../core/text-encoding.ts';

const MAX_LINE_CHARACTERS = 65_536;

export class TextLines {
  readonly #line: (text: string, number: number) => void;
  readonly #tooLong: (number: number) => void;
  #decoder: TextDecoding | undefined;
  #head: Buffer | undefined;
  #rest = '';
  #number = 0;
  #skipping = false;
  #isUtf8 = true;
  /** The bytes so far may end within a character. */
  #isBegun = false;
  /** The text that is being cut holds a CR somewhere. */
  #hasReturns = false;

  constructor(line: (text: string, number: number) => void, tooLong: (number: number) => void) {
    this.#line = line;
    this.#tooLong = tooLong;
  }

  push(chunk: Uint8Array): void {
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (this.#decoder === undefined) {
      bytes = this.#head === undefined ? bytes : Buffer.concat([this.#head, bytes]);
      // One byte may be half of a byte order mark.
      if (bytes.length < 2) {
        this.#head = Buffer.from(bytes);
        return;
      }
      const encoding = textEncoding(bytes);
      this.#isUtf8 = encoding === 'utf8';
      this.#decoder = new TextDecoding(encoding);
    }
    this.#take(this.#textOf(bytes, this.#decoder));
  }

  /** So many lines are left out here; only at the start of a line. */
  skip(lines: number): void {
    this.#number += lines;
  }

  end(): void {
    const decoder = this.#decoder ?? new TextDecoding('utf8');
    const head = this.#decoder === undefined && this.#head !== undefined ? decoder.write(this.#head) : '';
    this.#take(head + decoder.end());
    if (this.#rest !== '') this.#emit(this.#rest.endsWith('\r') ? this.#rest.slice(0, -1) : this.#rest);
    this.#rest = '';
  }

  #textOf(bytes: Buffer, decoder: TextDecoding): string {
    // No character is begun, and none is more than a byte: a copy.
    if (this.#isUtf8 && !this.#isBegun && isAscii(bytes)) return bytes.toString('latin1');
    this.#isBegun = (bytes[bytes.length - 1] ?? 0) > 0x7f;
    return decoder.write(bytes);
  }

  #take(text: string): void {
    let start = 0;
    const whole = this.#rest === '' ? text : this.#rest + text;
    this.#hasReturns = whole.includes('\r');
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
    if (this.#hasReturns && text.includes('\r')) for (const line of text.split('\r')) this.#one(line);
    else this.#one(text);
  }

  #one(text: string): void {
    this.#number++;
    const plain = this.#number === 1 && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
    if (this.#skipping) this.#skipping = false;
    else if (plain.length > MAX_LINE_CHARACTERS) this.#tooLong(this.#number);
    else this.#line(plain, this.#number);
  }
}
