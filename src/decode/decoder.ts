/** Decoder: the bytes of one record to the fields of its events. One file per log format; pure, never throws. */
import type { EventObject } from '../core/event.ts';
import type { ErrorCode } from '../errors/table.ts';

export interface Decoded {
  /** The events of the record: one, or several for wrappers such as `Records[]`. Never empty. */
  readonly events: readonly EventObject[];
  /** Why the record is not what it seems to be; it was decoded as text then. Counted, sampled. */
  readonly problem?: ErrorCode;
}

export interface DecodeLimits {
  /** Deepest nesting of objects and arrays that is accepted. */
  readonly maxDepth: number;
}

export interface Decoder {
  readonly name: string;
  readonly summary: string;
  /** Cheap look at the first bytes; the first decoder of the registry that says yes takes the record. */
  recognises(bytes: Uint8Array, start: number, end: number): boolean;
  /** `text`: the record as `decodeUtf8` gives it, when the caller has it. */
  decode(bytes: Uint8Array, start: number, end: number, limits: DecodeLimits, text?: string): Decoded;
}
