/**
 * Markings: the Traffic Light Protocol level of STIX objects. The level of an indicator is the strictest of what marks the object
 * as a whole and of what marks, by selector, a property that alerts carry along (stix-patterns.md section 14).
 */
import type { Tlp } from '../../core/indicator.ts';
import { TLP_LEVELS } from '../../core/indicator-table.ts';

/** The fixed objects of TLP 1.0 (STIX 2.0 and 2.1) and TLP 2.0. White is the old name of clear. */
const FIXED: Readonly<Record<string, Tlp>> = {
  'marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9': 'clear',
  'marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da': 'green',
  'marking-definition--f88d31f6-486f-44da-b317-01333bde0b82': 'amber',
  'marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed': 'red',
  'marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487': 'clear',
  'marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb': 'green',
  'marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421': 'amber',
  'marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003': 'amber+strict',
  'marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1': 'red',
};

const TLP_2_EXTENSION = 'extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d';
const CARRIED = /^(?:pattern|name|description|labels|indicator_types|external_references|kill_chain_phases)\b/;
/** Definitions of one's own that are remembered; beyond it they are ignored and the feed's default counts. */
const MAX_DEFINITIONS = 100_000;
const MAX_REFERENCES = 50;

export function strictest(a: Tlp | undefined, b: Tlp | undefined): Tlp | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return TLP_LEVELS.indexOf(a) >= TLP_LEVELS.indexOf(b) ? a : b;
}

/** `TLP:AMBER+STRICT`, `white`, … */
function parseTlp(text: unknown): Tlp | undefined {
  if (typeof text !== 'string') return undefined;
  const level = text
    .trim()
    .toLowerCase()
    .replace(/^tlp[:\s_-]*/, '')
    .replace(/[\s_]+/g, '+');
  if (level === 'white') return 'clear';
  return TLP_LEVELS.find((known) => known === level);
}

/** Marking ids that say something about what alerts carry. */
export function markingReferences(object: Readonly<Record<string, unknown>>): string[] {
  const references: string[] = [];
  if (Array.isArray(object['object_marking_refs']))
    for (const reference of object['object_marking_refs'])
      if (typeof reference === 'string') references.push(reference);
  if (Array.isArray(object['granular_markings'])) {
    for (const marking of object['granular_markings'] as readonly unknown[]) {
      if (typeof marking !== 'object' || marking === null) continue;
      const { marking_ref: reference, selectors } = marking as Record<string, unknown>;
      const carried =
        Array.isArray(selectors) &&
        selectors.some((selector) => typeof selector === 'string' && CARRIED.test(selector));
      if (typeof reference === 'string' && carried) references.push(reference);
    }
  }
  return references.slice(0, MAX_REFERENCES);
}

/** Id of a definition and the level that it stands for; null: it is none of the protocol. */
export type MarkingLevel = readonly [id: string, level: Tlp | null];

/** Definitions read so far, and details that wait for one that has not come yet. */
export class MarkingDefinitions {
  readonly #levels = new Map<string, Tlp | undefined>();
  readonly #waiting = new Map<string, number[]>();

  /** `known`: what `export` of an earlier load returned. */
  constructor(known: readonly MarkingLevel[] = []) {
    for (const [id, level] of known) this.#levels.set(id, level ?? undefined);
  }

  /** Definitions read so far. */
  export(): MarkingLevel[] {
    return [...this.#levels].map(([id, level]) => [id, level ?? null]);
  }

  /** Takes a `marking-definition` object; calls back for the details that waited for it. */
  define(object: Readonly<Record<string, unknown>>, resolved: (details: number, tlp: Tlp) => void): void {
    const id = object['id'];
    if (typeof id !== 'string' || Object.hasOwn(FIXED, id) || this.#levels.size >= MAX_DEFINITIONS) return;
    const level = levelOf(object);
    this.#levels.set(id, level);
    if (level !== undefined) for (const details of this.#waiting.get(id) ?? []) resolved(details, level);
    this.#waiting.delete(id);
  }

  /** Strictest level that the references name as far as they are known; the others in `unknown`. */
  levelOf(references: readonly string[]): { readonly tlp: Tlp | undefined; readonly unknown: readonly string[] } {
    let tlp: Tlp | undefined;
    const unknown: string[] = [];
    for (const reference of references) {
      const fixed = Object.hasOwn(FIXED, reference) ? FIXED[reference] : undefined;
      if (fixed === undefined && !this.#levels.has(reference)) unknown.push(reference);
      tlp = strictest(tlp, fixed ?? this.#levels.get(reference));
    }
    return { tlp, unknown };
  }

  wait(details: number, references: readonly string[]): void {
    for (const reference of references) {
      const waiting = this.#waiting.get(reference);
      if (waiting !== undefined) waiting.push(details);
      else if (this.#waiting.size < MAX_DEFINITIONS) this.#waiting.set(reference, [details]);
    }
  }
}

function levelOf(object: Readonly<Record<string, unknown>>): Tlp | undefined {
  const extension = property(property(object, 'extensions'), TLP_2_EXTENSION);
  return (
    parseTlp(property(extension, 'tlp_2_0')) ??
    (isTlp(object['definition_type'])
      ? (parseTlp(property(object['definition'], 'tlp')) ??
        parseTlp(property(object['definition'], 'TLP')) ??
        parseTlp(object['name']))
      : undefined) ??
    // OpenCTI has levels of its own as statements, and says in extra properties what they are.
    (isTlp(object['x_opencti_definition_type']) ? parseTlp(object['x_opencti_definition']) : undefined)
  );
}

function isTlp(definitionType: unknown): boolean {
  return typeof definitionType === 'string' && definitionType.toLowerCase() === 'tlp';
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}
