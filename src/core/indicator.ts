/**
 * Indicator: one atomic value to look for, with what alerts need to say about it. A STIX indicator whose pattern names
 * several values gives several of these with one `id`.
 */

import type { ConfidenceDecay } from './confidence-decay.ts';

/** Kinds of values that one scan decides; `network` is a CIDR block of either family. */
export type IndicatorKind =
  | 'domain'
  | 'url'
  | 'ipv4'
  | 'ipv6'
  | 'network'
  | 'email'
  | 'hash'
  | 'file-name'
  | 'registry-key'
  | 'mutex'
  | 'user-agent'
  | 'endpoint'
  | 'text';

/**
 * How far a value reaches (design 6.4). `exact`: the value itself. `subdomain`: a domain and all names below it.
 * `prefix`: a URL and everything that continues its path or query. `host`: a URL stands for its host name.
 */
export type Semantics = 'exact' | 'subdomain' | 'prefix' | 'host';

export type Tlp = 'clear' | 'green' | 'amber' | 'amber+strict' | 'red';

export interface KillChainPhase {
  readonly chain: string;
  readonly phase: string;
}

/** What is said about a value by one source. Shared by all values of one STIX indicator. */
export interface IndicatorDetails {
  /** STIX id, or a deterministic one made from provider, kind and value. */
  readonly id: string;
  readonly name: string;
  readonly provider: string;
  /** 0 to 100; absent when the source does not say. */
  readonly confidence?: number;
  /** How it fades with age. */
  readonly decay?: ConfidenceDecay;
  readonly tlp?: Tlp;
  readonly description?: string;
  readonly types?: readonly string[];
  readonly killChain?: readonly KillChainPhase[];
  readonly references?: readonly string[];
  /** Milliseconds since the epoch; inclusive start, exclusive end. */
  readonly validFromMs?: number;
  readonly validUntilMs?: number;
  readonly modifiedMs?: number;
  /** Library the value belongs to, for the STIX Spark record: `threat` or `mine`. */
  readonly library?: string;
  /** Position of the name among all distinct names read, from 1: the `rule_id` of STIX Spark. */
  readonly ordinal?: number;
  /** The pattern as published, when the source is STIX. */
  readonly pattern?: string;
}

export interface Indicator {
  readonly kind: IndicatorKind;
  /** Canonical form. Endpoint: `address:port`, IPv6 in brackets. Network: `address/bits`. */
  readonly value: string;
  readonly semantics: Semantics;
  readonly details: IndicatorDetails;
}
