import { expect, it } from 'vitest';
import { sourceHost } from './source-host.ts';

const same = (...paths: readonly string[]): boolean => new Set(paths.map((path) => sourceHost({ path }))).size === 1;

it('takes the files that one log was rotated into for one machine', () => {
  expect(same('a/audit.log', 'a/audit.log.1', 'a/audit.log.2.gz', 'a/audit.log-20260301.zst', 'a/audit.log.old')).toBe(
    true,
  );
  expect(same('a/audit.log', 'b/audit.log')).toBe(false);
  expect(same('web1.log', 'web2.log')).toBe(false);
});

it('takes senders by their address', () => {
  expect(same('udp://192.0.2.1:4000', 'udp://192.0.2.1:4001')).toBe(true);
  expect(same('udp://192.0.2.1:4000', 'udp://192.0.2.2:4000')).toBe(false);
  expect(same('tcp://[2001:db8::1]:99', 'tcp://[2001:db8::1]:100')).toBe(true);
});
