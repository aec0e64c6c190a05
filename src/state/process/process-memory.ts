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
import type { ProcessEvent } from './process-event.ts';
import { ProcessList, ProcessRecord, type SavedProcess } from './process-record.ts';

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

/** Records are saved in so many pieces. */
export const PROCESS_BUCKETS = 1024;

/** Clocks of two sources of one host, and rounding of times in logs. */
const SAME_START_MS = 2_000;
const END_SLACK_MS = 2_000;
const MAX_DEPTH = 64;
const MAX_VALUE_CHARACTERS = 8_192;
/** Instances of one id; more of them in memory at once have no use. */
const MAX_INSTANCES = 16;

const NOTHING: readonly never[] = Object.freeze([]);

export interface Waiting<T> {
  readonly process: ProcessEvent;
  readonly item: T;
  readonly bytes: number;
}

/** The processes of one machine. */
interface Host {
  readonly name: string;
  readonly hash: number;
  /** By id the instance that started last; the others hang on it, the younger first. */
  readonly byId: Map<string, ProcessRecord>;
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
  /** By name in lower case. */
  readonly #hosts = new Map<string, Host>();
  readonly #byGuid = new Map<string, ProcessRecord>();
  readonly #alive = new ProcessList();
  readonly #ended = new ProcessList();
  readonly #waiting = new Map<string, Waiting<T>[]>();
  /** First record of each piece. */
  readonly #buckets: (ProcessRecord | undefined)[] = new Array<ProcessRecord | undefined>(PROCESS_BUCKETS).fill(
    undefined,
  );
  /** Buckets whose records changed since the last snapshot. */
  readonly changed = new Set<number>();
  /** Set while a snapshot is taken: called before a record of the bucket changes. */
  beforeChange: ((bucket: number) => void) | undefined;
  #news = 0;
  #lastName = '';
  #lastHost: Host | undefined;

  constructor(options: ProcessMemoryOptions = DEFAULT_PROCESS_OPTIONS) {
    this.#options = options;
  }

  get options(): ProcessMemoryOptions {
    return this.#options;
  }

  changeBudget(budgetBytes: number): void {
    if (budgetBytes === this.#options.budgetBytes) return;
    this.#options = { ...this.#options, budgetBytes };
    this.#keepBudget();
  }

  get hosts(): number {
    return this.#hosts.size;
  }

  /**
   * Takes notice of a start or an exit. Returns the items of earlier-arrived events that were waiting for this process as their
   * parent: they are to be matched again. Other activity is not remembered, so that the answers do not depend on which records
   * somebody cared to decode.
   */
  observe(event: ProcessEvent, place: EventPlace | undefined): readonly T[] {
    if (event.kind === 'activity') return NOTHING;
    const host = this.#hostOf(event.host) ?? this.#addHost(event.host);
    this.#inferParent(event, host);
    const record = this.#recordOf(event, host);
    record.news = ++this.#news;
    if (event.kind === 'exit') {
      this.#touch(record);
      record.endMs = event.timeMs;
      this.#ended.push(record);
    } else {
      if (record.endMs === undefined) this.#alive.push(record);
      if (record.place === undefined && place !== undefined) {
        this.#touch(record);
        record.place = place;
      }
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
    return this.#lookUp(this.#hostOf(event.host), event.pid, event.guid, event.timeMs);
  }

  parentOf(process: ProcessEvent): ProcessRecord | undefined {
    const host = this.#hostOf(process.host);
    const own = this.#lookUp(host, process.pid, process.guid, process.timeMs);
    return this.#parent(
      host,
      process.parentPid ?? own?.parentPid,
      process.parentGuid ?? own?.parentGuid,
      // A parent had started when its child did, not only when the child was heard of.
      own?.started === true ? Math.min(own.startMs, process.timeMs) : process.timeMs,
      own,
    );
  }

  /** Parents of a process up to the first unknown one. Bounded in depth, and stopped where ids form a circle. */
  ancestryOf(process: ProcessEvent): Ancestry {
    const host = this.#hostOf(process.host);
    const own = this.#lookUp(host, process.pid, process.guid, process.timeMs);
    const chain: ProcessRecord[] = [];
    let named = (process.parentPid ?? process.parentGuid ?? own?.parentPid ?? own?.parentGuid) !== undefined;
    let next = this.parentOf(process);
    while (next !== undefined && chain.length < MAX_DEPTH) {
      if (next === own || chain.includes(next)) return { chain, complete: true, cycle: true };
      chain.push(next);
      const { parentPid, parentGuid, startMs } = next;
      named = parentPid !== undefined || parentGuid !== undefined;
      next = this.#parent(host, parentPid, parentGuid, startMs, next);
    }
    return { chain, complete: next === undefined && !named, cycle: false };
  }

  /** Records of one piece of a snapshot. */
  bucket(bucket: number): readonly SavedProcess[] {
    const saved: SavedProcess[] = [];
    for (let record = this.#buckets[bucket]; record !== undefined; record = record.bucketAfter)
      saved.push(record.saved());
    return saved;
  }

  /** Into a memory that has seen nothing yet. */
  restore(records: readonly SavedProcess[]): void {
    for (const saved of [...records].sort((a, b) => a.news - b.news)) {
      const record = ProcessRecord.of(saved);
      this.#news = Math.max(this.#news, saved.news);
      this.#insert(record, this.#hostOf(saved.host) ?? this.#addHost(saved.host));
    }
    this.#keepBudget();
    this.changed.clear();
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

  #hostOf(name: string): Host | undefined {
    if (name === this.#lastName && this.#lastHost !== undefined) return this.#lastHost;
    const host = this.#hosts.get(name.toLowerCase());
    if (host !== undefined) {
      this.#lastName = name;
      this.#lastHost = host;
    }
    return host;
  }

  #addHost(name: string): Host {
    const lower = name.toLowerCase();
    const host: Host = { name: lower, hash: hashOf(lower, 0x811c9dc5), byId: new Map() };
    this.#hosts.set(lower, host);
    return host;
  }

  #parent(
    host: Host | undefined,
    parentPid: string | undefined,
    parentGuid: string | undefined,
    startMs: number,
    self: ProcessRecord | undefined,
  ): ProcessRecord | undefined {
    if (parentPid === undefined && parentGuid === undefined) return undefined;
    const parent = this.#lookUp(host, parentPid, parentGuid, startMs);
    if (parent === self) return undefined;
    if (parent === undefined) this.counts.missingParents++;
    return parent;
  }

  #lookUp(
    host: Host | undefined,
    pid: string | undefined,
    guid: string | undefined,
    timeMs: number,
  ): ProcessRecord | undefined {
    const byGuid = guid === undefined ? undefined : this.#byGuid.get(guid);
    if (byGuid !== undefined || pid === undefined) return byGuid;
    for (let record = host?.byId.get(pid); record !== undefined; record = record.older) {
      if (guid !== undefined && record.guid !== undefined && record.guid !== guid) continue;
      // Of a process that was never seen to start nobody knows since when it has been there.
      if (record.started && record.startMs > timeMs + SAME_START_MS) continue;
      if (record.started && record.startMs > timeMs && record.older !== undefined) continue;
      return record.endMs !== undefined && timeMs > record.endMs + END_SLACK_MS ? undefined : record;
    }
    return undefined;
  }

  /** The event's own record: found, told apart from an earlier process with the same id, or new. */
  #recordOf(event: ProcessEvent, host: Host): ProcessRecord {
    const known =
      event.kind === 'start' ? this.#sameStart(event, host) : this.#lookUp(host, event.pid, event.guid, event.timeMs);
    if (known !== undefined) {
      this.#update(known, event, host);
      return known;
    }
    const record = new ProcessRecord(
      ...([event.host, event.pid, event.timeMs, event.kind === 'start', limited(event.fields)] as const),
    );
    record.guid = event.guid;
    record.parentPid = event.parentPid;
    record.parentGuid = event.parentGuid;
    this.#insert(record, host);
    return record;
  }

  /** A start told before by another log, or twice by the same. */
  #sameStart(event: ProcessEvent, host: Host): ProcessRecord | undefined {
    const byGuid = event.guid === undefined ? undefined : this.#byGuid.get(event.guid);
    if (byGuid !== undefined) return byGuid;
    for (let record = host.byId.get(event.pid); record !== undefined; record = record.older) {
      if (event.guid !== undefined && record.guid !== undefined) continue;
      const image = record.fields['Image'];
      const isSame = record.started
        ? Math.abs(record.startMs - event.timeMs) <= SAME_START_MS && sameProgram(image, event.fields['Image'])
        : // Known only from its children: this is its start, if it is not younger than they are.
          event.timeMs <= record.startMs && (image === undefined || sameProgram(image, event.fields['Image']));
      if (isSame) return record;
    }
    return undefined;
  }

  #update(record: ProcessRecord, event: ProcessEvent, host: Host): void {
    this.#touch(record);
    if (event.kind === 'start' && !record.started) {
      record.started = true;
      unlink(host, record);
      record.startMs = event.timeMs;
      link(host, record);
    }
    record.parentPid ??= event.parentPid;
    record.parentGuid ??= event.parentGuid;
    if (event.guid !== undefined && record.guid === undefined) {
      record.guid = event.guid;
      this.#byGuid.set(event.guid, record);
    }
    this.#addFields(record, event.fields);
  }

  /** A record about a child that describes its parent is news of that parent as well. */
  #inferParent(event: ProcessEvent, host: Host): void {
    const pid = event.parentPid;
    if (pid === undefined || event.kind !== 'start' || isEmpty(event.parentFields)) return;
    const known = this.#lookUp(host, pid, event.parentGuid, event.timeMs);
    if (known !== undefined) {
      if (!hasNews(known, event.parentFields)) return;
      if (known.started && !sameProgram(known.fields['Image'], event.parentFields['Image'])) return;
      this.#touch(known);
      this.#addFields(known, event.parentFields);
      return;
    }
    const record = new ProcessRecord(event.host, pid, event.timeMs, false, limited(event.parentFields));
    record.guid = event.parentGuid;
    record.news = ++this.#news;
    this.#insert(record, host);
  }

  #addFields(record: ProcessRecord, fields: Readonly<Record<string, string>>): void {
    for (const name in fields)
      if (!Object.hasOwn(record.fields, name))
        record.fields[name] = (fields[name] as string).slice(0, MAX_VALUE_CHARACTERS);
    this.counts.bytes -= record.bytes;
    record.bytes = record.measure();
    this.counts.bytes += record.bytes;
  }

  /** Before the record changes. */
  #touch({ bucket }: ProcessRecord): void {
    this.beforeChange?.(bucket);
    this.changed.add(bucket);
  }

  #insert(record: ProcessRecord, host: Host): void {
    record.bucket = hashOf(record.pid, host.hash) & (PROCESS_BUCKETS - 1);
    this.#touch(record);
    const first = this.#buckets[record.bucket];
    record.bucketAfter = first;
    if (first !== undefined) first.bucketBefore = record;
    this.#buckets[record.bucket] = record;
    link(host, record);
    if (record.guid !== undefined) this.#byGuid.set(record.guid, record);
    (record.endMs === undefined ? this.#alive : this.#ended).push(record);
    this.counts.processes++;
    record.bytes = record.measure();
    this.counts.bytes += record.bytes;
    if (record.older !== undefined || host.byId.get(record.pid) !== record) this.#limitInstances(host, record.pid);
  }

  #limitInstances(host: Host, pid: string): void {
    let count = 0;
    for (let record = host.byId.get(pid); record !== undefined; record = record.older)
      if (++count > MAX_INSTANCES) {
        this.#remove(record);
        return;
      }
  }

  #remove(record: ProcessRecord): void {
    this.#touch(record);
    if (record.bucketBefore === undefined) this.#buckets[record.bucket] = record.bucketAfter;
    else record.bucketBefore.bucketAfter = record.bucketAfter;
    if (record.bucketAfter !== undefined) record.bucketAfter.bucketBefore = record.bucketBefore;
    record.bucketBefore = undefined;
    record.bucketAfter = undefined;
    const host = this.#hostOf(record.host);
    if (host !== undefined) unlink(host, record);
    if (host?.byId.size === 0) {
      this.#hosts.delete(host.name);
      this.#lastHost = undefined;
    }
    if (record.guid !== undefined && this.#byGuid.get(record.guid) === record) this.#byGuid.delete(record.guid);
    record.list?.remove(record);
    this.counts.processes--;
    this.counts.bytes -= record.bytes;
    this.counts.evicted++;
  }

  #keepBudget(): void {
    while (this.counts.bytes > this.#options.budgetBytes) {
      const oldest = this.#ended.first ?? this.#alive.first;
      if (oldest === undefined) return;
      this.#remove(oldest);
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

function sameProgram(a: string | undefined, b: string | undefined): boolean {
  return a === b || fileName(a) === fileName(b);
}

function fileName(path: string | undefined): string | undefined {
  return path?.replace(/^.*[\\/]/, '').toLowerCase();
}

function isEmpty(fields: Readonly<Record<string, string>>): boolean {
  for (const _name in fields) return false;
  return true;
}

function hasNews(record: ProcessRecord, fields: Readonly<Record<string, string>>): boolean {
  for (const name in fields) if (!Object.hasOwn(record.fields, name)) return true;
  return false;
}

/** Among the instances of its id, the younger first. */
function link(host: Host, record: ProcessRecord): void {
  let younger: ProcessRecord | undefined;
  let next = host.byId.get(record.pid);
  while (next !== undefined && next.startMs > record.startMs) {
    younger = next;
    next = next.older;
  }
  record.older = next;
  if (younger === undefined) host.byId.set(record.pid, record);
  else younger.older = record;
}

function unlink(host: Host, record: ProcessRecord): void {
  const first = host.byId.get(record.pid);
  if (first === record) {
    if (record.older === undefined) host.byId.delete(record.pid);
    else host.byId.set(record.pid, record.older);
  } else {
    let younger = first;
    while (younger !== undefined && younger.older !== record) younger = younger.older;
    if (younger !== undefined) younger.older = record.older;
  }
  record.older = undefined;
}

/** A copy: the event's fields stay the event's. */
function limited(fields: Readonly<Record<string, string>>): Record<string, string> {
  for (const name in fields)
    if ((fields[name] as string).length > MAX_VALUE_CHARACTERS)
      return Object.fromEntries(
        Object.entries(fields).map(([key, text]) => [key, text.slice(0, MAX_VALUE_CHARACTERS)] as const),
      );
  return { ...fields };
}

/** FNV-1a over UTF-16 code units: only pieces of snapshots depend on it. */
function hashOf(text: string, start: number): number {
  let hash = start;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash ^ (hash >>> 15);
}
