import { describe, expect, it } from 'vitest';
import { Turns } from './turns.ts';

const later = <T>(value: T, turns: number): Promise<T> =>
  turns === 0 ? Promise.resolve(value) : Promise.resolve().then(() => later(value, turns - 1));

describe('Turns', () => {
  it('complete work in the order it was begun, whatever is ready first', async () => {
    const turns = new Turns();
    const order: number[] = [];
    const all = [7, 0, 3, 1].map((wait, i) => turns.after(later(i, wait), (value) => order.push(value)));
    expect(turns.isIdle).toBe(false);
    await Promise.all(all);
    expect(order).toEqual([0, 1, 2, 3]);
    expect(turns.isIdle).toBe(true);
  });

  it('go on after a failure, which only its own caller sees', async () => {
    const turns = new Turns();
    const failed = turns.after(Promise.reject(new Error('broken')), () => 'never');
    const next = turns.after(later('next', 2), (value) => value);
    const thrown = turns.after(later(1, 0), () => {
      throw new Error('in its turn');
    });
    await expect(failed).rejects.toThrow('broken');
    expect(await next).toBe('next');
    await expect(thrown).rejects.toThrow('in its turn');
    expect(turns.isIdle).toBe(true);
  });

  it('are settled when all that were taken are over', async () => {
    const turns = new Turns();
    const order: string[] = [];
    void turns.after(later('a', 5), (value) => order.push(value));
    void turns.after(later('b', 1), (value) => order.push(value));
    await turns.settled();
    expect(order).toEqual(['a', 'b']);
  });
});
