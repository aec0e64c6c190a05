/** JsonList: lists in JSON, read element by element: MISP events, MISP warning lists, arrays of values. */
import { ElementSplitter } from '../../core/element-splitter.ts';
import type { FeedLoader } from '../../core/feed.ts';
import { type Diagnostic, diagnostic } from '../../errors/diagnostic.ts';
import { type ListFeed, ListWriter } from './list-writer.ts';
import { MispEvents } from './misp-events.ts';
import { Warninglists } from './warninglists.ts';

export type JsonListForm = 'misp' | 'warninglist' | 'values';

/** One MISP event or warning list, the greatest unit that is read at once. */
const MAX_ELEMENT_BYTES = 128 * 1024 * 1024;

export class JsonList implements FeedLoader {
  readonly #feed: ListFeed;
  readonly #splitter: ElementSplitter;
  readonly #take: (value: unknown, line: number) => void;
  #broken: Diagnostic | undefined;

  constructor(feed: ListFeed, form: JsonListForm) {
    this.#feed = feed;
    this.#take = HANDLERS[form](feed);
    this.#splitter = new ElementSplitter({
      key: 'response',
      maxElementBytes: MAX_ELEMENT_BYTES,
      element: (text, line) => this.#element(text, line),
      problem: (reason, line) => {
        const message = reason === 'incomplete' ? 'the JSON text ends early' : 'the JSON text cannot be read';
        const span = { file: feed.file, line };
        if (reason === 'too_long' || reason === 'too_deep') {
          const what = reason === 'too_long' ? 'object is longer than the limit' : 'object is nested too deep';
          feed.report.entry();
          feed.report.bad(() => diagnostic('INTEL_BAD_OBJECT', 'error', what, { span }));
        } else this.#broken = diagnostic('INTEL_BROKEN_FEED', 'error', message, { span });
      },
    });
  }

  push(chunk: Uint8Array): void {
    this.#splitter.push(chunk);
  }

  end(): Diagnostic | undefined {
    this.#splitter.end();
    return this.#broken;
  }

  #element(text: string, line: number): void {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      // JSON.parse throws only SyntaxError.
      const message = `object is no valid JSON: ${(error as SyntaxError).message}`;
      const span = { file: this.#feed.file, line };
      this.#feed.report.entry();
      this.#feed.report.bad(() => diagnostic('INTEL_BAD_OBJECT', 'error', message, { span }));
      return;
    }
    this.#take(value, line);
  }
}

const HANDLERS: Readonly<Record<JsonListForm, (feed: ListFeed) => (value: unknown, line: number) => void>> = {
  misp: (feed) => {
    const events = new MispEvents(feed);
    return (value, line) => events.element(value, line);
  },
  warninglist: (feed) => {
    const lists = new Warninglists(feed);
    return (value, line) => lists.element(value, line);
  },
  values: (feed) => {
    const writer = new ListWriter(feed);
    return (value, line) => {
      writer.write(typeof value === 'string' ? value : JSON.stringify(value), line);
    };
  },
};
