/**
 * Warninglists: the lists of MISP of what is known to be harmless or common, as benign values. `hostname` lists cover the names
 * below, `cidr` lists their networks, `string` lists whole values. Lists of substrings and regular expressions are counted and
 * left out: they would hide more than anyone sees.
 */
import { diagnostic } from '../../errors/diagnostic.ts';
import { type ListFeed, ListWriter, shown } from './list-writer.ts';

type Json = Readonly<Record<string, unknown>>;

const TYPES = new Set(['hostname', 'cidr', 'string']);
/** A list that names none of these is about something else (e-mail senders only, file sizes). */
const ATTRIBUTES = /^(?:domain|hostname|url|uri|ip-|host|md5|sha|filename\||email|AS$)/;

export class Warninglists {
  readonly #feed: ListFeed;
  readonly #writer: ListWriter;

  constructor(feed: ListFeed) {
    this.#feed = feed;
    this.#writer = new ListWriter(feed);
  }

  /** One warning list, or a plain array's element. */
  element(value: unknown, line: number): void {
    const { report, file } = this.#feed;
    const list = (typeof value === 'object' && value !== null ? value : {}) as Json;
    const type = String(list['type'] ?? 'string');
    if (!Array.isArray(list['list'])) {
      report.entry();
      report.bad(() => diagnostic('INTEL_BAD_OBJECT', 'warning', 'no warning list', { span: { file, line } }));
      return;
    }
    const name = typeof list['name'] === 'string' ? list['name'].slice(0, 256) : undefined;
    const attributes = Array.isArray(list['matching_attributes']) ? list['matching_attributes'] : [];
    if (!TYPES.has(type)) report.skipped(type === 'regex' || type === 'substring' ? `${type}-list` : 'other-list');
    else if (attributes.length > 0 && !attributes.some((attribute) => ATTRIBUTES.test(String(attribute))))
      report.skipped('other-attributes');
    else for (const entry of list['list']) this.#entry(entry, type, name, line);
  }

  #entry(entry: unknown, type: string, name: string | undefined, line: number): void {
    const text = typeof entry === 'string' ? entry : typeof entry === 'number' ? String(entry) : '';
    const domains = type === 'hostname' ? 'subdomain' : 'exact';
    // Names of one label and the like stand in lists that are meant for other uses too.
    const kind = type === 'cidr' ? 'network' : undefined;
    if (type === 'string' && !this.#writer.writeIf(text, domains)) this.#feed.report.skipped('no-indicator');
    else if (type !== 'string') this.#writer.write(shown(text), line, kind, name, undefined, domains);
  }
}
