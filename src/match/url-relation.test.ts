import { expect, it } from 'vitest';
import type { Place } from '../core/observable.ts';
import { parseUrl } from '../core/web-url.ts';
import { urlMatches } from './url-relation.ts';

function relation(wanted: string, seen: string, place: Place = 'value'): string | undefined {
  const [a, b] = [parseUrl(wanted), parseUrl(seen)];
  if (a === undefined || b === undefined) throw new Error('no URL');
  return urlMatches(a, b, 'prefix', place);
}

it.each([
  ['http', 80],
  ['https', 443],
  ['ftp', 21],
  ['ws', 80],
  ['wss', 443],
])('%s without a port means port %i', (scheme, port) => {
  expect(relation(`${scheme}://evil.example/x`, `evil.example:${port}/x`)).toBe('exact');
  expect(relation(`${scheme}://evil.example/x`, 'evil.example:8443/x')).toBeUndefined();
  expect(relation(`evil.example:${port}/x`, `${scheme}://evil.example/x`)).toBe('exact');
});

it('a scheme that is called like a property of objects has no port', () => {
  expect(relation('constructor://evil.example/x', 'evil.example:80/x')).toBe('exact');
});

it('a port beside separate host and path is compared only with one that the indicator names', () => {
  expect(relation('wss://evil.example/x', 'evil.example:8443/x', 'composed')).toBe('exact');
  expect(relation('wss://evil.example:9000/x', 'evil.example:8443/x', 'composed')).toBeUndefined();
});
