/**
 * What kind of record it is: the values of the keys that tell it, byte by byte, and which other keys are there. Each combination that
 * was met has a route, which the loader adds once it has decoded one record of it.
 */
import {
  KEY_EVENT_ID,
  KEY_EVENT_TYPE,
  KEY_OPERATION_TYPE,
  ROUTE_TEXTS,
  SIEVE_PRESENCE,
  SIEVE_ROUTE_HASH,
  SIEVE_ROUTE_MASK,
  SIEVE_ROUTE_VALUES,
  SIEVE_ROUTES,
  SIEVE_ROUTES_MASK,
} from './sieve-layout';
import { hashOf, sameBytes } from './sieve-text';

const MIX: u32 = 0x85ebca6b;

/** Address of the record's route, or 0: its hash is noted then. */
export function findRoute(work: usize): usize {
  const mask = telling(work);
  const presence = load<u32>(work, SIEVE_PRESENCE);
  const values = <usize>load<u32>(work, SIEVE_ROUTE_VALUES);
  let hash = (presence ^ mask) * MIX;
  let rest = mask;
  while (rest != 0) {
    const entry = values + <usize>ctz(rest) * 12;
    rest &= rest - 1;
    const start = <usize>load<u32>(entry);
    hash = (rotl<u32>(hash, 5) ^ hashOf(start, <usize>load<u32>(entry, 4) - start)) * MIX;
  }
  store<u32>(work, hash, SIEVE_ROUTE_HASH);
  store<u32>(work, mask, SIEVE_ROUTE_MASK);
  const routes = <usize>load<u32>(work, SIEVE_ROUTES);
  const last = load<u32>(work, SIEVE_ROUTES_MASK);
  let slot = hash & last;
  while (true) {
    const route = <usize>load<u32>(routes + (<usize>slot << 2));
    if (route == 0) return 0;
    if (load<u32>(route) == hash && isSame(route, presence, mask, values)) return route;
    slot = (slot + 1) & last;
  }
}

/** Two fields tell something about one event id each. */
function telling(work: usize): u32 {
  const mask = load<u32>(work, SIEVE_ROUTE_MASK);
  const special = ((<u32>1 << KEY_EVENT_TYPE) | (<u32>1 << KEY_OPERATION_TYPE)) & mask;
  if (special == 0) return mask;
  let counts: u32 = 0;
  if (((mask >>> KEY_EVENT_ID) & 1) != 0) {
    const entry = <usize>load<u32>(work, SIEVE_ROUTE_VALUES) + <usize>KEY_EVENT_ID * 12;
    const start = <usize>load<u32>(entry);
    const length = <usize>load<u32>(entry, 4) - start;
    if (length == 2 && load<u16>(start) == 0x3231) counts = <u32>1 << KEY_EVENT_TYPE;
    if (length == 4 && load<u32>(start) == 0x37353634) counts = <u32>1 << KEY_OPERATION_TYPE;
  }
  return (mask & ~special) | (special & counts);
}

function isSame(route: usize, presence: u32, mask: u32, values: usize): bool {
  if (load<u32>(route, 4) != presence || load<u32>(route, 8) != mask) return false;
  let at = route + ROUTE_TEXTS;
  let rest = mask;
  while (rest != 0) {
    const entry = values + <usize>ctz(rest) * 12;
    rest &= rest - 1;
    const start = <usize>load<u32>(entry);
    const length = <usize>load<u32>(entry, 4) - start;
    if (load<u32>(at) != load<u32>(entry, 8) || <usize>load<u32>(at, 4) != length) return false;
    if (!sameBytes(<usize>load<u32>(at, 8), start, length)) return false;
    at += 12;
  }
  return true;
}

/** Adds a route that was written by the loader; there is room. */
export function addRoute(work: usize, route: usize): void {
  const routes = <usize>load<u32>(work, SIEVE_ROUTES);
  const last = load<u32>(work, SIEVE_ROUTES_MASK);
  let slot = load<u32>(route) & last;
  while (load<u32>(routes + (<usize>slot << 2)) != 0) slot = (slot + 1) & last;
  store<u32>(routes + (<usize>slot << 2), <u32>route);
}
