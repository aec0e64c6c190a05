/**
 * The flat record of STIX Spark (stix-spark.md section 7.1): 18 keys in its order, every value text. Values come from the event's fields as
 * received, by the original's names in any letter case, with or without the underscore of GELF; where an event has none of them, from
 * the ECS places of the alert. `severity` is "1" as in the original unless computed severity is asked for.
 */
import type { Alert } from '../core/alert.ts';
import type { EventObject } from '../core/event.ts';
import { wellFormed } from '../core/text-limit.ts';
import type { EncodeOptions, Encoder, OutgoingAlert } from './encoder.ts';
import { jsonLine } from '../core/json-text.ts';
import { zoneTime } from './zone-time.ts';

export const stixSpark: Encoder = {
  name: 'stix-spark',
  summary: 'the flat JSON record of STIX Spark: 18 keys, all texts',
  contentType: 'application/json',
  readsEvent: true,
  encode: (outgoing, options) => jsonLine(stixSparkRecord(outgoing, options)),
};

export function stixSparkRecord({ alert, event }: OutgoingAlert, options: EncodeOptions): Record<string, string> {
  const seen = keyIndex(event.fields);
  const text = (name: string, otherwise?: unknown): string => {
    const mapped = options.stixSparkKeys?.get(name);
    return (
      scalar(seen.get(name)) ??
      (mapped === undefined ? undefined : scalar(seen.get(mapped.toLowerCase()))) ??
      scalar(otherwise) ??
      ''
    );
  };
  const number = (name: string, otherwise?: unknown): string => leadingInteger(text(name, otherwise));
  const record: Record<string, string> = {
    rule_id: String(alert.flint.ordinal ?? 0),
    alert_engine: alert.flint.library ?? 'threat',
    time: zoneTime(event.timeMs, options.timezone),
    message: text('message'),
    forward: text('forward'),
    retcode: number('retcode', at(alert, 'http', 'response', 'status_code')),
    source: text('source'),
    src_ip: text('src_ip', at(alert, 'source', 'ip')),
    dst_ip: text('dst_ip', at(alert, 'destination', 'ip')),
    geoip: '',
    src_port: number('src_port', at(alert, 'source', 'port')),
    dst_port: number('dst_port', at(alert, 'destination', 'port')),
    host: text('host', at(alert, 'host', 'name')),
    domain: text('domain', at(alert, 'url', 'domain') ?? at(alert, 'dns', 'question', 'name')),
    url: text('url', at(alert, 'url', 'original')),
    method: text('method', at(alert, 'http', 'request', 'method')),
    // The original takes nothing back and has no key for it.
    msg: alert.flint.withdrawn === true ? `${alert.rule.name} (withdrawn)` : alert.rule.name,
    severity: options.stixSparkSeverity === 'computed' ? String(alert.event.severity) : '1',
  };
  if (options.stixSparkSections === true)
    for (const name of ['req_header', 'req_body', 'rsp_header', 'rsp_body']) record[name] = text(name);
  return record;
}

/** Top-level keys in lower case, without the underscore of GELF; the first in the record wins, as in the original. */
function keyIndex(fields: EventObject): ReadonlyMap<string, unknown> {
  const index = new Map<string, unknown>();
  for (const key of Object.keys(fields)) {
    const name = (key.startsWith('_') ? key.slice(1) : key).toLowerCase();
    if (!index.has(name)) index.set(name, fields[key]);
  }
  return index;
}

function scalar(value: unknown): string | undefined {
  if (value === undefined || value === null || typeof value === 'object') return undefined;
  return wellFormed(String(value));
}

/** Ports and return codes are printed back as integers, "0" when there is none. */
function leadingInteger(text: string): string {
  return /^\s*0*(\d{1,9})/.exec(text)?.[1] ?? '0';
}

function at(alert: Alert, ...path: string[]): unknown {
  let value: unknown = alert;
  for (const segment of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[segment];
  }
  return value;
}
