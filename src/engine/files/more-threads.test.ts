import { describe, expect, it } from 'vitest';
import { MoreThreads } from './more-threads.ts';

const MIB = 1 << 20;

/** Pieces of 16 MiB that take so long, the first so much longer. */
function paysAfter(
  pieces: number,
  options: { readonly mib: number; readonly ms: number; readonly cold: number; rules?: number; processors?: number },
) {
  let nowMs = 0;
  const threads = new MoreThreads(
    options.mib * MIB,
    { rules: options.rules ?? 0, isStateful: options.processors !== undefined, processors: options.processors ?? 2 },
    () => nowMs,
  );
  for (let i = 0; i < pieces; i++) {
    const ms = options.ms + (i === 0 ? options.cold : 0);
    nowMs += ms;
    threads.add(16 * MIB, ms);
  }
  return threads.pay;
}

describe('more threads', () => {
  it('pay for a lot of input', () => {
    expect(paysAfter(2, { mib: 10_000, ms: 13, cold: 100 })).toBe(true);
  });

  it('do not pay for a little, and not before anything is known', () => {
    expect(paysAfter(2, { mib: 200, ms: 13, cold: 100 })).toBe(false);
    expect(paysAfter(1, { mib: 10_000, ms: 13, cold: 100 })).toBe(false);
  });

  it('pay later where a thread must first compile what records need', () => {
    const input = { mib: 1100, ms: 60, cold: 0 };
    expect(paysAfter(2, input)).toBe(true);
    expect(paysAfter(2, { ...input, cold: 2000 })).toBe(false);
    expect(paysAfter(2, { ...input, mib: 3000, cold: 2000 })).toBe(true);
  });

  it('pay beside state only where there are processors enough', () => {
    const input = { mib: 10_000, ms: 13, cold: 100 };
    expect(paysAfter(2, { ...input, processors: 2 })).toBe(false);
    expect(paysAfter(2, { ...input, processors: 3 })).toBe(true);
  });

  it('pay later with many rules', () => {
    const input = { mib: 700, ms: 30, cold: 0 };
    expect(paysAfter(2, input)).toBe(true);
    expect(paysAfter(2, { ...input, rules: 20_000 })).toBe(false);
  });

  it('do not pay towards the end', () => {
    const input = { mib: 1000, ms: 50, cold: 200 };
    expect(paysAfter(3, input)).toBe(true);
    expect(paysAfter(50, input)).toBe(false);
  });

  it('of standard input nothing is known', () => {
    const threads = new MoreThreads(0, { rules: 0, isStateful: false, processors: 2 }, () => 0);
    threads.add(0, 5000);
    threads.add(0, 5000);
    expect(threads.pay).toBe(false);
  });
});
