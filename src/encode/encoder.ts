/** Encoder: alert record to an output format. One file per format, `registry.ts` lists them all; transports are sinks. */
import type { Alert } from '../core/alert.ts';
import type { Event } from '../core/event.ts';

/** An alert with the event it came from: compatibility formats need fields that the alert record does not carry. */
export interface OutgoingAlert {
  readonly alert: Alert;
  readonly event: Event;
}

export interface EncodeOptions {
  /** Zone for formats that print local time (STIX Spark), IANA name. */
  readonly timezone: string;
  /** Host name of this sensor, for GELF and syslog headers. */
  readonly sensor: string;
}

export interface Encoder {
  /** Name for `format=`: `ecs`, `stix-spark`, `gelf`, `syslog`, … */
  readonly name: string;
  readonly summary: string;
  readonly contentType: string;
  /** One record without line end, UTF-8 text. Never throws for any alert. */
  encode(outgoing: OutgoingAlert, options: EncodeOptions): string;
}
