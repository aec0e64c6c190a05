/**
 * Name resolution for one request that may only go where it was allowed to: it answers with the addresses that were checked,
 * whatever the name resolves to by now. One place, because it is what keeps a feed from reaching into the own network.
 */
import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';

export function checkedLookup(addresses: readonly LookupAddress[]): LookupFunction {
  const [first] = addresses;
  return (_host, options, callback) => {
    if (options.all === true) (callback as (e: null, list: LookupAddress[]) => void)(null, [...addresses]);
    else callback(null, first?.address ?? '', first?.family);
  };
}
