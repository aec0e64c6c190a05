/**
 * ProcessMemory: the processes of all hosts as their logs told them, to answer what an event's own record does not say: the fields of
 * its parent and of its ancestors.
 *
 * Identity is host + process id + start time, or the GUID. A process id may be used again: of the processes with one id the one that
 * had started last at the time in question is meant, unless it had ended before. A parent that was never seen, or not yet,
 * is a gap: chains say whether they are complete, and events that wait for a late parent are given back when it comes.
 * Bounded by bytes: processes that have ended go first, then those not heard of for longest. Both are counted.
 */
import type { EventPlace } from '../event-place.ts';
import { Fingerprint } from '../memory/fingerprint.ts';
import type { ProcessEvent } from './process-event.ts';

export interface ProcessRecord {
  readonly host: string;
  readonly pid: string;
  guid: string | undefined;
  /** First event of the process; its true start when `started`. */
  startMs: number;
  started: boolean;
  endMs: number | undefined;
  parentPid: string | undefined;
  parentGuid: string | undefined;
  fields: Record<string, string>;
  /** Event that told of the start; undefined for a process known from others' records only. */
  place: EventPlace | undefined;
}

export interface Ancestry {
  /** The parent first. */
  readonly chain: readonly ProcessRecord[];
  /** False when a parent was named that is not known, or the chain was cut at the greatest depth. */
  readonly complete: boolean;
  /** True when ids led back to a process of the chain. */
  readonly cycle: boolean;
}

export interface ProcessMemoryOptions {
  readonly budgetBytes: number;
  /** Bytes of events that may wait for their parents, as their owners weigh them. */
  readonly waitingBytes: number;
}

export const DEFAULT_PROCESS_OPTIONS: ProcessMemoryOptions = {
  budgetBytes: 512 << 20,
  waitingBytes: 32 << 20,
};

export interface ProcessCounts {
  processes: number;
  bytes: number;
  evicted: number;
  /** Events that wait for their parents now, and what they weigh. */
  waiting: number;
  waitingBytes: number;
  /** Events given up because too many waited; they stay judged by what was known when they came. */
  waitingDropped: number;
  /** Events given back because their parent came late. */
  revived: number;
  /** Parents that no record told of when they were asked for. */
  missingParents: number;
}

export const PROCESS_BUCKETS = 256;

/** Clocks of two sources of one host, and rounding of times in logs. */
const SAME_START_MS = 2_000;
const END_SLACK_MS = 2_000;
const MAX_DEPTH = 64;
const MAX_VALUE_CHARACTERS = 8_192;
const RECORD_BYTES = 400;
/** Instances of one id; more of them in memory at once have no use. */
const MAX_INSTANCES = 16;

const NOTHING: readonly never[] = Object.freeze([]);

export interface Waiting<T> {
  readonly process: ProcessEvent;
  readonly item: T;
  readonly bytes: number;
}

export class ProcessMemory<T = never> {
  readonly counts: ProcessCounts = {
    processes: 0,
    bytes: 0,
    evicted: 0,
    waiting: 0,
    waitingBytes: 0,
    waitingDropped: 0,
    revived: 0,
    missingParents: 0,
  };
  #options: ProcessMemoryOptions;
  /** Instances of one id by start, oldest first. */
  readonly #byId = new Map<string, ProcessRecord[]>();
  readonly #byGuid = new Map<string, ProcessRecord>();
  /** In order of last news. */
  readonly #alive = new Set<ProcessRecord>();
  readonly #ended = new Set<ProcessRecord>();
  readonly #waiting = new Map<string, Waiting<T>[]>();
  /** Buckets of hosts whose records changed since the last snapshot. */
  readonly changed = new Set<number>();
  /** Records by bucket. */
  readonly buckets: readonly Set<ProcessRecord>[] = Array.from({ length: PROCESS_BUCKETS }, () => new Set());
  /** Set while a snapshot is taken: called before a record of the bucket changes, comes or goes. */
  beforeChange: ((bucket: number) => void) | undefined;
  readonly #print = new Fingerprint();

  constructor(options: ProcessMemoryOptions = DEFAULT_PROCESS_OPTIONS) {
    this.#options = options;
  }

  get options(): ProcessMemoryOptions {
    return this.#options;
  }

  changeBudget(budgetBytes: number): void {
    this.#options = { ...this.#options, budgetBytes };
    this.#keepBudget();
  }

  /**
   * Takes notice of a start or an exit. Returns the items of earlier-arrived events that were waiting for this process as their
   * parent: they are to be matched again. Other activity is not remembered, so that the answers do not depend on which records
   * somebody cared to decode.
   */
  observe(event: ProcessEvent, place: EventPlace | undefined): readonly T[] {
    if (event.kind === 'activity') return NOTHING;
    this.beforeChange?.(this.bucketOf(event.host));
    this.#inferParent(event);
    const record = this.#recordOf(event);
    if (event.kind === 'exit') {
      this.beforeChange?.(this.bucketOf(record.host));
      record.endMs = event.timeMs;
      this.changed.add(this.bucketOf(record.host));
      this.#alive.delete(record);
      this.#ended.add(record);
    } else {
      if (this.#alive.delete(record)) this.#alive.add(record);
      record.place ??= place;
    }
    this.#keepBudget();
    return event.kind === 'start' && this.#waiting.size > 0 ? this.#revive(record) : NOTHING;
  }

  /**
   * Keeps `item` until the start of the nearest ancestor that is named and unknown is told of. False when there is none. Beyond the
   * bound those that wait for the process asked for first are given up.
   */
  waitForAncestor(process: ProcessEvent, item: T, bytes: number): boolean {
    const key = this.#missingAncestor(process);
    if (key === undefined) return false;
    this.counts.waiting++;
    this.counts.waitingBytes += bytes;
    const list = this.#waiting.get(key);
    if (list === undefined) this.#waiting.set(key, [{ process, item, bytes }]);
    else list.push({ process, item, bytes });
    while (this.counts.waitingBytes > this.#options.waitingBytes) this.#dropOldestWaiting();
    return true;
  }

  /** The record of the process an event is about. */
  find(event: ProcessEvent): ProcessRecord | undefined {
    return this.#lookUp(event.host, event.pid, event.guid, event.timeMs);
  }

  parentOf(process: ProcessEvent): ProcessRecord | undefined {
    const own = this.find(process);
    return this.#parent({
      host: process.host,
      parentPid: process.parentPid ?? own?.parentPid,
      parentGuid: process.parentGuid ?? own?.parentGuid,
      // A parent had started when its child did, not only when the child was heard of.
      startMs: own?.started === true ? Math.min(own.startMs, process.timeMs) : process.timeMs,
      self: own,
    });
  }

  /** Parents of a process up to the first unknown one. Bounded in depth, and stopped where ids form a circle. */
  ancestryOf(process: ProcessEvent): Ancestry {
    const own = this.find(process);
    const seen = new Set<ProcessRecord>(own === undefined ? [] : [own]);
    const chain: ProcessRecord[] = [];
    let named = (process.parentPid ?? process.parentGuid ?? own?.parentPid ?? own?.parentGuid) !== undefined;
    let next = this.parentOf(process);
    while (next !== undefined && chain.length < MAX_DEPTH) {
      if (seen.has(next)) return { chain, complete: true, cycle: true };
      seen.add(next);
      chain.push(next);
      const { host, parentPid, parentGuid, startMs } = next;
      named = parentPid !== undefined || parentGuid !== undefined;
      next = this.#parent({ host, parentPid, parentGuid, startMs, self: next });
    }
    return { chain, complete: next === undefined && !named, cycle: false };
  }

  /** Hosts of one bucket share a chunk of a snapshot. */
  bucketOf(host: string): number {
    return this.#print.set(1, 2).add(host.toLowerCase()).lo & (PROCESS_BUCKETS - 1);
  }

  /** Events that wait for the start of an ancestor, and its key. */
  waiting(): (readonly [key: string, waiting: Waiting<T>])[] {
    return [...this.#waiting].flatMap(([key, list]) => list.map((waiting) => [key, waiting] as const));
  }

  restoreWaiting(all: Iterable<readonly [key: string, waiting: Waiting<T>]>): void {
    for (const [key, waiting] of all) {
      const list = this.#waiting.get(key);
      if (list === undefined) this.#waiting.set(key, [waiting]);
      else list.push(waiting);
      this.counts.waiting++;
      this.counts.waitingBytes += waiting.bytes;
    }
  }

  restore(records: readonly ProcessRecord[]): void {
    for (const record of records) this.#insert({ ...record, fields: { ...record.fields } });
    this.#keepBudget();
    this.changed.clear();
  }

  #parent(child: {
    readonly host: string;
    readonly parentPid: string | undefined;
    readonly parentGuid: string | undefined;
    readonly startMs: number;
    readonly self: ProcessRecord | undefined;
  }): ProcessRecord | undefined {
    if (child.parentPid === undefined && child.parentGuid === undefined) return undefined;
    const parent = this.#lookUp(child.host, child.parentPid, child.parentGuid, child.startMs);
    if (parent === child.self) return undefined;
    if (parent === undefined) this.counts.missingParents++;
    return parent;
  }

  #lookUp(host: string, pid: string | undefined, guid: string | undefined, timeMs: number): ProcessRecord | undefined {
    const byGuid = guid === undefined ? undefined : this.#byGuid.get(guid);
    if (byGuid !== undefined || pid === undefined) return byGuid;
    const instances = this.#byId.get(idKey(host, pid)) ?? [];
    for (let i = instances.length - 1; i >= 0; i--) {
      const record = instances[i] as ProcessRecord;
      if (guid !== undefined && record.guid !== undefined && record.guid !== guid) continue;
      // Of a process that was never seen to start nobody knows since when it has been there.
      if (record.started && record.startMs > timeMs + SAME_START_MS) continue;
      if (record.started && record.startMs > timeMs && i > 0) continue;
      return record.endMs !== undefined && timeMs > record.endMs + END_SLACK_MS ? undefined : record;
    }
    return undefined;
  }

  /** The event's own record: found, told apart from an earlier process with the same id, or new. */
  #recordOf(event: ProcessEvent): ProcessRecord {
    const known = event.kind === 'start' ? this.#sameStart(event) : this.find(event);
    if (known !== undefined) {
      this.#update(known, event);
      return known;
    }
    const record: ProcessRecord = {
      host: event.host,
      pid: event.pid,
      guid: event.guid,
      startMs: event.timeMs,
      started: event.kind === 'start',
      endMs: undefined,
      parentPid: event.parentPid,
      parentGuid: event.parentGuid,
      fields: limited({
        ...event.fields,
        ProcessId: event.pid,
        ...(event.guid === undefined ? {} : { ProcessGuid: event.guid }),
      }),
      place: undefined,
    };
    this.#insert(record);
    return record;
  }

  /** A start told before by another log, or twice by the same. */
  #sameStart(event: ProcessEvent): ProcessRecord | undefined {
    const byGuid = event.guid === undefined ? undefined : this.#byGuid.get(event.guid);
    if (byGuid !== undefined) return byGuid;
    return this.#byId.get(idKey(event.host, event.pid))?.find((record) => {
      if (event.guid !== undefined && record.guid !== undefined) return false;
      const sameImage = fileName(record.fields['Image']) === fileName(event.fields['Image']);
      if (record.started) return Math.abs(record.startMs - event.timeMs) <= SAME_START_MS && sameImage;
      // Known only from what it did or from its children: this is its start, if it is not younger than that.
      return event.timeMs <= record.startMs && (sameImage || record.fields['Image'] === undefined);
    });
  }

  #update(record: ProcessRecord, event: ProcessEvent): void {
    this.beforeChange?.(this.bucketOf(record.host));
    this.counts.bytes -= sizeOf(record);
    if (event.kind === 'start' && !record.started) {
      record.started = true;
      this.#moveStart(record, event.timeMs);
    }
    record.parentPid ??= event.parentPid;
    record.parentGuid ??= event.parentGuid;
    if (event.guid !== undefined && record.guid === undefined) {
      record.guid = event.guid;
      record.fields['ProcessGuid'] = event.guid;
      this.#byGuid.set(event.guid, record);
    }
    for (const [name, value] of Object.entries(limited(event.fields)))
      if (!Object.hasOwn(record.fields, name)) record.fields[name] = value;
    this.counts.bytes += sizeOf(record);
    this.changed.add(this.bucketOf(record.host));
  }

  /** A record about a child that describes its parent is news of that parent as well. */
  #inferParent(event: ProcessEvent): void {
    if (Object.keys(event.parentFields).length === 0 || event.kind !== 'start') return;
    const pid = event.parentPid;
    if (pid === undefined) return;
    const known = this.#lookUp(event.host, pid, event.parentGuid, event.timeMs);
    if (
      known !== undefined &&
      (fileName(known.fields['Image']) === fileName(event.parentFields['Image']) || !known.started)
    ) {
      for (const [name, value] of Object.entries(limited(event.parentFields)))
        if (!Object.hasOwn(known.fields, name)) this.#addField(known, name, value);
      return;
    }
    if (known !== undefined) return;
    this.#insert({
      host: event.host,
      pid,
      guid: event.parentGuid,
      startMs: event.timeMs,
      started: false,
      endMs: undefined,
      parentPid: undefined,
      parentGuid: undefined,
      fields: limited({ ...event.parentFields, ProcessId: pid }),
      place: undefined,
    });
  }

  #addField(record: ProcessRecord, name: string, value: string): void {
    this.beforeChange?.(this.bucketOf(record.host));
    record.fields[name] = value;
    this.counts.bytes += value.length;
    this.changed.add(this.bucketOf(record.host));
  }

  #insert(record: ProcessRecord): void {
    const bucket = this.bucketOf(record.host);
    this.beforeChange?.(bucket);
    const key = idKey(record.host, record.pid);
    const instances = this.#byId.get(key);
    if (instances === undefined) this.#byId.set(key, [record]);
    else {
      let at = instances.length;
      while (at > 0 && (instances[at - 1] as ProcessRecord).startMs > record.startMs) at--;
      instances.splice(at, 0, record);
      if (instances.length > MAX_INSTANCES) this.#remove(instances[0] as ProcessRecord);
    }
    if (record.guid !== undefined) this.#byGuid.set(record.guid, record);
    (record.endMs === undefined ? this.#alive : this.#ended).add(record);
    this.counts.processes++;
    this.counts.bytes += sizeOf(record);
    this.buckets[bucket]?.add(record);
    this.changed.add(bucket);
  }

  #moveStart(record: ProcessRecord, startMs: number): void {
    record.startMs = startMs;
    this.#byId.get(idKey(record.host, record.pid))?.sort((a, b) => a.startMs - b.startMs);
  }

  #remove(record: ProcessRecord): void {
    const bucket = this.bucketOf(record.host);
    this.beforeChange?.(bucket);
    const key = idKey(record.host, record.pid);
    const instances = this.#byId.get(key) ?? [];
    const at = instances.indexOf(record);
    if (at >= 0) instances.splice(at, 1);
    if (instances.length === 0) this.#byId.delete(key);
    if (record.guid !== undefined && this.#byGuid.get(record.guid) === record) this.#byGuid.delete(record.guid);
    this.#alive.delete(record);
    this.#ended.delete(record);
    this.counts.processes--;
    this.counts.bytes -= sizeOf(record);
    this.counts.evicted++;
    this.buckets[bucket]?.delete(record);
    this.changed.add(bucket);
  }

  #keepBudget(): void {
    while (this.counts.bytes > this.#options.budgetBytes) {
      const ended = this.#ended.values().next();
      const oldest = ended.done === true ? this.#alive.values().next() : ended;
      if (oldest.done === true) return;
      this.#remove(oldest.value);
    }
  }

  /** Key of the nearest ancestor whose start was not seen. */
  #missingAncestor(process: ProcessEvent): string | undefined {
    const { chain, cycle } = this.ancestryOf(process);
    if (cycle) return undefined;
    const gap = chain.find(({ started }) => !started);
    if (gap !== undefined) return idKey(gap.host, gap.pid);
    const last = chain.at(-1);
    const pid = last === undefined ? (process.parentPid ?? this.find(process)?.parentPid) : last.parentPid;
    return pid === undefined || chain.length >= MAX_DEPTH ? undefined : idKey(process.host, pid);
  }

  #revive(record: ProcessRecord): readonly T[] {
    const key = idKey(record.host, record.pid);
    const list = this.#waiting.get(key);
    if (list === undefined) return [];
    const ready = list.filter(({ process }) => this.ancestryOf(process).chain.includes(record));
    const rest = list.filter((waiting) => !ready.includes(waiting));
    if (rest.length === 0) this.#waiting.delete(key);
    else this.#waiting.set(key, rest);
    this.counts.waiting -= list.length - rest.length;
    for (const { bytes } of list) this.counts.waitingBytes -= bytes;
    for (const { bytes } of rest) this.counts.waitingBytes += bytes;
    this.counts.revived += ready.length;
    return ready.map(({ item }) => item);
  }

  /** The events that wait for the parent that was asked for first. */
  #dropOldestWaiting(): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    const [key, list] = first;
    this.#waiting.delete(key);
    this.counts.waiting -= list.length;
    this.counts.waitingDropped += list.length;
    for (const { bytes } of list) this.counts.waitingBytes -= bytes;
  }
}

function idKey(host: string, pid: string): string {
  return `${host.toLowerCase()}\0${pid}`;
}

function fileName(path: string | undefined): string | undefined {
  return path?.replace(/^.*[\\/]/, '').toLowerCase();
}

function limited(fields: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, text.slice(0, MAX_VALUE_CHARACTERS)]));
}

function sizeOf(record: ProcessRecord): number {
  let characters = record.host.length + record.pid.length + (record.guid?.length ?? 0);
  for (const name in record.fields) characters += (record.fields[name] as string).length;
  return RECORD_BYTES + characters;
}
