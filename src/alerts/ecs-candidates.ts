/**
 * Which rows of the table of ECS places could say something about an event. Asked the other way round, each of the three hundred names of
 * the table would be looked for in every event; an event has a dozen keys, and each key is looked up here once.
 */
import { ECS_PLACES, type Shape } from './ecs-places.ts';

/** One name of one place. */
export interface EcsCandidate {
  readonly place: string;
  readonly shape: Shape;
  readonly name: string;
  readonly folded: string;
  /** The name taken apart, when it is a path. */
  readonly segments: readonly string[] | undefined;
}

/** In the order of the table: places, and for each place its names, the one that counts first in front. */
const CANDIDATES: readonly EcsCandidate[] = ECS_PLACES.flatMap(({ place, shape, names }) =>
  names.map((name) => {
    const segments = name.includes('.') ? name.split('.') : undefined;
    return { place, shape, name, folded: name.toLowerCase(), segments };
  }),
);

/** Numbers of candidates by what an event must have: a key in any letter case, or one that a dotted name is or begins with. */
const BY_KEY = numbersBy(({ folded, segments }) => (segments === undefined ? [folded] : []));
const BY_BEGINNING = numbersBy(({ segments = [] }) => segments.map((_, i) => segments.slice(0, i + 1).join('.')));

/**
 * Candidates whose name an event seems to have, in the order of the table, each once. `keys`: of the event; `names`: of the event and its
 * containers, in lower case and without leading underscore.
 */
export function ecsCandidates(keys: readonly string[], names: Iterable<string>): readonly EcsCandidate[] {
  const numbers = new Set<number>();
  for (const name of names) for (const number of BY_KEY.get(name) ?? NONE) numbers.add(number);
  for (const key of keys) for (const number of BY_BEGINNING.get(key) ?? NONE) numbers.add(number);
  return CANDIDATES.filter((_, number) => numbers.has(number));
}

const NONE: readonly number[] = Object.freeze([]);

function numbersBy(keysOf: (candidate: EcsCandidate) => readonly string[]): ReadonlyMap<string, readonly number[]> {
  const numbers = new Map<string, number[]>();
  for (const [number, candidate] of CANDIDATES.entries())
    for (const key of keysOf(candidate)) {
      const known = numbers.get(key);
      if (known === undefined) numbers.set(key, [number]);
      else known.push(number);
    }
  return numbers;
}
