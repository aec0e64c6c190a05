import { describe, expect, it } from 'vitest';
import { Random } from '../testing/random.ts';
import { WordKeys } from './word-keys.ts';

describe('WordKeys', () => {
  it.each([2, 4] as const)('finds every key of %d words and no other', (width) => {
    const random = new Random(11);
    for (const size of [0, 1, 7, 8, 9, 5000]) {
      const words = new Uint32Array(width * size);
      // Few different first words, so that keys share buckets.
      for (let i = 0; i < words.length; i++) words[i] = i % width === 0 ? random.int(3) : random.int(2 ** 32);
      const keys = new WordKeys(words, width);
      const at = (position: number): [number, number, number, number] => {
        const [a = 0, b = 0, c = 0, d = 0] = words.subarray(width * position, width * position + width);
        return [a, b, c, d];
      };
      expect(keys.size).toBe(size);
      for (let position = 0; position < size; position++) {
        const found = keys.find(...at(position));
        expect(at(found), `position ${position} of ${size}`).toEqual(at(position));
      }
      expect(keys.find(5, 5)).toBe(-1);
      if (size > 0 && width === 4) expect(keys.find(at(0)[0], at(0)[1], at(0)[2], at(0)[3] ^ 1)).toBe(-1);
    }
  });
});
