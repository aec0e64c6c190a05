/**
 * One program start in the audit log of Linux is several records with one id: SYSCALL has the process ids and the program, EXECVE
 * the arguments, CWD the folder, PROCTITLE the command line as one text. Whatever comes first waits for the others, so that each
 * gives what is known by then.
 * Bounded by a number of events; the oldest goes first.
 */
import { auditText, auditTitle } from '../../core/audit-text.ts';
import type { EventObject } from '../../core/event.ts';
import { textOf } from '../../core/field-path.ts';
import type { HostRestart } from './host-restart.ts';
import { hostOf, type ProcessEvent, processEventOf, type ToldTime, toldOf } from './process-event.ts';

const MAX_EVENTS = 4096;
const DROPPED_AT_ONCE = 256;
const MAX_ARGUMENTS = 1024;
const MAX_CHARACTERS = 8192;

interface Parts {
  process: ProcessEvent | undefined;
  readonly fields: Record<string, string>;
  isExec: boolean;
  /** Ids of rules that held for one of the records. */
  readonly held: string[];
}

export class AuditAssembler {
  readonly #events = new Map<string, Parts>();

  /** Records that may still be joined by others, for a snapshot as JSON. */
  snapshot(): readonly (readonly [string, { readonly process: ProcessEvent | null } & Omit<Parts, 'process'>])[] {
    return Array.from(this.#events, ([key, parts]) => [key, { ...parts, process: parts.process ?? null }] as const);
  }

  restore(saved: ReturnType<AuditAssembler['snapshot']>): void {
    for (const [key, parts] of saved) this.#events.set(key, { ...parts, process: parts.process ?? undefined });
  }

  /** What the audit record says of a process together with the records of its event before it, which it joins; undefined when it is none. */
  processOf(fields: EventObject, told: ToldTime, defaultHost: string): ProcessEvent | undefined {
    const stamp = auditStamp(fields);
    if (stamp === undefined) return undefined;
    const type = textOf(fields, 'type');
    const own = type === 'SYSCALL' ? ownProcessOf(fields, stamp, told, defaultHost) : undefined;
    const more = type === undefined || own !== undefined ? {} : partsOf(type, fields);
    if (own === undefined && Object.keys(more).length === 0) return ownProcessOf(fields, stamp, told, defaultHost);
    const parts = this.#partsOf(keyOf(stamp.id, fields, defaultHost));
    if (own !== undefined) parts.process = own;
    for (const [name, text] of Object.entries(more)) if (!Object.hasOwn(parts.fields, name)) parts.fields[name] = text;
    if (type === 'EXECVE') {
      parts.isExec = true;
      Object.assign(parts.fields, more);
    }
    return joined(parts, parts.process);
  }

  /** That the machine restarted, by a record that says nothing of a process. */
  restartOf(fields: EventObject, told: ToldTime, defaultHost: string): HostRestart | undefined {
    const timeMs = auditStamp(fields)?.timeMs;
    const said = toldOf(fields, timeMs === undefined ? told : { timeMs, timeOrigin: 'field' }, defaultHost);
    return said?.kind === 'restart' ? said : undefined;
  }

  /** What is known by now of the process that the record is about; the record itself changes nothing. */
  knownProcessOf(fields: EventObject, told: ToldTime, defaultHost: string): ProcessEvent | undefined {
    const stamp = auditStamp(fields);
    if (stamp === undefined) return undefined;
    const own = ownProcessOf(fields, stamp, told, defaultHost);
    const parts = this.#events.get(keyOf(stamp.id, fields, defaultHost));
    if (parts === undefined) return own;
    return joined(parts, own ?? parts.process);
  }

  /** Rules that held for records of the same program start, to be added to; undefined where the record is of none. */
  heldOf(fields: EventObject, defaultHost: string): string[] | undefined {
    const stamp = auditStamp(fields);
    const parts = stamp === undefined ? undefined : this.#events.get(keyOf(stamp.id, fields, defaultHost));
    return parts === undefined || !(parts.isExec || parts.process?.kind === 'start') ? undefined : parts.held;
  }

  #partsOf(key: string): Parts {
    let parts = this.#events.get(key);
    if (parts === undefined) {
      parts = { process: undefined, fields: {}, isExec: false, held: [] };
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

/** What the record says by itself, at the time of its event. */
function ownProcessOf(
  fields: EventObject,
  { timeMs }: AuditStamp,
  told: ToldTime,
  defaultHost: string,
): ProcessEvent | undefined {
  return processEventOf(fields, timeMs === undefined ? told : { timeMs, timeOrigin: 'field' }, defaultHost);
}

function joined({ isExec, fields }: Parts, process: ProcessEvent | undefined): ProcessEvent | undefined {
  if (process === undefined || !(isExec || process.kind === 'start')) return process;
  return { ...process, kind: 'start', fields: { ...process.fields, ...fields }, isJoined: true };
}

function keyOf(id: string, fields: EventObject, defaultHost: string): string {
  return `${hostOf(fields) ?? defaultHost}\0${id}`;
}

interface AuditStamp {
  readonly id: string;
  readonly timeMs: number | undefined;
}

/** `audit(1364481363.243:24287)`: time and number of the event. */
function auditStamp(fields: EventObject): AuditStamp | undefined {
  const [, id = '', seconds = ''] = /^audit\(((\d{9,11}\.\d{3}):\d+)\)/.exec(textOf(fields, 'msg') ?? '') ?? [];
  return id === '' ? undefined : { id, timeMs: Math.round(Number(seconds) * 1000) };
}

function partsOf(type: string, fields: EventObject): Record<string, string> {
  if (type === 'EXECVE') return named('CommandLine', argumentsOf(fields));
  if (type === 'PROCTITLE') return named('CommandLine', auditTitle(textOf(fields, 'proctitle') ?? ''));
  if (type === 'CWD') return named('CurrentDirectory', auditText(textOf(fields, 'cwd') ?? ''));
  return {};
}

function named(name: string, text: string | undefined): Record<string, string> {
  return text === undefined || text === '' ? {} : { [name]: text };
}

function argumentsOf(fields: EventObject): string {
  const words: string[] = [];
  let length = 0;
  for (let i = 0; i < MAX_ARGUMENTS && length < MAX_CHARACTERS && Object.hasOwn(fields, `a${i}`); i++) {
    const word = auditText(textOf(fields, `a${i}`) ?? '');
    length += word.length;
    words.push(word);
  }
  return words.join(' ');
}
