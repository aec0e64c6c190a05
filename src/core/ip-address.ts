/**
 * Addresses and networks: strict parsing, one canonical text (RFC 5952), prefix tests.
 *
 * IPv4 is a dotted quad without leading zeros (an octal reading would differ between tools). IPv4-mapped IPv6
 * (`::ffff:1.2.3.4`) is the IPv4 address it stands for, on both sides of every comparison.
 */

export interface IpAddress {
  readonly family: 4 | 6;
  /** 16-bit groups: two for IPv4, eight for IPv6. */
  readonly groups: readonly number[];
}

export interface IpNetwork extends IpAddress {
  /** Prefix length in bits: 0 to 32, or 0 to 128. */
  readonly bits: number;
}

const ZERO = 0x30;
const NINE = 0x39;
const DOT = 0x2e;

export function parseIp(text: string): IpAddress | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

export function parseIpv4(text: string): IpAddress | undefined {
  const value = ipv4Number(text);
  return value < 0 ? undefined : { family: 4, groups: [Math.floor(value / 65_536), value % 65_536] };
}

/**
 * The address in `text[start, end)` as a number, -1 when it is none. Character by character: it is asked about every host name and
 * token, and most are none.
 */
export function ipv4Number(text: string, start = 0, end = text.length): number {
  if (end - start < 7 || end - start > 15) return -1;
  let value = 0;
  let part = 0;
  let digits = 0;
  let dots = 0;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code >= ZERO && code <= NINE) {
      // A second digit behind a leading zero.
      if (digits > 0 && part === 0) return -1;
      part = part * 10 + code - ZERO;
      if (part > 255) return -1;
      digits++;
    } else {
      if (code !== DOT || digits === 0 || dots === 3) return -1;
      value = value * 256 + part;
      part = 0;
      digits = 0;
      dots++;
    }
  }
  return dots === 3 && digits > 0 ? value * 256 + part : -1;
}

/** Accepts every spelling of RFC 4291 section 2.2, brackets and a zone (`%eth0`), which is dropped. */
export function parseIpv6(text: string): IpAddress | undefined {
  let body = text;
  if (body.startsWith('[') && body.endsWith(']')) body = body.slice(1, -1);
  const zone = body.indexOf('%');
  if (zone > 0) body = body.slice(0, zone);
  if (body.length < 2 || body.length > 45) return undefined;
  const halves = body.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] as string, halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] as string, true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  return unmapped([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

/** An address alone is a network of full length; bits below the prefix are cleared. */
export function parseNetwork(text: string): IpNetwork | undefined {
  const slash = text.indexOf('/');
  const address = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const full = address.groups.length * 16;
  if (slash < 0) return { ...address, bits: full };
  const length = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(length)) return undefined;
  // A mapped network such as ::ffff:10.0.0.0/104 is the IPv4 network of the last 32 bits.
  const bits = address.family === 4 && text.includes(':') ? Number(length) - 96 : Number(length);
  if (bits < 0 || bits > full) return undefined;
  return { family: address.family, groups: masked(address.groups, bits), bits };
}

export function formatIp(address: IpAddress): string {
  if (address.family === 4) {
    const [high = 0, low = 0] = address.groups;
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  const { groups } = address;
  let runStart = -1;
  let runLength = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > runLength) {
      runStart = i;
      runLength = end - i;
    }
    if (end > i) i = end - 1;
  }
  const hex = groups.map((group) => group.toString(16));
  if (runStart < 0) return hex.join(':');
  return `${hex.slice(0, runStart).join(':')}::${hex.slice(runStart + runLength).join(':')}`;
}

export function formatNetwork(network: IpNetwork): string {
  return `${formatIp(network)}/${network.bits}`;
}

/** Canonical text of an address, or undefined when it is none. */
export function canonicalIp(text: string): string | undefined {
  // There is one spelling of an IPv4 address.
  if (!text.includes(':')) return ipv4Number(text) < 0 ? undefined : text;
  const address = parseIp(text);
  return address === undefined ? undefined : formatIp(address);
}

/** True when `inner` lies inside `outer`; families never contain each other. */
export function networkContains(outer: IpNetwork, inner: IpNetwork): boolean {
  if (outer.family !== inner.family || inner.bits < outer.bits) return false;
  const cut = masked(inner.groups, outer.bits);
  return cut.every((group, i) => group === outer.groups[i]);
}

function parseGroups(text: string, mayEndInQuad: boolean): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (part.includes('.')) {
      const quad = mayEndInQuad && i === parts.length - 1 ? parseIpv4(part) : undefined;
      if (quad === undefined) return undefined;
      groups.push(...quad.groups);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

function unmapped(groups: readonly number[]): IpAddress {
  const isMapped = groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
  return isMapped ? { family: 4, groups: groups.slice(6) } : { family: 6, groups };
}

/** The groups with all bits behind the prefix cleared. */
export function masked(groups: readonly number[], bits: number): number[] {
  return groups.map((group, i) => {
    const keep = Math.min(16, Math.max(0, bits - i * 16));
    return group & (0xffff << (16 - keep)) & 0xffff;
  });
}
