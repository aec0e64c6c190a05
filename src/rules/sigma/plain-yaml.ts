/**
 * The YAML that nearly all rules are written in, read in one pass: one document, block maps and lists, scalars of one line, literal
 * blocks, comments. It gives what the full parser gives, or nothing: whatever is spelled in another way, or is wrong, is left to that
 * one. Reading thousands of rules takes a tenth of the time so. (YAML 1.2.2, sections 7 and 8.)
 */
import { RULE_SCHEMA } from './yaml-schema.ts';

type YamlValue = string | number | boolean | null | YamlValue[] | { [key: string]: YamlValue };

/** Undefined: the full parser is to be asked. */
export function readPlainYaml(text: string): { readonly value: unknown } | undefined {
  if (UNUSUAL.test(text) || !text.endsWith('\n') || MARKERS.some((marker) => text.includes(marker))) return undefined;
  if (MARKERS.some((marker) => text.startsWith(marker.slice(1)))) return undefined;
  const reader = new PlainYaml(text);
  const value = reader.document();
  return value === LEFT ? undefined : { value };
}

/** Tabs, carriage returns, what is not printable, and what some take for an end of a line. */
const UNUSUAL = /[^\n\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u;
/** Of documents, and directives. */
const MARKERS = ['\n---', '\n...', '\n%'];
/** Keys that are text whatever stands in them. */
const KEY = /([A-Za-z_][A-Za-z0-9_.|@/-]{0,200}|'[^'\n]{1,200}'):[ \n]/y;
const WORD = /^(?:null|true|false|__proto__)$/i;
/** What a plain scalar cannot begin with, or means something else there. */
const INDICATORS = new Set(',[]{}#&*!|>\'"%@`?:-');
const NUMBER_LIKE = /^(?:[-+.~\d]|null$|true$|false$)/i;
/** Only these are undone here. */
const ESCAPE = /\\(?:(["\\])|.)/g;
const MAX_DEPTH = 50;
/** The text is left to the full parser. */
const LEFT = Symbol('left');

class PlainYaml {
  readonly #text: string;
  /** Start of the line that is looked at, which is neither blank nor a comment; its content and end. */
  #start = 0;
  #content = 0;
  #end = -1;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#next();
  }

  document(): YamlValue | typeof LEFT {
    if (this.#isAtEnd || this.#indent !== 0) return LEFT;
    const value = this.#map(0);
    return this.#isAtEnd ? value : LEFT;
  }

  get #isAtEnd(): boolean {
    return this.#start >= this.#text.length;
  }

  get #indent(): number {
    return this.#content - this.#start;
  }

  /** Goes to the next line that says something. */
  #next(): void {
    const text = this.#text;
    for (let start = this.#end + 1; ; start = this.#end + 1) {
      this.#start = start;
      this.#end = text.indexOf('\n', start);
      if (this.#end < 0) {
        this.#end = text.length;
        return;
      }
      let at = start;
      while (text.charCodeAt(at) === SPACE) at++;
      this.#content = at;
      const first = text.charCodeAt(at);
      if (first !== LINE_FEED && first !== HASH) return;
    }
  }

  /** The map whose keys stand at this column; the first one where the reader is. */
  #map(indent: number): YamlValue | typeof LEFT {
    if (++this.#depth > MAX_DEPTH) return LEFT;
    const map: Record<string, YamlValue> = {};
    do {
      const key = this.#key(this.#content);
      if (key === undefined || WORD.test(key)) return LEFT;
      const isQuoted = key.startsWith("'");
      const name = isQuoted ? key.slice(1, -1) : key;
      // One that is a number would change its place among the others; it is left as well.
      if (Object.hasOwn(map, name) || (isQuoted && /^(?:\d+|__proto__)$/.test(name))) return LEFT;
      const value = this.#value(this.#content + key.length + 1, indent);
      if (value === LEFT) return LEFT;
      map[name] = value;
    } while (!this.#isAtEnd && this.#indent === indent);
    this.#depth--;
    return this.#isAtEnd || this.#indent < indent ? map : LEFT;
  }

  /** The list whose dashes stand at this column. */
  #list(indent: number): YamlValue | typeof LEFT {
    if (++this.#depth > MAX_DEPTH) return LEFT;
    const list: YamlValue[] = [];
    do {
      const text = this.#text;
      let at = this.#content + 1;
      while (text.charCodeAt(at) === SPACE) at++;
      const key = this.#key(at);
      if (key !== undefined) {
        // The map begins in the line of the dash.
        const column = at - this.#start;
        this.#content = at;
        const value = this.#map(column);
        if (value === LEFT || (!this.#isAtEnd && this.#indent > indent)) return LEFT;
        list.push(value);
      } else {
        const value = this.#value(this.#content + 1, indent, true);
        if (value === LEFT) return LEFT;
        list.push(value);
      }
    } while (!this.#isAtEnd && this.#indent === indent && this.#isDash(this.#content));
    this.#depth--;
    return this.#isAtEnd || this.#indent <= indent ? list : LEFT;
  }

  #isDash(at: number): boolean {
    const next = this.#text.charCodeAt(at + 1);
    return this.#text.charCodeAt(at) === DASH && (next === SPACE || next === LINE_FEED);
  }

  #key(at: number): string | undefined {
    KEY.lastIndex = at;
    return KEY.exec(this.#text)?.[1];
  }

  /** What stands behind a colon or dash at column `indent`, in its line or in those below; the reader is then behind it. */
  #value(from: number, indent: number, isItem = false): YamlValue | typeof LEFT {
    const text = this.#text;
    let at = from;
    while (text.charCodeAt(at) === SPACE) at++;
    const first = text.charCodeAt(at);
    if (first === LINE_FEED || (first === HASH && at > from)) {
      this.#next();
      if (this.#isAtEnd) return null;
      const below = this.#indent;
      if (this.#isDash(this.#content) && (below > indent || (below === indent && !isItem))) return this.#list(below);
      // A scalar in the lines below is none that is read here: it is no key.
      return below > indent ? this.#map(below) : null;
    }
    if (first === PIPE) return this.#literal(at, indent);
    const value = this.#scalar(at);
    if (value === LEFT) return LEFT;
    this.#next();
    // Scalars may go on in lines that stand deeper.
    return this.#isAtEnd || this.#indent <= indent ? value : LEFT;
  }

  /** The scalar that begins here and ends with the line, or before a comment. */
  #scalar(at: number): YamlValue | typeof LEFT {
    const text = this.#text;
    const quote = text[at];
    if (quote === "'" || quote === '"') return this.#quoted(at, quote);
    if (INDICATORS.has(quote ?? '') && !(quote === '-' && isDigit(text.charCodeAt(at + 1)))) return LEFT;
    let end = at;
    for (let i = at; i < this.#end; i++) {
      const code = text.charCodeAt(i);
      if (code === SPACE) continue;
      if (code === HASH && text.charCodeAt(i - 1) === SPACE) break;
      if (code === COLON && (i + 1 === this.#end || text.charCodeAt(i + 1) === SPACE)) return LEFT;
      end = i + 1;
    }
    const plain = text.slice(at, end);
    return NUMBER_LIKE.test(plain) ? (RULE_SCHEMA.resolveImplicitScalarTag(plain).value as YamlValue) : plain;
  }

  #quoted(at: number, quote: string): string | typeof LEFT {
    const text = this.#text;
    const isSingle = quote === "'";
    let [close, isPlain] = [at + 1, true];
    for (; close < this.#end; close++) {
      if (!isSingle && text.charCodeAt(close) === BACKSLASH) isPlain = false;
      else if (text[close] !== quote) continue;
      else if (!isSingle || text[close + 1] !== quote) break;
      else isPlain = false;
      // Behind an escape, and the second of two quotes.
      close++;
    }
    if (close >= this.#end || !this.#isNothing(close + 1)) return LEFT;
    const inner = text.slice(at + 1, close);
    if (isPlain) return inner;
    if (isSingle) return inner.replaceAll("''", "'");
    let isKnown = true;
    const value = inner.replace(ESCAPE, (_, character: string | undefined) => {
      if (character === undefined) isKnown = false;
      return character ?? '';
    });
    return isKnown ? value : LEFT;
  }

  /** Nothing but blanks and a comment up to the end of the line. */
  #isNothing(from: number): boolean {
    let at = from;
    while (this.#text.charCodeAt(at) === SPACE) at++;
    return at === this.#end || (at > from && this.#text.charCodeAt(at) === HASH);
  }

  /** The literal block whose bar stands here, in a line of column `indent`. */
  #literal(bar: number, indent: number): string | typeof LEFT {
    const text = this.#text;
    const isStripped = text.charCodeAt(bar + 1) === DASH;
    if (!this.#isNothing(bar + 1 + Number(isStripped))) return LEFT;
    let own = -1;
    let value = '';
    let blanks = 0;
    for (let start = this.#end + 1; ; start = this.#end + 1) {
      this.#end = text.indexOf('\n', start);
      // Without the line end behind it the block would end otherwise.
      const end = this.#end < 0 ? text.length : this.#end;
      let at = start;
      while (text.charCodeAt(at) === SPACE) at++;
      const isBlank = at >= end;
      if (own < 0 && !isBlank && at - start > indent) own = at - start;
      if (!isBlank && at - start < (own < 0 ? indent + 1 : own)) {
        this.#end = start - 1;
        break;
      }
      if (this.#end < 0) break;
      if (own < 0 || end - start <= own) {
        // Blanks before the first line may be more than it has; the full parser knows what that means.
        if (own < 0 && end > start) return LEFT;
        blanks++;
        continue;
      }
      value += '\n'.repeat(value === '' ? blanks : blanks + 1) + text.slice(start + own, end);
      blanks = 0;
    }
    if (value === '') return LEFT;
    if (this.#end < 0) {
      this.#end = text.length;
      this.#start = text.length;
    } else this.#next();
    return isStripped ? value : `${value}\n`;
  }
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

const LINE_FEED = 10;
const SPACE = 32;
const HASH = 35;
const DASH = 45;
const COLON = 58;
const BACKSLASH = 92;
const PIPE = 124;
