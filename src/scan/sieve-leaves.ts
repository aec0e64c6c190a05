/**
 * SieveLeaves: the kinds of records that a sieve knows, numbered in the order in which they came: where each stands in the kernel's tree,
 * what it is counted under, and of the first ones how they were learnt.
 */
import { type KeptKind, KindSamples, type LearntKind, type SampleRecord } from './kept-sieve.ts';
import type { PlacedGroup } from './sieve-journal.ts';
import type { SieveKinds } from './sieve-kinds.ts';

interface Leaf {
  readonly address: number;
  readonly label: string;
  group: PlacedGroup;
  readonly learnt?: LearntKind;
  readonly sample?: Uint8Array;
}

export class SieveLeaves {
  readonly #kinds: SieveKinds;
  readonly #most: number;
  readonly #leaves: Leaf[] = [];
  readonly #samples = new KindSamples();

  /** `most`: of so many it is remembered how they were learnt. */
  constructor(kinds: SieveKinds, most: number) {
    this.#kinds = kinds;
    this.#most = most;
  }

  get count(): number {
    return this.#leaves.length;
  }

  /** `sample`: its first record. Returns its number. */
  add(address: number, learnt: LearntKind, sample?: Uint8Array): number {
    const { label, group } = learnt;
    const isKept = this.#leaves.length < this.#most;
    const copy = isKept && sample !== undefined ? this.#samples.copyOf(sample) : undefined;
    const more = { ...(isKept && { learnt }), ...(copy !== undefined && { sample: copy }) };
    return this.#leaves.push({ address, label, group, ...more }) - 1;
  }

  setGroup(number: number, group: PlacedGroup): void {
    const leaf = this.#leaves[number];
    if (leaf === undefined) return;
    leaf.group = group;
    this.#kinds.setGroup(leaf.address, group.address);
  }

  /** Records so far, by what their kinds are counted under. */
  get recordsByLabel(): ReadonlyMap<string, number> {
    const records = new Map<string, number>();
    for (const { address, label } of this.#leaves)
      records.set(label, (records.get(label) ?? 0) + this.#kinds.recordsOf(address));
    return records;
  }

  sampleOf(number: number): SampleRecord | undefined {
    const { learnt, sample } = this.#leaves[number] ?? {};
    return learnt === undefined || sample === undefined ? undefined : { record: sample, origin: learnt.origin };
  }

  /** First records of kinds, as far as there was room for them. */
  *samples(): Generator<SampleRecord> {
    for (let number = 0; number < Math.min(this.#leaves.length, this.#most); number++) {
      const sample = this.sampleOf(number);
      if (sample !== undefined) yield sample;
    }
  }

  /** Undefined: there are too many. `isFresh`: whether the group that stands at an address goes by estimates. */
  kept(isFresh: (address: number) => boolean): { readonly kinds: KeptKind[]; readonly samples: Buffer } | undefined {
    if (this.#leaves.length > this.#most) return undefined;
    const kinds = this.#leaves.flatMap(({ learnt, group, sample }): KeptKind[] =>
      learnt === undefined
        ? []
        : [{ ...learnt, group, isFresh: isFresh(group.address), sampleBytes: sample?.length ?? 0 }],
    );
    return { kinds, samples: Buffer.concat(this.#leaves.flatMap(({ sample }) => sample ?? [])) };
  }
}
