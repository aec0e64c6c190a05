import { expect, it } from 'vitest';
import { StreamPlace } from './stream-place.ts';

it('says where framing can start afresh, and how many records of it are known already', () => {
  const place = new StreamPlace(100, 7);
  expect(place.resumePoint(0)).toEqual({ position: 100, line: 7, framing: 'json', emittedAfter: 0 });
  place.line++;
  place.markTop(20, 3);
  place.base += 64;
  expect(place.resumePoint(5)).toEqual({ position: 120, line: 8, framing: 'json', emittedAfter: 2 });
  place.move(0, 1, 5);
  expect(place.resumePoint(5)).toEqual({ position: 0, line: 1, framing: 'json', emittedAfter: 0 });
});
