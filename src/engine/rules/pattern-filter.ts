/**
 * PatternFilter: which records of a batch could concern a STIX pattern at all, told from the raw bytes by the literals that patterns need.
 * There is one only where every loaded pattern has such a literal; else each record must be looked at. A wrong no is impossible: a fragment
 * holds nothing that an escape could change, a record whose escapes hide its text is always a candidate, and words that have other
 * forms (percent-encoded, beyond ASCII, addresses mapped into IPv6) are looked at in these.
 *
 * All threads search by the same literals, which stand in the memory of the tables of the indicator scanner: where records stand as well when
 * indicators are looked for.
 */
import { lengthened } from '../../core/growing-columns.ts';
import { builtInFrequency } from '../../scan/gram-frequency.ts';
import { canRunKernel, type IndicatorScanner } from '../../scan/indicator-scanner.ts';
import { compileLiterals, type LiteralPlan, type LiteralWitness, MAX_LITERALS } from '../../scan/literal-plan.ts';
import { EVERY_LITERAL, type LiteralResult, LiteralScanner, WRITTEN_OTHERWISE } from '../../scan/literal-scanner.ts';
import { LiteralWork } from '../../scan/literal-work.ts';
import { ScanMemory } from '../../scan/scan-memory.ts';
import type { ScanResult } from '../../scan/scanner.ts';
import { encodedWord } from './encoded-words.ts';
import type { PatternWitness, WitnessSearch } from './pattern-witnesses.ts';
import { mappedAddresses, searchableForms } from './searchable-texts.ts';

/** Where a thread searches: the input of its indicator scanner, in whose memory literals stand as well. For filters that look at the same text one after the other. */
export class FilterPlace {
  readonly input: Uint8Array;
  readonly #memory: WebAssembly.Memory;
  #work: LiteralWork | undefined;

  constructor({ input, memory }: Pick<IndicatorScanner, 'input' | 'memory'>) {
    this.input = input;
    this.#memory = memory;
  }

  /** The thread's own. */
  get work(): LiteralWork {
    this.#work ??= new LiteralWork(ScanMemory.behind(this.#memory));
    return this.#work;
  }

  /** The bytes where they can be searched. They are no longer than the input. */
  hold(bytes: Uint8Array): Uint8Array {
    if (bytes.buffer === this.input.buffer && bytes.byteOffset === this.input.byteOffset) return bytes;
    this.input.set(bytes);
    return this.input.subarray(0, bytes.length);
  }
}

/**
 * One pattern with a frequent literal must not make every record a candidate: looking for it costs less than decoding them all. Beyond this it
 * would stand in most records.
 */
const MOST_PER_MILLION = 2000;
/** Owners of literals: all patterns together, since which of them it is decides the event; and the literal that mapped addresses have. Small: scanners have tables of them. */
const PATTERNS = 0;
const MAPPED = 1;
const MAPPED_FRAGMENT = 'ffff:';
const FRAGMENTS = /[a-z0-9._-]{3,}/g;
/** Shorter ones say little, and are looked for at twice as many places. */
const GOOD_FRAGMENT = 5;
/** Words that were looked at and hold no literal. */
const MAX_KNOWN_WORDS = 4096;
const HIT = 3;
const LF = 0x0a;

/**
 * The literals of patterns, in a memory of their own. Undefined when some pattern has no literal to look for, or one that is so short or frequent that
 * looking for it does not pay, or the machine cannot run the kernel.
 */
export function compilePatternLiterals(patterns: readonly PatternWitness[]): LiteralPlan | undefined {
  const witnesses: LiteralWitness[] = [];
  let hasAddresses = false;
  for (const { anyOf } of patterns) {
    for (const literal of anyOf) {
      const fragments = literal.match(FRAGMENTS);
      if (fragments === null) return undefined;
      const good = fragments.filter(({ length }) => length >= GOOD_FRAGMENT);
      witnesses.push({ fragments: good.length > 0 ? good : fragments, owners: [PATTERNS] });
      hasAddresses ||= /^[\d.]+$/.test(literal);
    }
  }
  if (!canRunKernel() || witnesses.length > MAX_LITERALS) return undefined;
  if (hasAddresses) witnesses.push({ fragments: [MAPPED_FRAGMENT], owners: [MAPPED] });
  const plan = compileLiterals(new ScanMemory(), witnesses, builtInFrequency(), MOST_PER_MILLION);
  return plan.alwaysOwners.length > 0 ? undefined : plan;
}

export class PatternFilter {
  readonly #scanner: LiteralScanner;
  readonly #place: FilterPlace;
  /** The same literals, maybe with more, for the few words that have other forms. */
  readonly #index: WitnessSearch;
  readonly #harmless = new Set<string>();
  #flags = new Uint8Array(1024);
  #ranges = new Uint32Array(1024);
  #ordinals = new Uint32Array(512);
  /** The literal that tells only that an IPv4 address may be written in hex. */
  #mapped = -1;

  /** `plan`: of these patterns, in the memory of the place. `index`: holds the literals, whatever their owners. */
  constructor(plan: LiteralPlan, index: WitnessSearch, place: FilterPlace) {
    this.#index = index;
    this.#scanner = new LiteralScanner(place.work, plan);
    this.#place = place;
    for (let literal = 0; literal < plan.literalCount; literal++)
      if (plan.owners[plan.ownerStart[literal] ?? 0] === MAPPED) this.#mapped = literal;
  }

  /** Whether a literal stands in some form of the text. */
  #finds(texts: Iterable<string>): boolean {
    let found = false;
    for (const form of texts) {
      this.#index.find(form, () => {
        found = true;
      });
      if (found) return true;
    }
    return false;
  }

  /** Whether a literal stands in the word, in whatever form. */
  #findsIn(word: string): boolean {
    if (this.#harmless.has(word)) return false;
    if (this.#finds(searchableForms(word))) return true;
    if (this.#harmless.size >= MAX_KNOWN_WORDS) this.#harmless.clear();
    this.#harmless.add(word);
    return false;
  }

  /** Calls `take` with the number and the start of each record that may concern a pattern, once each, ascending. `endOf`: the end of a record. */
  #collect(
    whole: Buffer,
    { hits, hitCount }: LiteralResult,
    endOf: (record: number, start: number) => number,
    take: (record: number, start: number) => void,
  ): void {
    let last = -1;
    for (let i = 0; i < HIT * hitCount; i += HIT) {
      const [record = 0, literal = 0, start = 0] = [hits[i], hits[i + 1], hits[i + 2]];
      if (record === last || !this.#confirms(whole, literal, record, start, endOf)) continue;
      last = record;
      take(record, start);
    }
  }

  #confirms(
    whole: Buffer,
    literal: number,
    record: number,
    start: number,
    endOf: (record: number, start: number) => number,
  ): boolean {
    if (literal === this.#mapped)
      return this.#finds(mappedAddresses(whole.toString('latin1', start, endOf(record, start))));
    if (literal === EVERY_LITERAL || literal < WRITTEN_OTHERWISE) return true;
    return this.#findsIn(encodedWord(whole, start + literal - WRITTEN_OTHERWISE, start, endOf(record, start)));
  }

  /** One number per record, 1 for a candidate; valid until the next call. */
  candidates(bytes: Uint8Array, ranges: Uint32Array, count: number): Uint8Array {
    if (this.#flags.length < count) this.#flags = new Uint8Array(Math.max(count, 2 * this.#flags.length));
    const flags = this.#flags;
    if (bytes.length > this.#place.input.length) return flags.fill(1, 0, count);
    flags.fill(0, 0, count);
    this.#collect(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      this.#scanner.scanRecords(this.#place.hold(bytes), ranges, count),
      (record) => ranges[2 * record + 1] ?? 0,
      (record) => {
        flags[record] = 1;
      },
    );
    return flags;
  }

  /** The lines that may concern a pattern, valid until the next call. They are no longer than the scanner's input, where they may stand already. */
  candidateLines(bytes: Uint8Array): CandidateLines {
    const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const endOf = (_: number, start: number): number => {
      const end = whole.indexOf(LF, start);
      return end < 0 ? whole.length : end;
    };
    let count = 0;
    this.#collect(whole, this.#scanner.scanLines(this.#place.hold(bytes), bytes.length), endOf, (line, start) => {
      if (count === this.#ordinals.length) {
        this.#ordinals = lengthened(this.#ordinals, 2 * this.#ordinals.length);
        this.#ranges = lengthened(this.#ranges, 2 * this.#ranges.length);
      }
      this.#ordinals[count] = line;
      this.#ranges[2 * count] = start;
      this.#ranges[2 * count + 1] = endOf(line, start);
      count++;
    });
    return { candidateCount: count, ranges: this.#ranges, ordinals: this.#ordinals };
  }
}

/** As in a ScanResult. */
export type CandidateLines = Pick<ScanResult, 'candidateCount' | 'ranges' | 'ordinals'>;
