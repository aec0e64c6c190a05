import { describe, expect, it } from 'vitest';
import type { EventObject } from '../core/event.ts';
import type { Indicator, IndicatorKind, Semantics } from '../core/indicator.ts';
import { observe } from '../fields/observables.ts';
import { IndicatorOracle } from './indicator-oracle.ts';

function indicator(kind: IndicatorKind, value: string, semantics: Semantics = 'exact'): Indicator {
  return { kind, value, semantics, details: { id: `indicator--${value}`, name: value, provider: 'test' } };
}

function hits(indicators: readonly Indicator[], fields: EventObject, format = 'json'): string[] {
  const source = { input: 'test', path: 'test', id: 'test', replayable: true, timezone: 'Z' };
  const origin = { source, position: 0, line: 1, record: 0, part: 0, arrivalMs: 0 };
  const observed = observe({ fields, original: '', format, timeMs: 0, timeOrigin: 'field', origin });
  return new IndicatorOracle(indicators)
    .match(observed)
    .map(({ indicator: { value }, field, how }) => `${value} ${how} @${field}`);
}

describe('indicator oracle', () => {
  it('keeps exact domains exact and lets others reach below', () => {
    expect(hits([indicator('domain', 'evil.example')], { q: 'a.evil.example' })).toEqual([]);
    expect(hits([indicator('domain', 'evil.example', 'subdomain')], { q: 'a.evil.example' })).toEqual([
      'evil.example subdomain @q',
    ]);
    expect(hits([indicator('domain', 'evil.example', 'subdomain')], { q: 'notevil.example' })).toEqual([]);
  });

  it('tells a mention in a query from a visit', () => {
    expect(hits([indicator('domain', 'evil.example')], { url: 'http://ok.example/?q=evil.example' })).toEqual([
      'evil.example exact in url-query @url',
    ]);
  });

  it('finds networks of both families', () => {
    expect(
      hits([indicator('network', '198.51.100.0/24'), indicator('network', '2001:db8::/32')], {
        a: '198.51.100.9',
        b: '2001:DB8::9',
      }),
    ).toEqual(['198.51.100.0/24 network @a', '2001:db8::/32 network @b']);
  });

  it('compares URLs by scheme, host, port and target', () => {
    const url = [indicator('url', 'http://u.example/a?b=1')];
    expect(hits(url, { url: 'http://U.example:80/a?b=1' })).toHaveLength(1);
    expect(hits(url, { url: 'https://u.example/a?b=1' })).toEqual([]);
    expect(hits(url, { url: 'http://u.example:8080/a?b=1' })).toEqual([]);
    expect(hits(url, { url: 'http://u.example/a?b=1&c=2' })).toEqual([]);
    expect(hits([indicator('url', 'http://u.example/a?b=1', 'prefix')], { url: 'http://u.example/a?b=1&c=2' })).toEqual(
      ['http://u.example/a?b=1 prefix @url'],
    );
    expect(hits([indicator('url', 'http://u.example/a', 'prefix')], { url: 'http://u.example/abc' })).toEqual([]);
    expect(hits([indicator('url', 'http://u.example/a', 'host')], { dns: 'u.example' })).toEqual([
      'http://u.example/a exact @dns',
    ]);
  });

  it('finds file names, keys and mutexes between borders', () => {
    const file = [indicator('file-name', 'nasty.exe')];
    expect(hits(file, { Image: 'C:\\Temp\\Nasty.EXE' })).toEqual(['nasty.exe exact in text @Image']);
    expect(hits(file, { Image: 'C:\\Temp\\verynasty.exe' })).toEqual([]);
    expect(hits(file, { Image: 'C:\\Temp\\nasty.exe.bak' })).toEqual([]);
    expect(
      hits([indicator('registry-key', 'hkey_local_machine\\software\\evil')], {
        TargetObject: 'HKLM\\Software\\Evil\\Run',
      }),
    ).toHaveLength(1);
    expect(hits([indicator('mutex', 'Global\\Xyz1')], { m: 'opened Global\\Xyz1!' })).toHaveLength(1);
  });

  it('takes user agents whole, in lines between quotes', () => {
    const agent = [indicator('user-agent', 'Mozilla/4.0')];
    expect(hits(agent, { ua: 'Mozilla/4.0' })).toHaveLength(1);
    expect(hits(agent, { ua: 'Mozilla/4.0 (compatible)' })).toEqual([]);
    expect(hits(agent, { message: '1.2.3.4 "GET /" "Mozilla/4.0"' }, 'text')).toHaveLength(1);
  });

  describe('behaviour vectors of the system replaced', () => {
    const library = [
      indicator('endpoint', '10.1.1.1:8080'),
      indicator('endpoint', '10.1.1.2:80'),
      indicator('endpoint', '10.1.1.2:443'),
      indicator('url', 'http://evil.example.com/bad/path.exe'),
      indicator('url', 'https://tls.example.com/x'),
      indicator('url', 'http://q.example.com/a?id=1'),
      indicator('domain', 'plain.example.org'),
      indicator('domain', 'nt.example.org'),
      indicator('ipv4', '9.9.9.9'),
    ];
    const base = {
      BEGIN_TIME: '2024-06-12 15:00:00',
      SRC_IP: '192.168.1.12',
      SRC_PORT: '20034',
      DST_IP: '203.0.113.5',
      DST_PORT: '80',
    };
    it.each([
      ['S1', { DST_IP: '10.1.1.1', DST_PORT: '8080' }, '10.1.1.1:8080'],
      ['S2', { SRC_IP: '10.1.1.1', SRC_PORT: '8080' }, '10.1.1.1:8080'],
      ['S3', { DST_IP: '10.1.1.2', DST_PORT: '80' }, '10.1.1.2:80'],
      ['S4', { DST_IP: '10.1.1.2', DST_PORT: '443' }, '10.1.1.2:443'],
      ['S5', { DOMAIN: 'evil.example.com', URL: '/bad/path.exe' }, 'http://evil.example.com/bad/path.exe'],
      ['S6', { URL: 'http://evil.example.com/bad/path.exe' }, 'http://evil.example.com/bad/path.exe'],
      ['S7', { URL: '/evil.example.com/bad/path.exe' }, 'http://evil.example.com/bad/path.exe'],
      ['S8', { URL: 'https://tls.example.com/x' }, 'https://tls.example.com/x'],
      ['S9', { DOMAIN: 'tls.example.com', URL: '/x', DST_PORT: '443' }, 'https://tls.example.com/x'],
      ['S10', { DOMAIN: 'q.example.com', URL: '/a?id=1' }, 'http://q.example.com/a?id=1'],
      ['S11', { DOMAIN: 'plain.example.org' }, 'plain.example.org'],
      ['S12', { DOMAIN: 'nt.example.org' }, 'nt.example.org'],
      ['S13', { DOMAIN: 'NT.example.org' }, 'nt.example.org'],
      ['S14', { DOMAIN: 'a.nt.example.org' }, undefined],
      ['S17', { DST_IP: '9.9.9.9' }, '9.9.9.9'],
      ['S18', { DST_IP: '10.1.1.0', DST_PORT: '73616' }, undefined],
      ['S20', {}, undefined],
      ['S22', { DST_IP: '10.1.1.1', DST_PORT: 8080 }, '10.1.1.1:8080'],
      ['S23', { URL: null }, undefined],
      ['S24', { URL: `/${'x'.repeat(3000)}`, DOMAIN: 'nt.example.org' }, 'nt.example.org'],
    ])('%s', (_id, fields, expected) => {
      const found = new Set(hits(library, { ...base, ...fields }).map((hit) => hit.split(' ')[0]));
      expect([...found]).toEqual(expected === undefined ? [] : [expected]);
    });

    it('S35: all matches of one event', () => {
      const found = hits(library, { ...base, DST_IP: '9.9.9.9', DOMAIN: 'nt.example.org' });
      expect(found.map((hit) => hit.split(' ')[0])).toEqual(['9.9.9.9', 'nt.example.org']);
    });
  });
});
