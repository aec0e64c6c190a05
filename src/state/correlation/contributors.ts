/** The events behind a firing: those of the facts in the window, oldest first, each once. */
import type { EventPlace } from '../event-place.ts';
import type { FactExtra } from './group-windows.ts';
import type { WindowStore } from './window-store.ts';

/** Of the facts from `fact` back to `fromMs`; beyond `maxEvents` the oldest are left out, counted. */
export function contributorsOf(
  store: WindowStore,
  extras: ReadonlyMap<number, FactExtra>,
  fact: number,
  fromMs: number,
  maxEvents: number,
): { readonly events: readonly EventPlace[]; readonly omitted: number } {
  const places: EventPlace[] = [];
  let omitted = 0;
  let isChained = false;
  for (let at = fact; at >= 0 && store.timeOf(at) >= fromMs; at = store.beforeOf(at)) {
    const inner = extras.get(at)?.inner;
    if (inner !== undefined) isChained = true;
    for (const place of inner === undefined ? [placeOf(store, at)] : inner.toReversed()) {
      if (places.length < maxEvents) places.push(place);
      else omitted++;
    }
  }
  // What several inner firings stand on stands where the last of them has it: nothing is newer than the completing event.
  const events = (isChained ? distinctPlaces(places) : places.filter(isFirst)).reverse();
  if (isChained) events.sort((a, b) => a.timeMs - b.timeMs);
  return { events, omitted };
}

function placeOf(store: WindowStore, fact: number): EventPlace {
  return {
    timeMs: store.timeOf(fact),
    source: store.sourceOf(fact),
    position: store.positionOf(fact),
    part: store.partOf(fact),
  };
}

/** One event that matched two rules of the correlation is listed once: equal places are neighbours but for inner lists. */
function isFirst({ source, position, part }: EventPlace, index: number, places: readonly EventPlace[]): boolean {
  const before = places[index - 1];
  return before === undefined || before.position !== position || before.source !== source || before.part !== part;
}

/** The same, wherever they stand. */
function distinctPlaces(places: readonly EventPlace[]): EventPlace[] {
  const seen = new Set<string>();
  return places.filter(({ source, position, part }) => {
    const key = `${source}:${position}:${part}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
