import { expect, it } from 'vitest';
import { JsonNesting, MAX_NESTING } from './json-nesting.ts';

const byteOf = (bracket: string): number => bracket.charCodeAt(0);

it('tells what is open, and closes nothing else', () => {
  const nesting = new JsonNesting();
  expect(nesting.close(byteOf(']'))).toBe(false);
  nesting.beginObject();
  expect(nesting.isInObject).toBe(true);
  expect(nesting.open(byteOf('['))).toBe(true);
  expect([nesting.isInObject, nesting.depth]).toEqual([false, 2]);
  expect(nesting.close(byteOf('}'))).toBe(false);
  expect(nesting.close(byteOf(']'))).toBe(true);
  expect(nesting.close(byteOf('}'))).toBe(true);
  expect(nesting.depth).toBe(0);
});

it('ends where it is too deep, until it is cleared', () => {
  const nesting = new JsonNesting();
  for (let i = 0; i < MAX_NESTING; i++) expect(nesting.open(byteOf('['))).toBe(true);
  expect(nesting.open(byteOf('{'))).toBe(false);
  expect(nesting.depth).toBe(MAX_NESTING);
  nesting.clear();
  expect(nesting.open(byteOf('{'))).toBe(true);
});
