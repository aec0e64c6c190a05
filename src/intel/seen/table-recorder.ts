/**
 * TableRecorder: notes of the rows of a table, line by line. What the first rows decide (delimiter, columns, header) is found out by a
 * loader whose outcome is thrown away; then all rows are read with that decided, so that each stands for itself.
 */
import { type FeedLoader, FeedReport } from '../../core/feed.ts';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import type { TableLayout, TableList } from '../../rules/lists/table-list.ts';
import { type FeedTarget, tableLoader } from '../feed-loaders.ts';
import { IntelBuilder } from '../intel-builder.ts';
import { type IntelSource, policyOf } from '../intel-source.ts';
import { LineRecorder } from './line-recorder.ts';
import type { RecordTap } from './record-tap.ts';
import type { SeenRecords } from './seen-records.ts';

/** Tables whose first rows take more are not followed. */
const MAX_SAMPLE_BYTES = 4 * 1024 * 1024;

export class TableRecorder implements FeedLoader {
  readonly #make: (more: Partial<FeedTarget>) => FeedLoader;
  readonly #tap: RecordTap;
  readonly #seen: SeenRecords;
  readonly #probe: TableList;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #loader: FeedLoader | undefined;
  #lines: LineRecorder | undefined;

  constructor(source: IntelSource, make: (more: Partial<FeedTarget>) => FeedLoader, tap: RecordTap, seen: SeenRecords) {
    this.#make = make;
    this.#tap = tap;
    this.#seen = seen;
    this.#probe = probeOf(source);
  }

  get gaveUp(): boolean {
    return this.#lines === undefined || this.#lines.gaveUp;
  }

  push(chunk: Uint8Array): void {
    if (this.#loader !== undefined) {
      this.#loader.push(chunk);
      return;
    }
    this.#held.push(Uint8Array.prototype.slice.call(chunk));
    this.#heldBytes += chunk.length;
    this.#probe.push(chunk);
    const { layout } = this.#probe;
    if (layout !== undefined || this.#heldBytes > MAX_SAMPLE_BYTES) this.#begin(layout);
  }

  end(): Diagnostic | undefined {
    if (this.#loader === undefined) this.#probe.end();
    return (this.#loader ?? this.#begin(this.#probe.layout)).end();
  }

  #begin(layout: TableLayout | undefined): FeedLoader {
    const loader = this.#make(layout === undefined ? {} : { layout });
    this.#loader = loader;
    if (layout !== undefined) {
      this.#seen.head = { ...this.#seen.head, layout: JSON.stringify(layout) };
      const rows = { table: loader as TableList, headRows: Number(layout.skipsFirst) };
      this.#lines = new LineRecorder(loader, this.#tap, this.#seen, rows);
      this.#loader = this.#lines;
    }
    for (const chunk of this.#held) this.#loader.push(chunk);
    this.#held = [];
    return this.#loader;
  }
}

/** What the first rows decide; undefined where there is no table in it. */
export function layoutIn(source: IntelSource, bytes: Uint8Array): TableLayout | undefined {
  const probe = probeOf(source);
  for (let at = 0; at < bytes.length && probe.layout === undefined; at += PROBE_BYTES) {
    if (at > MAX_SAMPLE_BYTES) return undefined;
    probe.push(bytes.subarray(at, at + PROBE_BYTES));
  }
  if (probe.layout === undefined) probe.end();
  return probe.layout;
}

const PROBE_BYTES = 64 * 1024;

/** A loader into tables that nobody reads. */
export function probeOf(source: IntelSource, layout?: TableLayout): TableList {
  const builder = new IntelBuilder();
  const target = { builder, ...builder.addFeed(''), policy: policyOf(source, ''), report: new FeedReport(), file: '' };
  return tableLoader(source, { ...target, ...(layout !== undefined && { layout }) });
}
