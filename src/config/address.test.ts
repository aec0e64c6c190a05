import { describe, expect, it } from 'vitest';
import { describeAddress, parseAddress } from './address.ts';

const KINDS = [
  { protocol: 'gelf', transports: ['udp', 'tcp', 'tls'], example: 'gelf+udp://127.0.0.1:12201' },
  { protocol: 'json', transports: ['udp', 'tcp', 'tls'], example: 'json+udp://127.0.0.1:15155' },
  { protocol: 'file', transports: [], example: 'file:///var/log/app.log' },
];

const address = (text: string) => {
  const parsed = parseAddress(text, KINDS);
  if (!parsed.ok) throw new Error(parsed.diagnostic.message);
  return parsed.address;
};
const message = (text: string): string => {
  const parsed = parseAddress(text, KINDS);
  return parsed.ok ? 'accepted' : parsed.diagnostic.message;
};

describe('addresses', () => {
  it('have protocol, transport, host, port, path and options', () => {
    expect({
      ...address('gelf+tcp://[::1]:12201/x?a=1&b=%20'),
      options: { ...address('gelf+tcp://[::1]:12201/x?a=1&b=%20').options },
    }).toEqual({
      protocol: 'gelf',
      transport: 'tcp',
      host: '::1',
      port: 12201,
      path: '/x',
      options: { a: '1', b: ' ' },
    });
  });

  it('of files hold a path', () => {
    expect(address('file:///var/log/a b.log').path).toBe('/var/log/a b.log');
    expect(address('file://relative/x').path).toBe('relative/x');
    expect(address('file:./x.log').path).toBe('./x.log');
  });

  it('of host and port alone are what STIX Spark meant', () => {
    const parsed = address('127.0.0.1:12201');
    expect([parsed.protocol, parsed.transport, parsed.options.format]).toEqual(['json', 'udp', 'stix-spark']);
  });

  it('are refused with the nearest name', () => {
    expect(message('gelv://x:1')).toBe('unknown protocol "gelv" in address "gelv://x:1"; did you mean "gelf"?');
    expect(message('gelf+http://x:1')).toBe(
      '"gelf" has no transport "http" in address "gelf+http://x:1"; it has udp, tcp, tls',
    );
    expect(message('gelf://x:99999')).toContain('"x:99999"');
    expect(message('nonsense')).toContain('not understood');
  });

  it('are described without options', () => {
    expect(describeAddress(address('gelf+udp://127.0.0.1:1?token=secret'))).toBe('gelf+udp://127.0.0.1:1');
  });
});
