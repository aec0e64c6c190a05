/** Encoder: alert record to an output format. One file per format, `registry.ts` lists them all; transports are sinks. */
import type { Alert } from '../core/alert.ts';
import type { Event } from '../core/event.ts';
import type { JsonPiece } from '../core/json-text.ts';

/** An alert with the event it came from: compatibility formats need fields that the alert record does not carry. */
export interface OutgoingAlert {
  readonly alert: Alert;
  readonly event: Event;
  /** `jsonLine` of the alert, where that can be had without building it. */
  json?(): string;
  /** The same in pieces. */
  pieces?(): readonly JsonPiece[];
}

export interface EncodeOptions {
  /** Zone for formats that print local time (STIX Spark), IANA name. */
  readonly timezone: string;
  /** Host name of this sensor, for GELF and syslog headers. */
  readonly sensor: string;
  /** Name of STIX Spark (`src_ip`) to the key that its key-mapping file gives as fallback. */
  readonly stixSparkKeys?: ReadonlyMap<string, string>;
  /** Adds the four HTTP section keys, as `-a` of STIX Spark. */
  readonly stixSparkSections?: boolean;
  /** `fixed` (default): "1" as STIX Spark; `computed`: the alert's severity. */
  readonly stixSparkSeverity?: 'fixed' | 'computed';
  /** Message part of syslog: one readable line (default), or the whole record as JSON. */
  readonly syslogMessage?: 'text' | 'ecs' | 'stix-spark';
}

export interface Encoder {
  /** Name for `format=`: `ecs`, `stix-spark`, `gelf`, `syslog`, … */
  readonly name: string;
  readonly summary: string;
  readonly contentType: string;
  /** It says what the alert record does not carry. */
  readonly readsEvent?: true;
  /** One record without line end, UTF-8 text. Never throws for any alert. */
  encode(outgoing: OutgoingAlert, options: EncodeOptions): string;
  /** The same in pieces, where it may be had so; for who writes them at once. */
  pieces?(outgoing: OutgoingAlert): readonly JsonPiece[] | undefined;
}
