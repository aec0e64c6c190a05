/**
 * What the head of a text line tells: the machine and the program that a syslog header names (RFC 3164 as files have it, also with RFC 3339
 * times; RFC 5424), and where a record of the Linux audit log begins, which stands alone, behind `node=`, or behind such a header
 * (audispd, rsyslog). Anchored expressions over few characters: cheap to ask of every line.
 */

export interface SyslogHeader {
  readonly host: string;
  readonly program: string;
  /** Where the message begins. */
  readonly at: number;
}

export interface AuditLine {
  /** Where `type=` begins. */
  readonly at: number;
  /** The machine that wrote it; undefined when the line names none. */
  readonly host: string | undefined;
}

const HEADER =
  /^(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*) (\S+) ([A-Za-z][\w./-]{0,63})(?:\([^)]{0,64}\))?(?:\[\d+\])?: /;
const HEADER_5424 =
  /^(?:<\d{1,3}>)?1 (?:\d{4}-\d\d-\d\dT\S+|-) (\S+) ([A-Za-z][\w./-]{0,63}) \S+ \S+ (?:- ?|(?:\[[^\]]{0,1024}\]){1,8} ?)?/;
const AUDIT = /(?:node=(\S{1,255}) )?(?=type=[A-Z][A-Z0-9_]{1,40} msg=audit\()/y;
/** A header that knows no host. */
const NIL = '-';

export function syslogHeader(line: string): SyslogHeader | undefined {
  const found = HEADER.exec(line) ?? HEADER_5424.exec(line);
  if (found === null) return undefined;
  const [head, host = '', program = ''] = found;
  return { host, program, at: head.length };
}

export function auditLine(line: string): AuditLine | undefined {
  return auditAt(line, 0, undefined) ?? auditBehindHeader(line);
}

/** The machine that a line of text names. */
export function lineHost(line: string): string | undefined {
  const audit = auditLine(line);
  const host = audit === undefined ? syslogHeader(line)?.host : audit.host;
  return host === NIL ? undefined : host;
}

function auditBehindHeader(line: string): AuditLine | undefined {
  const header = syslogHeader(line);
  return header === undefined ? undefined : auditAt(line, header.at, header.host === NIL ? undefined : header.host);
}

/** `node=` is the audit daemon's own word, the header may be a relay's. */
function auditAt(line: string, from: number, host: string | undefined): AuditLine | undefined {
  AUDIT.lastIndex = from;
  const found = AUDIT.exec(line);
  return found === null ? undefined : { at: from + found[0].length, host: found[1] ?? host };
}
