/**
 * RuleFilter: which records of a batch could concern a rule at all, and which Sigma rules, told from the raw bytes; the others are
 * never decoded. Sigma rules have the event sieve, STIX patterns their literals. Where something must see every record, each is a
 * candidate, and the sieve still tells which Sigma rules it may be for. A wrong no is impossible: what either cannot read is a candidate
 * for all.
 */
import type { RecordSource } from '../../core/record.ts';
import type { SieveShare } from '../../scan/sieve-options.ts';
import { EVERY_RULE, NO_FACT, type SieveResult } from '../../scan/sieve-result.ts';
import type { FedValues } from '../state/process-feeder.ts';
import type { PatternFilter } from './pattern-filter.ts';
import type { RecordWays, SigmaSieve, SigmaSieveOptions } from './sigma-sieve.ts';

/** What configuration may say of a source's records. */
export type PinnedSource = Pick<RecordSource, 'decoder' | 'logsource'>;

export interface RuleFilterOptions extends SigmaSieveOptions {
  /** Every record is decoded, whatever rules may hold for it: flux specifications see every event, a key map changes what events are. */
  readonly decodesAll?: boolean;
}

const NO_RULES = new Uint32Array(0);

export class RuleFilter {
  readonly #patterns: readonly PatternFilter[];
  readonly #sigma: SigmaSieve | undefined;
  /** Every record is a candidate, and no lines are left out. */
  readonly decodesAll: boolean;
  #flags = new Uint8Array(1024);
  /** By record its place among the sieve's candidates, from 1; 0: no Sigma rule can hold. */
  #places = new Uint32Array(1024);
  #result: SieveResult | undefined;
  /** By record: 1 for a candidate of the patterns. */
  #byPattern = new Uint8Array(1024);
  readonly #listed: ListedValues;

  /** `patterns`: each finds some. `decodesAll`: every record is a candidate, no pattern is looked for. */
  constructor(patterns: readonly PatternFilter[], sigma: SigmaSieve | undefined, decodesAll = false) {
    this.#patterns = patterns;
    this.#sigma = sigma;
    this.decodesAll = decodesAll;
    this.#listed = new ListedValues(sigma);
  }

  /** Lines can be read into it, unless all are for the rules. */
  get sieve(): SigmaSieve | undefined {
    return this.decodesAll ? undefined : this.#sigma;
  }

  /** Bytes tell nothing here: all that rules ask for stands in the tables of the indicator scanner. */
  get hasOnlyTokens(): boolean {
    return this.#sigma === undefined && this.#patterns.length === 0;
  }

  /** What finds patterns in records. */
  get patterns(): readonly PatternFilter[] {
    return this.#patterns;
  }

  /** False: configuration says that the source's records are no JSON, whatever they look like. */
  takes({ decoder }: PinnedSource): boolean {
    return this.#sigma === undefined || decoder === undefined || decoder === 'json';
  }

  /** How many records the sieve has sent which way, since the start. */
  get ways(): RecordWays | undefined {
    return this.#sigma?.ways;
  }

  /** One number per record, 1 for a candidate; valid until the next call. */
  candidates(bytes: Uint8Array, ranges: Uint32Array, count: number, logsource?: string): Uint8Array {
    if (this.#flags.length < count) {
      this.#flags = new Uint8Array(2 * count);
      this.#places = new Uint32Array(2 * count);
      this.#byPattern = new Uint8Array(2 * count);
    }
    const flags = this.#flags;
    this.#result = undefined;
    const sigma = this.#sigma;
    if (sigma !== undefined && bytes.length > sigma.input.length) return flags.fill(1, 0, count);
    flags.fill(this.decodesAll ? 1 : 0, 0, count);
    if (sigma !== undefined) this.#note(sigma.scanRecordsIn(bytes, ranges, count, logsource), count);
    const byPattern = this.#byPattern;
    if (this.#patterns.length > 0) byPattern.fill(0, 0, count);
    for (const filter of this.#patterns) {
      const found = filter.candidates(bytes, ranges, count);
      for (let i = 0; i < count; i++) if (found[i] === 1) byPattern[i] = flags[i] = 1;
    }
    return flags;
  }

  #note(result: SieveResult, count: number): void {
    this.#places.fill(0, 0, count);
    for (let i = 0; i < result.candidateCount; i++) {
      const record = result.ordinals[i] ?? 0;
      this.#flags[record] = 1;
      this.#places[record] = i + 1;
    }
    this.#result = result;
  }

  /** Only the thread that learns can tell what a record of the last batch is for. */
  isLeft(record: number): boolean {
    const place = this.#places[record] ?? 0;
    return place !== 0 && this.#result?.left[place - 1] === 1;
  }

  /** What the filters of other threads need to go by what this one learns; undefined where each learns for itself. */
  get share(): SieveShare | undefined {
    return this.#sigma?.share;
  }

  /** As the sieve's. */
  improve(): void {
    this.#sigma?.improve();
  }

  /** Positions of the Sigma rules that may hold for a record of the last batch; undefined: any may. */
  sigmaOf(record: number): Uint32Array | undefined {
    const place = this.#places[record] ?? 0;
    if (this.#result === undefined) return undefined;
    return place === 0 ? NO_RULES : rulesOf(this.#result, place - 1);
  }

  /**
   * Values of a record of the last batch that is for no rule but tells of a process, or that need not be decoded for its rules; undefined
   * where none are listed. The same object each time, until the next batch.
   */
  fedOf(record: number): FedValues | undefined {
    const place = this.#places[record] ?? 0;
    // Patterns and others want the event itself.
    if (
      this.#result === undefined ||
      place === 0 ||
      this.decodesAll ||
      (this.#patterns.length > 0 && this.#byPattern[record] === 1)
    )
      return undefined;
    return this.#listed.of(this.#result, place - 1);
  }
}

/** The listed values of candidates, one after the other, in one object. */
export class ListedValues implements FedValues {
  readonly bytes: Uint8Array;
  readonly factReader: FedValues['factReader'];
  facts: FedValues['facts'];
  candidate = 0;
  fields: Uint32Array = NO_RULES;
  rules: Uint32Array = NO_RULES;
  hasPlainStart = false;
  from = 0;
  count = 0;
  factAt: number = NO_FACT;
  firstRule = 0;
  ruleCount = 0;
  readonly #sieve: Pick<SigmaSieve, 'input' | 'factReader' | 'knowsBeginTime'> | undefined;

  constructor(sieve: Pick<SigmaSieve, 'input' | 'factReader' | 'knowsBeginTime'> | undefined) {
    this.bytes = sieve?.input ?? new Uint8Array(0);
    this.factReader = sieve?.factReader;
    this.#sieve = sieve;
  }

  /** Undefined where no values are listed: what is to be known of the candidate only decoding tells. */
  of(result: SieveResult, candidate: number): this | undefined {
    const count = result.fieldCounts[candidate] ?? 0;
    const factAt = result.factStarts[candidate] ?? NO_FACT;
    if (count === 0 && factAt === NO_FACT) return undefined;
    if (this.#sieve?.knowsBeginTime === true) return undefined;
    if (this.facts !== result) {
      this.facts = result;
      this.fields = result.fields;
      this.rules = result.words;
    }
    this.candidate = candidate;
    this.hasPlainStart = result.plainStarts[candidate] === 1;
    this.firstRule = result.ruleStarts[candidate] ?? 0;
    this.ruleCount = result.ruleCounts[candidate] ?? 0;
    this.factAt = factAt;
    this.from = result.fieldStarts[candidate] ?? 0;
    this.count = count;
    return this;
  }
}

/** Positions of the rules that may hold for a candidate; undefined: any may. */
export function rulesOf(result: SieveResult, candidate: number): Uint32Array | undefined {
  const count = result.ruleCounts[candidate] ?? 0;
  if (count === 0) return NO_RULES;
  const start = result.ruleStarts[candidate] ?? 0;
  return count === EVERY_RULE ? undefined : result.words.subarray(start, start + count);
}
