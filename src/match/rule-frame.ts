/**
 * RuleFrame: one event as compiled rules see it. Every field name of the rule set is a slot; a slot is read and case-folded at most
 * once per event, on first use, and results of shared tests are kept for the event. Nothing is cleared between events: a
 * generation number says what is current.
 */
import { grown } from '../core/growing-columns.ts';
import type { EventObject, EventValue } from '../core/event.ts';
import { isEventObject } from '../core/event.ts';
import type { FieldAliases, RuleEvent } from '../core/rule-event.ts';
import { plainEvent } from '../core/rule-event.ts';
import { hasField, valuesOf } from '../core/field-path.ts';
import { foldCase } from '../core/fold.ts';

export type SlotValue = EventValue | undefined;

export class RuleFrame {
  #event: RuleEvent = plainEvent({});
  #base: EventObject = {};
  #aliases: FieldAliases | undefined;
  generation = 0;
  readonly #names: string[];
  readonly #dotted: boolean[];
  #valueGeneration: Int32Array;
  #textGeneration: Int32Array;
  /** A single value, or the list of all when an array stood there; undefined: absent. */
  readonly #values: SlotValue[];
  #isMany: Uint8Array;
  /** Folded text of a single value; undefined when it has none. */
  readonly #folded: (string | undefined)[];
  #memoGeneration: Int32Array;
  #memo: Uint8Array;
  #textsGeneration = 0;
  readonly #texts: string[] = [];

  constructor(names: readonly string[], memoCount: number) {
    this.#names = [...names];
    this.#dotted = names.map((name) => name.includes('.'));
    this.#valueGeneration = new Int32Array(names.length);
    this.#textGeneration = new Int32Array(names.length);
    this.#values = new Array<SlotValue>(names.length).fill(undefined);
    this.#isMany = new Uint8Array(names.length);
    this.#folded = new Array<string | undefined>(names.length).fill(undefined);
    this.#memoGeneration = new Int32Array(memoCount);
    this.#memo = new Uint8Array(memoCount);
  }

  /** Makes room for slots and memos that have come since; what is known of the current event stays. */
  grow(names: Iterable<string>, slots: number, memoCount: number): void {
    if (slots > this.#names.length) {
      let slot = 0;
      for (const name of names) {
        if (slot++ < this.#names.length) continue;
        this.#names.push(name);
        this.#dotted.push(name.includes('.'));
        this.#values.push(undefined);
        this.#folded.push(undefined);
      }
      this.#valueGeneration = grown(this.#valueGeneration, slots);
      this.#textGeneration = grown(this.#textGeneration, slots);
      this.#isMany = grown(this.#isMany, slots);
    }
    this.#memoGeneration = grown(this.#memoGeneration, memoCount);
    this.#memo = grown(this.#memo, memoCount);
  }

  /** All fields under the names that rules use: for tests that need the whole event. */
  get fields(): EventObject {
    return this.#event.fields;
  }

  load(event: RuleEvent): void {
    this.#event = event;
    this.#base = event.base;
    this.#aliases = event.aliases;
    // 2^31 events later the counters start anew.
    if (this.generation === 0x7fffffff) this.#restart();
    this.generation++;
  }

  /** A single value, or a list when `isMany`. */
  value(slot: number): SlotValue {
    if (this.#valueGeneration[slot] !== this.generation) this.#read(slot);
    return this.#values[slot];
  }

  /** The slot's value was an array, or several values under one path: `value` is then the flattened list. */
  isMany(slot: number): boolean {
    if (this.#valueGeneration[slot] !== this.generation) this.#read(slot);
    return this.#isMany[slot] === 1;
  }

  /** Nothing is there, not even an empty array. */
  isAbsent(slot: number): boolean {
    const value = this.value(slot);
    if (this.#isMany[slot] !== 1) return value === undefined;
    return (value as readonly EventValue[]).length === 0 && !hasField(this.fields, this.#names[slot] as string);
  }

  /** Folded text of a single scalar (numbers and booleans as text); undefined when absent, null, an object or many. */
  folded(slot: number): string | undefined {
    if (this.#textGeneration[slot] === this.generation) return this.#folded[slot];
    const value = this.value(slot);
    const text = this.#isMany[slot] === 1 ? undefined : textForm(value);
    const folded = text === undefined ? undefined : foldCase(text);
    this.#folded[slot] = folded;
    this.#textGeneration[slot] = this.generation;
    return folded;
  }

  /** Folded texts of all scalars of the event: for keyword tests. Aliases name values that are there already. */
  texts(): readonly string[] {
    if (this.#textsGeneration !== this.generation) {
      this.#texts.length = 0;
      collectTexts(this.#base, this.#texts);
      for (let i = 0; i < this.#texts.length; i++) this.#texts[i] = foldCase(this.#texts[i] as string);
      this.#textsGeneration = this.generation;
    }
    return this.#texts;
  }

  /** All scalars as one text, one per line, not folded: for prefilters only, a literal may seem to stand across two. */
  joinedText(): string {
    const texts: string[] = [];
    collectTexts(this.#base, texts);
    return texts.join('\n');
  }

  /** Text of a single scalar as it is; undefined as for `folded`. */
  text(slot: number): string | undefined {
    const value = this.value(slot);
    return this.#isMany[slot] === 1 ? undefined : textForm(value);
  }

  /** 0 unknown, 1 false, 2 true. */
  memo(index: number): number {
    return this.#memoGeneration[index] === this.generation ? (this.#memo[index] as number) : 0;
  }

  remember(index: number, result: boolean): boolean {
    this.#memoGeneration[index] = this.generation;
    this.#memo[index] = result ? 2 : 1;
    return result;
  }

  #read(slot: number): void {
    const name = this.#names[slot] as string;
    this.#valueGeneration[slot] = this.generation;
    this.#isMany[slot] = 0;
    const base = this.#base;
    let own = Object.hasOwn(base, name) ? name : undefined;
    if (own === undefined && this.#aliases !== undefined)
      own = this.#aliases.get(name)?.find((from) => Object.hasOwn(base, from));
    if (own !== undefined) {
      const value = base[own];
      if (!Array.isArray(value)) {
        this.#values[slot] = value;
        return;
      }
      this.#isMany[slot] = 1;
      this.#values[slot] = valuesOf(base, own);
      return;
    }
    if (this.#dotted[slot] !== true) {
      this.#derive(slot, name);
      return;
    }
    const all = valuesOf(base, name);
    if (all.length === 0 && this.#event.derive !== undefined && !hasField(base, name)) {
      this.#derive(slot, name);
      return;
    }
    this.#isMany[slot] = all.length === 1 ? 0 : 1;
    this.#values[slot] = all.length === 1 ? all[0] : all;
  }

  /** A field that the record does not have, and others may know. */
  #derive(slot: number, name: string): void {
    const value = this.#event.derive?.(name);
    this.#isMany[slot] = Array.isArray(value) || (value === undefined && this.#dotted[slot] === true) ? 1 : 0;
    this.#values[slot] = value === undefined && this.#dotted[slot] === true ? [] : value;
  }

  #restart(): void {
    this.generation = 0;
    this.#valueGeneration.fill(0);
    this.#textGeneration.fill(0);
    this.#memoGeneration.fill(0);
    this.#textsGeneration = 0;
  }
}

export function textForm(value: SlotValue): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function collectTexts(value: EventValue, texts: string[]): void {
  if (Array.isArray(value)) for (const item of value as readonly EventValue[]) collectTexts(item, texts);
  else if (isEventObject(value)) for (const key of Object.keys(value)) collectTexts(value[key] as EventValue, texts);
  else {
    const text = textForm(value);
    if (text !== undefined) texts.push(text);
  }
}
