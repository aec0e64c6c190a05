/**
 * FluxRow: what flux needs of an event, extracted once; and the way back, the event's `sigma` map with the updated tags.
 *
 * Differences from the original, on purpose: tags of rules outside the specification and unlisted tags are kept (flux-capacitor.md
 * 8.2, 8.7), a missing column is an absent value instead of an error for the batch.
 */
import type { EventObject, EventValue } from '../../core/event.ts';
import { isEventObject } from '../../core/event.ts';
import { textOf } from '../../core/field-path.ts';
import type { EventPlace } from '../event-place.ts';
import type { FluxPlan, PlannedRule } from './plan.ts';
import { TAGS_PER_WORD } from './plan.ts';

export interface FluxRow<T> extends EventPlace {
  /** Value of the group key; rows without one form a group of their own that remembers nothing. */
  readonly group: string | undefined;
  /** Values of the plan's columns; undefined when absent or null. */
  readonly columns: readonly (string | undefined)[];
  /** True listed tags, by the plan's words. */
  readonly own: readonly number[];
  /** What the caller wants back with the outcome: the event, or what leads to it. */
  readonly item: T;
}

/** A row as handlers see it, valid until they return: of its group and columns fingerprints are all that was kept. */
export interface TakenRow<T> extends EventPlace {
  /** True listed tags, by the plan's words. */
  readonly own: ArrayLike<number>;
  readonly item: T;
}

/**
 * Value of a tag that the event's own `sigma` map does not speak of: whether the Sigma rule (or detection identifier of the Sigma
 * rule named as the flux rule) with the tag's name matches the event. Undefined: there is no such rule.
 */
export type TagLookup = (ruleName: string, tag: string) => boolean | undefined;

/** Reads a field of an event as text; the default is the plain look-up of `core/field-path.ts`. */
export type FieldText = (fields: EventObject, name: string) => string | undefined;

export function readFluxRow<T>(
  plan: FluxPlan,
  fields: EventObject,
  groupField: string,
  place: EventPlace,
  item: T,
  tagOf?: TagLookup,
  fieldText: FieldText = textOf,
): FluxRow<T> {
  return {
    timeMs: place.timeMs,
    source: place.source,
    position: place.position,
    part: place.part,
    group: fieldText(fields, groupField),
    columns: plan.columns.map((column) => fieldText(fields, column)),
    own: readOwnTags(plan, fields, tagOf),
    item,
  };
}

/** True listed tags by the plan's words: from the event's `sigma` map, else from `tagOf`. Null and absent count as false. */
export function readOwnTags(plan: FluxPlan, fields: EventObject, tagOf?: TagLookup): number[] {
  // Plain numbers: a row may wait a minute, and a typed array of its own would be half of what it holds.
  const own = new Array<number>(plan.words).fill(0);
  for (const { rule, wordOffset } of plan.rules) {
    const map = tagMapOf(fields, rule.name);
    for (let tag = 0; tag < rule.tags.length; tag++) {
      const name = rule.tags[tag] as string;
      const value = map !== undefined && Object.hasOwn(map, name) ? map[name] : tagOf?.(rule.name, name);
      if (value === true) setTag(own, wordOffset, tag);
    }
  }
  return own;
}

/** Whether a listed tag is set in the words of a row or an outcome. */
export function hasTag(words: ArrayLike<number>, rule: PlannedRule, tag: number): boolean {
  const word = words[rule.wordOffset + Math.floor(tag / TAGS_PER_WORD)] as number;
  return (word & (1 << (tag % TAGS_PER_WORD))) !== 0;
}

export function setTag(words: number[], wordOffset: number, tag: number): void {
  const at = wordOffset + Math.floor(tag / TAGS_PER_WORD);
  words[at] = (words[at] as number) | (1 << (tag % TAGS_PER_WORD));
}

/**
 * The event's fields with the updated `sigma` map: for an evaluated rule all listed tags, false ones too, and its unlisted tags
 * as booleans; for a temporal rule without a true listed tag the map as it came.
 */
export function withSigma(
  plan: FluxPlan,
  fields: EventObject,
  tags: Int32Array,
  evaluated: readonly boolean[],
): EventObject {
  const before = Object.hasOwn(fields, 'sigma') ? fields['sigma'] : undefined;
  const sigma: [string, EventValue][] = isEventObject(before) ? Object.entries(before) : [];
  const updated = new Map<string, EventValue>(sigma);
  for (const planned of plan.rules) {
    const map = tagMapOf(fields, planned.rule.name);
    if (evaluated[planned.ordinal] === true) updated.set(planned.rule.name, evaluatedMap(planned, map, tags));
    else if (map === undefined) updated.set(planned.rule.name, {});
  }
  // fromEntries makes own properties, "__proto__" included.
  return Object.fromEntries([
    ...Object.entries(fields).filter(([key]) => key !== 'sigma'),
    ['sigma', Object.fromEntries(updated)] as const,
  ]);
}

function evaluatedMap(planned: PlannedRule, map: EventObject | undefined, tags: Int32Array): EventObject {
  const result: [string, boolean][] = planned.rule.tags.map((name, tag) => [name, hasTag(tags, planned, tag)]);
  for (const [name, value] of Object.entries(map ?? {}))
    if (!planned.listed.has(name)) result.push([name, value === true]);
  return Object.fromEntries(result);
}

function tagMapOf(fields: EventObject, ruleName: string): EventObject | undefined {
  const sigma = Object.hasOwn(fields, 'sigma') ? fields['sigma'] : undefined;
  const map = isEventObject(sigma) && Object.hasOwn(sigma, ruleName) ? sigma[ruleName] : undefined;
  return isEventObject(map) ? map : undefined;
}
