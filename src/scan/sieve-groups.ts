/**
 * SieveGroups: the groups of rules in the memory of the sieve's kernel. A group is written when the first record of a kind that it stands
 * for is met, by what literals are rare in the records at hand; once it has met enough records it is written anew, by what was rare in
 * them.
 */
import { learnLiterals } from './gram-frequency.ts';
import { LiteralGrams } from './literal-grams.ts';
import type { ScanMemory } from './scan-memory.ts';
import type { SieveAutomata } from './sieve-automata.ts';
import { type SharedTables, type SieveGroup, writeGroup } from './sieve-group.ts';
import { MAX_KEYS } from './sieve-keys.ts';
import { GROUP_BYTES, GROUP_HITS, GROUP_RECORDS } from './sieve-memory.ts';
import { SieveRawFilters } from './sieve-raw-filter.ts';

/** A group that has met so many records is written anew. */
export const ENOUGH_RECORDS = 256;

export interface GroupActions {
  /** Makes the kernel build a matcher of literals. */
  readonly addLiterals: (matcher: number, first: number, count: number) => void;
  /** The kernel is to have room for records of this group. */
  readonly makeRoom: (group: SieveGroup) => void;
  /** As in `SieveOptions`. */
  readonly improve: ((group: SieveGroup, hits: Uint32Array, records: number) => SieveGroup) | undefined;
}

export class SieveGroups {
  readonly #memory: ScanMemory;
  readonly #automata: SieveAutomata;
  readonly #actions: GroupActions;
  readonly #addresses = new Map<SieveGroup, number>();
  /** Leaves of groups that were not improved yet. */
  readonly #fresh = new Map<SieveGroup, number[]>();
  /** By the frequencies that were learnt first. */
  #shared: SharedTables | undefined;

  constructor(memory: ScanMemory, automata: SieveAutomata, actions: GroupActions) {
    this.#memory = memory;
    this.#automata = automata;
    this.#actions = actions;
  }

  get count(): number {
    return this.#addresses.size;
  }

  /** Some were not improved yet. */
  get areFresh(): boolean {
    return this.#fresh.size > 0;
  }

  /** Literals are as frequent as in this sample; only the first one counts. */
  learnFrom(sample: Uint8Array): void {
    if (this.#shared !== undefined) return;
    const frequency = learnLiterals(sample);
    const grams = new LiteralGrams(frequency);
    this.#shared = { frequency, grams, rawFilters: new SieveRawFilters(this.#memory), automata: this.#automata };
  }

  /** Address of the group in the kernel's memory, where it is written when it is asked for first. After `learnFrom`. */
  addressOf(group: SieveGroup): number {
    const known = this.#addresses.get(group);
    if (known !== undefined) return known;
    if (this.#shared === undefined) throw new Error('nothing was learnt yet');
    const { addLiterals, makeRoom } = this.#actions;
    const address = writeGroup(this.#memory, group, MAX_KEYS, this.#shared, addLiterals);
    this.#addresses.set(group, address);
    this.#fresh.set(group, []);
    makeRoom(group);
    return address;
  }

  /** The leaf stands for the group: it changes with it. */
  addLeaf(group: SieveGroup, leaf: number): void {
    this.#fresh.get(group)?.push(leaf);
  }

  /**
   * Writes those that have met enough records anew, by what was seen, and tells where the group of each of their leaves stands now; between
   * scans, so that no record sees both.
   */
  improve(setGroup: (leaf: number, address: number) => void): void {
    for (const [group, leaves] of this.#fresh) {
      // Writing a group may let the memory grow: its buffer is another one then.
      const { buffer } = this.#memory.memory;
      const header = new Uint32Array(buffer, this.#addresses.get(group) ?? 0, GROUP_BYTES / 4);
      const records = header[GROUP_RECORDS / 4] ?? 0;
      if (records < ENOUGH_RECORDS) continue;
      const hits = new Uint32Array(buffer, header[GROUP_HITS / 4] ?? 0, group.atoms);
      const better = this.#actions.improve?.(group, hits, records) ?? group;
      const address = this.addressOf(better);
      this.#fresh.delete(group);
      this.#fresh.delete(better);
      for (const leaf of leaves) setGroup(leaf, address);
      // Records of a new kind may be of the same group.
      this.#addresses.set(group, address);
    }
  }
}
