/**
 * One page of a TAXII answer, read as it arrives: objects one by one, the other members of the envelope from what is left when
 * everything nested is cut out. Memory is one object. A damaged object is told apart from a damaged page: the first is
 * skipped, the second (the text breaks off, the brackets do not pair) must be fetched again.
 */
import { ElementSplitter, MAX_DEPTH } from '../../core/element-splitter.ts';
import { ReadAgain } from '../http/polite-client.ts';

export interface PageObject {
  /** The object as it came, one JSON value without line breaks between its tokens where it had none. */
  readonly text: string;
  readonly id: string;
  /** `modified`, else `created`, else empty: with the id what tells versions apart. */
  readonly version: string;
  readonly type: string;
}

export interface PageContent {
  readonly objects: readonly PageObject[];
  /** Why objects were skipped, one for each. */
  readonly damaged: readonly string[];
  readonly more: boolean;
  readonly next: string | undefined;
}

export interface PageLimits {
  readonly maxObjectBytes: number;
  readonly maxObjects: number;
}

/** A page that cannot be used as a whole. */
export class DamagedPage extends ReadAgain {}

const MAX_SKELETON_BYTES = 64 * 1024;

export async function readPage(body: AsyncIterable<Uint8Array>, limits: PageLimits): Promise<PageContent> {
  const objects: PageObject[] = [];
  const damaged: string[] = [];
  let broken: string | undefined;
  const splitter = new ElementSplitter({
    key: 'objects',
    maxElementBytes: limits.maxObjectBytes,
    element: (text) => {
      if (objects.length + damaged.length >= limits.maxObjects) broken ??= `more than ${limits.maxObjects} objects`;
      else takeObject(text, objects, damaged);
    },
    problem: (reason) => {
      if (reason === 'too_long') damaged.push(`longer than ${limits.maxObjectBytes} bytes`);
      else if (reason === 'too_deep') damaged.push(`nested more than ${MAX_DEPTH} deep`);
      else broken ??= reason === 'incomplete' ? 'the text ends early' : 'the brackets do not pair';
    },
  });
  const skeleton = new EnvelopeSkeleton();
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    splitter.push(chunk);
    skeleton.push(chunk);
    if (broken !== undefined) break;
  }
  splitter.end();
  if (broken !== undefined) throw new DamagedPage(broken);
  // Some servers answer an empty result with no body at all.
  const members = bytes === 0 ? {} : skeleton.members();
  if (members === undefined) throw new DamagedPage('no JSON object');
  // An envelope without a list is itself what the splitter takes for an element.
  const isEnvelope = Object.hasOwn(members, 'objects') || !Object.hasOwn(members, 'id') || members['type'] === 'bundle';
  const { more, next } = members;
  if (!Object.hasOwn(members, 'objects') && Number(members['http_status']) >= 400)
    throw new DamagedPage(`an error in place of objects: ${String(members['title'] ?? members['http_status'])}`);
  return {
    objects: isEnvelope ? objects.filter(({ type }) => type !== 'bundle') : objects,
    damaged: Object.hasOwn(members, 'objects') ? damaged : [],
    more: more === true,
    next: nextOf(next),
  };
}

/** Opaque; some servers count in numbers. */
function nextOf(next: unknown): string | undefined {
  if (typeof next === 'number') return String(next);
  return typeof next === 'string' && next !== '' ? next : undefined;
}

function takeObject(text: string, objects: PageObject[], damaged: string[]): void {
  let object: unknown;
  try {
    object = JSON.parse(text);
  } catch (error) {
    // JSON.parse throws only SyntaxError.
    damaged.push(`${nameIn(text)}${(error as SyntaxError).message}`);
    return;
  }
  const { id, type, modified, created, objects: list } = (object ?? {}) as Readonly<Record<string, unknown>>;
  // The envelope itself, of a server that writes null for no objects.
  if (type === undefined && list === null) return;
  if (typeof type !== 'string') damaged.push(`${nameIn(text)}an object without a type`);
  else {
    const version = typeof modified === 'string' ? modified : typeof created === 'string' ? created : '';
    objects.push({ text, id: typeof id === 'string' ? id : '', version, type });
  }
}

/** Without the byte order mark that some servers write. */
export function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/** The id of an object that cannot be read, as far as it can be told. */
function nameIn(text: string): string {
  const id = /"([a-z0-9-]{1,60}--[0-9a-f-]{36})"/i.exec(text)?.[1];
  return id === undefined ? '' : `"${id}": `;
}

const OPEN = new Set([0x7b, 0x5b]);
const CLOSE = new Set([0x7d, 0x5d]);
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Keeps the top level of an object: nested objects and lists become `null`. */
class EnvelopeSkeleton {
  readonly #kept: number[] = [];
  #depth = 0;
  #inString = false;
  #escaped = false;

  push(chunk: Uint8Array): void {
    for (const byte of chunk) {
      if (this.#inString) {
        if (this.#depth === 1) this.#keep(byte);
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#inString = false;
      } else if (OPEN.has(byte)) {
        this.#depth++;
        if (this.#depth === 1) this.#keep(byte);
        else if (this.#depth === 2) for (const char of 'null') this.#keep(char.charCodeAt(0));
      } else if (CLOSE.has(byte)) {
        if (this.#depth === 1) this.#keep(byte);
        this.#depth--;
      } else {
        if (byte === QUOTE) this.#inString = true;
        if (this.#depth === 1) this.#keep(byte);
      }
    }
  }

  members(): Readonly<Record<string, unknown>> | undefined {
    let value: unknown;
    try {
      value = JSON.parse(withoutMark(Buffer.from(this.#kept).toString('utf8')));
    } catch (error) {
      // JSON.parse throws only SyntaxError.
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  }

  /** Beyond the limit the rest is dropped, and the text is no JSON any more. */
  #keep(byte: number): void {
    if (this.#kept.length < MAX_SKELETON_BYTES) this.#kept.push(byte);
  }
}
