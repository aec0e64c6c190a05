import { describe, expect, it } from 'vitest';
import { isPublicAddress } from './address-scope.ts';

describe('public addresses', () => {
  it.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00::1', '::ffff:8.8.8.8'])(
    '%s is one',
    (text) => {
      expect(isPublicAddress(text)).toBe(true);
    },
  );

  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.31.255.255',
    '192.168.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '255.255.255.255',
    '224.0.0.1',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'name.example',
    '',
  ])('%s is none', (text) => {
    expect(isPublicAddress(text)).toBe(false);
  });
});
