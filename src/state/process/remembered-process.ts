/** RememberedProcess: one row of process memory, for those who read it. Valid until the memory is told of something. */
import { NO_PID, pidText } from './process-ids.ts';
import {
  END,
  FIELD_NAMES,
  FIELDS,
  GUID,
  HOST,
  PARENT_GUID,
  PARENT_PID,
  PID,
  type ProcessRows,
  START,
} from './process-rows.ts';
import { NO_TEXT, type TextStore } from './text-store.ts';

export class RememberedProcess {
  readonly #rows: ProcessRows;
  readonly #texts: TextStore;
  /** Number of its row; changes hands when the process is forgotten. */
  readonly row: number;

  constructor(rows: ProcessRows, texts: TextStore, row: number) {
    this.#rows = rows;
    this.#texts = texts;
    this.row = row;
  }

  /** In lower case. */
  get host(): string {
    return this.#texts.textOf(this.#rows.get(this.row, HOST));
  }

  get pid(): string {
    return pidText(this.#rows.get(this.row, PID), this.#texts) ?? '';
  }

  get guid(): string | undefined {
    return this.#text(GUID);
  }

  get parentPid(): string | undefined {
    const word = this.#rows.get(this.row, PARENT_PID);
    return word === NO_PID ? undefined : pidText(word, this.#texts);
  }

  get parentGuid(): string | undefined {
    return this.#text(PARENT_GUID);
  }

  /** First event of the process; its true start when `started`. */
  get startMs(): number {
    return this.#rows.number(this.row, START);
  }

  get started(): boolean {
    return this.#rows.isStarted(this.row);
  }

  /** `startMs` is when the record of the start arrived, which had no time. */
  get startAssumed(): boolean {
    return this.#rows.isAssumed(this.row);
  }

  get endMs(): number | undefined {
    const endMs = this.#rows.number(this.row, END);
    return Number.isNaN(endMs) ? undefined : endMs;
  }

  /** Sigma names, `ProcessId` and `ProcessGuid` not among them. */
  get fields(): Readonly<Record<string, string>> {
    const fields: Record<string, string> = {};
    for (const [i, name] of FIELD_NAMES.entries()) {
      const text = this.#text(FIELDS + i);
      if (text !== undefined) fields[name] = text;
    }
    return fields;
  }

  property(name: string): string | undefined {
    if (name === 'ProcessId') return this.pid;
    if (name === 'ProcessGuid') return this.guid;
    const field = (FIELD_NAMES as readonly string[]).indexOf(name);
    return field < 0 ? undefined : this.#text(FIELDS + field);
  }

  #text(column: number): string | undefined {
    const text = this.#rows.get(this.row, column);
    return text === NO_TEXT ? undefined : this.#texts.textOf(text);
  }
}
