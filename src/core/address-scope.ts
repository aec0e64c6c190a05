/**
 * Which addresses belong to the public internet. URLs that come from configuration or feeds must not reach machines behind it (server-side
 * request forgery): everything in the special-purpose registries of IANA that is not globally reachable counts as private.
 */
import { type IpNetwork, networkContains, parseIp, parseNetwork } from './ip-address.ts';

const PRIVATE: readonly IpNetwork[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/96',
  // Forms that carry an IPv4 address: translated, discard, Teredo, 6to4.
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
].map((text) => {
  const network = parseNetwork(text);
  if (network === undefined) throw new Error(`not a network: ${text}`);
  return network;
});

/** False for what is no address, too. An IPv4-mapped IPv6 address is the IPv4 address. */
export function isPublicAddress(text: string): boolean {
  const address = parseIp(text);
  if (address === undefined) return false;
  const network = { ...address, bits: address.family === 4 ? 32 : 128 };
  return !PRIVATE.some((outer) => networkContains(outer, network));
}
