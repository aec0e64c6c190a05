/**
 * SieveGroups: the groups of rules in the memory of the sieve's kernel. A group is written when the first record of a kind that it stands
 * for is met, by what literals are rare in the records at hand; once it has met enough records it is written anew, by what was rare in
 * them. What was written never changes, so other threads may use it; what is counted they count too.
 */
import { learnLiterals } from './gram-frequency.ts';
import { LiteralGrams } from './literal-grams.ts';
import type { ScanMemory } from './scan-memory.ts';
import type { SieveAutomata } from './sieve-automata.ts';
import { type AddLiterals, type SharedTables, type SieveGroup, writeGroup } from './sieve-group.ts';
import type { GroupNeeds, PlacedGroup } from './sieve-journal.ts';
import { MAX_KEYS } from './sieve-keys.ts';
import { GROUP_BYTES, GROUP_COUNTS, GROUP_HITS, GROUP_RECORDS } from './sieve-memory.ts';
import { SieveRawFilters } from './sieve-raw-filter.ts';

/** A group that has met so many records is written anew. */
export const ENOUGH_RECORDS = 256;

export interface GroupActions {
  /** Makes the kernel build a matcher of literals. */
  readonly addLiterals: AddLiterals;
  /** The kernel is to have room for records of this group. */
  readonly makeRoom: (needs: GroupNeeds) => void;
  /** As in `LearningOptions`. */
  readonly improve: ((group: SieveGroup, hits: Uint32Array, records: number) => SieveGroup) | undefined;
}

interface WrittenGroup extends PlacedGroup {
  readonly needs: GroupNeeds;
}

export class SieveGroups {
  readonly #memory: ScanMemory;
  readonly #automata: SieveAutomata;
  readonly #actions: GroupActions;
  readonly #written = new Map<SieveGroup, WrittenGroup>();
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
    return this.#written.size;
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

  /** The group in the kernel's memory, where it is written when it is asked for first. After `learnFrom`. */
  placeOf(group: SieveGroup): PlacedGroup {
    const known = this.#written.get(group);
    if (known !== undefined) return known;
    const written = this.#write(group, true);
    this.#written.set(group, written);
    this.#fresh.set(group, []);
    return written;
  }

  #write(group: SieveGroup, counts: boolean): WrittenGroup {
    if (this.#shared === undefined) throw new Error('nothing was learnt yet');
    const { addLiterals, makeRoom } = this.#actions;
    const address = writeGroup(this.#memory, group, MAX_KEYS, this.#shared, addLiterals, counts);
    const needs = { atoms: group.atoms, slots: group.slots, rules: group.numbers.length };
    makeRoom(needs);
    return { address, needs };
  }

  /** The leaf stands for the group: it changes with it. */
  addLeaf(group: SieveGroup, leaf: number): void {
    this.#fresh.get(group)?.push(leaf);
  }

  /**
   * Writes those that have met enough records anew, by what was seen, and tells where the group of each of their leaves stands now; between
   * scans, so that no record sees both.
   */
  improve(setGroup: (leaf: number, group: PlacedGroup) => void): void {
    for (const [group, leaves] of this.#fresh) {
      // Writing a group may let the memory grow: its buffer is another one then.
      const { buffer } = this.#memory.memory;
      const header = new Uint32Array(buffer, this.#written.get(group)?.address ?? 0, GROUP_BYTES / 4);
      const records = header[GROUP_RECORDS / 4] ?? 0;
      if (records < ENOUGH_RECORDS) continue;
      const hits = new Uint32Array(buffer, header[GROUP_HITS / 4] ?? 0, group.atoms);
      const better = this.#actions.improve?.(group, hits, records) ?? group;
      this.#fresh.delete(group);
      if (better === group) {
        header[GROUP_COUNTS / 4] = 0;
        continue;
      }
      const written = this.#write(better, false);
      for (const leaf of leaves) setGroup(leaf, written);
      // Records of a new kind may be of the same group.
      this.#written.set(group, written);
    }
  }
}
