/**
 * Linux: auditd records and syslog lines, in the names that decoders, shippers and journald give them. Process fields of auditd
 * are put together from its arguments, so they are not in the raw record.
 */
import type { EventObject, EventValue } from '../../core/event.ts';
import { auditText, auditTitle } from '../../core/audit-text.ts';
import { textOf } from '../../core/field-path.ts';
import type { RecordPlace } from '../../core/record-place.ts';
import type { EventSource } from '../../core/event-source.ts';
import { eventSource } from '../../core/event-source.ts';
import { plainEvent } from '../../core/rule-event.ts';
import { scalarText } from './scalar-text.ts';
import { doubtful, plainView } from './record-view.ts';
import type { Shape } from './shape.ts';
import { askedText, giveUp, hasText } from './traced-fields.ts';

const AUDITD = eventSource('linux', [], ['auditd']);
const AUDITD_EXEC = eventSource('linux', ['process_creation'], ['auditd']);
/** execve and execveat, by name and by number on x86-64, and the record that lists the arguments. */
const EXEC_SYSCALLS = new Set(['execve', 'execveat', '59', '322']);
const MAX_ARGUMENTS = 1024;

export const auditd: Shape = {
  name: 'auditd',
  summary: 'Linux audit records (type=SYSCALL, EXECVE, PATH, …)',
  recognises: (fields) =>
    /^[A-Z][A-Z0-9_]{2,}$/.test(scalarText(fields, 'type') ?? '') &&
    (['auid', 'a0', 'syscall', 'SYSCALL', 'exe', 'nametype', 'proctitle', 'subj', 'ses'].some((name) =>
      Object.hasOwn(fields, name),
    ) ||
      isAuditMessage(fields)),
  view: (fields) => {
    return isExec(fields)
      ? { event: plainEvent(withProcess(fields)), source: AUDITD_EXEC }
      : { event: plainEvent(fields), source: AUDITD };
  },
  recordView: (fields) => {
    if (!isExec(fields)) return plainView(AUDITD);
    const { placesOf } = plainView(AUDITD_EXEC);
    return {
      source: AUDITD_EXEC,
      placesOf: (name) => {
        // What may be written in hexadecimal digits.
        if (name === 'CommandLine' || DECODED.has(name)) return undefined;
        const copied = (PROCESS_COPIES.get(name) ?? []).map((from) => doubtful([from]));
        return [...(placesOf(name) ?? []), ...copied];
      },
      manners: [],
      isWhole: false,
      isRecord: false,
    };
  },
};

/** Each has its own time and number. */
function isAuditMessage(fields: EventObject): boolean {
  if (Object.hasOwn(fields, 'msg')) giveUp(fields);
  return (scalarText(fields, 'msg') ?? '').startsWith('audit(');
}

function isExec(fields: EventObject): boolean {
  if (scalarText(fields, 'type') === 'EXECVE') return true;
  const call = scalarText(fields, 'SYSCALL') ?? scalarText(fields, 'syscall') ?? '';
  // A shell asks for a program in one folder after the other.
  return EXEC_SYSCALLS.has(call) && scalarText(fields, 'success') !== 'no';
}

/** Process fields that are those of the record under other names. */
const PROCESS_COPIES: ReadonlyMap<string, readonly string[]> = new Map([
  ['Image', ['exe']],
  ['CurrentDirectory', ['cwd']],
  ['User', ['UID', 'uid']],
  ['ProcessId', ['pid']],
  ['ParentProcessId', ['ppid']],
]);

const DECODED: ReadonlySet<string> = new Set(['Image', 'CurrentDirectory']);

function withProcess(fields: EventObject): EventObject {
  const view: Record<string, EventValue> = { ...fields };
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined && !Object.hasOwn(view, name)) view[name] = value;
  };
  for (const [name, from] of PROCESS_COPIES)
    for (const one of from) {
      const text = scalarText(fields, one);
      add(name, text !== undefined && DECODED.has(name) ? auditText(text) : text);
    }
  const words: string[] = [];
  for (let i = 0; i < MAX_ARGUMENTS && Object.hasOwn(fields, `a${i}`); i++)
    words.push(auditText(scalarText(fields, `a${i}`) ?? ''));
  const isArgumentList = scalarText(fields, 'type') === 'EXECVE' || Object.hasOwn(fields, 'argc');
  const title = scalarText(fields, 'proctitle');
  const joined = isArgumentList && words.length > 0 ? words.join(' ') : undefined;
  add('CommandLine', joined ?? (title === undefined ? undefined : auditTitle(title)));
  return view;
}

const PROGRAM_FIELDS = [
  'program',
  'appname',
  'app_name',
  'process.name',
  'SYSLOG_IDENTIFIER',
  'syslog.appname',
  'log.syslog.appname',
  'ident',
  'programname',
];
const HOST_FIELDS = ['hostname', 'host', 'host.name', '_HOSTNAME', 'logsource', 'log.syslog.hostname'];

const SERVICES: Readonly<Record<string, readonly string[]>> = {
  sshd: ['sshd', 'auth'],
  sudo: ['sudo', 'auth'],
  su: ['auth'],
  login: ['auth'],
  'systemd-logind': ['auth'],
  useradd: ['auth'],
  userdel: ['auth'],
  usermod: ['auth'],
  groupadd: ['auth'],
  passwd: ['auth'],
  chpasswd: ['auth'],
  pkexec: ['auth'],
  polkitd: ['auth'],
  cron: ['cron'],
  crond: ['cron'],
  crontab: ['cron'],
  clamd: ['clamav'],
  freshclam: ['clamav'],
  clamav: ['clamav'],
  vsftpd: ['vsftpd'],
  guacd: ['guacamole'],
  guacamole: ['guacamole'],
  apache2: ['apache'],
  httpd: ['apache'],
  nginx: ['nginx'],
};
/** Routing daemon of Junos. */
const JUNIPER = eventSource('juniper', [], ['bgp']);

export function linuxSyslog(): Shape {
  const sources = new Map<string, EventSource>();
  return {
    name: 'linux-syslog',
    summary: 'syslog lines of Linux hosts, with the program named (syslog decoders, journald, rsyslog JSON)',
    recognises: (fields) =>
      programOf(fields) !== undefined &&
      (Object.hasOwn(fields, 'message') || Object.hasOwn(fields, 'MESSAGE') || Object.hasOwn(fields, 'msg')) &&
      HOST_FIELDS.some((name) => hasText(fields, name)),
    view: (fields) => {
      const program = (programOf(fields) ?? '').toLowerCase();
      return { event: plainEvent(sudoFields(fields, program)), source: sourceOf(program, sources) };
    },
    recordView: (fields) => {
      const program = (programOf(fields) ?? '').toLowerCase();
      const view = plainView(sourceOf(program, sources));
      if (program !== 'sudo') return view;
      const placesOf = (name: string): readonly RecordPlace[] | undefined =>
        SUDO_NAMES.includes(name) ? undefined : view.placesOf(name);
      return { ...view, placesOf, isWhole: false, isRecord: false };
    },
  };
}

function sourceOf(program: string, sources: Map<string, EventSource>): EventSource {
  if (program === 'rpd') return JUNIPER;
  let source = sources.get(program);
  if (source === undefined) {
    const own = Object.hasOwn(SERVICES, program) ? (SERVICES[program] as readonly string[]) : [];
    source = eventSource('linux', [], ['syslog', ...own]);
    if (sources.size < 1024) sources.set(program, source);
  }
  return source;
}

const SUDO_NAMES: readonly string[] = ['TTY', 'PWD', 'USER', 'COMMAND'];

/** The program that a syslog record names. */
export function programOf(fields: EventObject): string | undefined {
  for (const name of PROGRAM_FIELDS) {
    const program = askedText(fields, name);
    if (program !== undefined && program !== '') return program.replace(/\[\d+\]$/, '');
  }
  return undefined;
}

/** `USER=root ; COMMAND=/bin/sh` of sudo's messages, under the names rules use. */
function sudoFields(fields: EventObject, program: string): EventObject {
  if (program !== 'sudo') return fields;
  const message = textOf(fields, 'message') ?? textOf(fields, 'MESSAGE') ?? textOf(fields, 'msg') ?? '';
  const view: Record<string, EventValue> = { ...fields };
  for (const match of message.matchAll(/\b(TTY|PWD|USER|COMMAND)=([^;]*?)(?:\s*;|$)/g)) {
    const [, name = '', value = ''] = match;
    if (!Object.hasOwn(view, name)) view[name] = value.trim();
  }
  return view;
}
