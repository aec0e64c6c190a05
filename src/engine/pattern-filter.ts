/**
 * PatternFilter: which records of a batch could concern a STIX pattern at all, told from the raw bytes by the literals that patterns need. There is
 * one only where every loaded pattern has such a literal; else each record must be looked at. A wrong no is impossible: a fragment
 * holds nothing that an escape could change, and a record whose escapes hide its text is always a candidate.
 *
 * Cost: a memory of its own with the literals, and a copy of the batch into it (its records may lie in any buffer).
 */
import { canRunKernel } from '../scan/indicator-scanner.ts';
import { compileLiterals, type LiteralWitness, MAX_LITERALS } from '../scan/literal-plan.ts';
import { LiteralScanner } from '../scan/literal-scanner.ts';
import { ScanMemory } from '../scan/scan-memory.ts';
import type { PatternWitness } from './pattern-set.ts';

/** Batches are smaller but for single long records, which are candidates then. */
const INPUT_BYTES = 4 << 20;
const FRAGMENTS = /[a-z0-9._-]{3,}/g;

export class PatternFilter {
  readonly #scanner: LiteralScanner;
  readonly #input: Uint8Array;
  #flags = new Uint8Array(1024);

  private constructor(witnesses: readonly LiteralWitness[]) {
    const memory = new ScanMemory();
    const plan = compileLiterals(memory, witnesses);
    const input = memory.allocate(INPUT_BYTES);
    this.#scanner = new LiteralScanner(memory, plan);
    this.#input = new Uint8Array(memory.memory.buffer, input, INPUT_BYTES);
    this.takesEveryRecord = plan.alwaysOwners.length > 0;
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
    const filter = new PatternFilter(witnesses);
    return filter.takesEveryRecord ? undefined : filter;
  }

  /** One number per record, 1 for a candidate; valid until the next call. */
  candidates(bytes: Uint8Array, ranges: Uint32Array, count: number): Uint8Array {
    if (this.#flags.length < count) this.#flags = new Uint8Array(Math.max(count, 2 * this.#flags.length));
    const flags = this.#flags;
    if (bytes.length > this.#input.length) return flags.fill(1, 0, count);
    flags.fill(0, 0, count);
    this.#input.set(bytes);
    const { hits, hitCount } = this.#scanner.scanRecords(this.#input, ranges, count);
    for (let i = 0; i < hitCount; i++) flags[hits[2 * i] ?? 0] = 1;
    return flags;
  }
}
