/**
 * Which rows of the table of ECS places could say something about an event. Asked the other way round, each of the three hundred names of
 * the table would be looked for in every event; an event has a dozen keys, and each key is looked up here once.
 */
import type { EventObject } from '../core/event.ts';
import { ECS_PLACES, type Shape } from './ecs-places.ts';
import type { EventNames } from './event-names.ts';

/** One name of one place. */
export interface EcsCandidate {
  readonly place: string;
  readonly shape: Shape;
  readonly name: string;
  /** The name taken apart, when it is a path. */
  readonly segments: readonly string[] | undefined;
}

/** In the order of the table: places, and for each place its names, the one that counts first in front. */
const CANDIDATES: readonly EcsCandidate[] = ECS_PLACES.flatMap(({ place, shape, names }) =>
  names.map((name) => ({ place, shape, name, segments: name.includes('.') ? name.split('.') : undefined })),
);

/** Numbers of candidates by what an event must have: a key in any letter case, a complete dotted key, a first segment. */
const BY_KEY = numbersBy(({ name }) => (name.includes('.') ? undefined : name.toLowerCase()));
const BY_WHOLE = numbersBy(({ name }) => (name.includes('.') ? name : undefined));
const BY_SEGMENT = numbersBy(({ name }) => (name.includes('.') ? name.slice(0, name.indexOf('.')) : undefined));

/** Events of one source have the same keys again and again; when there are more kinds than this the memory begins anew. */
const MAX_REMEMBERED = 256;
const MAX_REMEMBERED_CHARACTERS = 2048;
const remembered = new Map<string, readonly EcsCandidate[]>();

/** Candidates whose name an event seems to have, in the order of the table, each once. */
export function ecsCandidates(fields: EventObject, names: EventNames): readonly EcsCandidate[] {
  const keys = Object.keys(fields);
  const all = `${keys.join('\n')}\n\n${names.joinedKeys()}`;
  const known = remembered.get(all);
  if (known !== undefined) return known;
  const numbers = new Set<number>();
  for (const name of names.keys()) for (const number of BY_KEY.get(name) ?? NONE) numbers.add(number);
  for (const key of keys) {
    for (const number of BY_WHOLE.get(key) ?? NONE) numbers.add(number);
    for (const number of BY_SEGMENT.get(key) ?? NONE) numbers.add(number);
  }
  const candidates = CANDIDATES.filter((_, number) => numbers.has(number));
  if (all.length > MAX_REMEMBERED_CHARACTERS) return candidates;
  if (remembered.size === MAX_REMEMBERED) remembered.clear();
  remembered.set(all, candidates);
  return candidates;
}

const NONE: readonly number[] = Object.freeze([]);

function numbersBy(keyOf: (candidate: EcsCandidate) => string | undefined): ReadonlyMap<string, readonly number[]> {
  const numbers = new Map<string, number[]>();
  for (const [number, candidate] of CANDIDATES.entries()) {
    const key = keyOf(candidate);
    if (key === undefined) continue;
    const known = numbers.get(key);
    if (known === undefined) numbers.set(key, [number]);
    else known.push(number);
  }
  return numbers;
}
