/** Host names of destinations to addresses: literals as they are, names by the system's resolver (hosts file included). */
import { lookup } from 'node:dns/promises';
import { parseIp } from '../core/ip-address.ts';
import { type HostLookup, SinkError } from './sink.ts';

export const systemLookup: HostLookup = async (host) => {
  const literal = parseIp(host);
  if (literal !== undefined) return { address: host.replace(/^\[(.*)\]$/, '$1'), family: literal.family };
  try {
    const { address, family } = await lookup(host);
    return { address, family: family === 6 ? 6 : 4 };
  } catch (cause) {
    // The resolver's failure, whatever its code: the name may be there at the next attempt.
    throw new SinkError(`cannot resolve the host name "${host}"`, { retryable: true, cause });
  }
};
