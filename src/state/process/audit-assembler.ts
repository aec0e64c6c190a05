/**
 * One program start in the audit log of Linux is several records with one id: SYSCALL has the process ids and the program, EXECVE
 * the arguments, CWD the folder, PROCTITLE the command line as one text. Whatever comes first waits for the others, so that each
 * gives what is known by then. Arguments with blanks or quotes are written in hexadecimal digits and are decoded here.
 * Bounded by a number of events; the oldest goes first.
 */
import type { EventObject } from '../../core/event.ts';
import { textOf } from '../../core/field-path.ts';
import { hostOf, type ProcessEvent, processEventOf, type ToldTime } from './process-event.ts';

const MAX_EVENTS = 4096;
const DROPPED_AT_ONCE = 256;
const MAX_ARGUMENTS = 1024;
const MAX_CHARACTERS = 8192;

interface Parts {
  process: ProcessEvent | undefined;
  readonly fields: Record<string, string>;
  isExec: boolean;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

export class AuditAssembler {
  readonly #events = new Map<string, Parts>();

  /** Records that may still be joined by others, for a snapshot as JSON. */
  snapshot(): readonly (readonly [string, { readonly process: ProcessEvent | null } & Omit<Parts, 'process'>])[] {
    return Array.from(this.#events, ([key, parts]) => [key, { ...parts, process: parts.process ?? null }] as const);
  }

  restore(saved: ReturnType<AuditAssembler['snapshot']>): void {
    for (const [key, parts] of saved) this.#events.set(key, { ...parts, process: parts.process ?? undefined });
  }

  /** What the audit record says of a process together with the records of its event before it; undefined when it is none. */
  processOf(fields: EventObject, told: ToldTime, defaultHost: string): ProcessEvent | undefined {
    const stamp = auditStamp(fields);
    if (stamp === undefined) return undefined;
    const type = textOf(fields, 'type');
    const at: ToldTime = stamp.timeMs === undefined ? told : { timeMs: stamp.timeMs, timeOrigin: 'field' };
    const own = type === 'SYSCALL' ? processEventOf(fields, at, defaultHost) : undefined;
    const more = type === undefined || own !== undefined ? {} : partsOf(type, fields);
    if (own === undefined && Object.keys(more).length === 0) return processEventOf(fields, at, defaultHost);
    const parts = this.#partsOf(`${hostOf(fields) ?? defaultHost}\0${stamp.id}`);
    if (own !== undefined) parts.process = own;
    for (const [name, text] of Object.entries(more)) if (!Object.hasOwn(parts.fields, name)) parts.fields[name] = text;
    if (type === 'EXECVE') {
      parts.isExec = true;
      Object.assign(parts.fields, more);
    }
    const { process, isExec } = parts;
    if (process === undefined) return undefined;
    if (!isExec && process.kind !== 'start') return process;
    return { ...process, kind: 'start', fields: { ...process.fields, ...parts.fields }, isJoined: true };
  }

  #partsOf(key: string): Parts {
    let parts = this.#events.get(key);
    if (parts === undefined) {
      parts = { process: undefined, fields: {}, isExec: false };
      this.#events.set(key, parts);
      if (this.#events.size > MAX_EVENTS) this.#dropOldest();
    }
    return parts;
  }

  /** Some at once: a map finds its oldest only past all that were taken out before it. */
  #dropOldest(): void {
    for (const key of this.#events.keys()) {
      if (this.#events.size <= MAX_EVENTS - DROPPED_AT_ONCE) return;
      this.#events.delete(key);
    }
  }
}

/** `audit(1364481363.243:24287)`: time and number of the event. */
function auditStamp(fields: EventObject): { readonly id: string; readonly timeMs: number | undefined } | undefined {
  const [, id = '', seconds = ''] = /^audit\(((\d{9,11}\.\d{3}):\d+)\)/.exec(textOf(fields, 'msg') ?? '') ?? [];
  return id === '' ? undefined : { id, timeMs: Math.round(Number(seconds) * 1000) };
}

function partsOf(type: string, fields: EventObject): Record<string, string> {
  if (type === 'EXECVE') return named('CommandLine', argumentsOf(fields));
  if (type === 'PROCTITLE') return named('CommandLine', decoded(textOf(fields, 'proctitle'))?.replaceAll('\0', ' '));
  if (type === 'CWD') return named('CurrentDirectory', decoded(textOf(fields, 'cwd')));
  return {};
}

function named(name: string, text: string | undefined): Record<string, string> {
  return text === undefined || text === '' ? {} : { [name]: text };
}

function argumentsOf(fields: EventObject): string {
  const words: string[] = [];
  let length = 0;
  for (let i = 0; i < MAX_ARGUMENTS && length < MAX_CHARACTERS && Object.hasOwn(fields, `a${i}`); i++) {
    const word = decoded(textOf(fields, `a${i}`)) ?? '';
    length += word.length;
    words.push(word);
  }
  return words.join(' ');
}

/**
 * Audit writes a text in hexadecimal digits when it holds a quote, a blank, a control character or a byte beyond ASCII, and in quotes
 * otherwise. Quotes are gone by now: digits that stand for such a text are decoded, `CAFE` stays what it is.
 */
function decoded(text: string | undefined): string | undefined {
  if (text === undefined || !/^(?:[0-9A-F]{2})+$/.test(text)) return text;
  const bytes = Uint8Array.from({ length: text.length / 2 }, (_, i) =>
    Number.parseInt(text.slice(2 * i, 2 * i + 2), 16),
  );
  if (!bytes.some((byte) => byte < 0x21 || byte > 0x7e || byte === 0x22)) return text;
  try {
    return utf8.decode(bytes);
  } catch {
    // TypeError: no UTF-8, so these are digits.
    return text;
  }
}
