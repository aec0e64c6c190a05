/** What the alerts of one event have in common, made when the first of them asks for it. */
import type { Event } from '../core/event.ts';
import { jsonText } from '../core/json-text.ts';
import { eventKey } from './alert-id.ts';
import { type PlacedValues, placedValues } from './ecs-fields.ts';

export class EventTexts {
  readonly #event: Event;
  #places: PlacedValues | undefined;
  #original: string | undefined;
  #key: string | undefined;

  constructor(event: Event) {
    this.#event = event;
  }

  /** `placedValues` of its fields. */
  get places(): PlacedValues {
    this.#places ??= placedValues(this.#event.fields);
    return this.#places;
  }

  /** The record as it came, as JSON. */
  get original(): string {
    this.#original ??= jsonText(this.#event.original);
    return this.#original;
  }

  /** As in alert ids. */
  get key(): string {
    this.#key ??= eventKey(this.#event);
    return this.#key;
  }
}
