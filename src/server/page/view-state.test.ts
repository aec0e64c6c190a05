import { expect, it } from 'vitest';
import { formatViewState, parseViewState } from './view-state.ts';

it('comes back from the address as it was', () => {
  const state = { levels: new Set(['critical', 'low']), engine: 'sigma', text: 'a&b="<', alert: 'f'.repeat(32) };
  expect(parseViewState(formatViewState(state))).toEqual(state);
});

it('is empty for the plain address and ignores what it does not know', () => {
  expect(formatViewState(parseViewState(''))).toBe('');
  expect(parseViewState('?level=severe,high&engine=magic')).toMatchObject({ levels: new Set(['high']), engine: '' });
});
