/**
 * CEF 0 in an RFC 5424 line: seven header fields, then extensions with the names of the CEF dictionary. Header fields escape backslash and
 * bar, extension values backslash and equals sign (ArcSight CEF guide, "Character encoding"); line ends become blanks.
 */
import type { Alert } from '../core/alert.ts';
import { wellFormed } from '../core/text-limit.ts';
import type { Encoder } from './encoder.ts';
import { oneLine, summary } from './summary.ts';
import { syslogLine } from './syslog.ts';

const MAX_EXTENSION = 1023;
/** Version of the alert's content for CEF readers; changes when extension names do. */
const DEVICE_VERSION = '1';

export const cef: Encoder = {
  name: 'cef',
  summary: 'ArcSight CEF in an RFC 5424 syslog line',
  contentType: 'text/plain; charset=utf-8',
  encode: ({ alert }, options) => syslogLine(alert, options, cefText(alert)),
};

export function cefText(alert: Alert): string {
  const header = [
    'Flint',
    'flint',
    DEVICE_VERSION,
    alert.rule.id,
    alert.rule.name,
    String(Math.round(alert.event.severity / 10)),
  ];
  const values = extensions(alert).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [`${name}=${extensionText(String(value))}`],
  );
  return `CEF:0|${header.map(headerText).join('|')}|${values.join(' ')}`;
}

function extensions(alert: Alert): readonly (readonly [string, unknown])[] {
  const { event, flint, source, destination, host, user, url, process, file, threat } = alert;
  return [
    ['rt', Date.parse(alert['@timestamp'])],
    ['externalId', event.id],
    ['cat', flint.engine],
    ['msg', summary(alert)],
    ['src', source?.ip],
    ['spt', source?.port],
    ['shost', host?.name],
    ['suser', user?.name],
    ['dst', destination?.ip],
    ['dpt', destination?.port],
    ['dhost', destination?.domain],
    ['request', url?.full ?? url?.original],
    ['dproc', process?.name],
    ['filePath', file?.path],
    ['cnt', flint.count],
    ['cs1Label', threat?.indicator?.value === undefined ? undefined : 'indicator'],
    ['cs1', threat?.indicator?.value],
    ['cs2Label', flint.matched[0] === undefined ? undefined : 'matchedField'],
    ['cs2', flint.matched[0]?.field],
    ['cs3Label', threat?.technique === undefined ? undefined : 'technique'],
    ['cs3', threat?.technique?.id.join(',')],
    ['cs4Label', flint.withdrawn === undefined ? undefined : 'withdrawn'],
    ['cs4', flint.withdrawn],
  ];
}

function headerText(text: string): string {
  return wellFormedLine(text).replace(/[\\|]/g, '\\$&');
}

function extensionText(text: string): string {
  return wellFormedLine(text).replace(/[\\=]/g, '\\$&');
}

function wellFormedLine(text: string): string {
  return wellFormed(oneLine(text.slice(0, MAX_EXTENSION)));
}
