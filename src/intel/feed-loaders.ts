/** The loader for each format of feed: pinned by the source, else found by the first bytes. */
import type { FeedLoader, FeedPolicy, FeedReport } from '../core/feed.ts';
import { type FeedFormat, feedFormat } from '../rules/lists/feed-format.ts';
import { JsonList } from '../rules/lists/json-list.ts';
import type { ListFeed } from '../rules/lists/list-writer.ts';
import { PlainList } from '../rules/lists/plain-list.ts';
import { type TableLayout, TableList, type TableListOptions } from '../rules/lists/table-list.ts';
import { StixLoader, type StixTap } from '../rules/stix/stix-loader.ts';
import type { IntelBuilder } from './intel-builder.ts';
import type { IntelSource } from './intel-source.ts';
import type { PinnedFormat } from './source-schema.ts';

export interface FeedTarget {
  readonly builder: IntelBuilder;
  readonly indicatorsFeed: number;
  readonly benignFeed: number;
  readonly policy: FeedPolicy;
  readonly report: FeedReport;
  /** Named in diagnostics. */
  readonly file: string;
  /** For STIX. */
  readonly tap?: StixTap;
  readonly only?: ReadonlySet<string>;
  /** Number of the line that the content begins with; STIX only. */
  readonly firstLine?: number;
  /** Of a table that was read before. */
  readonly layout?: TableLayout;
}

/** Format by content, unless the source pins one. */
export function formatOf(source: IntelSource, head: Uint8Array): FeedFormat | undefined {
  const pinned = PINNED[source.format];
  if (pinned !== undefined) return pinned;
  if (source.columns !== undefined || source.delimiter !== undefined) return 'table';
  const found = feedFormat(head);
  // A list of a kind that has no look can only be known by the kind.
  return source.kind !== undefined && (found === undefined || found === 'table') ? 'plain' : found;
}

export function createLoader(format: FeedFormat, source: IntelSource, target: FeedTarget): FeedLoader {
  return LOADERS[format](source, target);
}

const PINNED: Readonly<Record<PinnedFormat, FeedFormat | undefined>> = {
  auto: undefined,
  stix: 'stix',
  plain: 'plain',
  csv: 'table',
  tsv: 'table',
  hosts: 'hosts',
  misp: 'misp',
  warninglist: 'warninglist',
};

const LOADERS: Readonly<Record<FeedFormat, (source: IntelSource, target: FeedTarget) => FeedLoader>> = {
  stix: (_source, target) => new StixLoader(target.builder, target),
  plain: (source, target) => new PlainList(listFeed(target), source.kind === undefined ? {} : { kind: source.kind }),
  hosts: (_source, target) => new PlainList(listFeed(target), { hosts: true }),
  table: tableLoader,
  misp: (_source, target) => new JsonList(listFeed(target), 'misp'),
  warninglist: (_source, target) => new JsonList(listFeed(target, 'benign'), 'warninglist'),
  'json-values': (_source, target) => new JsonList(listFeed(target), 'values'),
  'misp-manifest': () => ({ push: () => undefined, end: () => undefined }),
};

export function tableLoader(source: IntelSource, target: FeedTarget): TableList {
  const { layout } = target;
  return new TableList(listFeed(target), { ...tableOptions(source), ...(layout !== undefined && { layout }) });
}

function listFeed(target: FeedTarget, role: 'indicators' | 'benign' = target.policy.role): ListFeed {
  const { builder, policy, report, file } = target;
  return role === 'benign'
    ? { table: builder.benign, feed: target.benignFeed, policy, report, file }
    : { table: builder.indicators, feed: target.indicatorsFeed, policy, report, file };
}

function tableOptions(source: IntelSource): TableListOptions {
  const delimiter = source.delimiter ?? (source.format === 'tsv' ? '\t' : undefined);
  return {
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(source.columns === undefined ? {} : { columns: source.columns }),
    ...(source.header === undefined ? {} : { header: source.header }),
    ...(source.kind === undefined ? {} : { kind: source.kind }),
  };
}
