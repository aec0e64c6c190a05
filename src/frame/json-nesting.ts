/** JsonNesting: which brackets are open around a place in JSON text. A stack of fixed size: deeper text is not taken for JSON. */

/** Containers nested deeper than this are framed as lines. */
export const MAX_NESTING = 512;

const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

export class JsonNesting {
  /** The bytes that close what is open, outermost first. */
  readonly #closers = new Uint8Array(MAX_NESTING);
  #depth = 0;

  get depth(): number {
    return this.#depth;
  }

  get isInObject(): boolean {
    return this.#closers[this.#depth - 1] === CLOSE_OBJECT;
  }

  clear(): void {
    this.#depth = 0;
  }

  /** `[` or `{`. False: that is too deep. */
  open(byte: number): boolean {
    if (this.#depth === MAX_NESTING) return false;
    // In ASCII the closing bracket is the next but one.
    this.#closers[this.#depth++] = byte + 2;
    return true;
  }

  /** Only the brackets of an object around it are open from now on. */
  beginObject(): void {
    this.#depth = 0;
    this.open(OPEN_OBJECT);
  }

  /** `]` or `}`. False: something else is open. */
  close(byte: number): boolean {
    if (this.#closers[this.#depth - 1] !== byte) return false;
    this.#depth--;
    return true;
  }
}
