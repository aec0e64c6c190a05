/**
 * RFC 5424 syslog: PRI of facility local4 and the alert's severity, event time in UTC, structured data with what a rule on a collector needs,
 * and a message: one readable sentence, or the whole record as JSON. A message with other than ASCII characters begins with the byte order
 * mark that section 6.4 demands; JSON is written in ASCII, so that collectors which do not know the mark can read it. The structured data
 * is named under 32473, the enterprise number that IANA keeps for documentation (RFC 5612), as long as the project has none of its own.
 */
import type { Alert } from '../core/alert.ts';
import { wellFormed } from '../core/text-limit.ts';
import type { EncodeOptions, Encoder, OutgoingAlert } from './encoder.ts';
import { asciiJsonLine } from '../core/json-text.ts';
import { stixSparkRecord } from './stix-spark.ts';
import { oneLine, summary } from './summary.ts';
import { syslogSeverity } from './syslog-severity.ts';

const FACILITY_LOCAL4 = 20;
const SD_ID = 'flint@32473';
const MAX_PARAM = 1024;
const BYTE_ORDER_MARK = '\ufeff';

export const syslog: Encoder = {
  name: 'syslog',
  summary: 'RFC 5424 syslog with structured data',
  contentType: 'text/plain; charset=utf-8',
  readsEvent: true,
  encode: (outgoing, options) => syslogLine(outgoing.alert, options, message(outgoing, options)),
};

/** A line with the header and structured data of an alert and the given message. */
export function syslogLine(alert: Alert, options: EncodeOptions, text: string): string {
  const pri = FACILITY_LOCAL4 * 8 + syslogSeverity(alert.event.severity);
  const head = `<${pri}>1 ${alert['@timestamp']} ${headerText(options.sensor, 255)} flint - alert ${structuredData(alert)}`;
  return `${head} ${/[^\u0000-\u007f]/.test(text) ? BYTE_ORDER_MARK : ''}${text}`;
}

function message(outgoing: OutgoingAlert, options: EncodeOptions): string {
  switch (options.syslogMessage) {
    case 'ecs':
      return asciiJsonLine(outgoing.alert);
    case 'stix-spark':
      return asciiJsonLine(stixSparkRecord(outgoing, options));
    default:
      return summary(outgoing.alert);
  }
}

function structuredData(alert: Alert): string {
  const { event, rule, flint, threat, source, destination, host, user } = alert;
  const params: Readonly<Record<string, unknown>> = {
    id: event.id,
    severity: event.severity,
    engine: flint.engine,
    rule: rule.id,
    name: rule.name,
    level: flint.level,
    indicator: threat?.indicator?.value,
    type: threat?.indicator?.type,
    provider: threat?.indicator?.provider,
    field: flint.matched[0]?.field,
    value: flint.matched[0]?.value,
    how: flint.matched[0]?.how,
    technique: threat?.technique?.id.join(','),
    src: source?.ip,
    spt: source?.port,
    dst: destination?.ip,
    dpt: destination?.port,
    host: host?.name,
    user: user?.name,
    count: flint.count,
    withdrawn: flint.withdrawn,
    input: flint.input.name,
  };
  const written = Object.entries(params).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [`${name}="${paramValue(String(value))}"`],
  );
  return `[${SD_ID} ${written.join(' ')}]`;
}

/** Section 6.3.3: quote, backslash and closing bracket are escaped; control characters have no place. */
function paramValue(text: string): string {
  return wellFormed(oneLine(text.slice(0, MAX_PARAM))).replace(/["\\\]]/g, '\\$&');
}

/** Printable ASCII without blanks, or the nil value. */
function headerText(text: string, limit: number): string {
  const kept = text.replace(/[^\u0021-\u007e]/g, '').slice(0, limit);
  return kept === '' ? '-' : kept;
}
