import { expect, it } from 'vitest';
import { parseInnerJson } from './inner-json.ts';

it('keeps the digits of integers that doubles cannot hold', () => {
  expect(parseInnerJson('{"a":12345678901234567891,"b":[1e400,"12345678901234567891",7]}')).toEqual({
    a: '12345678901234567891',
    b: ['1e400', '12345678901234567891', 7],
  });
});

it('leaves alone what is no JSON', () => {
  expect(['', '{', 'a', '{"a":1}x'].map(parseInnerJson)).toEqual([undefined, undefined, undefined, undefined]);
});

it('leaves alone what is deeper than records may be', () => {
  expect(parseInnerJson(`${'['.repeat(129)}1${']'.repeat(129)}`)).toBeDefined();
  expect(parseInnerJson(`${'['.repeat(130)}1${']'.repeat(130)}`)).toBeUndefined();
  expect(parseInnerJson(`${'['.repeat(100_000)}1${']'.repeat(100_000)}`)).toBeUndefined();
});
