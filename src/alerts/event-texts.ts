/** What the alerts of one event have in common, made when the first of them asks for it. */
import type { Event } from '../core/event.ts';
import { type JsonPiece, jsonText } from '../core/json-text.ts';
import type { ProcessTree } from '../core/process-tree.ts';
import { eventKey } from './alert-id.ts';
import { placedValues } from './ecs-fields.ts';
import { type PlacedJson, placedJson, relatedJson } from './placed-json.ts';
import type { PlacedValues } from './placed-values.ts';
import { processTreeJson, withProcesses } from './process-tree-fields.ts';
import type { RelatedValue } from './related.ts';

/** A record as it came, as JSON, for as long as its bytes are kept. */
export interface KeptOriginal {
  readonly bytes: Uint8Array | undefined;
}

export class EventTexts {
  readonly #event: Event;
  readonly #kept: KeptOriginal | undefined;
  readonly #treeOfProcess: ProcessTree | undefined;
  #places: PlacedValues | undefined;
  /** Null: values must be cut. */
  #placed: PlacedJson | null | undefined;
  #related: string | undefined;
  #original: string | undefined;
  #key: string | undefined;
  #tree: string | undefined;

  /** `tree`: remembered ancestors of the event's process. */
  constructor(event: Event, tree?: ProcessTree, kept?: KeptOriginal) {
    this.#event = event;
    this.#kept = kept;
    this.#treeOfProcess = tree;
  }

  /** `placedValues` of its fields. */
  get places(): PlacedValues {
    this.#places ??= placedValues(this.#event.fields);
    return this.#places;
  }

  /** The same with those of the remembered process and parent, as JSON; undefined where one is too long for an alert. */
  get placed(): PlacedJson | undefined {
    if (this.#placed === undefined) {
      const tree = this.#treeOfProcess;
      this.#placed = placedJson(tree === undefined ? this.places : withProcesses(this.places, tree)) ?? null;
    }
    return this.#placed ?? undefined;
  }

  /** `related` with a comma in front. `own`: what the match adds. */
  related(placed: PlacedJson, own: RelatedValue | undefined): string {
    if (own !== undefined) return relatedJson(placed.related, own);
    this.#related ??= relatedJson(placed.related, undefined);
    return this.#related;
  }

  /** The record as it came, as JSON. */
  get originalPiece(): JsonPiece {
    if (this.#original !== undefined) return this.#original;
    const bytes = this.#kept?.bytes;
    if (bytes !== undefined) return bytes;
    this.#original = jsonText(this.#event.original);
    return this.#original;
  }

  /** As in alert ids. */
  get key(): string {
    this.#key ??= eventKey(this.#event);
    return this.#key;
  }

  /** The remembered ancestors, as members of `flint` with a comma in front. */
  get tree(): string {
    this.#tree ??= this.#treeOfProcess === undefined ? '' : processTreeJson(this.#treeOfProcess);
    return this.#tree;
  }
}
