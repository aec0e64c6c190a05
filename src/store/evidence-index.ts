/**
 * Where the events of the evidence log stand, by their references: open addressing, 16 bytes a slot at most half filled: two hash words,
 * segment (0 free), offset. Two references may share a hash: whoever reads compares the reference that stands in the record.
 */
import type { EvidenceReference } from './evidence-record.ts';

export class EvidenceIndex {
  #lo = new Uint32Array(1024);
  #hi = new Uint32Array(1024);
  #segment = new Uint32Array(1024);
  #offset = new Uint32Array(1024);
  #count = 0;

  find(reference: EvidenceReference): { readonly segment: number; readonly offset: number } | undefined {
    const [lo, hi] = hashOf(reference);
    const slot = this.#slotOf(lo, hi);
    const segment = this.#segment[slot] as number;
    return segment === 0 ? undefined : { segment, offset: this.#offset[slot] as number };
  }

  put(reference: EvidenceReference, segment: number, offset: number): void {
    const [lo, hi] = hashOf(reference);
    this.#put(lo, hi, segment, offset);
  }

  /** A copy without the entries of some segments. */
  without(gone: (segment: number) => boolean): EvidenceIndex {
    const index = new EvidenceIndex();
    this.#segment.forEach((segment, slot) => {
      if (segment !== 0 && !gone(segment))
        index.#put(this.#lo[slot] as number, this.#hi[slot] as number, segment, this.#offset[slot] as number);
    });
    return index;
  }

  #put(lo: number, hi: number, segment: number, offset: number): void {
    if (2 * (this.#count + 1) > this.#segment.length) this.#grow();
    const slot = this.#slotOf(lo, hi);
    if (this.#segment[slot] === 0) this.#count++;
    this.#lo[slot] = lo;
    this.#hi[slot] = hi;
    this.#segment[slot] = segment;
    this.#offset[slot] = offset;
  }

  #slotOf(lo: number, hi: number): number {
    const mask = this.#segment.length - 1;
    let slot = lo & mask;
    while (this.#segment[slot] !== 0 && (this.#lo[slot] !== lo || this.#hi[slot] !== hi)) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const [lo, hi, segments, offsets] = [this.#lo, this.#hi, this.#segment, this.#offset];
    const size = segments.length * 2;
    this.#lo = new Uint32Array(size);
    this.#hi = new Uint32Array(size);
    this.#segment = new Uint32Array(size);
    this.#offset = new Uint32Array(size);
    this.#count = 0;
    segments.forEach((segment, slot) => {
      if (segment !== 0) this.#put(lo[slot] as number, hi[slot] as number, segment, offsets[slot] as number);
    });
  }
}

/** Two words of FNV-1a with different starts, finished by multiplication: references are made by us, not by senders. */
function hashOf({ source, position, part }: EvidenceReference): readonly [number, number] {
  const text = `${source}\0${position}\0${part}`;
  let lo = 0x811c9dc5;
  let hi = 0x9e3779b9;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    lo = Math.imul(lo ^ unit, 0x01000193);
    hi = Math.imul(hi ^ unit, 0x85ebca6b);
    hi ^= hi >>> 13;
  }
  lo ^= lo >>> 15;
  return [Math.imul(lo, 0x2c1b3c6d) >>> 0, hi >>> 0];
}
