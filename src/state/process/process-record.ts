/** ProcessRecord: one remembered process, and the list in the order of last news that it stands in. */
import type { EventPlace } from '../event-place.ts';

export interface SavedProcess {
  readonly host: string;
  readonly pid: string;
  readonly guid?: string;
  readonly startMs: number;
  readonly started: boolean;
  readonly endMs?: number;
  readonly parentPid?: string;
  readonly parentGuid?: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly place?: EventPlace;
  /** Order of last news. */
  readonly news: number;
}

const RECORD_BYTES = 400;

export class ProcessRecord {
  /** As the logs write it. */
  readonly host: string;
  readonly pid: string;
  guid: string | undefined;
  /** First event of the process; its true start when `started`. */
  startMs: number;
  started: boolean;
  endMs: number | undefined;
  parentPid: string | undefined;
  parentGuid: string | undefined;
  /** Sigma names, `ProcessId` and `ProcessGuid` not among them. */
  readonly fields: Record<string, string>;
  /** Event that told of the start; undefined for a process known from others' records only. */
  place: EventPlace | undefined;
  news = 0;
  bytes = 0;
  /** Piece of the snapshot that it belongs to, and its neighbours there. */
  bucket = 0;
  bucketBefore: ProcessRecord | undefined;
  bucketAfter: ProcessRecord | undefined;
  /** The instance of the same id that started before. */
  older: ProcessRecord | undefined;
  before: ProcessRecord | undefined;
  after: ProcessRecord | undefined;
  list: ProcessList | undefined;

  /** Takes `fields` for its own. */
  constructor(host: string, pid: string, startMs: number, started: boolean, fields: Record<string, string>) {
    this.host = host;
    this.pid = pid;
    this.guid = undefined;
    this.startMs = startMs;
    this.started = started;
    this.endMs = undefined;
    this.parentPid = undefined;
    this.parentGuid = undefined;
    this.fields = fields;
    this.place = undefined;
  }

  static of(saved: SavedProcess): ProcessRecord {
    const { host, pid, guid, startMs, started, endMs, parentPid, parentGuid, fields, place, news } = saved;
    const record = new ProcessRecord(host, pid, startMs, started, { ...fields });
    return Object.assign(record, { guid, endMs, parentPid, parentGuid, place, news });
  }

  property(name: string): string | undefined {
    if (name === 'ProcessId') return this.pid;
    if (name === 'ProcessGuid') return this.guid;
    return Object.hasOwn(this.fields, name) ? this.fields[name] : undefined;
  }

  /** Bytes it takes, about. */
  measure(): number {
    let characters = this.host.length + this.pid.length + (this.guid?.length ?? 0);
    for (const name in this.fields) characters += (this.fields[name] as string).length;
    return RECORD_BYTES + characters;
  }

  /** As JSON: what is undefined is left out. */
  saved(): SavedProcess {
    const { host, pid, guid, startMs, started, endMs, parentPid, parentGuid, fields, place, news } = this;
    return {
      ...{ host, pid, startMs, started, fields: { ...fields }, news },
      ...(guid !== undefined && { guid }),
      ...(endMs !== undefined && { endMs }),
      ...(parentPid !== undefined && { parentPid }),
      ...(parentGuid !== undefined && { parentGuid }),
      ...(place !== undefined && { place }),
    };
  }
}

/** Oldest news first. A record stands in one list at a time. */
export class ProcessList {
  #first: ProcessRecord | undefined;
  #last: ProcessRecord | undefined;

  get first(): ProcessRecord | undefined {
    return this.#first;
  }

  /** Puts the record at the end, out of whatever list it stands in. */
  push(record: ProcessRecord): void {
    if (this.#last === record) return;
    record.list?.remove(record);
    record.list = this;
    record.before = this.#last;
    if (this.#last === undefined) this.#first = record;
    else this.#last.after = record;
    this.#last = record;
  }

  remove(record: ProcessRecord): void {
    const { before, after } = record;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    record.before = undefined;
    record.after = undefined;
    record.list = undefined;
  }
}
