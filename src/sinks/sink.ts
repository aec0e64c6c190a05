/**
 * Sink: a transport that takes encoded messages. One file per sink; `registry.ts` lists them all. Retrying, queueing and counting
 * are not its business: `delivery.ts` does that for all of them.
 */
import type { TObject } from 'typebox';
import type { CheckedAddress } from '../config/address.ts';

export interface OutgoingMessage {
  /** The alert's id: sinks with a key hold each alert once. */
  readonly id: string;
  /** The encoded record without line end. */
  readonly body: Uint8Array;
}

export interface Sink {
  /**
   * Delivers in order. Resolves when the destination has taken all of them; rejects with SinkError. Never called again before it
   * settles.
   */
  send(messages: readonly OutgoingMessage[]): Promise<void>;
  /** Idempotent; releases sockets and files. A send under way settles soon after. */
  close(): Promise<void>;
}

/** Why a send failed, and what may be done about it. */
export class SinkError extends Error {
  /** False: the same messages will never be taken (refused as malformed); they are dropped and counted. */
  readonly retryable: boolean;
  /** How many of the messages, from the first, were taken before the failure. */
  readonly delivered: number;
  /** How many of these the destination took and then refused one by one: they are dropped, not delivered. */
  readonly refused: number;
  /** Asked for by the destination (`Retry-After`). */
  readonly retryAfterMs?: number;

  constructor(
    message: string,
    options: { retryable: boolean; delivered?: number; refused?: number; retryAfterMs?: number; cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.name = 'SinkError';
    this.retryable = options.retryable;
    this.delivered = options.delivered ?? 0;
    this.refused = options.refused ?? 0;
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }
}

export type SinkAddress = CheckedAddress;

export interface TransportTraits {
  /** True when a failed send is worth queueing on disk (network); false for stdout, files and UDP without acknowledgement. */
  readonly queued: boolean;
  /** Largest body in bytes that the transport carries; encoders make a record fit. Infinity when there is no limit. */
  readonly maxBodyBytes: number;
  /** How often a message is tried before it is dropped as `undeliverable`. Infinity when the destination is waited for. */
  readonly attempts: number;
}

export interface SinkKind {
  readonly protocol: string;
  readonly summary: string;
  readonly example: string;
  readonly transports: readonly string[];
  /** Encoder used when the address has no `format=`. */
  readonly defaultFormat: string;
  /** Formats that it can carry; absent: all. */
  readonly formats?: readonly string[];
  readonly options: TObject;
  /** What delivery must know of a destination. An empty transport is the first of the kind. */
  traits(transport: string, options?: SinkAddress['options']): TransportTraits;
  open(address: SinkAddress, context: SinkContext): Sink;
}

export interface SinkContext {
  readonly name: string;
  readonly now: () => number;
  /** Content type of the encoder, for HTTP. */
  readonly contentType: string;
  /** Private address ranges are refused for webhooks unless allowed. */
  readonly allowPrivateAddresses: boolean;
  /** Name resolution; the system's when absent. Given by tests. */
  readonly lookup?: HostLookup;
}

/** First address of a host name, as the system resolves it; rejects when there is none. */
export type HostLookup = (host: string) => Promise<{ readonly address: string; readonly family: 4 | 6 }>;
