/**
 * Input: bytes in, acknowledgement back. One file per input; `registry.ts` lists them all. An input frames what it receives into
 * record batches and pushes them into the engine's intake; it never decodes a record.
 */
import type { TObject } from 'typebox';
import type { CheckedAddress } from '../config/address.ts';
import type { Intake, RecordSource } from '../core/record.ts';
import type { InputCounters } from '../telemetry/component-counters.ts';
import type { PositionStore } from './position-store.ts';

export interface InputContext {
  /** Name from the configuration, else made from the address. */
  readonly name: string;
  readonly intake: Intake;
  readonly counters: InputCounters;
  /** Id of this receiver instance, part of the event key of sources that cannot be replayed. */
  readonly instanceId: string;
  /** Milliseconds since the epoch; injected so that tests own the clock. */
  readonly now: () => number;
  /** Counted and explained: bad data (sampled into the dead-letter file) or a condition someone must see. */
  readonly report: (code: string, message: string, sample?: Uint8Array) => void;
  /** Where sources that can be replayed keep how far they were read; without it they begin anew at each start. */
  readonly positions?: PositionStore;
  /** Longest record (`limits.record_bytes`); default 16 MiB. */
  readonly maxRecordBytes?: number;
  /** Where several threads match: they can receive datagrams themselves. */
  readonly receivers?: ReceiverThreads;
}

/** A UDP socket and what becomes of its datagrams, as plain data: each thread opens one. */
export interface DatagramTask {
  readonly host: string;
  /** 0: any that is free, the same for all threads. */
  readonly port: number;
  readonly receiveBufferBytes: number;
  /** Each thread adds its number to the id, because it counts its own records. */
  readonly source: RecordSource;
  readonly limits: DatagramLimits;
}

export interface DatagramLimits {
  readonly maxRecordBytes: number;
  readonly maxInflatedBytes: number;
  /** Memory for GELF messages that are not whole yet. */
  readonly chunkBytes: number;
  /** Records pushed and not settled; beyond it datagrams are dropped. */
  readonly pendingBytes: number;
}

export interface ReceiverThreads {
  /**
   * Opens sockets that share one port. Undefined where they cannot: the input then receives by itself. Rejects with FlintError when the
   * address cannot be had. What is counted and reported comes to the given context, up to a second later.
   */
  open(task: DatagramTask, context: InputContext): Promise<OpenReceivers | undefined>;
}

export interface OpenReceivers {
  readonly port: number;
  /** Stops receiving; resolves when everything taken is settled. */
  stop(): Promise<void>;
}

export interface Input {
  /** Resolves when it is listening or reading. Rejects with FlintError when it cannot. Called once. */
  start(): Promise<void>;
  /** Stops taking; resolves when everything taken has been pushed and settled. Idempotent. */
  stop(): Promise<void>;
  /** Settles when a finite source (file, stdin) is read to its end; never for others. */
  readonly finished: Promise<void>;
  /** Where it listens (`127.0.0.1:12201`), known after `start`; shown to people and used by tests with port 0. */
  readonly boundAddress: string;
}

export interface InputKind {
  /** Protocol of the address: `gelf`, `json`, `http`, `file`, … */
  readonly protocol: string;
  readonly summary: string;
  readonly example: string;
  /** Transports after the plus sign, the first is the default; empty when there is no choice. */
  readonly transports: readonly string[];
  /** Options of the address and keys of the configuration, with defaults, descriptions and units (x-unit, x-secret). */
  readonly options: TObject;
  create(address: InputAddress, context: InputContext): Input;
}

export type InputAddress = CheckedAddress;
