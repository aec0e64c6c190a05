/**
 * PatternFilter: which records of a batch could concern a STIX pattern at all, told from the raw bytes by the literals that patterns need.
 * There is one only where every loaded pattern has such a literal; else each record must be looked at. A wrong no is impossible: a fragment
 * holds nothing that an escape could change, a record whose escapes hide its text is always a candidate, and words that have other
 * forms (percent-encoded, beyond ASCII, addresses mapped into IPv6) are looked at in these.
 *
 * Cost: a memory of its own with the literals, and a copy of the batch into it (its records may lie in any buffer).
 */
import { canRunKernel } from '../../scan/indicator-scanner.ts';
import { LiteralIndex } from '../../match/literal-index.ts';
import { builtInFrequency } from '../../scan/gram-frequency.ts';
import { compileLiterals, type LiteralWitness, MAX_LITERALS } from '../../scan/literal-plan.ts';
import { LiteralScanner } from '../../scan/literal-scanner.ts';
import { ScanMemory } from '../../scan/scan-memory.ts';
import { forEachEncoded } from './encoded-words.ts';
import type { PatternWitness } from './pattern-set.ts';
import { mappedAddresses, searchableForms } from './searchable-texts.ts';

/** Batches are smaller but for single long records, which are candidates then. */
const INPUT_BYTES = 4 << 20;
/**
 * One pattern with a frequent literal must not make every record a candidate: looking for it costs less than decoding them all. Beyond this it
 * would stand in most records.
 */
const MOST_PER_MILLION = 2000;
/** Owner of the literal that mapped addresses have: a number that no pattern has. */
const MAPPED = 0xffff_fffe;
const FRAGMENTS = /[a-z0-9._-]{3,}/g;

export class PatternFilter {
  readonly #scanner: LiteralScanner;
  readonly #input: Uint8Array;
  /** The same literals, for the few records whose text has other forms. */
  readonly #index = new LiteralIndex();
  #flags = new Uint8Array(1024);
  /** The literal that tells only that an IPv4 address may be written in hex. */
  #mapped = -1;

  private constructor(witnesses: readonly LiteralWitness[], patterns: readonly PatternWitness[]) {
    for (const { anyOf } of patterns) for (const literal of anyOf) this.#index.add('contains', literal, 0);
    this.#index.finish();
    const memory = new ScanMemory();
    const plan = compileLiterals(memory, witnesses, builtInFrequency(), MOST_PER_MILLION);
    const input = memory.allocate(INPUT_BYTES);
    this.#scanner = new LiteralScanner(memory, plan);
    this.#input = new Uint8Array(memory.memory.buffer, input, INPUT_BYTES);
    this.takesEveryRecord = plan.alwaysOwners.length > 0;
    for (let literal = 0; literal < plan.literalCount; literal++)
      if (plan.owners[plan.ownerStart[literal] ?? 0] === MAPPED) this.#mapped = literal;
  }

  /** True when a literal is so short or frequent that looking for it does not pay. */
  readonly takesEveryRecord: boolean;

  /** Undefined when some pattern has no literal to look for, or the machine cannot run the kernel. */
  static of(patterns: readonly PatternWitness[]): PatternFilter | undefined {
    const witnesses: LiteralWitness[] = [];
    for (const { pattern, anyOf } of patterns) {
      for (const literal of anyOf) {
        const fragments = literal.match(FRAGMENTS);
        if (fragments === null) return undefined;
        witnesses.push({ fragments, owners: [pattern] });
      }
    }
    if (!canRunKernel() || witnesses.length > MAX_LITERALS) return undefined;
    witnesses.push({ fragments: ['ffff'], owners: [MAPPED] });
    const filter = new PatternFilter(witnesses, patterns);
    return filter.takesEveryRecord ? undefined : filter;
  }

  /** Whether a literal stands in some form of the text. */
  #finds(text: string): boolean {
    let found = false;
    for (const form of searchableForms(text)) {
      this.#index.find(form, () => {
        found = true;
      });
      if (found) return true;
    }
    return false;
  }

  /** Whether a literal stands in an IPv4 address of the text that is written as an IPv6 address. */
  #findsMapped(text: string): boolean {
    let found = false;
    for (const address of mappedAddresses(text))
      this.#index.find(address, () => {
        found = true;
      });
    return found;
  }

  /** One number per record, 1 for a candidate; valid until the next call. */
  candidates(bytes: Uint8Array, ranges: Uint32Array, count: number): Uint8Array {
    if (this.#flags.length < count) this.#flags = new Uint8Array(Math.max(count, 2 * this.#flags.length));
    const flags = this.#flags;
    if (bytes.length > this.#input.length) return flags.fill(1, 0, count);
    flags.fill(0, 0, count);
    this.#input.set(bytes);
    const { hits, hitCount } = this.#scanner.scanRecords(this.#input, ranges, count);
    const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const textOf = (record: number): Buffer => whole.subarray(ranges[2 * record], ranges[2 * record + 1]);
    for (let i = 0; i < hitCount; i++) {
      const record = hits[2 * i] ?? 0;
      const isMapped = hits[2 * i + 1] === this.#mapped;
      if (!isMapped || (flags[record] === 0 && this.#findsMapped(textOf(record).toString('latin1')))) flags[record] = 1;
    }
    forEachEncoded(whole, ranges, count, (record, words) => {
      if (flags[record] === 0 && this.#finds(words)) flags[record] = 1;
    });
    return flags;
  }
}
