/**
 * ProcessMemory: the processes of all hosts as their logs told them, to answer what an event's own record does not say: the fields of
 * its parent and of its ancestors.
 *
 * Identity is host + process id + start time, or the GUID. A process id may be used again: of the processes with one id the one that
 * had started last at the time in question is meant, unless it had ended before, or the machine restarted in between. A parent that was never seen, or not yet,
 * is a gap: chains say whether they are complete, and events that wait for a late parent are given back when it comes.
 * Bounded by bytes: processes that have ended go first, then those not heard of for longest. Both are counted.
 * Processes are rows of numbers (`process-rows.ts`), their texts stand once each in a store; `testing/naive-process-memory.ts` says the
 * same in objects.
 */
import type { HostRestart } from './host-restart.ts';
import type { ProcessEvent } from './process-event.ts';
import { fillFact, headOfFact, ProcessFact } from './process-fact.ts';
import { NO_PID, pidText } from './process-ids.ts';
import {
  type Line,
  MAX_DEPTH,
  type NamedParent,
  ProcessLookup,
  type Question,
  SAME_START_MS,
} from './process-lookup.ts';
import {
  FIELD_COUNT,
  FIELDS,
  FLAGS,
  GUID,
  HOST,
  NEWS,
  NO_ROW,
  OLDER,
  PARENT_PID,
  PID,
  START,
  USED,
} from './process-rows.ts';
import { ProcessTable } from './process-table.ts';
import { RememberedProcess } from './remembered-process.ts';
import type { TextSeed } from './text-hashes.ts';
import { NO_TEXT } from './text-store.ts';
import { type Waiting, WaitingEvents, waitingKey } from './waiting-events.ts';

export interface Ancestry {
  /** The parent first. */
  readonly chain: readonly RememberedProcess[];
  /** False when a parent was named that is not known, or the chain was cut at the greatest depth. */
  readonly complete: boolean;
  /** True when ids led back to a process of the chain. */
  readonly cycle: boolean;
}

export interface ProcessMemoryOptions {
  readonly budgetBytes: number;
  /** Bytes of events that may wait for their parents, as their owners weigh them. */
  readonly waitingBytes: number;
  /** Key of the hashes: random, so that nobody can prepare values that collide. */
  readonly seed: TextSeed;
}

export const DEFAULT_PROCESS_OPTIONS: ProcessMemoryOptions = {
  budgetBytes: 512 << 20,
  waitingBytes: 32 << 20,
  seed: { lo: 0, hi: 0 },
};

export interface ProcessCounts {
  readonly processes: number;
  readonly bytes: number;
  readonly evicted: number;
  /** Events that wait for their parents now, and what they weigh. */
  readonly waiting: number;
  readonly waitingBytes: number;
  /** Events given up because too many waited; they stay judged by what was known when they came. */
  readonly waitingDropped: number;
  /** Events given back because their parent came late. */
  readonly revived: number;
  /** Parents that no record told of when they were asked for. */
  readonly missingParents: number;
  /** Lines of ancestors that were asked for and went on beyond the greatest depth. */
  readonly cutLines: number;
  /** Hosts whose restarts are known, and those whose restarts were let go because there were too many. */
  readonly restartedHosts: number;
  readonly restartsForgotten: number;
}

const IMAGE = 0;
const COMMAND_LINE = 1;

const NOTHING: readonly never[] = Object.freeze([]);

export class ProcessMemory<T = never> {
  readonly table: ProcessTable;
  readonly #lookup: ProcessLookup;
  readonly #waiting = new WaitingEvents<T>();
  readonly #fact = new ProcessFact();
  #options: ProcessMemoryOptions;
  #news = 0;
  #revived = 0;
  #cutLines = 0;

  constructor(options: ProcessMemoryOptions = DEFAULT_PROCESS_OPTIONS) {
    this.#options = options;
    this.table = new ProcessTable(options.seed);
    this.#lookup = new ProcessLookup(this.table);
  }

  get options(): ProcessMemoryOptions {
    return this.#options;
  }

  get counts(): ProcessCounts {
    const { count: waiting, bytes: waitingBytes, dropped: waitingDropped } = this.#waiting;
    const { rows, bytes, evicted, restarts } = this.table;
    const { missingParents } = this.#lookup;
    const ofWaiting = { waiting, waitingBytes, waitingDropped, revived: this.#revived };
    const ofRestarts = { restartedHosts: restarts.hosts, restartsForgotten: restarts.forgotten };
    return {
      processes: rows.count,
      bytes,
      evicted,
      missingParents,
      cutLines: this.#cutLines,
      ...ofWaiting,
      ...ofRestarts,
    };
  }

  changeBudget(budgetBytes: number): void {
    if (budgetBytes === this.#options.budgetBytes) return;
    this.#options = { ...this.#options, budgetBytes };
    this.#keepBudget();
  }

  get hosts(): number {
    return this.table.hosts;
  }

  /**
   * Takes notice of a start or an exit. Returns the items of earlier-arrived events that were waiting for this process as their
   * parent: they are to be matched again. Other activity is not remembered, so that the answers do not depend on which records
   * somebody cared to decode.
   */
  observe(event: ProcessEvent): readonly T[] {
    if (event.kind === 'activity') return NOTHING;
    const { texts } = this.table;
    texts.sweep();
    return this.observeFact(fillFact(this.#fact, event, texts));
  }

  /** No process of the machine lives on over it. What was answered before stays answered. */
  restart({ host, fromMs, untilMs }: HostRestart): void {
    const { texts, restarts } = this.table;
    texts.sweep();
    restarts.add(texts.lowerOf(texts.idOf(host)), fromMs, untilMs);
  }

  /** As `observe`; the texts of the fact stand in `texts`, which was not swept since. */
  observeFact(fact: ProcessFact): readonly T[] {
    if (fact.kind === 'activity') return NOTHING;
    const { rows } = this.table;
    const isStart = fact.kind === 'start';
    if (isStart) this.#inferParent(fact);
    const row = this.#rowOf(fact, isStart);
    // The oldest of too many instances is let go at once.
    if ((rows.get(row, FLAGS) & USED) === 0) return NOTHING;
    rows.setNumber(row, NEWS, ++this.#news);
    if (isStart) this.table.hear(row);
    else this.table.setEnd(row, fact.timeMs);
    if (this.table.bytes > this.#options.budgetBytes) this.#keepBudget();
    return isStart && this.#waiting.mayWaitFor(rows.get(row, PID)) ? this.#revive(row) : NOTHING;
  }

  /**
   * Keeps an item, which is made for it, until the start of the nearest ancestor that is named and unknown is told of. Undefined when there is none. Beyond the
   * bound those that wait for the process asked for first are given up: they are returned, the item itself may be among them.
   */
  waitForAncestor(process: ProcessEvent, itemOf: () => T, bytes: number): readonly T[] | undefined {
    const key = this.#missingAncestor(this.#lookup.question(process), this.#lookup.namedBy(process), process);
    return key === undefined ? undefined : this.#wait(key, { process, item: itemOf(), bytes });
  }

  /** As `waitForAncestor`, for the process of a fact, whose texts stand in `texts`. */
  waitForAncestorOf(fact: ProcessFact, itemOf: () => T, bytes: number): readonly T[] | undefined {
    const key = this.#missingAncestor(fact, fact);
    if (key === undefined) return undefined;
    // It will be asked for its ancestors alone.
    const process = { ...headOfFact(fact, this.table.texts), fields: {}, parentFields: {} };
    return this.#wait(key, { process, item: itemOf(), bytes });
  }

  #wait(key: string, waiting: Waiting<T>): readonly T[] {
    this.#waiting.add(key, waiting);
    return this.#waiting.keepWithin(this.#options.waitingBytes);
  }

  /** All that wait: nothing comes any more. */
  endWaiting(): readonly T[] {
    return this.#waiting.takeAll();
  }

  /** The process an event is about. */
  find(event: ProcessEvent): RememberedProcess | undefined {
    const row = this.#lookup.find(this.#lookup.question(event));
    return row === NO_ROW ? undefined : this.#view(row);
  }

  parentOf(process: ProcessEvent): RememberedProcess | undefined {
    const row = this.#lookup.parentOf(this.#lookup.question(process), this.#lookup.namedBy(process));
    return row === NO_ROW ? undefined : this.#view(row);
  }

  /** The process with the id of the parent that a restart of the machine rules out. */
  parentBeforeRestart(process: ProcessEvent): RememberedProcess | undefined {
    const row = this.#lookup.parentBeforeRestart(this.#lookup.question(process), this.#lookup.namedBy(process));
    return row === NO_ROW ? undefined : this.#view(row);
  }

  /** Row of the parent of a process that was observed; 0 for none. The texts of the fact stand in the table's. */
  parentRowOf(fact: ProcessFact): number {
    return this.#lookup.parentOf(fact, fact);
  }

  /** A row as the process it is. */
  processAt(row: number): RememberedProcess {
    return this.#view(row);
  }

  /** Parents of a process up to the first unknown one. Bounded in depth, and stopped where ids form a circle. */
  ancestryOf(process: ProcessEvent): Ancestry {
    const { rows, complete, cycle, isCut } = this.#lineOf(process);
    if (isCut) this.#cutLines++;
    return { chain: rows.map((row) => this.#view(row)), complete, cycle };
  }

  /** Events that wait for the start of an ancestor, and its key. */
  waiting(): (readonly [key: string, waiting: Waiting<T>])[] {
    return [...this.#waiting.entries()];
  }

  restoreWaiting(all: Iterable<readonly [key: string, waiting: Waiting<T>]>): void {
    for (const [key, waiting] of all) this.#waiting.add(key, waiting);
  }

  /**
   * Puts back rows of a snapshot, which hold their columns and texts (held) and stand in no list yet, in the order of their news. Into
   * a memory that has seen nothing else.
   */
  restoreRows(restored: Iterable<number>): void {
    for (const row of restored) {
      this.#news = Math.max(this.#news, this.table.rows.number(row, NEWS));
      this.table.link(row);
    }
    this.#keepBudget();
    this.table.rows.takeChanged();
  }

  #view(row: number): RememberedProcess {
    return new RememberedProcess(this.table.rows, this.table.texts, row);
  }

  /** The fact's own row: found, told apart from an earlier process with the same id, or new. */
  #rowOf(fact: ProcessFact, isStart: boolean): number {
    const known = isStart ? this.#sameStart(fact) : this.#lookup.lookUp(fact.host, fact.pid, fact.guid, fact.timeMs);
    if (known !== NO_ROW) {
      this.#update(known, fact, isStart);
      return known;
    }
    const row = this.table.addFact(fact, isStart);
    this.table.link(row);
    return row;
  }

  /** A start told before by another log, or twice by the same. */
  #sameStart(fact: ProcessFact): number {
    const byGuid = this.table.byGuid(fact.guid);
    if (byGuid !== NO_ROW) return byGuid;
    const { rows } = this.table;
    for (let row = this.table.index.first(fact.host, fact.pid); row !== NO_ROW; row = rows.get(row, OLDER)) {
      const startMs = rows.number(row, START);
      // Those behind it started no later: none of them can be this start.
      if (startMs < fact.timeMs - SAME_START_MS) return NO_ROW;
      if (fact.guid !== NO_TEXT && rows.get(row, GUID) !== NO_TEXT) continue;
      const image = rows.get(row, FIELDS + IMAGE);
      const isSame = rows.isStarted(row)
        ? Math.abs(startMs - fact.timeMs) <= SAME_START_MS &&
          this.#isSameProgram(image, fact.fields[IMAGE] as number) &&
          !(fact.isTimeAssumed && this.#saysOtherwise(row, fact))
        : // Known only from its children: this is its start, if it is not younger than they are.
          fact.timeMs <= startMs &&
          !this.table.restarts.isBetween(fact.host, startMs, fact.timeMs) &&
          (image === NO_TEXT || this.#isSameProgram(image, fact.fields[IMAGE] as number));
      if (isSame) return row;
    }
    return NO_ROW;
  }

  #update(row: number, fact: ProcessFact, isStart: boolean): void {
    const { rows } = this.table;
    rows.touch(row);
    if (isStart && (!rows.isStarted(row) || (rows.isAssumed(row) && !fact.isTimeAssumed)))
      this.table.setStart(row, fact);
    this.table.nameParent(row, fact);
    if (fact.guid !== NO_TEXT && rows.get(row, GUID) === NO_TEXT) this.table.setGuid(row, fact.guid);
    this.table.addFields(row, fact.fields);
  }

  /** A record about a child that describes its parent is news of that parent as well. */
  #inferParent(fact: ProcessFact): void {
    const { parentPid, parentFields } = fact;
    if (parentPid === NO_PID || isEmpty(parentFields)) return;
    const { rows } = this.table;
    const known = this.#lookup.lookUp(fact.host, parentPid, fact.parentGuid, fact.timeMs);
    if (known === NO_ROW) {
      const row = this.table.add(fact.host, parentPid, fact.parentGuid, fact.timeMs, false);
      rows.setNumber(row, NEWS, ++this.#news);
      this.table.addFields(row, parentFields);
      this.table.link(row);
      return;
    }
    if (!this.table.hasNews(known, parentFields)) return;
    const image = rows.get(known, FIELDS + IMAGE);
    if (rows.isStarted(known) && !this.#isSameProgram(image, parentFields[IMAGE] as number)) return;
    rows.touch(known);
    this.table.addFields(known, parentFields);
  }

  #keepBudget(): void {
    while (this.table.bytes > this.#options.budgetBytes && this.table.oldest !== NO_ROW)
      this.table.remove(this.table.oldest);
  }

  #lineOf(process: ProcessEvent): Line {
    return this.#lookup.lineOf(this.#lookup.question(process), this.#lookup.namedBy(process));
  }

  /** Key of the nearest ancestor whose start was not seen. `told`: host and parent in texts, where these may stand in no table. */
  #missingAncestor(question: Question, parent: NamedParent, told?: ProcessEvent): string | undefined {
    const { rows, texts } = this.table;
    const { rows: line, cycle } = this.#lookup.lineOf(question, parent);
    if (cycle) return undefined;
    const gap = line.find((row) => !rows.isStarted(row));
    if (gap !== undefined) return this.#keyOf(gap);
    const last = line.at(-1) ?? (parent.parentPid === NO_PID ? this.#lookup.find(question) : NO_ROW);
    const ofProcess = told === undefined ? pidText(parent.parentPid, texts) : told.parentPid;
    const named = last === NO_ROW ? ofProcess : pidText(rows.get(last, PARENT_PID), texts);
    if (named === undefined || line.length >= MAX_DEPTH) return undefined;
    return waitingKey(told?.host ?? texts.textOf(question.host), named);
  }

  #keyOf(row: number): string {
    const pid = pidText(this.table.rows.get(row, PID), this.table.texts) ?? '';
    return waitingKey(this.table.texts.textOf(this.table.rows.get(row, HOST)), pid);
  }

  #revive(row: number): readonly T[] {
    const ready = this.#waiting.take(this.#keyOf(row), ({ process }) => this.#lineOf(process).rows.includes(row));
    this.#revived += ready.length;
    return ready;
  }

  /** Without times only the command line and the parent tell two starts of a program under one id apart. */
  #saysOtherwise(row: number, { fields, parentPid }: ProcessFact): boolean {
    const { rows } = this.table;
    const command = rows.get(row, FIELDS + COMMAND_LINE);
    const parent = rows.get(row, PARENT_PID);
    const other = fields[COMMAND_LINE] as number;
    if (command !== NO_TEXT && other !== NO_TEXT && command !== other) return true;
    return parent !== NO_PID && parentPid !== NO_PID && parent !== parentPid;
  }

  #isSameProgram(a: number, b: number): boolean {
    return a === b || this.#fileName(a) === this.#fileName(b);
  }

  #fileName(path: number): string | undefined {
    return path === NO_TEXT
      ? undefined
      : this.table.texts
          .textOf(path)
          .replace(/^.*[\\/]/, '')
          .toLowerCase();
  }
}

function isEmpty(fields: Uint32Array): boolean {
  for (let i = 0; i < FIELD_COUNT; i++) if (fields[i] !== NO_TEXT) return false;
  return true;
}
