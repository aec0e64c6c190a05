/**
 * An alert made to fit a transport that carries only so many bytes (a datagram): encoded whole if it fits, else with less and less: without the
 * event's text, then with the first sources and fields only, then what every alert has. Nothing is cut in the middle of a record.
 */
import type { Alert } from '../core/alert.ts';
import { cutUtf8 } from '../core/text-limit.ts';
import type { EncodeOptions, Encoder, OutgoingAlert } from './encoder.ts';

export interface Fitted {
  readonly body: Uint8Array;
  /** True when something was left out: to be counted. */
  readonly reduced: boolean;
}

const SHORT_TEXT_BYTES = 256;

const STEPS: readonly ((outgoing: OutgoingAlert) => OutgoingAlert)[] = [
  (outgoing) => outgoing,
  ({ alert, event }) => ({ alert: withoutOriginal(alert), event }),
  ({ alert, event }) => ({ alert: essential(alert), event }),
  ({ alert, event }) => ({ alert: essential(alert), event: { ...event, fields: {}, original: '' } }),
];

/** The last step is returned whatever its size; the transport refuses and counts it then. */
export function encodeWithin(
  encoder: Encoder,
  outgoing: OutgoingAlert,
  options: EncodeOptions,
  maxBytes: number,
): Fitted {
  let body: Uint8Array = new Uint8Array(0);
  for (const [step, reduce] of STEPS.entries()) {
    body = Buffer.from(encoder.encode(reduce(outgoing), options), 'utf8');
    if (body.length <= maxBytes) return { body, reduced: step > 0 };
  }
  return { body, reduced: true };
}

function withoutOriginal(alert: Alert): Alert {
  const { original: _original, ...event } = alert.event;
  return { ...alert, event: { ...event, original_truncated: true } };
}

function essential(alert: Alert): Alert {
  const { '@timestamp': timestamp, ecs, flint, rule, threat, source, destination, host, user } = alert;
  const { original: _original, ...event } = alert.event;
  const short = {
    '@timestamp': timestamp,
    ecs,
    event: { ...event, original_truncated: true as const },
    rule: { id: rule.id, name: rule.name },
    ...(threat?.indicator !== undefined && { threat: { indicator: threat.indicator } }),
    ...(source !== undefined && { source }),
    ...(destination !== undefined && { destination }),
    ...(host !== undefined && { host }),
    ...(user !== undefined && { user }),
    flint: {
      engine: flint.engine,
      matched: flint.matched.slice(0, 3),
      input: flint.input,
      ...(flint.library !== undefined && { library: flint.library }),
      ...(flint.ordinal !== undefined && { ordinal: flint.ordinal }),
    },
  };
  return shortTexts(short) as Alert;
}

function shortTexts(value: unknown): unknown {
  if (typeof value === 'string') return cutUtf8(value, SHORT_TEXT_BYTES);
  if (Array.isArray(value)) return value.map(shortTexts);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shortTexts(item)]));
}
