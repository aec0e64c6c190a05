/**
 * StreamPlace: where in a stream a framer is, by offset and line, and the last place between two values, from which framing can start
 * afresh and find the same records.
 */
import type { ResumePoint } from './framer.ts';

export class StreamPlace {
  /** Stream offset of index 0 of the chunk; between chunks that of the next byte. */
  base: number;
  /** Of the byte looked at. */
  line: number;
  #topPosition: number;
  #topLine: number;
  #emittedAtTop = 0;

  constructor(position: number, line: number) {
    this.base = position;
    this.line = line;
    this.#topPosition = position;
    this.#topLine = line;
  }

  /** Index `i` of the chunk is between two values; `emitted`: records so far. */
  markTop(i: number, emitted: number): void {
    this.#topPosition = this.base + i;
    this.#topLine = this.line;
    this.#emittedAtTop = emitted;
  }

  /** At another place of a stream, between two values. */
  move(position: number, line: number, emitted: number): void {
    this.base = position;
    this.line = line;
    this.markTop(0, emitted);
  }

  resumePoint(emitted: number): ResumePoint {
    const [position, line] = [this.#topPosition, this.#topLine];
    return { position, line, framing: 'json', emittedAfter: emitted - this.#emittedAtTop };
  }
}
