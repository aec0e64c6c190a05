import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { KeySet } from './key-set.ts';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

describe('a set of keys', () => {
  it('knows what was put in, through every growth, and nothing else', () => {
    const keys = new KeySet();
    for (let i = 0; i < 20_000; i++) expect(keys.add(digest(`key ${i}`))).toBe(true);
    for (let i = 0; i < 20_000; i++) expect(keys.add(digest(`key ${i}`))).toBe(false);
    expect(keys.size).toBe(20_000);
    expect(keys.add(digest('another'))).toBe(true);
  });

  it('tells keys apart that share a slot, and holds the key of zeros', () => {
    const keys = new KeySet();
    const key = (a: number, b: number, c: number): Buffer => {
      const bytes = Buffer.alloc(12);
      bytes.writeUInt32LE(a, 0);
      bytes.writeUInt32LE(b, 4);
      bytes.writeUInt32LE(c, 8);
      return bytes;
    };
    const all = [key(0, 0, 0), key(7, 0, 0), key(7 + 1024, 0, 0), key(7, 1, 0), key(7, 0, 1), key(0xffffffff, 0, 0)];
    expect(all.map((one) => keys.add(one))).toEqual([true, true, true, true, true, true]);
    expect(all.map((one) => keys.add(one))).toEqual([false, false, false, false, false, false]);
  });
});
