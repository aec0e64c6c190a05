/**
 * Text lines that no decoder has taken apart (`message` alone): audit records, access log lines in common and combined form,
 * Squid's, error logs of Apache and nginx, FortiGate's, those of Cisco IOS and Huawei, and syslog lines that name host and program are read here as far as rules need, and handed to
 * the shapes they are of. The line itself stays in `message`, where keyword rules look.
 */
import type { EventObject, EventValue } from '../../core/event.ts';
import { type EventSource, eventSource } from '../../core/event-source.ts';
import { textOf } from '../../core/field-path.ts';
import { plainEvent } from '../../core/rule-event.ts';
import { type AuditLine, auditLine, syslogHeader } from '../../core/syslog-line.ts';
import { auditd, linuxSyslog, programOf } from './linux.ts';
import { fortigate } from './network-devices.ts';
import type { Shape } from './shape.ts';
import { askedText, giveUp, isAlone } from './traced-fields.ts';
import { web } from './web.ts';

/** Longer lines are looked at only so far. */
const MAX_CHARS = 64 * 1024;

const ACCESS =
  /^(\S+) \S+ (\S+) \[[^\]]{10,40}\] "([A-Z_]{3,20}) (\S+)(?: HTTP\/[\d.]+)?" (\d{3}) (\d+|-)(?: "([^"]*)" "([^"]*)")?/;
/** Squid's native log: time, duration, client, result/status, bytes, method, URL, user, hierarchy, type. */
const SQUID = /^\s*\d{9,10}\.\d{3}\s+\d+ (\S+) ([A-Z_]+)\/(\d{3}) (\d+) ([A-Z_]{3,20}) (\S+) (\S+) ([A-Z_]+\/\S+)/;
const FORTIGATE = /\bdevid="?F\S+ .*\blogid="?\d/;
/** Cisco's `%FACILITY-SEVERITY-MNEMONIC:`. */
const CISCO = /%[A-Z][A-Z0-9_]+(?:-[A-Z0-9_]+)?-[0-7]-[A-Z][A-Z0-9_]+: /;
/** Lines in which nothing but texts is looked for, and where they are from. */
const PLAIN_LINES: readonly (readonly [RegExp, EventSource])[] = [
  [CISCO, eventSource('cisco', [], ['aaa', 'bgp', 'ldp', 'syslog'])],
  // Huawei's `%%01BGP/3/…`: version, module, severity.
  [/%%\d{2}[A-Z][A-Z0-9_]*\/[0-7]\/[A-Z][A-Z0-9_]*/, eventSource('huawei', [], ['bgp'])],
  [
    /^\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2}(?:\.\d+)? \d{4}\] \[(?:[\w-]*:)?[a-z0-9]+\] /,
    eventSource(undefined, [], ['apache']),
  ],
  [/^\d{4}\/\d{2}\/\d{2} \d{2}:\d{2}:\d{2} \[[a-z]+\] \d+#\d+: /, eventSource(undefined, [], ['nginx'])],
];

export function textLine(): Shape {
  const syslog = linuxSyslog();
  return {
    name: 'text-line',
    summary: 'lines of audit logs, access logs and syslog files that came as text',
    recognises: (fields) => {
      const line = lineOf(fields);
      return (
        line !== undefined &&
        ([ACCESS, SQUID, FORTIGATE].some((form) => form.test(line)) ||
          PLAIN_LINES.some(([form]) => form.test(line)) ||
          auditLine(line) !== undefined ||
          syslogHeader(line) !== undefined)
      );
    },
    view: (fields) => {
      const line = lineOf(fields) ?? '';
      const audit = auditLine(line);
      if (audit !== undefined) return auditd.view(auditFields(line, audit));
      if (FORTIGATE.test(line)) return fortigate.view(pairsOf(line));
      const plain = PLAIN_LINES.find(([form]) => form.test(line));
      if (plain !== undefined) return { event: plainEvent({ message: line }), source: plain[1] };
      const access = ACCESS.exec(line);
      if (access !== null) return web.view(accessFields(line, access));
      const squid = SQUID.exec(line);
      if (squid !== null) return web.view(squidFields(line, squid));
      const { host: hostname = '', program = '' } = syslogHeader(line) ?? {};
      return syslog.view({ hostname, program, message: line });
    },
  };
}

function lineOf(fields: EventObject): string | undefined {
  if (!isAlone(fields) || !Object.hasOwn(fields, 'message')) return undefined;
  giveUp(fields);
  const line = fields['message'];
  return typeof line === 'string' ? line.slice(0, MAX_CHARS) : undefined;
}

/** Audit records as a shipper hands them on: the line in `message`, the machine and more beside it. */
export const shippedAuditLine: Shape = {
  name: 'audit-line',
  summary: 'lines of the Linux audit log in the JSON of syslog servers and of Filebeat',
  recognises: (fields) => {
    // What tells the kind comes first: the line itself is different in every record.
    const program = programOf(fields);
    const isAudit = program === undefined ? isAuditFile(fields) : AUDIT_PROGRAMS.has(program);
    if (!isAudit || !Object.hasOwn(fields, 'message')) return false;
    giveUp(fields);
    const { message } = fields;
    return typeof message === 'string' && auditLine(message.slice(0, MAX_CHARS)) !== undefined;
  },
  view: (fields) => {
    const line = String(fields['message']).slice(0, MAX_CHARS);
    const { at = 0, host } = auditLine(line) ?? {};
    // What the record itself calls a host is where somebody came from.
    const machine = host ?? textOf(fields, 'hostname') ?? textOf(fields, 'host');
    return auditd.view({ ...fields, ...auditFields(line, { at, host: machine }) });
  },
};

const AUDIT_PROGRAMS: ReadonlySet<string> = new Set(['audispd', 'audisp-syslog', 'auditd', 'audit']);

function isAuditFile(fields: EventObject): boolean {
  return (askedText(fields, 'log.file.path') ?? '').includes('audit');
}

/** `node` is the machine, whoever has named it. */
function auditFields(line: string, { at, host }: AuditLine): EventObject {
  const fields = pairsOf(line.slice(at));
  return { ...(host !== undefined && { node: host }), ...fields, message: line };
}

/** `key=value` pairs; values in quotes may hold blanks, `msg='…'` holds further pairs. The first of a name wins. */
function pairsOf(line: string): EventObject {
  const fields = Object.create(null) as Record<string, EventValue>;
  const read = (text: string): void => {
    for (const [, name = '', double, single, plain] of text.matchAll(
      /([A-Za-z][\w-]*)=(?:"([^"]*)"|'([^']*)'|([^\s\x1d]*))/g,
    )) {
      const value = double ?? single ?? plain ?? '';
      if (!Object.hasOwn(fields, name)) fields[name] = value;
      if (single !== undefined) read(single);
    }
  };
  read(line);
  fields['message'] = line;
  return fields;
}

function accessFields(line: string, parts: RegExpExecArray): EventObject {
  const [, client = '', user = '', method = '', uri = '', status = '', bytes = '', referer, agent] = parts;
  return {
    message: line,
    'c-ip': client,
    'cs-method': method,
    'cs-uri': uri,
    'sc-status': Number(status),
    ...(user === '-' ? {} : { 'cs-username': user }),
    ...(bytes === '-' ? {} : { 'sc-bytes': Number(bytes) }),
    ...(referer === undefined || referer === '-' ? {} : { 'cs-referer': referer }),
    ...(agent === undefined || agent === '-' ? {} : { 'cs-user-agent': agent }),
  };
}

function squidFields(line: string, parts: RegExpExecArray): EventObject {
  const [, client = '', result = '', status = '', bytes = '', method = '', uri = '', user = '', hierarchy = ''] = parts;
  return {
    message: line,
    'c-ip': client,
    result_code: result,
    'sc-status': Number(status),
    'sc-bytes': Number(bytes),
    'cs-method': method,
    'cs-uri': uri,
    ...(user === '-' ? {} : { 'cs-username': user }),
    hierarchy,
  };
}
