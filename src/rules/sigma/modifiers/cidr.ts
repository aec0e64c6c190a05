/** `cidr`: the field is an address inside the IPv4 or IPv6 network. Host bits set are an error; an address alone is itself. */
import { canonicalIp, formatIp, parseNetwork } from '../../../core/ip-address.ts';
import type { Modifier } from './modifier.ts';

export const cidr: Modifier = {
  name: 'cidr',
  summary: 'the field is an address inside the network',
  accepts: ['text'],
  first: true,
  apply: (_value, written) => {
    const network = String(written);
    const parsed = parseNetwork(network);
    if (parsed === undefined)
      return { problem: `"${network}" is no network`, hint: 'write address/bits, as in 10.0.0.0/8 or fe80::/10' };
    const start = formatIp(parsed);
    if (canonicalIp(network.split('/')[0] as string) !== start)
      return { problem: `network "${network}" has host bits set`, hint: `write ${start}/${network.split('/')[1]}` };
    return { kind: 'network', network };
  },
};
