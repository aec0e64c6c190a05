import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalUrl, formatUrl, isCanonicalUrl, parseUrl, splitCanonicalUrl, type WebUrl } from './web-url.ts';

describe('canonical URL', () => {
  it.each([
    ['HTTP://Example.COM', 'http://example.com/'],
    ['http://example.com:80/a', 'http://example.com/a'],
    ['https://example.com:443/a', 'https://example.com/a'],
    ['http://example.com:443/a', 'http://example.com:443/a'],
    ['http://user:pw@example.com/a#frag', 'http://example.com/a'],
    ['http://example.com/a/./b/../c', 'http://example.com/a/c'],
    ['http://example.com/%7euser/%2f?q=%41%20b', 'http://example.com/~user/%2F?q=A%20b'],
    ['http://example.com/a b/ü', 'http://example.com/a%20b/%C3%BC'],
    ['http://ex%61mple.com./x', 'http://example.com/x'],
    ['http://[2001:DB8::1]:8080/x', 'http://[2001:db8::1]:8080/x'],
    ['http://[::ffff:1.2.3.4]/x', 'http://1.2.3.4/x'],
    ['http://bücher.example/x', 'http://xn--bcher-kva.example/x'],
    ['example.com/path', 'example.com/path'],
    ['http://example.com?x=1', 'http://example.com/?x=1'],
    ['http://example.com/..', 'http://example.com/'],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalUrl(text)).toBe(canonical);
  });

  it.each(['', 'http://', '/path', 'http:///x', 'plainword', 'http://host name/x', 'http://example.com:99999/'])(
    '%s has no canonical form',
    (text) => {
      expect(canonicalUrl(text)).toBeUndefined();
    },
  );

  it('is stable', () => {
    for (const text of ['http://a.example/%2e%2e/b', 'http://a.example/a/b/../../c?x=%zz', 'http://a.example//x']) {
      const once = canonicalUrl(text) as string;
      expect(canonicalUrl(once)).toBe(once);
    }
  });

  it.each([
    'http://a.example:8080/x?u=http://b.example:1/',
    'a.example:81/://',
    'https://[2001:db8::1]:8080/',
    'ftp://a.example/',
  ])('%s is split as it was put together', (text) => {
    const url = parseUrl(text) as WebUrl;
    expect(splitCanonicalUrl(formatUrl(url))).toEqual(url);
  });

  it('keeps host, port and target apart', () => {
    expect(parseUrl('example.com:8080/x?y')).toEqual({ scheme: '', host: 'example.com', port: 8080, target: '/x?y' });
  });

  it('is the text itself where it can be told by looking at it, and parsed the same as the long way', () => {
    const piece = fc.constantFrom(
      'a',
      'b-c',
      'x.y',
      '.',
      '..',
      '/',
      '/.',
      '?',
      '#',
      '%41',
      '%2F',
      ':80',
      '@',
      '[',
      ')',
      'é',
      ' ',
      'Z',
    );
    const host = fc.constantFrom(
      'a.example',
      '1.2.3.4',
      '1.2.3.256',
      'A.example',
      'a',
      '[2001:db8::1]',
      'a_b.xn--p1ai',
      '',
    );
    const scheme = fc.constantFrom('http://', 'https://', 'HTTP://', 'ftp://', 'http:/', '');
    let canonical = 0;
    fc.assert(
      fc.property(scheme, host, fc.array(piece, { maxLength: 6 }), (start, name, pieces) => {
        const text = `${start}${name}/${pieces.join('')}`;
        if (!isCanonicalUrl(text)) return;
        canonical++;
        // User information is dropped, and keeps the text from being taken as it is.
        const long = parseUrl(text.replace('://', '://u@'));
        expect(long === undefined ? undefined : formatUrl(long)).toBe(text);
        expect(parseUrl(text)).toEqual(long);
        expect(canonicalUrl(text)).toBe(text);
      }),
      { numRuns: 5000 },
    );
    expect(canonical).toBeGreaterThan(100);
  });
});
