/**
 * ProcessLookup: which row a process id means at a time, who its parent is, and the line of its ancestors. Asks only; nothing of what is
 * remembered changes.
 */
import type { ProcessEvent } from './process-event.ts';
import { knownPidWord, NO_PID } from './process-ids.ts';
import { END, GUID, NO_ROW, OLDER, PARENT_GUID, PARENT_PID, START } from './process-rows.ts';
import { type ProcessTable, UNKNOWN_TEXT } from './process-table.ts';
import { NO_TEXT } from './text-store.ts';

/** Clocks of two sources of one host, and rounding of times in logs. */
export const SAME_START_MS = 2_000;
const END_SLACK_MS = 2_000;
export const MAX_DEPTH = 64;

/** What is asked about one process, in words. */
export interface Question {
  readonly host: number;
  readonly pid: number;
  readonly guid: number;
  readonly timeMs: number;
}

/** NO_PID and NO_TEXT where nothing is named. */
export interface NamedParent {
  readonly parentPid: number;
  readonly parentGuid: number;
}

/** Rows of a process's ancestors, the parent first. */
export interface Line {
  readonly rows: readonly number[];
  readonly complete: boolean;
  readonly cycle: boolean;
  /** It goes on beyond the greatest depth. */
  readonly isCut: boolean;
}

export class ProcessLookup {
  /** Parents that no record told of when they were asked for. */
  missingParents = 0;
  readonly #table: ProcessTable;

  constructor(table: ProcessTable) {
    this.#table = table;
  }

  /** The row that the question is about; 0 for none. */
  find({ host, pid, guid, timeMs }: Question): number {
    return this.lookUp(host, pid, guid, timeMs);
  }

  question({ host, pid, guid, timeMs }: ProcessEvent): Question {
    const { texts } = this.#table;
    return {
      host: texts.find(host.toLowerCase()),
      pid: knownPidWord(pid, texts),
      guid: guid === undefined ? NO_TEXT : texts.findGuid(guid) || UNKNOWN_TEXT,
      timeMs,
    };
  }

  /** What the process names as its parent, in words. */
  namedBy({ parentPid, parentGuid }: ProcessEvent): NamedParent {
    const { texts } = this.#table;
    return {
      parentPid: knownPidWord(parentPid, texts),
      parentGuid: parentGuid === undefined ? NO_TEXT : texts.findGuid(parentGuid) || UNKNOWN_TEXT,
    };
  }

  /** The parent of a process; where nothing names it the process's own row tells. */
  parentOf(question: Question, named: NamedParent): number {
    const { rows } = this.#table;
    const own = this.find(question);
    const parentPid = named.parentPid !== NO_PID || own === NO_ROW ? named.parentPid : rows.get(own, PARENT_PID);
    const parentGuid = named.parentGuid !== NO_TEXT || own === NO_ROW ? named.parentGuid : rows.get(own, PARENT_GUID);
    // A parent had started when its child did, not only when the child was heard of.
    const isStarted = own !== NO_ROW && rows.isStarted(own);
    const timeMs = isStarted ? Math.min(rows.number(own, START), question.timeMs) : question.timeMs;
    return this.#parent(question.host, parentPid, parentGuid, timeMs, own);
  }

  #parent(host: number, parentPid: number, parentGuid: number, timeMs: number, self: number): number {
    if (parentPid === NO_PID && parentGuid === NO_TEXT) return NO_ROW;
    const parent = this.lookUp(host, parentPid, parentGuid, timeMs);
    if (parent === self) return NO_ROW;
    if (parent === NO_ROW) this.missingParents++;
    return parent;
  }

  /** The process with the id of the named parent that a restart of the machine rules out; 0 for none. */
  parentBeforeRestart({ host, timeMs }: Question, { parentPid }: NamedParent): number {
    if (parentPid === NO_PID) return NO_ROW;
    const { rows, index, restarts } = this.#table;
    let row = index.first(host, parentPid);
    while (row !== NO_ROW && !restarts.isBetween(host, rows.number(row, START), timeMs)) row = rows.get(row, OLDER);
    return row;
  }

  lineOf(question: Question, parent: NamedParent): Line {
    const { rows } = this.#table;
    const own = this.find(question);
    const line: number[] = [];
    let named =
      parent.parentPid !== NO_PID || parent.parentGuid !== NO_TEXT || (own !== NO_ROW && this.#namesParent(own));
    let next = this.parentOf(question, parent);
    while (next !== NO_ROW && line.length < MAX_DEPTH) {
      if (next === own || line.includes(next)) return { rows: line, complete: true, cycle: true, isCut: false };
      line.push(next);
      named = this.#namesParent(next);
      const startMs = rows.number(next, START);
      next = this.#parent(question.host, rows.get(next, PARENT_PID), rows.get(next, PARENT_GUID), startMs, next);
    }
    return { rows: line, complete: next === NO_ROW && !named, cycle: false, isCut: next !== NO_ROW };
  }

  #namesParent(row: number): boolean {
    const { rows } = this.#table;
    return rows.get(row, PARENT_PID) !== NO_PID || rows.get(row, PARENT_GUID) !== NO_TEXT;
  }

  lookUp(host: number, pid: number, guid: number, timeMs: number): number {
    const byGuid = this.#table.byGuid(guid);
    if (byGuid !== NO_ROW || pid === NO_PID) return byGuid;
    const { rows } = this.#table;
    for (let row = this.#table.index.first(host, pid); row !== NO_ROW; row = rows.get(row, OLDER)) {
      const own = rows.get(row, GUID);
      if (guid !== NO_TEXT && own !== NO_TEXT && own !== guid) continue;
      const startMs = rows.number(row, START);
      if (this.#table.restarts.isBetween(host, startMs, timeMs)) continue;
      if (startMs > timeMs && rows.isStarted(row)) {
        // Of a process that was never seen to start nobody knows since when it has been there.
        if (startMs > timeMs + SAME_START_MS || rows.get(row, OLDER) !== NO_ROW) continue;
      }
      // NaN while it runs.
      return timeMs > rows.number(row, END) + END_SLACK_MS ? NO_ROW : row;
    }
    return NO_ROW;
  }
}
