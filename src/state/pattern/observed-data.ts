/**
 * observed-data as search input and subjects (stix-patterns.md section 11): 2.0 with its own `objects` map, 2.1 with
 * `object_refs` into the bundles given, whose objects form one body of data. References reach only what the same
 * observed-data lists; relationship and domain objects are no cyber observables and cannot be addressed.
 */
import type { EventObject, EventValue } from '../../core/event.ts';
import { isEventObject } from '../../core/event.ts';
import { parseStixTimestamp } from '../../core/stix-timestamp.ts';
import type { SearchObservation } from './binding-search.ts';

export interface ObservedObjects {
  /** Id of the observed-data, when it has one. */
  readonly id: string | undefined;
  readonly interval: SearchObservation;
  /** The cyber observables by the name that references use: local keys (2.0) or ids (2.1). */
  readonly objects: ReadonlyMap<string, EventObject>;
}

export type ReadObservations =
  | { readonly ok: true; readonly observations: readonly ObservedObjects[] }
  | { readonly ok: false; readonly problem: string };

/** STIX domain and relationship objects, and the wrappers: never cyber observables, whatever refers to them. */
const NO_OBSERVABLES: ReadonlySet<string> = new Set([
  ...[
    'attack-pattern',
    'campaign',
    'course-of-action',
    'grouping',
    'identity',
    'incident',
    'indicator',
    'infrastructure',
  ],
  ...['intrusion-set', 'location', 'malware', 'malware-analysis', 'note', 'observed-data', 'opinion', 'report'],
  ...['threat-actor', 'tool', 'vulnerability', 'relationship', 'sighting', 'marking-definition', 'language-content'],
  ...['extension-definition', 'bundle'],
]);

/** `data`: observed-data objects, or bundles that hold them, or both. */
export function readObservations(data: readonly EventValue[]): ReadObservations {
  const all = data.flatMap((item) => (isEventObject(item) ? flatten(item) : []));
  const byId = new Map<string, EventObject>();
  for (const object of all) if (typeof object['id'] === 'string') byId.set(object['id'], object);
  const observations: ObservedObjects[] = [];
  for (const object of all) {
    if (!isObservation(object)) continue;
    const interval = intervalOf(object);
    if (typeof interval === 'string') return { ok: false, problem: interval };
    const id = typeof object['id'] === 'string' ? object['id'] : undefined;
    observations.push({ id, interval, objects: observablesOf(object, byId) });
  }
  return { ok: true, observations };
}

/** By its shape: the suite of OASIS also has observations of an older type name. */
function isObservation(object: EventObject): boolean {
  if (object['type'] === 'observed-data') return true;
  return Object.hasOwn(object, 'first_observed') && isEventObject(object['objects']);
}

function flatten(item: EventObject): readonly EventObject[] {
  const objects = item['objects'];
  if (item['type'] !== 'bundle' || !Array.isArray(objects)) return [item];
  return (objects as readonly EventValue[]).filter(isEventObject);
}

function observablesOf(
  observed: EventObject,
  byId: ReadonlyMap<string, EventObject>,
): ReadonlyMap<string, EventObject> {
  const objects = new Map<string, EventObject>();
  const map = observed['objects'];
  if (isEventObject(map)) {
    for (const [key, object] of Object.entries(map)) if (isEventObject(object)) objects.set(key, object);
  }
  const refs = observed['object_refs'];
  for (const ref of Array.isArray(refs) ? (refs as readonly EventValue[]) : []) {
    const object = typeof ref === 'string' ? byId.get(ref) : undefined;
    if (object !== undefined && !NO_OBSERVABLES.has(String(object['type']))) objects.set(String(ref), object);
  }
  return objects;
}

/** The problem as text when first_observed, last_observed or number_observed cannot be used. */
function intervalOf(observed: EventObject): SearchObservation | string {
  const instants: bigint[] = [];
  for (const name of ['first_observed', 'last_observed']) {
    const text = observed[name];
    const instant = typeof text === 'string' ? parseStixTimestamp(text) : undefined;
    if (instant === undefined) return `${name} is no timestamp: ${JSON.stringify(text ?? null)}`;
    instants.push(instant);
  }
  const count = observed['number_observed'] ?? 1;
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 1)
    return `number_observed is no whole number from 1: ${JSON.stringify(count)}`;
  const [first = 0n, last = 0n] = instants;
  if (last < first) return 'last_observed lies before first_observed';
  return { first, last, count };
}
