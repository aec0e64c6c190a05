import { describe, expect, it } from 'vitest';
import { isLoopback, type OriginHeaders, refuseOrigin } from './request-origin.ts';

const LOCAL = { boundHost: '127.0.0.1', allowedHosts: [] };
const PUBLIC = { boundHost: '0.0.0.0', allowedHosts: [] };
const NAMED = { boundHost: '0.0.0.0', allowedHosts: ['flint.example.org'] };

describe('Host header', () => {
  it.each(['127.0.0.1:8686', 'localhost:8686', 'LOCALHOST', 'localhost.', '[::1]:8686', '127.8.8.8'])(
    'on loopback %s is this server',
    (host) => {
      expect(refuseOrigin('GET', { host }, LOCAL)).toBeUndefined();
    },
  );

  it.each([
    'evil.example',
    'localhost.evil.example:8686',
    '127.0.0.1.evil.example',
    '192.0.2.1',
    '',
    'localhost:8686/x',
    'a b',
    'user@localhost',
    '[::1',
  ])('on loopback "%s" is refused', (host) => {
    expect(refuseOrigin('GET', { host }, LOCAL)).toMatch(/Host header/);
  });

  it('off loopback any name will do until names are configured, then only those', () => {
    expect(refuseOrigin('GET', { host: 'flint.example.org' }, PUBLIC)).toBeUndefined();
    expect(refuseOrigin('GET', { host: 'flint.example.org:443' }, NAMED)).toBeUndefined();
    expect(refuseOrigin('GET', { host: 'evil.example' }, NAMED)).toMatch(/Host header/);
  });
});

describe('Origin and fetch metadata', () => {
  const host = 'localhost:8686';
  const cases: readonly [string, string, OriginHeaders, boolean][] = [
    ['its own page', 'GET', { host, origin: 'http://localhost:8686' }, true],
    ['its own page behind TLS', 'GET', { host, origin: 'https://localhost:8686' }, true],
    ['another port of the same machine', 'GET', { host, origin: 'http://localhost:3000' }, false],
    ['another site', 'POST', { host, origin: 'https://evil.example' }, false],
    ['a sandboxed frame', 'POST', { host, origin: 'null' }, false],
    [
      'a script tag of another site',
      'GET',
      { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'script' },
      false,
    ],
    ['an image of another port', 'GET', { host, 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'image' }, false],
    ['a link on another site', 'GET', { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' }, true],
    ['a form on another site', 'POST', { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' }, false],
    ['the address bar', 'GET', { host, 'sec-fetch-site': 'none', 'sec-fetch-dest': 'document' }, true],
    ['a tool that sends neither', 'GET', { host }, true],
  ];
  it.each(cases)('%s (%s)', (_name, method, headers, allowed) => {
    expect(refuseOrigin(method, headers, LOCAL) === undefined).toBe(allowed);
  });
});

it('knows loopback addresses', () => {
  expect(['localhost', '127.0.0.1', '127.9.9.9', '::1', '[::1]'].every(isLoopback)).toBe(true);
  expect(['0.0.0.0', '::', '192.0.2.1', 'localhost.example', '128.0.0.1'].some(isLoopback)).toBe(false);
});
