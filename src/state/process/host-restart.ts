/**
 * HostRestart: a record that says that a machine went down or came up. No process lives on over it, and process ids begin anew.
 *
 * Few records name the moment. A row of the table says how long before the record the machine may have come up (`beforeMs`: the first
 * programs of a boot run before anybody can write that it has begun), or after it may have gone down (`afterMs`: the last ones run on
 * for a while). What lies between is left as it is: only a process from before and a question from behind are kept apart.
 *
 * Left out on purpose, because processes outlive them: EventLog 6005 and 6006 and Security 1100 (a service, which may be stopped by
 * itself), User32 1074 (announced, and may be called off), Sysmon 4 (its own service).
 * Sources: Microsoft's pages of these events and "Troubleshoot unexpected reboots using system event logs"; systemd-update-utmp(8).
 */
import type { EventObject } from '../../core/event.ts';
import { textOf } from '../../core/field-path.ts';
import { parseTime } from '../../core/time.ts';
import { EVENT_ID } from './process-shapes.ts';
import type { ToldTime } from './process-event.ts';

/** Processes that started before `fromMs` are gone at `untilMs`. */
export interface HostRestart {
  readonly kind: 'restart';
  /** Machine; empty when the record names none. */
  readonly host: string;
  readonly fromMs: number;
  /** Not before `fromMs`. */
  readonly untilMs: number;
}

interface Sign {
  readonly beforeMs: number;
  readonly afterMs: number;
  /** Field that holds the moment itself. */
  readonly moment?: string;
}

/** From the start of the kernel to the service that writes of it, with a check of disks in between. */
const BOOT_MS = 120_000;
const SHUTDOWN_MS = 120_000;
/** Clocks of two sources of one machine. */
const SLACK_MS = 2_000;
/** The clock of a machine that comes up may be an hour off until it is set; its own word of the moment is not taken then. */
const MAX_OFF_MS = 600_000;

const CAME_UP: Sign = { beforeMs: BOOT_MS, afterMs: 0 };
const WENT_DOWN: Sign = { beforeMs: 0, afterMs: SHUTDOWN_MS };

/** By provider and event id. */
const WINDOWS_SIGNS: ReadonlyMap<string, Sign> = new Map([
  ['Microsoft-Windows-Kernel-General 12', { ...CAME_UP, moment: 'StartTime' }],
  ['Microsoft-Windows-Kernel-General 13', { ...WENT_DOWN, moment: 'StopTime' }],
  ['Microsoft-Windows-Kernel-Power 41', CAME_UP],
  ['EventLog 6008', CAME_UP],
  ['EventLog 6009', CAME_UP],
  ['Microsoft-Windows-Security-Auditing 4608', CAME_UP],
  ['Microsoft-Windows-Security-Auditing 4609', WENT_DOWN],
]);
const AUDIT_SIGNS: ReadonlyMap<string, Sign> = new Map([
  ['SYSTEM_BOOT', CAME_UP],
  ['SYSTEM_SHUTDOWN', WENT_DOWN],
]);

/** Event ids of Windows that may say it. */
export const RESTART_EVENT_IDS: ReadonlySet<string> = new Set(
  [...WINDOWS_SIGNS.keys()].map((key) => key.slice(key.indexOf(' ') + 1)),
);
/** Where records name who wrote them. */
export const PROVIDER = ['Provider_Name', 'SourceName', 'ProviderName', 'Provider', 'winlog.provider_name'];

/** Whether an event of Windows says it. */
export function isRestartEvent(provider: string, eventId: string): boolean {
  return WINDOWS_SIGNS.has(`${provider} ${eventId}`);
}

/** Of records with these names; false: none of them says it. */
export function mayTellOfRestart(has: (name: string) => boolean): boolean {
  return (EVENT_ID.some(has) && PROVIDER.some(has)) || has('type') || (has('program') && has('message'));
}

/** What the record says; `host` is the machine that it names. */
export function restartOf(fields: EventObject, told: ToldTime, host: string): HostRestart | undefined {
  const sign = signOf(fields);
  if (sign === undefined) return undefined;
  const momentMs = sign.moment === undefined ? undefined : momentOf(fields, sign.moment, told);
  const atMs = momentMs ?? told.timeMs;
  const mostMs = momentMs === undefined ? Number.POSITIVE_INFINITY : SLACK_MS;
  const fromMs = atMs - Math.min(sign.beforeMs, mostMs);
  return { kind: 'restart', host, fromMs, untilMs: atMs + Math.min(sign.afterMs, mostMs) };
}

function signOf(fields: EventObject): Sign | undefined {
  const eventId = firstText(fields, EVENT_ID);
  if (eventId !== undefined) {
    if (!RESTART_EVENT_IDS.has(eventId)) return undefined;
    return WINDOWS_SIGNS.get(`${firstText(fields, PROVIDER) ?? ''} ${eventId}`);
  }
  const type = Object.hasOwn(fields, 'type') ? textOf(fields, 'type') : undefined;
  const audit = type === undefined ? undefined : AUDIT_SIGNS.get(type);
  if (audit !== undefined) return textOf(fields, 'msg')?.startsWith('audit(') === true ? audit : undefined;
  return isFirstOfKernel(fields) ? CAME_UP : undefined;
}

/** The first line of the kernel's own log, as syslog writes it down; the message is the line with its header. */
function isFirstOfKernel(fields: EventObject): boolean {
  if (textOf(fields, 'program') !== 'kernel') return false;
  const line = textOf(fields, 'message') ?? '';
  const at = line.indexOf(' kernel');
  return at >= 0 && FIRST_OF_KERNEL.test(line.slice(at, at + 80));
}

const FIRST_OF_KERNEL = /^ kernel(?:: | - - - )(?:\[ *0\.0+\] )?Linux version \d/;

function momentOf(fields: EventObject, name: string, { timeMs, timeOrigin }: ToldTime): number | undefined {
  const text =
    textOf(fields, name) ?? textOf(fields, `winlog.event_data.${name}`) ?? textOf(fields, `EventData.${name}`);
  const momentMs = text === undefined ? undefined : parseTime(text, 'Z', timeMs);
  if (momentMs === undefined) return undefined;
  return timeOrigin === 'field' && Math.abs(momentMs - timeMs) > MAX_OFF_MS ? undefined : momentMs;
}

function firstText(fields: EventObject, names: readonly string[]): string | undefined {
  for (const name of names) {
    const text = textOf(fields, name);
    if (text !== undefined && text !== '') return text;
  }
  return undefined;
}
