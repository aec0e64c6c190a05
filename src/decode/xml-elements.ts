/**
 * XmlElements: elements, attributes and character data of one small XML document, as event logs write them. No document types, entities of
 * one's own, comments or sections: nothing is fetched, nothing grows, and nothing of the text can go missing without a word, because a
 * document with any of these is refused.
 */

export interface XmlElement {
  readonly name: string;
  readonly attributes: readonly (readonly [name: string, value: string])[];
  readonly children: readonly XmlElement[];
  /** Character data of the element itself, blanks at both ends left out. */
  readonly text: string;
}

const NAME = /[A-Za-z_:][\w:.-]*/y;
const BLANKS = /\s*/y;
const REFERENCE = /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/gi;
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The element that begins at `from` and ends the text; undefined when the text is not such a document or nests deeper than `maxDepth`. */
export function parseXml(text: string, from: number, maxDepth: number): XmlElement | undefined {
  const reader = new Reader(text, from);
  const root = reader.element(maxDepth);
  return root !== undefined && reader.isAtEnd ? root : undefined;
}

class Reader {
  readonly #text: string;
  #at: number;

  constructor(text: string, from: number) {
    this.#text = text;
    this.#at = from;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  element(depthLeft: number): XmlElement | undefined {
    if (depthLeft <= 0 || !this.#take('<')) return undefined;
    const name = this.#match(NAME);
    const attributes = name === '' ? undefined : this.#attributes();
    if (attributes === undefined) return undefined;
    if (this.#take('/>')) return { name, attributes, children: [], text: '' };
    return this.#take('>') ? this.#content(name, attributes, depthLeft - 1) : undefined;
  }

  #content(name: string, attributes: XmlElement['attributes'], depthLeft: number): XmlElement | undefined {
    const children: XmlElement[] = [];
    let text = '';
    for (;;) {
      const next = this.#text.indexOf('<', this.#at);
      if (next < 0) return undefined;
      text += this.#text.slice(this.#at, next);
      this.#at = next;
      if (this.#take(`</${name}`)) {
        this.#match(BLANKS);
        return this.#take('>') ? { name, attributes, children, text: unescaped(text.trim()) } : undefined;
      }
      const child = this.element(depthLeft);
      if (child === undefined) return undefined;
      children.push(child);
    }
  }

  /** Undefined: an attribute is no pair of a name and a quoted value, or stands twice. */
  #attributes(): (readonly [string, string])[] | undefined {
    const attributes: (readonly [string, string])[] = [];
    for (;;) {
      const blanks = this.#match(BLANKS);
      const name = this.#match(NAME);
      if (name === '') return attributes;
      this.#match(BLANKS);
      const isPair = blanks !== '' && this.#take('=');
      this.#match(BLANKS);
      const quote = this.#text.charAt(this.#at);
      const end = quote === '"' || quote === "'" ? this.#text.indexOf(quote, this.#at + 1) : -1;
      if (!isPair || end < 0 || attributes.some(([known]) => known === name)) return undefined;
      attributes.push([name, unescaped(this.#text.slice(this.#at + 1, end))]);
      this.#at = end + 1;
    }
  }

  #take(expected: string): boolean {
    if (!this.#text.startsWith(expected, this.#at)) return false;
    this.#at += expected.length;
    return true;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }
}

/** Character references and the five entities; what else begins with an ampersand stays as it stands. */
function unescaped(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(REFERENCE, (whole, hex: string | undefined, decimal: string | undefined, name: string) => {
    if (hex === undefined && decimal === undefined) return NAMED[name.toLowerCase()] ?? whole;
    const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return point > 0x10_ffff ? whole : String.fromCodePoint(point);
  });
}
