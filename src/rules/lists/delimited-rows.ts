/**
 * DelimitedRows: cells of a table in text, RFC 4180: quotes around a cell that holds the delimiter, a quote (doubled) or a line
 * end. With a tab as delimiter quotes mean nothing, as such files never use them. A quote that is never closed costs one row: after
 * `MAX_CELL_LINES` lines it is taken as an ordinary character.
 */

const MAX_CELL_LINES = 100;
const MAX_CELL_CHARACTERS = 262_144;
/** More cells than this in one row are cut. */
const MAX_CELLS = 1000;

export type Delimiter = ',' | ';' | '\t' | '|';

export class DelimitedRows {
  readonly #delimiter: Delimiter;
  readonly #row: (cells: readonly string[], line: number) => void;
  #open: string[] = [];
  #openLine = 0;
  #openCharacters = 0;

  constructor(delimiter: Delimiter, row: (cells: readonly string[], line: number) => void) {
    this.#delimiter = delimiter;
    this.#row = row;
  }

  get isBetweenRows(): boolean {
    return this.#open.length === 0;
  }

  /** Takes the next line of the text, without its line end. */
  line(text: string, number: number): void {
    if (this.#open.length === 0) {
      if (this.#delimiter === '\t' || !text.includes('"')) {
        if (text !== '') this.#row(cellsOf(text, this.#delimiter), number);
        return;
      }
      this.#openLine = number;
      this.#openCharacters = 0;
    }
    this.#open.push(text);
    this.#openCharacters += text.length;
    // Only a line with a quote can close the cell.
    const cells = text.includes('"') ? splitQuoted(this.#open.join('\n'), this.#delimiter) : undefined;
    if (cells !== undefined) {
      this.#open = [];
      this.#row(cells, this.#openLine);
    } else if (this.#open.length > MAX_CELL_LINES || this.#openCharacters > MAX_CELL_CHARACTERS) this.#giveUp();
  }

  end(): void {
    while (this.#open.length > 0) this.#giveUp();
  }

  /** The first line's quote was an ordinary one; the lines behind it are read again. */
  #giveUp(): void {
    const [first = '', ...rest] = this.#open;
    const number = this.#openLine;
    this.#open = [];
    this.#row(cellsOf(first, this.#delimiter), number);
    for (const [i, text] of rest.entries()) this.line(text, number + 1 + i);
  }
}

/** `text.split`, which takes three times as long for a few cells. */
function cellsOf(text: string, delimiter: Delimiter): string[] {
  const cells: string[] = [];
  let start = 0;
  for (let end = text.indexOf(delimiter); end >= 0; end = text.indexOf(delimiter, start)) {
    cells.push(text.slice(start, end));
    if (cells.length === MAX_CELLS) return cells;
    start = end + 1;
  }
  cells.push(text.slice(start));
  return cells;
}

/** Undefined when a quoted cell does not end. */
function splitQuoted(text: string, delimiter: Delimiter): string[] | undefined {
  const cells: string[] = [];
  let at = 0;
  while (cells.length < MAX_CELLS) {
    const start = /[^ ]/.exec(text.slice(at))?.index ?? 0;
    if (text[at + start] === '"') {
      let cell = '';
      let from = at + start + 1;
      for (;;) {
        const quote = text.indexOf('"', from);
        if (quote < 0) return undefined;
        cell += text.slice(from, quote);
        if (text[quote + 1] !== '"') {
          at = quote + 1;
          break;
        }
        cell += '"';
        from = quote + 2;
      }
      const next = text.indexOf(delimiter, at);
      cells.push(cell);
      if (next < 0) return cells;
      at = next + 1;
    } else {
      const next = text.indexOf(delimiter, at);
      cells.push(next < 0 ? text.slice(at) : text.slice(at, next));
      if (next < 0) return cells;
      at = next + 1;
    }
  }
  return cells;
}
