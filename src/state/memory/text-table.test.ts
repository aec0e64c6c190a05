/** The table against a Map of strings: texts that come, go and come again, long ones, wide ones, lone surrogates. */
import { expect, it } from 'vitest';
import { Random } from '../../testing/random.ts';
import { TextTable } from './text-table.ts';

it.each([1, 2, 3])('finds each text that is there by its number, and each number by its text (seed %d)', (seed) => {
  const random = new Random(seed);
  const table = new TextTable({ lo: seed, hi: 2 });
  const numbers = new Map<string, number>();
  const free: number[] = [];
  let next = 0;
  const drawn = (): string => {
    const kind = random.int(10);
    if (kind === 0) return random.text('aü🦊\ud800ÿĀ', 0, 40);
    if (kind === 1) return random.text('ab', 120, 300);
    return `user-${random.int(4_000)}`;
  };
  for (let i = 0; i < 40_000; i++) {
    const text = drawn();
    const known = table.find(text);
    expect(known).toBe(numbers.get(text) ?? -1);
    if (known === -1) {
      const number = free.pop() ?? next++;
      table.add(text, number);
      numbers.set(text, number);
    } else if (random.chance(0.7)) {
      table.delete(known);
      numbers.delete(text);
      free.push(known);
    }
  }
  expect(table.size).toBe(numbers.size);
  expect(new Set(table.numbers())).toEqual(new Set(numbers.values()));
  for (const [text, number] of numbers) expect(table.textOf(number)).toBe(text);
  for (const number of free) expect(table.textOf(number)).toBeUndefined();
  for (const text of [...numbers.keys()]) table.delete(table.find(text));
  expect(table.size).toBe(0);
});

it('takes what is left of a text when most have gone', () => {
  const table = new TextTable({ lo: 1, hi: 2 });
  const put = (text: string, number: number): void => {
    expect(table.find(text)).toBe(-1);
    table.add(text, number);
  };
  for (let i = 0; i < 20_000; i++) put(`a text of some length, number ${i}`, i);
  const full = table.byteLength;
  for (let round = 1; round < 6; round++)
    for (let i = 0; i < 20_000; i++) {
      table.delete(i);
      put(`another text of some length, number ${round * 20_000 + i}`, i);
    }
  expect(table.byteLength).toBeLessThan(2 * full);
});
