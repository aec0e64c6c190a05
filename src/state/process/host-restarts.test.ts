import { describe, expect, it } from 'vitest';
import { HostRestarts } from './host-restarts.ts';
import { TextStore } from './text-store.ts';

function made(): { texts: TextStore; restarts: HostRestarts } {
  const texts = new TextStore({ lo: 1, hi: 2 });
  return { texts, restarts: new HostRestarts(texts) };
}

describe('HostRestarts', () => {
  it('keeps apart what lies before a span and what lies behind it, on that machine only', () => {
    const { texts, restarts } = made();
    const w = texts.idOf('w');
    restarts.add(w, 100, 110);
    const asked = [
      [99, 110],
      [110, 99],
      [100, 110],
      [99, 109],
      [111, 120],
    ] as const;
    expect(asked.map(([a, b]) => restarts.isBetween(w, a, b))).toEqual([true, true, false, false, false]);
    expect(restarts.isBetween(texts.idOf('x'), 0, 999)).toBe(false);
  });

  it('says the same whatever order it was told in, and once it was saved and restored', () => {
    const spans = [
      [500, 620],
      [610, 612],
      [0, 10],
      [5, 7],
      [610, 612],
      [900, 1000],
      [950, 1100],
    ] as const;
    const all = [...spans, ...spans.toReversed()];
    for (let shift = 0; shift < spans.length; shift++) {
      const { texts, restarts } = made();
      const w = texts.idOf('w');
      for (const [from, until] of all.slice(shift, shift + spans.length)) restarts.add(w, from, until);
      const other = made();
      other.restarts.restore(JSON.parse(JSON.stringify(restarts.save())) as ReturnType<HostRestarts['save']>);
      const times = spans.flat().flatMap((at) => [at - 1, at, at + 1]);
      const pairs = times.flatMap((a) => times.map((b) => [a, b] as const));
      const told = pairs.map(([a, b]) =>
        all
          .slice(shift, shift + spans.length)
          .some(([from, until]) => Math.min(a, b) < from && until <= Math.max(a, b)),
      );
      expect(pairs.map(([a, b]) => restarts.isBetween(w, a, b))).toEqual(told);
      expect(pairs.map(([a, b]) => other.restarts.isBetween(other.texts.idOf('w'), a, b))).toEqual(told);
    }
  });

  it('lets go of the oldest restarts of a machine, and of the machines told of longest ago', () => {
    const { texts, restarts } = made();
    const w = texts.idOf('w');
    for (let boot = 0; boot < 40; boot++) restarts.add(w, boot * 1000, boot * 1000 + 5);
    expect([restarts.isBetween(w, -1, 500), restarts.isBetween(w, 38_500, 39_500)]).toEqual([false, true]);
    for (let i = 0; i < 65_600; i++) restarts.add(texts.idOf(`h${i}`), 0, 1);
    expect([restarts.hosts + restarts.forgotten, restarts.hosts <= 65_536]).toEqual([65_601, true]);
    expect(restarts.isBetween(w, 38_500, 39_500)).toBe(false);
    expect(restarts.isBetween(texts.idOf('h65599'), -1, 2)).toBe(true);
  });
});
