/**
 * TextUnits: the UTF-16 units of a text in one reused array. Reading units of a string one by one costs several nanoseconds each,
 * copying a text of a kilobyte as a whole a fraction of a microsecond.
 */

/** Longer texts are looked at in pieces that overlap by this much. */
const CAPACITY = 32_768;
export const UNITS_OVERLAP = 1024;

export class TextUnits {
  readonly units = new Uint16Array(CAPACITY);
  readonly #bytes = Buffer.from(this.units.buffer);

  /** Copies `text` from `start` on, as much as fits; returns how many units. */
  load(text: string, start: number): number {
    const piece = start === 0 && text.length <= CAPACITY ? text : text.slice(start, start + CAPACITY);
    return this.#bytes.write(piece, 0, 'utf16le') >> 1;
  }
}
