/**
 * ProcessTable: the rows of remembered processes with what finds them: by host and id, by GUID, and in the order of their last news.
 * A row holds its texts, and lets go of them when it goes.
 */
import type { ProcessFact } from './process-fact.ts';
import { NO_PID, textOfPidWord } from './process-ids.ts';
import { HostRestarts } from './host-restarts.ts';
import { ProcessIndex } from './process-index.ts';
import {
  ASSUMED,
  END,
  FIELD_COUNT,
  FIELDS,
  FLAGS,
  GUID,
  HOST,
  NewsList,
  NO_ROW,
  PARENT_GUID,
  PARENT_PID,
  PID,
  ProcessRows,
  ROW_WORDS,
  START,
  STARTED,
  USED,
} from './process-rows.ts';
import type { TextSeed } from './text-hashes.ts';
import { NO_TEXT, TextStore } from './text-store.ts';

/** Instances of one id; more of them in memory at once have no use. */
export const MAX_INSTANCES = 16;
/** A row and its place in the index, about. */
const ROW_BYTES = 4 * ROW_WORDS + 24;
/** Notes of texts: the row with the GUID, the processes of the host. */
const GUID_ROW = 0;
const HOST_PROCESSES = 1;
/** A text that nobody has told of. */
export const UNKNOWN_TEXT = 0xffff_ffff;

export class ProcessTable {
  readonly rows = new ProcessRows();
  readonly texts: TextStore;
  readonly index: ProcessIndex;
  readonly restarts: HostRestarts;
  /** Hosts with processes. */
  hosts = 0;
  /** Rows let go. */
  evicted = 0;
  readonly #alive = new NewsList(this.rows);
  readonly #ended = new NewsList(this.rows);

  constructor(seed: TextSeed) {
    this.texts = new TextStore(seed);
    this.index = new ProcessIndex(this.rows, seed);
    this.restarts = new HostRestarts(this.texts);
  }

  get bytes(): number {
    return this.rows.count * ROW_BYTES + this.texts.heldBytes;
  }

  /** The row with the GUID, whatever its host; 0 for none. */
  byGuid(guid: number): number {
    return guid === NO_TEXT || guid === UNKNOWN_TEXT ? NO_ROW : this.texts.noteOf(GUID_ROW, guid);
  }

  /** What has ended and was not heard of for longest, else what runs. */
  get oldest(): number {
    return this.#ended.first || this.#alive.first;
  }

  /** A row of all that the fact says of its process: to be linked. */
  addFact(fact: ProcessFact, started: boolean): number {
    const { rows, texts } = this;
    const row = rows.add();
    // One look for the page instead of one for each column.
    const words = rows.wordsAround(row);
    const at = ProcessRows.offsetOf(row);
    const { host, pid, guid, parentPid, parentGuid, fields } = fact;
    words[at + HOST] = host;
    words[at + PID] = pid;
    words[at + GUID] = guid;
    words[at + PARENT_PID] = parentPid;
    words[at + PARENT_GUID] = parentGuid;
    words[at + FLAGS] = USED | (started ? STARTED : 0) | (fact.isTimeAssumed ? ASSUMED : 0);
    texts.hold(host);
    texts.hold(textOfPidWord(pid));
    texts.hold(guid);
    texts.hold(textOfPidWord(parentPid));
    texts.hold(parentGuid);
    for (let i = 0; i < FIELD_COUNT; i++) {
      const text = fields[i] as number;
      words[at + FIELDS + i] = text;
      texts.hold(text);
    }
    rows.setNumber(row, START, fact.timeMs);
    return row;
  }

  /** A row without tables and list: to be filled and linked. */
  add(host: number, pid: number, guid: number, startMs: number, started: boolean): number {
    const { rows, texts } = this;
    const row = rows.add();
    this.#setText(row, HOST, host);
    rows.set(row, PID, pid);
    texts.hold(textOfPidWord(pid));
    this.#setText(row, GUID, guid);
    rows.set(row, PARENT_PID, NO_PID);
    rows.setNumber(row, START, startMs);
    if (started) rows.set(row, FLAGS, USED | STARTED);
    return row;
  }

  /** The parent's ids, where the row lacks them. */
  nameParent(row: number, { parentPid, parentGuid }: ProcessFact): void {
    const { rows } = this;
    if (parentPid !== NO_PID && rows.get(row, PARENT_PID) === NO_PID) {
      rows.set(row, PARENT_PID, parentPid);
      this.texts.hold(textOfPidWord(parentPid));
    }
    if (parentGuid !== NO_TEXT && rows.get(row, PARENT_GUID) === NO_TEXT) this.#setText(row, PARENT_GUID, parentGuid);
  }

  /** Those that the row lacks. */
  addFields(row: number, fields: Uint32Array): void {
    for (let i = 0; i < FIELD_COUNT; i++) {
      const text = fields[i] as number;
      if (text !== NO_TEXT && this.rows.get(row, FIELDS + i) === NO_TEXT) this.#setText(row, FIELDS + i, text);
    }
  }

  setGuid(row: number, guid: number): void {
    this.#setText(row, GUID, guid);
    this.texts.setNote(GUID_ROW, guid, row);
  }

  /** The start of a row that was known from others only, or not when. */
  setStart(row: number, { timeMs, isTimeAssumed }: ProcessFact): void {
    const { rows } = this;
    this.index.unlink(row);
    rows.set(row, FLAGS, USED | STARTED | (isTimeAssumed ? ASSUMED : 0));
    rows.setNumber(row, START, timeMs);
    this.index.link(row);
  }

  /** A row was heard of: it goes to the end of its list, as its number of news says and a restored memory has it. */
  hear(row: number): void {
    this.#listOf(row).moveToEnd(row);
  }

  setEnd(row: number, endMs: number): void {
    const { rows } = this;
    rows.touch(row);
    this.#listOf(row).remove(row);
    rows.setNumber(row, END, endMs);
    this.#ended.push(row);
  }

  #listOf(row: number): NewsList {
    return Number.isNaN(this.rows.number(row, END)) ? this.#alive : this.#ended;
  }

  #setText(row: number, column: number, text: number): void {
    this.rows.set(row, column, text);
    this.texts.hold(text);
  }

  /** Into the tables and its list; the columns are filled. */
  link(row: number): void {
    const { rows, texts } = this;
    const isOnly = this.index.link(row);
    const guid = rows.get(row, GUID);
    if (guid !== NO_TEXT) texts.setNote(GUID_ROW, guid, row);
    const host = rows.get(row, HOST);
    const processes = texts.noteOf(HOST_PROCESSES, host);
    texts.setNote(HOST_PROCESSES, host, processes + 1);
    if (processes === 0) this.hosts++;
    this.#listOf(row).push(row);
    if (isOnly) return;
    const oldest = this.index.oldestBeyond(MAX_INSTANCES, host, rows.get(row, PID));
    if (oldest !== NO_ROW) this.remove(oldest);
  }

  remove(row: number): void {
    const { rows, texts } = this;
    this.index.unlink(row);
    const host = rows.get(row, HOST);
    const processes = texts.noteOf(HOST_PROCESSES, host) - 1;
    texts.setNote(HOST_PROCESSES, host, processes);
    if (processes === 0) this.hosts--;
    const guid = rows.get(row, GUID);
    if (guid !== NO_TEXT && texts.noteOf(GUID_ROW, guid) === row) texts.setNote(GUID_ROW, guid, NO_ROW);
    this.#listOf(row).remove(row);
    for (const column of [HOST, GUID, PARENT_GUID]) texts.release(rows.get(row, column));
    for (const column of [PID, PARENT_PID]) texts.release(textOfPidWord(rows.get(row, column)));
    for (let i = 0; i < FIELD_COUNT; i++) texts.release(rows.get(row, FIELDS + i));
    rows.remove(row);
    this.evicted++;
  }

  hasNews(row: number, fields: Uint32Array): boolean {
    for (let i = 0; i < FIELD_COUNT; i++)
      if (fields[i] !== NO_TEXT && this.rows.get(row, FIELDS + i) === NO_TEXT) return true;
    return false;
  }
}
