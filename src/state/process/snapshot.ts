/**
 * Process memory as snapshot chunks: one for each page of rows, written when one of its rows changed, and the events that wait for an
 * ancestor, and the restarts of machines. A page that is about to change before its turn is written first. A chunk stands for itself: it holds the texts of its
 * rows, each once.
 *
 * Columns of a page: `slots`, places of the rows in it; `start`, `end`, `news`; `words`, for each row host, pid, guid, parent pid,
 * parent guid, flags and the fields, texts by their place among those of the chunk; `texts`, their JSON spellings one behind the
 * other, and `ends`, where each ends.
 */
import { closing, type DecodedChunk, encodeChunk, type SnapshotChunk } from '../snapshot/chunk.ts';
import { endable } from '../snapshot/endable.ts';
import { pidOfText, textOfPidWord } from './process-ids.ts';
import type { SavedRestarts } from './host-restarts.ts';
import type { ProcessMemory } from './process-memory.ts';
import type { ProcessTable } from './process-table.ts';
import {
  END,
  FIELD_COUNT,
  FLAG_MASK,
  FLAGS,
  GUID,
  HOST,
  NEWS,
  PARENT_GUID,
  ROW_WORDS,
  ROWS_PER_PAGE,
  START,
  USED,
} from './process-rows.ts';
import { NO_TEXT } from './text-store.ts';
import { readTexts, WrittenTexts } from './written-texts.ts';
import type { Waiting } from './waiting-events.ts';

const PAGE = 'process/';
const WAITING = 'waiting/';
/** Absent in snapshots of former versions. */
const RESTARTS = 'restarts';
/** Waiting events of one chunk: some milliseconds of work. */
const WAITING_PER_CHUNK = 500;
/** Columns of a row that are saved: from the host to the last field. */
const SAVED_WORDS = 6 + FIELD_COUNT;
/** Of the saved columns those that are process ids, and the flags; all others are texts. */
const PID_WORDS: ReadonlySet<number> = new Set([1, 3]);
const FLAGS_WORD = FLAGS - HOST;
const GUID_WORDS: ReadonlySet<number> = new Set([GUID - HOST, PARENT_GUID - HOST]);

/** Chunks of what changed since the last call; of everything when `full`. The picture is taken by the call. */
export function snapshotProcesses(
  memory: ProcessMemory<unknown>,
  full: boolean,
): IterableIterator<SnapshotChunk, void> {
  const { rows, restarts } = memory.table;
  const changed = rows.takeChanged();
  const hasRestarted = restarts.takeChanged();
  const hosts = full || hasRestarted ? restarts.save() : undefined;
  const pages = Array.from({ length: rows.pages }, (_, page) => page);
  const begun = full ? pages : changed;
  const pending = new Set(begun);
  const early: SnapshotChunk[] = [];
  rows.beforeChange = (page) => {
    if (pending.delete(page)) early.push(pageChunk(memory, page));
  };
  const picture = { pages, begun, pending, early, waiting: memory.waiting(), hosts };
  return endable(steps(memory, picture), (drawn) => {
    rows.beforeChange = undefined;
    if (drawn) return;
    rows.markChanged(begun);
    if (hasRestarted) restarts.markChanged();
  });
}

interface Picture {
  readonly pages: readonly number[];
  readonly begun: readonly number[];
  /** Pages of `begun` that are still to be written. */
  readonly pending: Set<number>;
  readonly early: SnapshotChunk[];
  readonly waiting: readonly (readonly [string, Waiting<unknown>])[];
  /** Undefined: as they were saved last. */
  readonly hosts: SavedRestarts | undefined;
}

function* steps(memory: ProcessMemory<unknown>, picture: Picture): Generator<SnapshotChunk, void> {
  const { pages, begun, pending, early, waiting, hosts } = picture;
  for (const page of begun) {
    if (pending.delete(page)) yield pageChunk(memory, page);
    for (let next = early.shift(); next !== undefined; next = early.shift()) yield next;
  }
  if (hosts !== undefined) yield encodeChunk(RESTARTS, hosts);
  const keys: string[] = [];
  for (let from = 0; from < waiting.length; from += WAITING_PER_CHUNK) {
    const key = `${WAITING}${keys.length}`;
    keys.push(key);
    yield encodeChunk(key, waiting.slice(from, from + WAITING_PER_CHUNK));
  }
  yield closing([...pages.map((page) => `${PAGE}${page}`), RESTARTS, ...keys]);
}

function pageChunk(memory: ProcessMemory<unknown>, page: number): SnapshotChunk {
  const { rows, texts } = memory.table;
  const from = rows.wordsOf(page);
  const numbers = rows.numbersOf(page);
  const slots: number[] = [];
  for (let slot = 0; slot < ROWS_PER_PAGE; slot++)
    if (((from[slot * ROW_WORDS + FLAGS] as number) & USED) !== 0) slots.push(slot);
  const column = (offset: number): Float64Array =>
    Float64Array.from(slots, (slot) => numbers[(slot * ROW_WORDS) / 2 + offset] as number);
  const written = new WrittenTexts(texts);
  const words = new Uint32Array(slots.length * SAVED_WORDS);
  for (const [i, slot] of slots.entries())
    for (let j = 0; j < SAVED_WORDS; j++) {
      const word = from[slot * ROW_WORDS + HOST + j] as number;
      words[i * SAVED_WORDS + j] =
        j === FLAGS_WORD ? word & FLAG_MASK : PID_WORDS.has(j) ? written.pidWord(word) : written.place(word);
    }
  const chunk = encodeChunk(`${PAGE}${page}`, null, {
    slots: Uint16Array.from(slots),
    start: column(START),
    end: column(END),
    news: column(NEWS),
    words,
    ...written.columns(),
  });
  written.release();
  return chunk;
}

/** Into a memory that has seen nothing yet. */
export function restoreProcesses<T>(memory: ProcessMemory<T>, chunks: ReadonlyMap<string, DecodedChunk>): void {
  const restored: number[] = [];
  for (const [key, { head, columns }] of chunks) {
    if (key === RESTARTS) memory.table.restarts.restore(head as SavedRestarts);
    if (key.startsWith(PAGE)) restorePage(memory.table, columns, restored);
    if (key.startsWith(WAITING)) memory.restoreWaiting(head as readonly (readonly [string, Waiting<T>])[]);
  }
  const { rows } = memory.table;
  const news = Float64Array.from(restored, (row) => rows.number(row, NEWS));
  const order = Uint32Array.from(restored.keys()).sort((a, b) => (news[a] as number) - (news[b] as number));
  memory.restoreRows(
    (function* () {
      for (const i of order) yield restored[i] as number;
    })(),
  );
}

function restorePage({ rows, texts }: ProcessTable, columns: DecodedChunk['columns'], restored: number[]): void {
  const { slots, start, end, news, words, texts: spellings, ends } = columns;
  if (!(slots && start && end && news && words && spellings && ends)) return;
  const ids = readTexts(texts, { texts: spellings as Uint8Array, ends: ends as Uint32Array });
  for (let i = 0; i < slots.length; i++) {
    const row = rows.add();
    rows.setNumber(row, START, start[i] as number);
    rows.setNumber(row, END, end[i] as number);
    rows.setNumber(row, NEWS, news[i] as number);
    for (let j = 0; j < SAVED_WORDS; j++) {
      let word = words[i * SAVED_WORDS + j] as number;
      if (j !== FLAGS_WORD) {
        const place = PID_WORDS.has(j) ? textOfPidWord(word) : word;
        const read = ids[place] as number;
        const text = GUID_WORDS.has(j) ? texts.guidOf(read) : read;
        texts.hold(text);
        if (!PID_WORDS.has(j)) word = text;
        else if (text !== NO_TEXT) word = pidOfText(text);
      }
      rows.set(row, HOST + j, word);
    }
    restored.push(row);
  }
}
