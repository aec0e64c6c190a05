/** Values that tell a record's kind (`sieve-route.ts`): the last of each key that does. */
import { INFO_BYTES, INFO_TELL, SIEVE_TELLS } from './sieve-layout';
import { info, stamp } from './sieve-key-lookup';

let tells: usize = 0;

/** A record begins, after `beginKeys`. */
// @ts-ignore: decorator
@inline
export function beginTells(area: usize): void {
  tells = <usize>load<u32>(area, SIEVE_TELLS);
}

/** Whether anything is asked of the key. */
// @ts-ignore: decorator
@inline
export function isTelling(key: u32): bool {
  return load<u32>(info + <usize>key * INFO_BYTES, INFO_TELL) != 0;
}

/** The place of keys that tell nothing takes the values of all of them. */
// @ts-ignore: decorator
@inline
export function tell(key: u32, start: usize, end: usize, kind: u32): void {
  const place = tells + (<usize>load<u32>(info + <usize>key * INFO_BYTES, INFO_TELL) << 4);
  store<u32>(place, stamp);
  store<u32>(place, <u32>start, 4);
  store<u32>(place, <u32>end, 8);
  store<u32>(place, kind, 12);
}
