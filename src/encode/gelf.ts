/**
 * GELF 1.1: `version`, `host`, `short_message`, `full_message`, `timestamp`, `level`, and every leaf of the alert record as an additional field,
 * `_source_ip`. Additional fields are texts or numbers; names keep to letters, digits, underscore, dash and dot; `_id` is forbidden. The
 * event as received is the full message, which Graylog analyses as text: as a keyword field it could exceed Lucene's 32,766 bytes.
 */
import type { Alert } from '../core/alert.ts';
import { cutUtf8 } from '../core/text-limit.ts';
import type { Encoder } from './encoder.ts';
import { type FlatValue, visitLeaves } from './flat-fields.ts';
import { jsonLine } from '../core/json-text.ts';
import { summary } from './summary.ts';
import { syslogSeverity } from './syslog-severity.ts';

/** Additional fields of one message; the rest is counted in `_flint_fields_omitted`. */
const MAX_FIELDS = 500;
const MAX_NAME = 200;

export const gelf: Encoder = {
  name: 'gelf',
  summary: 'GELF 1.1 with the record as additional fields',
  contentType: 'application/json',
  encode: ({ alert }, { sensor }) =>
    jsonLine({
      version: '1.1',
      host: sensor === '' ? 'flint' : sensor,
      short_message: summary(alert),
      ...(alert.event.original !== undefined && { full_message: alert.event.original }),
      timestamp: Date.parse(alert['@timestamp']) / 1000,
      level: syslogSeverity(alert.event.severity),
      ...additionalFields(alert),
    }),
};

function additionalFields(alert: Alert): Record<string, FlatValue> {
  const { original: _original, ...event } = alert.event;
  const fields = new Map<string, FlatValue>();
  let omitted = 0;
  visitLeaves({ ...alert, event, '@timestamp': undefined }, '', (path, value) => {
    const name = `_${cutUtf8(path.replace(/[^\w-]+/g, '_').replace(/_+$/, ''), MAX_NAME)}`;
    if (fields.size >= MAX_FIELDS || fields.has(name) || name === '_id') omitted++;
    else fields.set(name, value);
  });
  if (omitted > 0) fields.set('_flint_fields_omitted', omitted);
  return Object.fromEntries(fields);
}
