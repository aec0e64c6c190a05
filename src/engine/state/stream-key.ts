/** The group key of patterns over several observations: configured fields, else the host that the event is about. */
import type { EventObject } from '../../core/event.ts';
import { textOf } from '../../core/field-path.ts';
import { lineHost } from '../../core/syslog-line.ts';

/** Where formats name the host, most telling first. */
const HOST_FIELDS: readonly string[] = [
  ...[
    'host.name',
    'host.hostname',
    'host.id',
    'winlog.computer_name',
    'Hostname',
    'Computer',
    'ComputerName',
    'hostname',
  ],
  ...['device.hostname', 'device.name', 'agent.name', 'host', '_HOSTNAME', 'observer.name', '@system'],
  // Network sensors see many hosts: the one that opened the connection counts.
  ...['source.ip', 'id.orig_h', 'id_orig_h', 'src_endpoint.ip', 'src_ip', 'SRC_IP', '_SRC_IP', 'client_ip', 'c-ip'],
];
const SEPARATOR = '\u001f';

export interface StreamKey {
  readonly key: string;
  /** Field names and values for the alert; empty when the event names no host. */
  readonly group: Readonly<Record<string, string>>;
}

/** Host names are compared without case. */
export function streamKey(fields: EventObject, groupBy: readonly string[] | undefined): StreamKey {
  if (groupBy !== undefined) {
    const values = groupBy.map((name) => [name, textOf(fields, name) ?? ''] as const);
    return { key: values.map(([, value]) => value).join(SEPARATOR), group: Object.fromEntries(values) };
  }
  for (const name of HOST_FIELDS) {
    const value = textOf(fields, name);
    if (value !== undefined && value !== '') return { key: value.toLowerCase(), group: { [name]: value } };
  }
  // A line of text may begin with the name of its machine.
  const host = lineHost(textOf(fields, 'message') ?? '');
  return host === undefined ? { key: '', group: {} } : { key: host.toLowerCase(), group: { 'host.name': host } };
}
