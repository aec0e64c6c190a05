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
}

/** In the order of the table: places, and for each place its names, the one that counts first in front. */
const CANDIDATES: readonly EcsCandidate[] = ECS_PLACES.flatMap(({ place, shape, names }) =>
  names.map((name) => ({ place, shape, name })),
);

/** Numbers of candidates by what an event must have: a key in any letter case, a complete dotted key, a first segment. */
const BY_KEY = numbersBy(({ name }) => (name.includes('.') ? undefined : name.toLowerCase()));
const BY_WHOLE = numbersBy(({ name }) => (name.includes('.') ? name : undefined));
const BY_SEGMENT = numbersBy(({ name }) => (name.includes('.') ? name.slice(0, name.indexOf('.')) : undefined));

/** Candidates whose name an event seems to have, in the order of the table, each once. */
export function ecsCandidates(fields: EventObject, names: EventNames): EcsCandidate[] {
  const numbers: number[] = [];
  for (const name of names.keys()) add(numbers, BY_KEY.get(name));
  for (const key of Object.keys(fields)) {
    add(numbers, BY_WHOLE.get(key));
    add(numbers, BY_SEGMENT.get(key));
  }
  numbers.sort(ascending);
  return numbers.flatMap((number, i) => (number === numbers[i - 1] ? [] : (CANDIDATES[number] as EcsCandidate)));
}

function add(numbers: number[], more: readonly number[] | undefined): void {
  if (more !== undefined) for (const number of more) numbers.push(number);
}

function ascending(a: number, b: number): number {
  return a - b;
}

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
