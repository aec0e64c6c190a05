/**
 * ListWriter: puts the entries of one list into the table. All entries of a provider share one details row; an entry gets a row
 * of its own only when it says something of its own (a name, a time). Bad entries are counted and sampled with their line.
 */
import { expiryOf, type FeedPolicy, type FeedReport, semanticsOf } from '../../core/feed.ts';
import type { IndicatorKind, Semantics } from '../../core/indicator.ts';
import type { DetailsInput } from '../../core/indicator-table.ts';
import type { IndicatorTableBuilder } from '../../core/indicator-table-builder.ts';
import { type IndicatorValue, indicatorValue } from '../../core/indicator-value.ts';
import { diagnostic } from '../../errors/diagnostic.ts';
import { isPublicSuffix } from './public-suffix.ts';
import { TextLines } from './text-lines.ts';
import { guessValue } from './value-kind.ts';

export interface ListFeed {
  readonly table: IndicatorTableBuilder;
  /** Number of the feed in the table. */
  readonly feed: number;
  readonly policy: FeedPolicy;
  readonly report: FeedReport;
  /** Named in diagnostics. */
  readonly file: string;
}

export type EntryDetails = Partial<Omit<DetailsInput, 'provider'>>;

/** Providers named by the entries themselves that are told apart; further ones go by the feed's name. */
const MAX_PROVIDERS = 10_000;
const SHOWN = 80;

export class ListWriter {
  readonly #feed: ListFeed;
  readonly #shared = new Map<string, number>();

  constructor(feed: ListFeed) {
    this.#feed = feed;
  }

  /** The lines of the list; one that is too long is a bad entry. */
  lines(take: (text: string, line: number) => void): TextLines {
    return new TextLines(take, (line) => {
      this.#feed.report.entry();
      this.bad(line, 'line is longer than the limit');
    });
  }

  /** `kind` absent: by the look of the text. Returns whether it was loaded. */
  write(
    text: string,
    line: number,
    kind?: IndicatorKind,
    provider?: string,
    own?: EntryDetails,
    domains?: 'exact' | 'subdomain',
  ): boolean {
    const { report } = this.#feed;
    report.entry();
    const read = kind === undefined ? guessValue(text) : indicatorValue(kind, text);
    if (read === undefined) {
      this.bad(line, `"${shown(text)}" is no ${kind ?? 'indicator'}`);
      return false;
    }
    for (const note of read.notes) report.note(note);
    this.#put(read, provider, own, domains);
    return true;
  }

  /** As `write`, for a text that may be no indicator: nothing is counted then. */
  writeIf(text: string, domains?: 'exact' | 'subdomain'): boolean {
    const read = guessValue(text);
    if (read === undefined) return false;
    this.#feed.report.entry();
    for (const note of read.notes) this.#feed.report.note(note);
    this.#put(read, undefined, undefined, domains);
    return true;
  }

  bad(line: number, message: string): void {
    const { report, file } = this.#feed;
    report.bad(() => diagnostic('INTEL_BAD_VALUE', 'warning', message, { span: { file, line } }));
  }

  #put(read: IndicatorValue, provider?: string, own?: EntryDetails, domains?: 'exact' | 'subdomain'): void {
    const { table, report } = this.#feed;
    const details = own === undefined ? this.#sharedDetails(provider) : this.#ownDetails(provider, own);
    if (details < 0) report.skipped('table-full');
    else report.loaded(read.kind, table.add(read.kind, read.value, this.#semantics(read, domains), details));
  }

  #semantics(read: IndicatorValue, domains?: 'exact' | 'subdomain'): Semantics {
    const { policy, report } = this.#feed;
    const wanted = read.includesSubdomains ? 'subdomain' : semanticsOf(policy, read.kind, domains ?? 'subdomain');
    if (wanted !== 'subdomain' || read.kind !== 'domain' || !isPublicSuffix(read.value)) return wanted;
    report.note('public-suffix');
    return 'exact';
  }

  #sharedDetails(provider: string | undefined): number {
    const { policy, table, feed } = this.#feed;
    const named = provider === undefined || provider === '' ? policy.provider : provider;
    const known = this.#shared.get(named);
    if (known !== undefined) return known;
    const name = this.#shared.size < MAX_PROVIDERS ? named : policy.provider;
    const details = this.#shared.get(name) ?? table.addDetails(feed, { provider: name, ...defaults(policy) });
    this.#shared.set(name, details);
    return details;
  }

  #ownDetails(provider: string | undefined, own: EntryDetails): number {
    const { policy, table, feed } = this.#feed;
    return table.addDetails(feed, {
      provider: provider === undefined || provider === '' ? policy.provider : provider,
      ...defaults(policy, own),
      ...own,
    });
  }
}

function defaults(policy: FeedPolicy, own: EntryDetails = {}): EntryDetails {
  const validUntilMs = expiryOf(policy, own);
  return {
    ...(validUntilMs === undefined ? {} : { validUntilMs }),
    ...(policy.library === undefined ? {} : { library: policy.library }),
    ...(policy.decay === undefined ? {} : { decay: policy.decay }),
    ...(policy.confidence === undefined ? {} : { confidence: policy.confidence }),
    ...(policy.tlp === undefined ? {} : { tlp: policy.tlp }),
  };
}

/** A text from outside, short enough for a message. */
export function shown(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
