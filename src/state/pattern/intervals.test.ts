import { describe, expect, it } from 'vitest';
import { type Interval, intervalsWithin, overlap, reaches } from './intervals.ts';

const span = (first: number, last: number): Interval => ({ first: BigInt(first), last: BigInt(last) });

describe('intervals', () => {
  it('overlap, touch at one end or lie apart', () => {
    expect(overlap(span(1, 2), span(3, 4))).toBe('none');
    expect(overlap(span(3, 4), span(1, 2))).toBe('none');
    expect(overlap(span(1, 2), span(2, 3))).toBe('touch_inner');
    expect(overlap(span(2, 3), span(1, 2))).toBe('touch_outer');
    expect(overlap(span(2, 2), span(2, 2))).toBe('touch_point');
    expect(overlap(span(2, 2), span(1, 3))).toBe('overlap');
  });

  it('lie within a duration when one instant of each can be picked so, ends included', () => {
    expect(intervalsWithin([span(1, 2), span(3, 4)], 1n)).toBe(true);
    expect(intervalsWithin([span(1, 2), span(3, 4)], 0n)).toBe(false);
    expect(intervalsWithin([span(1, 5), span(1, 2), span(4, 5)], 1n)).toBe(false);
    expect(intervalsWithin([], 0n)).toBe(true);
  });

  it('reach half-open ranges at the start and not at the stop', () => {
    expect(reaches(span(1, 2), 2n, 3n)).toBe(true);
    expect(reaches(span(3, 4), 2n, 3n)).toBe(false);
    expect(reaches(span(1, 9), 5n, 5n)).toBe(false);
  });
});
