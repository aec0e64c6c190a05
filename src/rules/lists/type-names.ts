/**
 * Names by which tables, MISP and Zeek say what kind a value is. Compared without case and punctuation, so that `SHA-256`,
 * `FileHash-SHA256` and `sha256` need one or two rows. A MISP pair (`domain|ip`) names the kinds of both halves.
 */
import type { IndicatorKind } from '../../core/indicator.ts';

const KINDS: Readonly<Record<IndicatorKind, readonly string[]>> = {
  domain: ['domain', 'hostname', 'fqdn', 'domainname', 'host', 'inteldomain', 'dns'],
  url: ['url', 'uri', 'intelurl'],
  ipv4: [
    ...[
      'ip',
      'ipv4',
      'ipdst',
      'ipsrc',
      'ipaddr',
      'ipaddress',
      'ipv4addr',
      'ipv4address',
      'addr',
      'address',
      'inteladdr',
    ],
    ...['dstip', 'srcip'],
  ],
  ipv6: ['ipv6', 'ipv6addr', 'ipv6address'],
  network: ['cidr', 'cidr4', 'cidr6', 'network', 'netblock', 'subnet', 'iprange', 'intelsubnet'],
  email: ['email', 'emailsrc', 'emaildst', 'emailaddr', 'emailaddress', 'emailreplyto', 'intelemail'],
  hash: [
    ...[
      'md5',
      'sha1',
      'sha224',
      'sha256',
      'sha384',
      'sha512',
      'hash',
      'filehash',
      'intelfilehash',
      'imphash',
      'authentihash',
    ],
    ...[
      'md5hash',
      'sha1hash',
      'sha256hash',
      'sha512hash',
      'filehashmd5',
      'filehashsha1',
      'filehashsha256',
      'filehashsha512',
    ],
    ...[
      'x509fingerprintsha1',
      'x509fingerprintsha256',
      'x509fingerprintmd5',
      'ja3fingerprintmd5',
      'intelcerthash',
      'ja3',
    ],
    ...['sha3384hash', 'sha3256', 'sha3512'],
  ],
  'file-name': ['filename', 'file', 'intelfilename'],
  'registry-key': ['regkey', 'registrykey', 'registry', 'windowsregistrykey'],
  mutex: ['mutex', 'mutexname'],
  'user-agent': ['useragent', 'httpuseragent', 'intelsoftware'],
  endpoint: ['ipport', 'ipdstport', 'ipsrcport', 'endpoint', 'socket', 'hostnameport', 'domainport'],
  text: [
    'text',
    'string',
    'commandline',
    'ssdeep',
    'tlsh',
    'x509serialnumber',
    'emailsubject',
    'btc',
    'macaddress',
    'namedpipe',
  ],
};

const BY_NAME: ReadonlyMap<string, IndicatorKind> = new Map(
  Object.entries(KINDS).flatMap(([kind, names]) => names.map((name) => [name, kind as IndicatorKind] as const)),
);

export function kindOfTypeName(name: string): IndicatorKind | undefined {
  return BY_NAME.get(name) ?? (name.includes('|') ? undefined : BY_NAME.get(plain(name)));
}

/** The kinds of both halves of `a|b`; a file name beside a hash is left to the hash, as it is common by chance. */
export interface PairType {
  readonly first: IndicatorKind | undefined;
  readonly second: IndicatorKind | undefined;
  /** Both halves are one value: an address and its port. */
  readonly isEndpoint: boolean;
}

export function pairOfTypeName(name: string): PairType | undefined {
  const [left, right, ...more] = name.split('|');
  if (left === undefined || right === undefined || more.length > 0) return undefined;
  if (plain(right) === 'port') return { first: undefined, second: undefined, isEndpoint: true };
  const [first, second] = [kindOfTypeName(left), kindOfTypeName(right)];
  const isNamedHash = first === 'file-name' && second === 'hash';
  const isRegistryValue = first === 'registry-key';
  return { first: isNamedHash ? undefined : first, second: isRegistryValue ? undefined : second, isEndpoint: false };
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}
