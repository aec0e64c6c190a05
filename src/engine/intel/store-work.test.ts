import { expect, it } from 'vitest';
import { StoreWork } from './store-work.ts';

function storeWork(signal = new AbortController().signal): { readonly work: StoreWork; readonly problems: string[] } {
  const problems: string[] = [];
  return { work: new StoreWork({ signal, onProblem: (_, reason) => problems.push(reason) }), problems };
}

it('makes changes one after the other, a failed one too', async () => {
  const { work } = storeWork();
  const order: string[] = [];
  const first = work.inTurn(async () => {
    await Promise.resolve();
    order.push('first');
    throw new Error('bad');
  });
  const second = work.inTurn(async () => order.push('second'));
  await expect(first).rejects.toThrow('bad');
  await second;
  expect(order).toEqual(['first', 'second']);
});

it('tidies up beside them, and is settled when what that asked for is done too', async () => {
  const { work, problems } = storeWork();
  const order: string[] = [];
  work.beside(async () => {
    await work.inTurn(async () => order.push('turn'));
    work.beside(async () => void order.push('again'));
    throw new Error('disk');
  });
  await work.settled();
  expect([order, problems]).toEqual([['turn', 'again'], ['Error: disk']]);
});

it('says nothing of what ends because the service stops', async () => {
  const stopping = new AbortController();
  const { work, problems } = storeWork(stopping.signal);
  work.beside(() => Promise.reject(new Error('stopped')));
  stopping.abort();
  await work.settled();
  expect(problems).toEqual([]);
});
