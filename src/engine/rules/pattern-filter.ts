/**
 * PatternFilter: which records of a batch could concern a STIX pattern at all, told from the raw bytes by the literals that patterns need.
 * There is one only where every loaded pattern has such a literal; else each record must be looked at. A wrong no is impossible: a fragment
 * holds nothing that an escape could change, a record whose escapes hide its text is always a candidate, and words that have other
 * forms (percent-encoded, beyond ASCII, addresses mapped into IPv6) are looked at in these.
 *
 * Cost: a memory of its own with the literals, and a copy of each batch into it (its records may lie in any buffer). Lines of files are searched where
 * they were read, with a copy of the literals beside them.
 */
import { canRunKernel } from '../../scan/indicator-scanner.ts';
import type { LiteralIndex } from '../../match/literal-index.ts';
import { builtInFrequency } from '../../scan/gram-frequency.ts';
import {
  compileLiterals,
  copyPlan,
  type LiteralPlan,
  type LiteralWitness,
  MAX_LITERALS,
} from '../../scan/literal-plan.ts';
import { EVERY_LITERAL, type LiteralResult, LiteralScanner, WRITTEN_OTHERWISE } from '../../scan/literal-scanner.ts';
import { ScanMemory } from '../../scan/scan-memory.ts';
import type { ScanResult } from '../../scan/scanner.ts';
import { encodedWord } from './encoded-words.ts';
import type { PatternWitness } from './pattern-witnesses.ts';
import { mappedAddresses, searchableForms } from './searchable-texts.ts';

/** A memory with room for a batch, for filters that look at the same one after the other. */
export class FilterPlace {
  readonly memory = new ScanMemory();
  readonly input: Uint8Array;

  constructor() {
    const input = this.memory.allocate(INPUT_BYTES);
    this.input = new Uint8Array(this.memory.memory.buffer, input, INPUT_BYTES);
  }
}

/** Batches are smaller but for single long records, which are candidates then. */
const INPUT_BYTES = 4 << 20;
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

export class PatternFilter {
  readonly #plan: LiteralPlan;
  /** Of the filter's own memory, into which batches are copied. */
  readonly #scanner: LiteralScanner;
  readonly #input: Uint8Array;
  /** Of the memory in which lines stand. */
  #there: { readonly memory: WebAssembly.Memory; readonly scanner: LiteralScanner } | undefined;
  /** The same literals, maybe with more, for the few words that have other forms. */
  readonly #index: LiteralIndex;
  readonly #harmless = new Set<string>();
  #flags = new Uint8Array(1024);
  #ranges = new Uint32Array(1024);
  #ordinals = new Uint32Array(512);
  /** The literal that tells only that an IPv4 address may be written in hex. */
  #mapped = -1;

  /** `literals`: of these patterns, as `compile` gives them. `index`: holds the literals, whatever their owners. */
  constructor(literals: LiteralPlan, index: LiteralIndex, { memory, input }: FilterPlace) {
    this.#index = index;
    const plan = literals.memory === memory.memory ? literals : copyPlan(literals, memory);
    this.#plan = plan;
    this.#scanner = new LiteralScanner(memory, plan);
    this.#input = input;
    for (let literal = 0; literal < plan.literalCount; literal++)
      if (plan.owners[plan.ownerStart[literal] ?? 0] === MAPPED) this.#mapped = literal;
  }

  /** Undefined where `compile` gives nothing. */
  static of(patterns: readonly PatternWitness[], index: LiteralIndex): PatternFilter | undefined {
    const place = new FilterPlace();
    const literals = PatternFilter.compile(patterns, place.memory);
    return literals === undefined ? undefined : new PatternFilter(literals, index, place);
  }

  /**
   * The literals of patterns, in the memory. Undefined when some pattern has no literal to look for, or one that is so short or frequent that
   * looking for it does not pay, or the machine cannot run the kernel.
   */
  static compile(patterns: readonly PatternWitness[], memory: ScanMemory): LiteralPlan | undefined {
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
    const plan = compileLiterals(memory, witnesses, builtInFrequency(), MOST_PER_MILLION);
    return plan.alwaysOwners.length > 0 ? undefined : plan;
  }

  #scannerIn(memory: WebAssembly.Memory, room = ScanMemory.behind(memory)): LiteralScanner {
    if (this.#there?.memory !== memory)
      this.#there = { memory, scanner: new LiteralScanner(room, copyPlan(this.#plan, room)) };
    return this.#there.scanner;
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
    if (bytes.length > this.#input.length) return flags.fill(1, 0, count);
    flags.fill(0, 0, count);
    this.#input.set(bytes);
    this.#collect(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      this.#scanner.scanRecords(this.#input, ranges, count),
      (record) => ranges[2 * record + 1] ?? 0,
      (record) => {
        flags[record] = 1;
      },
    );
    return flags;
  }

  /**
   * The lines that may concern a pattern, valid until the next call. The text stands in `memory`; undefined: it is copied, and an answer of undefined
   * says that it is too long for that. `room`: who hands the memory out, where that is known.
   */
  candidateLines(bytes: Uint8Array, memory?: WebAssembly.Memory, room?: ScanMemory): CandidateLines | undefined {
    if (memory === undefined && bytes.length > this.#input.length) return undefined;
    if (memory === undefined) this.#input.set(bytes);
    const scanner = memory === undefined ? this.#scanner : this.#scannerIn(memory, room);
    const input = memory === undefined ? this.#input : bytes;
    const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const endOf = (_: number, start: number): number => {
      const end = whole.indexOf(LF, start);
      return end < 0 ? whole.length : end;
    };
    let count = 0;
    this.#collect(whole, scanner.scanLines(input, bytes.length), endOf, (line, start) => {
      if (count === this.#ordinals.length) {
        this.#ordinals = enlarged(this.#ordinals);
        this.#ranges = enlarged(this.#ranges);
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

function enlarged(numbers: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * numbers.length);
  larger.set(numbers);
  return larger;
}
