/**
 * FeedRecorder: which records a feed has, by its format and kind of source, and notes of them while the feed is read as a whole: lines
 * of lists and tables, events of MISP folders, ids of TAXII collections. Other feeds have none and are read as a whole each time.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import type { FeedLoader, FeedReport } from '../../core/feed.ts';
import type { FeedFormat } from '../../rules/lists/feed-format.ts';
import type { FeedTarget } from '../feed-loaders.ts';
import type { IntelBuilder } from '../intel-builder.ts';
import type { IntelSource } from '../intel-source.ts';
import type { FeedPart } from '../read-feed.ts';
import { LineRecorder } from './line-recorder.ts';
import { RecordTap } from './record-tap.ts';
import { SeenRecords } from './seen-records.ts';
import { TableRecorder } from './table-recorder.ts';
import { VersionRecorder } from './version-recorder.ts';

/** When lists and tables are noted, line by line, which takes half as long again as reading them: at once, or in a pass of its own. */
export type ListNotes = 'now' | 'later';

export class FeedRecorder {
  readonly #report: FeedReport;
  readonly #builder: IntelBuilder;
  readonly #lists: ListNotes;
  #leavesLines = false;
  #seen: SeenRecords | undefined;
  #lines: (FeedLoader & { readonly gaveUp: boolean }) | undefined;
  #tap: RecordTap | undefined;
  #stop = (): void => undefined;

  constructor(report: FeedReport, builder: IntelBuilder, lists: ListNotes) {
    this.#lists = lists;
    this.#report = report;
    this.#builder = builder;
  }

  /** Undefined where nothing can be noted. All parts of a feed share the notes. */
  get seen(): SeenRecords | undefined {
    return this.#lines?.gaveUp === true || this.#seen?.effects.isFull === true ? undefined : this.#seen;
  }

  /** The feed is a list, to be noted when it is read once more. */
  get leavesLines(): boolean {
    return this.#leavesLines;
  }

  /** The loader to be fed instead of the one that `make` gives; undefined: that one. */
  loader(
    format: FeedFormat,
    source: IntelSource,
    part: FeedPart | undefined,
    make: (more: Partial<FeedTarget>) => FeedLoader,
  ): FeedLoader | undefined {
    if (part !== undefined) {
      if (format === 'misp') this.#begin(2, format);
      return undefined;
    }
    const isTable = format === 'table';
    const isList = isTable || format === 'plain' || format === 'hosts';
    if (isList && this.#lists === 'later') {
      this.#leavesLines = true;
      return undefined;
    }
    if (isList && !isTable) {
      const { seen, tap } = this.#begin(2, format);
      this.#lines = new LineRecorder(make({}), tap, seen);
      return this.#lines;
    }
    if (isTable) {
      const { seen, tap } = this.#begin(2, format);
      this.#lines = new TableRecorder(source, make, tap, seen);
      return this.#lines;
    }
    if (format !== 'stix' || source.transport !== 'taxii') return undefined;
    const { seen, tap } = this.#begin(4, format);
    return make({ tap: new VersionRecorder(seen, tap) });
  }

  /** One of several files of the feed has been read; `id` is its `partDigest`. */
  partEnded(id: PartDigest): void {
    const [seen, taken] = [this.#seen, this.#tap?.take()];
    if (seen === undefined || taken === undefined) return;
    const record = seen.put(id[0], id[1]);
    seen.setCount(record, 1);
    seen.describe(record, taken.effect, taken.keys);
  }

  stop(): void {
    this.#stop();
    this.#stop = () => undefined;
  }

  #begin(width: 2 | 4, format: string): { readonly seen: SeenRecords; readonly tap: RecordTap } {
    this.#seen ??= SeenRecords.begin(width, format);
    if (this.#tap === undefined) {
      this.#tap = new RecordTap(this.#seen.effects);
      this.#stop = this.#tap.listen(this.#report, this.#builder);
    }
    return { seen: this.#seen, tap: this.#tap };
  }
}

export type PartDigest = readonly [number, number];

/** Of the name and state of a file, there or not. Its content is not read. */
export function partDigest({ path }: FeedPart): PartDigest {
  const { size, mtimeMs, ino } = statSync(path, { throwIfNoEntry: false }) ?? { size: -1, mtimeMs: 0, ino: 0 };
  const digest = createHash('sha256')
    .update(`${basename(path)}\n${size}\n${mtimeMs}\n${ino}`, 'utf8')
    .digest();
  return [digest.readUInt32LE(0), digest.readUInt32LE(4)];
}
