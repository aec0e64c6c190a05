/**
 * PlainList: one indicator a line, the kind by its look or pinned. Understands comments, inline comments, byte order marks, quotes,
 * hosts files (`0.0.0.0 name …`), and the list dialects of blockers and resolvers: `||name^`, `address=/name/…`,
 * `local-zone: "name" …`, `name CNAME .`.
 */
import type { FeedLoader } from '../../core/feed.ts';
import type { IndicatorKind } from '../../core/indicator.ts';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import { type ListFeed, ListWriter, shown } from './list-writer.ts';
import type { TextLines } from './text-lines.ts';

export interface PlainListOptions {
  /** All lines are of this kind; absent: by their look. */
  readonly kind?: IndicatorKind;
  /** A hosts file: the first word of each line is an address, whatever it is. */
  readonly hosts?: boolean;
}

const COMMENT = /^(?:#|;|\/\/|!|\[Adblock|@@)/;
const INLINE_COMMENT = /\s(?:#|;|\/\/|--).*$/;
/** Addresses that hosts files send names to. */
const SINK = /^(?:0\.0\.0\.0|127\.\d+\.\d+\.\d+|0|::1?|fe80::1%lo0|ff0\d::\d|255\.255\.255\.255)$/;
const LOCAL_NAMES = /^(?:localhost|localhost\.localdomain|local|broadcasthost|ip6-.*|0\.0\.0\.0)$/i;
const DIALECTS: readonly RegExp[] = [
  /^\|\|([^^/$*]+)\^/,
  /^(?:address|server|local)=\/([^/]+)\//,
  /^local-(?:zone|data):\s*"([^"\s]+)/,
];

export class PlainList implements FeedLoader {
  readonly #writer: ListWriter;
  readonly #feed: ListFeed;
  readonly #options: PlainListOptions;
  readonly #lines: TextLines;

  constructor(feed: ListFeed, options: PlainListOptions = {}) {
    this.#feed = feed;
    this.#options = options;
    this.#writer = new ListWriter(feed);
    this.#lines = this.#writer.lines((text, line) => this.#line(text, line));
  }

  push(chunk: Uint8Array): void {
    this.#lines.push(chunk);
  }

  /** So many lines are left out here. Each line stands for itself, so that those around them give what they always do. */
  skip(lines: number): void {
    this.#lines.skip(lines);
  }

  end(): Diagnostic | undefined {
    this.#lines.end();
    return undefined;
  }

  #line(text: string, line: number): void {
    const trimmed = text.trim();
    if (trimmed === '') return;
    if (COMMENT.test(trimmed)) {
      if (trimmed.startsWith('@@')) this.#feed.report.skipped('exception');
      return;
    }
    const { kind } = this.#options;
    // Kinds without a look may contain what looks like a comment.
    if (
      kind === 'text' ||
      kind === 'user-agent' ||
      kind === 'mutex' ||
      kind === 'registry-key' ||
      kind === 'file-name'
    ) {
      this.#writer.write(trimmed, line, kind);
      return;
    }
    const bare = unquoted(trimmed.replace(INLINE_COMMENT, '').trim());
    if (bare === '' || this.#host(bare, line) || this.#dialect(bare, line)) return;
    if (kind !== undefined || !/\s/.test(bare)) {
      this.#writer.write(bare, line, kind);
      return;
    }
    this.#wordAndMore(bare, line);
  }

  /** `198.51.100.7    12 reports`: the value is the first word. A whole line may be defanged with blanks. */
  #wordAndMore(bare: string, line: number): void {
    if (this.#writer.writeIf(bare)) return;
    const word = bare.split(/\s/, 1)[0] as string;
    if (this.#writer.writeIf(unquoted(word))) {
      this.#feed.report.note('extra-text');
      return;
    }
    this.#feed.report.entry();
    this.#writer.bad(line, `"${shown(bare)}" is no indicator`);
  }

  #host(bare: string, line: number): boolean {
    const [address = '', ...names] = bare.split(/\s+/);
    if (names.length === 0 || !(SINK.test(address) || this.#options.hosts === true)) return false;
    for (const name of names) {
      if (name.startsWith('#')) break;
      if (LOCAL_NAMES.test(name) || !name.includes('.')) this.#feed.report.skipped('local-name');
      else this.#writer.write(name, line, 'domain');
    }
    return true;
  }

  #dialect(bare: string, line: number): boolean {
    for (const dialect of DIALECTS) {
      const name = dialect.exec(bare)?.[1];
      if (name === undefined) continue;
      this.#writer.write(name, line, 'domain', undefined, undefined, 'subdomain');
      return true;
    }
    return false;
  }
}

function unquoted(text: string): string {
  return text.replace(/[,;]+$/, '').replace(/^(["'`])(.*)\1$/, '$2');
}
