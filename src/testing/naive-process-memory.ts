/**
 * NaiveProcessMemory: what ProcessMemory says, in plain objects and Maps, without bounds of bytes: the oracle of its random differential
 * test. `evictOldest` lets go of what a memory that is short of bytes would.
 */
import type { HostRestart } from '../state/process/host-restart.ts';
import type { ProcessEvent } from '../state/process/process-event.ts';

/** One remembered process. */
export interface NaiveProcess {
  readonly host: string;
  readonly pid: string;
  guid: string | undefined;
  startMs: number;
  started: boolean;
  startAssumed: boolean;
  endMs: number | undefined;
  parentPid: string | undefined;
  parentGuid: string | undefined;
  readonly fields: Record<string, string>;
  /** The instance of the same id that started before. */
  older: NaiveProcess | undefined;
}

export interface NaiveAncestry {
  /** The parent first. */
  readonly chain: readonly NaiveProcess[];
  readonly complete: boolean;
  readonly cycle: boolean;
}

/** Clocks of two sources of one host, and rounding of times in logs. */
const SAME_START_MS = 2_000;
const END_SLACK_MS = 2_000;
const MAX_DEPTH = 64;
const MAX_VALUE_CHARACTERS = 8_192;
/** Instances of one id; more of them in memory at once have no use. */
const MAX_INSTANCES = 16;

interface Waiting<T> {
  readonly process: ProcessEvent;
  readonly item: T;
}

/** The processes of one machine. */
interface Host {
  readonly name: string;
  /** By id the instance that started last; the others hang on it, the younger first. */
  readonly byId: Map<string, NaiveProcess>;
}

export class NaiveProcessMemory<T = never> {
  /** By name in lower case. */
  readonly #hosts = new Map<string, Host>();
  readonly #byGuid = new Map<string, NaiveProcess>();
  /** In the order of last news. */
  readonly #alive = new Set<NaiveProcess>();
  readonly #ended = new Set<NaiveProcess>();
  readonly #waiting = new Map<string, Waiting<T>[]>();
  readonly #restarts: HostRestart[] = [];
  missingParents = 0;

  get processes(): number {
    return this.#alive.size + this.#ended.size;
  }

  get hosts(): number {
    return [...this.#hosts.values()].filter(({ byId }) => byId.size > 0).length;
  }

  get waiting(): number {
    return [...this.#waiting.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** Lets go of a process that has ended, else of the one not heard of for longest. */
  evictOldest(): void {
    const [oldest] = this.#ended.size > 0 ? this.#ended : this.#alive;
    if (oldest !== undefined) this.#remove(oldest);
  }

  /** As `ProcessMemory.observe`. */
  observe(event: ProcessEvent): readonly T[] {
    if (event.kind === 'activity') return [];
    const host = this.#hostOf(event.host) ?? this.#addHost(event.host);
    this.#inferParent(event, host);
    const record = this.#recordOf(event, host);
    if (!this.#alive.has(record) && !this.#ended.has(record)) return [];
    if (event.kind === 'exit') record.endMs = event.timeMs;
    this.#alive.delete(record);
    this.#ended.delete(record);
    (record.endMs === undefined ? this.#alive : this.#ended).add(record);
    return event.kind === 'start' ? this.#revive(record) : [];
  }

  restart(restart: HostRestart): void {
    this.#restarts.push(restart);
  }

  #restartedBetween(host: string, aMs: number, bMs: number): boolean {
    return this.#restarts.some(
      ({ host: name, fromMs, untilMs }) =>
        name.toLowerCase() === host.toLowerCase() && Math.min(aMs, bMs) < fromMs && untilMs <= Math.max(aMs, bMs),
    );
  }

  waitForAncestor(process: ProcessEvent, item: T): boolean {
    const key = this.#missingAncestor(process);
    if (key === undefined) return false;
    this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), { process, item }]);
    return true;
  }

  /** The record of the process an event is about. */
  find(event: ProcessEvent): NaiveProcess | undefined {
    return this.#lookUp(this.#hostOf(event.host), event.pid, event.guid, event.timeMs);
  }

  parentOf(process: ProcessEvent): NaiveProcess | undefined {
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

  ancestryOf(process: ProcessEvent): NaiveAncestry {
    const host = this.#hostOf(process.host);
    const own = this.#lookUp(host, process.pid, process.guid, process.timeMs);
    const chain: NaiveProcess[] = [];
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

  #hostOf(name: string): Host | undefined {
    return this.#hosts.get(name.toLowerCase());
  }

  #addHost(name: string): Host {
    const lower = name.toLowerCase();
    const host: Host = { name: lower, byId: new Map() };
    this.#hosts.set(lower, host);
    return host;
  }

  #parent(
    host: Host | undefined,
    parentPid: string | undefined,
    parentGuid: string | undefined,
    startMs: number,
    self: NaiveProcess | undefined,
  ): NaiveProcess | undefined {
    if (parentPid === undefined && parentGuid === undefined) return undefined;
    const parent = this.#lookUp(host, parentPid, parentGuid, startMs);
    if (parent === self) return undefined;
    if (parent === undefined) this.missingParents++;
    return parent;
  }

  #lookUp(
    host: Host | undefined,
    pid: string | undefined,
    guid: string | undefined,
    timeMs: number,
  ): NaiveProcess | undefined {
    const byGuid = guid === undefined ? undefined : this.#byGuid.get(plainGuid(guid));
    if (byGuid !== undefined || pid === undefined) return byGuid;
    for (let record = host?.byId.get(pid); record !== undefined; record = record.older) {
      if (guid !== undefined && record.guid !== undefined && plainGuid(record.guid) !== plainGuid(guid)) continue;
      if (this.#restartedBetween(record.host, record.startMs, timeMs)) continue;
      // Of a process that was never seen to start nobody knows since when it has been there.
      if (record.started && record.startMs > timeMs + SAME_START_MS) continue;
      if (record.started && record.startMs > timeMs && record.older !== undefined) continue;
      return record.endMs !== undefined && timeMs > record.endMs + END_SLACK_MS ? undefined : record;
    }
    return undefined;
  }

  /** The event's own record: found, told apart from an earlier process with the same id, or new. */
  #recordOf(event: ProcessEvent, host: Host): NaiveProcess {
    const known =
      event.kind === 'start' ? this.#sameStart(event, host) : this.#lookUp(host, event.pid, event.guid, event.timeMs);
    if (known !== undefined) {
      this.#update(known, event, this.#hostOf(known.host) ?? host);
      return known;
    }
    const record = newProcess(event.host, event.pid, event.guid, event.timeMs, limited(event.fields));
    record.started = event.kind === 'start';
    record.startAssumed = event.isTimeAssumed === true;
    record.parentPid = event.parentPid;
    record.parentGuid = event.parentGuid;
    this.#insert(record, host);
    return record;
  }

  /** A start told before by another log, or twice by the same. */
  #sameStart(event: ProcessEvent, host: Host): NaiveProcess | undefined {
    const byGuid = event.guid === undefined ? undefined : this.#byGuid.get(plainGuid(event.guid));
    if (byGuid !== undefined) return byGuid;
    for (let record = host.byId.get(event.pid); record !== undefined; record = record.older) {
      if (event.guid !== undefined && record.guid !== undefined) continue;
      const image = record.fields['Image'];
      const isSame = record.started
        ? Math.abs(record.startMs - event.timeMs) <= SAME_START_MS &&
          sameProgram(image, event.fields['Image']) &&
          !(event.isTimeAssumed === true && saysOtherwise(record, event))
        : // Known only from its children: this is its start, if it is not younger than they are.
          event.timeMs <= record.startMs &&
          !this.#restartedBetween(record.host, record.startMs, event.timeMs) &&
          (image === undefined || sameProgram(image, event.fields['Image']));
      if (isSame) return record;
    }
    return undefined;
  }

  #update(record: NaiveProcess, event: ProcessEvent, host: Host): void {
    const isBetter = record.startAssumed && event.isTimeAssumed !== true;
    if (event.kind === 'start' && (!record.started || isBetter)) {
      record.started = true;
      record.startAssumed = event.isTimeAssumed === true;
      unlink(host, record);
      record.startMs = event.timeMs;
      link(host, record);
    }
    record.parentPid ??= event.parentPid;
    record.parentGuid ??= event.parentGuid;
    if (event.guid !== undefined && record.guid === undefined) {
      record.guid = event.guid;
      this.#byGuid.set(plainGuid(event.guid), record);
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
      this.#addFields(known, event.parentFields);
      return;
    }
    const record = newProcess(event.host, pid, event.parentGuid, event.timeMs, limited(event.parentFields));
    this.#insert(record, host);
  }

  #addFields(record: NaiveProcess, fields: Readonly<Record<string, string>>): void {
    for (const name in fields)
      if (!Object.hasOwn(record.fields, name))
        record.fields[name] = (fields[name] as string).slice(0, MAX_VALUE_CHARACTERS);
  }

  #insert(record: NaiveProcess, host: Host): void {
    link(host, record);
    if (record.guid !== undefined) this.#byGuid.set(plainGuid(record.guid), record);
    this.#alive.add(record);
    this.#limitInstances(host, record.pid);
  }

  #limitInstances(host: Host, pid: string): void {
    let count = 0;
    for (let record = host.byId.get(pid); record !== undefined; record = record.older)
      if (++count > MAX_INSTANCES) {
        this.#remove(record);
        return;
      }
  }

  #remove(record: NaiveProcess): void {
    const host = this.#hostOf(record.host);
    if (host !== undefined) unlink(host, record);
    if (host?.byId.size === 0) this.#hosts.delete(host.name);
    if (record.guid !== undefined && this.#byGuid.get(plainGuid(record.guid)) === record)
      this.#byGuid.delete(plainGuid(record.guid));
    this.#alive.delete(record);
    this.#ended.delete(record);
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

  #revive(record: NaiveProcess): readonly T[] {
    const key = idKey(record.host, record.pid);
    const list = this.#waiting.get(key) ?? [];
    const ready = list.filter(({ process }) => this.ancestryOf(process).chain.includes(record));
    const rest = list.filter((waiting) => !ready.includes(waiting));
    if (rest.length === 0) this.#waiting.delete(key);
    else this.#waiting.set(key, rest);
    return ready.map(({ item }) => item);
  }
}

/** A GUID in one spelling; other texts as they are. */
export function plainGuid(text: string): string {
  const [, guid] = /^(?=\{.*\}$|[^{]*[^}]$)\{?([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\}?$/i.exec(text) ?? [];
  return guid?.toLowerCase() ?? text;
}

function newProcess(
  host: string,
  pid: string,
  guid: string | undefined,
  startMs: number,
  fields: Record<string, string>,
): NaiveProcess {
  const none = { endMs: undefined, parentPid: undefined, parentGuid: undefined, older: undefined };
  return { host, pid, guid, startMs, started: false, startAssumed: false, fields, ...none };
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

function hasNews(record: NaiveProcess, fields: Readonly<Record<string, string>>): boolean {
  for (const name in fields) if (!Object.hasOwn(record.fields, name)) return true;
  return false;
}

/** Among the instances of its id, the younger first. */
function link(host: Host, record: NaiveProcess): void {
  let younger: NaiveProcess | undefined;
  let next = host.byId.get(record.pid);
  while (next !== undefined && next.startMs > record.startMs) {
    younger = next;
    next = next.older;
  }
  record.older = next;
  if (younger === undefined) host.byId.set(record.pid, record);
  else younger.older = record;
}

function unlink(host: Host, record: NaiveProcess): void {
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

/** Without times only the command line and the parent tell two starts of a program under one id apart. */
function saysOtherwise({ fields, parentPid }: NaiveProcess, event: ProcessEvent): boolean {
  const differs = (a: string | undefined, b: string | undefined): boolean =>
    a !== undefined && b !== undefined && a !== b;
  const command = event.fields['CommandLine']?.slice(0, MAX_VALUE_CHARACTERS);
  return differs(fields['CommandLine'], command) || differs(parentPid, event.parentPid);
}
