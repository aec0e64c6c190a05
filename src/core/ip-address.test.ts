import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalIp, formatNetwork, networkContains, parseIpv4, parseNetwork } from './ip-address.ts';

const network = (text: string) => {
  const parsed = parseNetwork(text);
  if (parsed === undefined) throw new Error(`no network: ${text}`);
  return parsed;
};

describe('addresses', () => {
  it.each([
    ['192.168.0.1', '192.168.0.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1::1', '2001:0:0:1::1'],
    ['::', '::'],
    ['[fe80::1%eth0]', 'fe80::1'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ])('%s has the canonical form %s', (text, canonical) => {
    expect(canonicalIp(text)).toBe(canonical);
  });

  it.each([
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '010.0.0.1',
    '1:2:3',
    '12:34:56',
    ':::',
    '1::2::3',
    'aa:bb:cc:dd:ee:ff',
    '1.2.3.4:80',
    'g::1',
  ])('%s is no address', (text) => {
    expect(canonicalIp(text)).toBeUndefined();
  });
});

describe('networks', () => {
  it('clears the bits below the prefix', () => {
    expect(formatNetwork(network('10.1.2.3/8'))).toBe('10.0.0.0/8');
    expect(formatNetwork(network('2001:db8:ffff::1/33'))).toBe('2001:db8:8000::/33');
    expect(formatNetwork(network('::ffff:10.0.0.0/104'))).toBe('10.0.0.0/8');
  });

  it('contains what lies inside and nothing of the other family', () => {
    expect(networkContains(network('172.16.0.0/12'), network('172.31.255.255'))).toBe(true);
    expect(networkContains(network('172.16.0.0/12'), network('172.32.0.0'))).toBe(false);
    expect(networkContains(network('::/0'), network('1.2.3.4'))).toBe(false);
    expect(networkContains(network('10.0.0.0/8'), network('10.0.0.0/7'))).toBe(false);
  });

  it.each(['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1', '::/129', 'x/8'])('%s is no network', (text) => {
    expect(parseNetwork(text)).toBeUndefined();
  });
});

describe('parseIpv4', () => {
  const PART = /^(?:0|[1-9]\d{0,2})$/;
  const naive = (text: string): number | undefined => {
    const parts = text.split('.');
    if (parts.length !== 4 || !parts.every((part) => PART.test(part) && Number(part) < 256)) return undefined;
    return parts.reduce((value, part) => value * 256 + Number(part), 0);
  };

  it('reads what four decimal numbers without leading zeros are, and nothing else', () => {
    const part = fc.oneof(
      fc.nat(300).map(String),
      fc.constantFrom('', '00', '01', '0', '256', '1000', 'a', ' 1', '+1', '\u0661'),
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 3, maxLength: 5 }), (parts) => {
        const text = parts.join('.');
        const read = parseIpv4(text);
        const [high = 0, low = 0] = read?.groups ?? [];
        expect(read === undefined ? undefined : high * 65_536 + low).toBe(naive(text));
      }),
      { numRuns: 2000 },
    );
  });
});
