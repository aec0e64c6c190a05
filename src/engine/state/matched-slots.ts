/**
 * MatchedSlots: what correlations want of the records that their rules hold for, as slots that the event sieve lists values under: fields
 * that some correlation reads, and times. A slot says what all a value at one place of a record may be; places of different kinds of
 * records that may be the same share a slot.
 */
import type { RecordPlace } from '../../core/record-place.ts';
import { TIME_FIELDS } from '../../decode/event-time.ts';
import { spellings } from '../../fields/mapping/record-view.ts';

/** What a value may be: field or time by their numbers; certain when it is that if nothing else of the record may be it. */
export interface SlotMeaning {
  readonly fields: readonly Meant[];
  readonly times: readonly Meant[];
}

export interface Meant {
  readonly number: number;
  readonly isCertain: boolean;
}

/** The kernel has a byte for a slot, and one that says none. */
const MAX_SLOTS = 254;

export class MatchedSlots {
  /** Names of fields by their numbers (`CorrelationPlan.fields`). */
  readonly fields: readonly string[];
  readonly #isWatched: (rule: number) => boolean;
  readonly #meanings: SlotMeaning[] = [];
  readonly #numbers = new Map<string, number>();

  /** `isWatched`: whether some correlation waits for the Sigma rule at the position, and nobody else. */
  constructor(fields: readonly string[], isWatched: (rule: number) => boolean) {
    this.fields = fields;
    this.#isWatched = isWatched;
  }

  isWatched(rule: number): boolean {
    return this.#isWatched(rule);
  }

  /** What slots mean by now. */
  get meanings(): readonly SlotMeaning[] {
    return this.#meanings;
  }

  /** Gives the next slot the meaning that it has for whoever makes the slots. */
  add(meaning: SlotMeaning): void {
    this.#slotOf(meaning);
  }

  meaningOf(slot: number): SlotMeaning {
    return this.#meanings[slot] ?? NOTHING;
  }

  /** Slots of the paths of a kind of record; undefined: only decoding can tell some field, or there are too many slots. */
  slotsOf(
    placesOf: (field: string) => readonly RecordPlace[] | undefined,
  ): readonly (readonly [path: readonly string[], slot: number])[] | undefined {
    const paths = new Map<
      string,
      { readonly path: readonly string[]; readonly fields: Meant[]; readonly times: Meant[] }
    >();
    const at = (path: readonly string[]): { readonly fields: Meant[]; readonly times: Meant[] } => {
      const key = JSON.stringify(path);
      const known = paths.get(key) ?? { path, fields: [], times: [] };
      paths.set(key, known);
      return known;
    };
    for (const [number, name] of TIME_FIELDS.entries())
      for (const { path, isCertain } of spellings(name)) at(path).times.push({ number, isCertain });
    for (const [number, name] of this.fields.entries()) {
      const places = placesOf(name);
      if (places === undefined) return undefined;
      for (const { path, isCertain } of places) at(path).fields.push({ number, isCertain });
    }
    const slots: (readonly [readonly string[], number])[] = [];
    for (const { path, ...meaning } of paths.values()) {
      const slot = this.#slotOf(meaning);
      if (slot === undefined) return undefined;
      slots.push([path, slot]);
    }
    return slots;
  }

  #slotOf(meaning: SlotMeaning): number | undefined {
    const key = JSON.stringify(meaning);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    if (this.#meanings.length >= MAX_SLOTS) return undefined;
    const slot = this.#meanings.push(meaning) - 1;
    this.#numbers.set(key, slot);
    return slot;
  }
}

const NOTHING: SlotMeaning = { fields: [], times: [] };
