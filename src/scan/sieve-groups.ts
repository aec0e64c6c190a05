/**
 * SieveGroups: the groups of rules in the memory of the sieve's kernel. A group is written when the first record of a kind that it stands
 * for is met, by what literals are rare in the records at hand; once it has met enough records it is written anew, by what was rare in
 * them. What was written never changes, so other threads may use it; what is counted they count too. A group that was kept (`kept-sieve.ts`)
 * is known by where it stands; its rules are asked for when it is to be written anew.
 */
import { type LiteralFrequency, learnLiterals } from './gram-frequency.ts';
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
  /** The group of a leaf that was kept; undefined: it stays as it is. */
  readonly recall: (leaf: number) => SieveGroup | undefined;
}

interface WrittenGroup extends PlacedGroup {
  readonly needs: GroupNeeds;
}

interface FreshGroup {
  /** Undefined: it was kept. */
  readonly group: SieveGroup | undefined;
  readonly atoms: number;
  readonly leaves: number[];
}

export class SieveGroups {
  readonly #memory: ScanMemory;
  readonly #automata: SieveAutomata;
  readonly #actions: GroupActions;
  readonly #written = new Map<SieveGroup, WrittenGroup>();
  /** Groups that were not improved yet, by address. */
  readonly #fresh = new Map<number, FreshGroup>();
  /** By the address of a group that was kept, where it stands since it was improved. */
  readonly #moved = new Map<number, PlacedGroup>();
  readonly #kept = new Set<number>();
  #improved = 0;
  /** By the frequencies that were learnt first. */
  #shared: SharedTables | undefined;

  constructor(memory: ScanMemory, automata: SieveAutomata, actions: GroupActions) {
    this.#memory = memory;
    this.#automata = automata;
    this.#actions = actions;
  }

  get count(): number {
    return this.#written.size + this.#kept.size;
  }

  /** How many were improved. */
  get improved(): number {
    return this.#improved;
  }

  /** The group that stands there was not improved yet. */
  isFresh(address: number): boolean {
    return this.#fresh.has(address);
  }

  /** Some were not improved yet. */
  get areFresh(): boolean {
    return this.#fresh.size > 0;
  }

  /** Undefined: nothing was learnt yet. */
  get frequency(): LiteralFrequency | undefined {
    return this.#shared?.frequency;
  }

  /** Literals are as frequent as in this sample; only what comes first counts. */
  learnFrom(sample: Uint8Array | LiteralFrequency): void {
    if (this.#shared !== undefined) return;
    const frequency = sample instanceof Uint8Array ? learnLiterals(sample) : sample;
    const grams = new LiteralGrams(frequency);
    this.#shared = { frequency, grams, rawFilters: new SieveRawFilters(this.#memory), automata: this.#automata };
  }

  /** The group stands in the kernel's memory. */
  has(group: SieveGroup | PlacedGroup): boolean {
    return 'address' in group || this.#written.has(group);
  }

  /** The group in the kernel's memory, where it is written when it is asked for first. After `learnFrom`. */
  placeOf(group: SieveGroup | PlacedGroup): PlacedGroup {
    if ('address' in group) return this.#moved.get(group.address) ?? group;
    const known = this.#written.get(group);
    if (known !== undefined) return known;
    const written = this.#write(group, true);
    this.#written.set(group, written);
    this.#fresh.set(written.address, { group, atoms: group.atoms, leaves: [] });
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

  /** The leaf stands for the group that stands there: it changes with it. */
  addLeaf({ address }: PlacedGroup, leaf: number): void {
    this.#fresh.get(address)?.leaves.push(leaf);
  }

  /** A group that was kept, perhaps before it was improved. */
  recall({ address, needs }: PlacedGroup, isFresh: boolean): void {
    if (needs === undefined || this.#kept.has(address)) return;
    this.#kept.add(address);
    if (isFresh) this.#fresh.set(address, { group: undefined, atoms: needs.atoms, leaves: [] });
  }

  /**
   * Writes one that has met enough records anew, by what was seen, and tells where the group of each of its leaves stands now; between
   * scans, so that no record sees both. False: there is none. One at a time, since records wait meanwhile.
   */
  improve(setGroup: (leaf: number, group: PlacedGroup) => void): boolean {
    for (const [address, fresh] of this.#fresh) {
      const header = (): Uint32Array => new Uint32Array(this.#memory.memory.buffer, address, GROUP_BYTES / 4);
      const records = header()[GROUP_RECORDS / 4] ?? 0;
      if (records < ENOUGH_RECORDS) continue;
      const hits = new Uint32Array(this.#memory.memory.buffer, header()[GROUP_HITS / 4] ?? 0, fresh.atoms).slice();
      this.#fresh.delete(address);
      this.#improved++;
      const better = this.#better(fresh, hits, records);
      if (better === undefined) {
        // Writing a group may let the memory grow: its buffer is another one then.
        header()[GROUP_COUNTS / 4] = 0;
        return true;
      }
      for (const leaf of fresh.leaves) setGroup(leaf, better);
      if (fresh.group === undefined) this.#moved.set(address, better);
      return true;
    }
    return false;
  }

  /** The group by what was seen, written; undefined: it is as good as it is. */
  #better(fresh: FreshGroup, hits: Uint32Array, records: number): PlacedGroup | undefined {
    const [leaf] = fresh.leaves;
    const group = fresh.group ?? (leaf === undefined ? undefined : this.#actions.recall(leaf));
    if (group === undefined || group.atoms !== fresh.atoms) return undefined;
    const known = this.#written.get(group);
    // A kind that was not kept has the same rules.
    if (fresh.group === undefined && known !== undefined) return known;
    const better = this.#actions.improve?.(group, hits, records) ?? group;
    if (better === group) return undefined;
    const written = this.#write(better, false);
    // Records of a new kind may be of the same group.
    this.#written.set(group, written);
    return written;
  }
}
