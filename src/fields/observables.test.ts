import { describe, expect, it } from 'vitest';
import type { Event, EventObject } from '../core/event.ts';
import { observe } from './observables.ts';

function eventOf(fields: EventObject, format = 'json'): Event {
  const source = { input: 'test', path: 'test', id: 'test', replayable: true, timezone: 'Z' };
  const origin = { source, position: 0, line: 1, record: 0, part: 0, arrivalMs: 0 };
  return { fields, original: '', format, timeMs: 0, timeOrigin: 'field', origin };
}

function seenIn(message: string): string[] {
  return observe(eventOf({ message }, 'text')).observables.map(({ kind, value, place }) => `${kind} ${value} ${place}`);
}

describe('tokens of a text', () => {
  it.each([
    ['seen evil.example.com. now', 'domain evil.example.com text'],
    ['EVIL.Example.COM', 'domain evil.example.com value'],
    ['host=evil.example.com,', 'domain evil.example.com text'],
    ['loading...evil.example.com', 'domain evil.example.com text'],
    ['--evil.example.com--', 'domain evil.example.com text'],
    ['«bücher.example»', 'domain xn--bcher-kva.example text'],
    ['http://evil.example.com/x', 'domain evil.example.com url-host'],
    ['http://ok.example/?q=evil.example.com', 'domain evil.example.com url-query'],
    ['http://ok.example/?u=http%3A%2F%2Fevil.example.com%2Fx', 'domain evil.example.com url-host'],
    ['mail from <Bob@Evil.example.com>', 'email bob@evil.example.com text'],
    ['mail from <Bob@Evil.example.com>', 'domain evil.example.com email-domain'],
    ['from 192.0.2.7:8080 ok', 'ipv4 192.0.2.7 text'],
    ['from 192.0.2.7:8080 ok', 'endpoint 192.0.2.7:8080 text'],
    ['evil.example.com:443', 'endpoint evil.example.com:443 text'],
    ['range 192.0.2.1-192.0.2.9', 'ipv4 192.0.2.9 text'],
    ['addr 2001:DB8::1, next', 'ipv6 2001:db8::1 text'],
    ['to [2001:db8::1]:443', 'endpoint [2001:db8::1]:443 text'],
    ['::ffff:192.0.2.1', 'ipv4 192.0.2.1 value'],
    ['md5=D41D8CD98F00B204E9800998ECF8427E;', 'hash d41d8cd98f00b204e9800998ecf8427e text'],
    ['see (http://evil.example.com/a).', 'url http://evil.example.com/a text'],
    ['GET evil.example.com/a?b=1 now', 'url evil.example.com/a?b=1 text'],
    ['HTTP://EVIL.example.com:80/%7ea', 'url http://evil.example.com/~a value'],
    ['/evil.example.com/bad/path.exe', 'url evil.example.com/bad/path.exe text'],
  ])('%s holds %s', (text, expected) => {
    expect(seenIn(text)).toContain(expected);
  });

  it.each([
    ['version 1.2.3.4.5', 'ipv4'],
    ['v1.2.3.4', 'ipv4'],
    ['at 12:34:56', 'ipv6'],
    ['mac aa:bb:cc:dd:ee:ff', 'ipv6'],
    [`x${'a'.repeat(32)}`, 'hash'],
    ['1.2.3.4', 'domain'],
  ])('%s holds no %s', (text, kind) => {
    expect(seenIn(text).filter((token) => token.startsWith(`${kind} `))).toEqual([]);
  });

  it('takes linear time on long runs of token characters', () => {
    for (const unit of [
      'a',
      '1.',
      ':',
      '-',
      'http://',
      '%41',
      'a.',
      '.',
      '@',
      'a@',
      '[',
      'ü.',
      'a.b/',
      'a.b:1/',
      '1.2.3.4/',
    ]) {
      const text = unit.repeat(200_000 / unit.length);
      expect(observe(eventOf({ message: text }, 'text')).texts).toHaveLength(1);
    }
  });
});

describe('values of several fields', () => {
  const composed = (fields: EventObject): string[] =>
    observe(eventOf(fields))
      .observables.filter(({ place }) => place === 'composed')
      .map(({ kind, value }) => `${kind} ${value}`);

  it('pairs addresses with their ports under the usual names', () => {
    expect(composed({ SRC_IP: '192.0.2.1', SRC_PORT: '1025', DST_IP: '192.0.2.2', DST_PORT: 443 })).toEqual([
      'endpoint 192.0.2.1:1025',
      'endpoint 192.0.2.2:443',
    ]);
    expect(composed({ 'id.orig_h': '192.0.2.1', 'id.orig_p': 1, 'id.resp_h': '2001:db8::2', 'id.resp_p': 53 })).toEqual(
      ['endpoint 192.0.2.1:1', 'endpoint [2001:db8::2]:53'],
    );
    expect(composed({ destination: { ip: '192.0.2.2', port: 22 } })).toEqual(['endpoint 192.0.2.2:22']);
    expect(composed({ SourceIp: '192.0.2.1', SourcePort: '99' })).toEqual(['endpoint 192.0.2.1:99']);
    expect(composed({ src: '192.0.2.1', spt: '77' })).toEqual(['endpoint 192.0.2.1:77']);
  });

  it('refuses ports out of range', () => {
    expect(composed({ DST_IP: '10.1.1.0', DST_PORT: '73616' })).toEqual([]);
  });

  it('puts hosts and request targets together', () => {
    expect(composed({ DOMAIN: 'Evil.example.com', URL: '/a/../b' })).toEqual(['url evil.example.com/b']);
    expect(composed({ url: { domain: 'evil.example.com', path: '/b', query: 'x=1' } })).toEqual([
      'url evil.example.com/b',
      'url evil.example.com/b?x=1',
    ]);
    expect(
      composed({ dest_ip: '192.0.2.2', dest_port: 81, http: { hostname: 'evil.example.com', url: '/b' } }),
    ).toContain('url 192.0.2.2:81/b');
  });
});

describe('runs of some megabytes without a break', () => {
  const long = 4 << 20;
  it.each([
    ['one letter', 'x'.repeat(long)],
    ['digits', '0'.repeat(long)],
    ['digits and dots', '1.'.repeat(long / 2)],
    ['labels', 'a.'.repeat(long / 2)],
    ['digits and colons', '1:'.repeat(long / 2)],
    ['percent escapes in a URL', `http://a.b/${'%41'.repeat(long / 4)}`],
    ['letters that are not ASCII', 'é'.repeat(long)],
    ['at signs', 'a@'.repeat(long / 2)],
  ])('of %s are read in linear time, and what stands beside them is found', (_what, run) => {
    const seen = observe(eventOf({ pad: run, beside: 'name.example.org', after: `${run} 192.0.2.77` }));
    const values = new Set(seen.observables.map(({ value }) => value));
    expect([values.has('name.example.org'), values.has('192.0.2.77')]).toEqual([true, true]);
  });
});
