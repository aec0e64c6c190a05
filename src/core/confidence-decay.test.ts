import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConfidenceDecay, DECAY_MODELS, decayedAt, hasFaded } from './confidence-decay.ts';
import type { IndicatorDetails } from './indicator.ts';

const DAY = 86_400_000;
const decay = (more: Partial<ConfidenceDecay> = {}): ConfidenceDecay => ({
  model: 'exponential',
  halfLifeMs: 10 * DAY,
  floor: 0,
  endsBelow: 0,
  ...more,
});
const details = (more: Partial<IndicatorDetails> = {}): IndicatorDetails => ({
  id: 'i',
  name: 'n',
  provider: 'p',
  confidence: 80,
  modifiedMs: 0,
  ...more,
});
const at = (days: number, more: Partial<ConfidenceDecay> = {}): number | undefined =>
  decayedAt(details({ decay: decay(more) }), days * DAY).confidence;

describe('fading confidence', () => {
  it('is half after the half-life; linear ends at twice of it, exponential never', () => {
    expect([0, 10, 20, 30].map((days) => at(days))).toEqual([80, 40, 20, 10]);
    expect([0, 5, 10, 20, 30].map((days) => at(days, { model: 'linear' }))).toEqual([80, 60, 40, 0, 0]);
  });

  it('stops at the floor, which raises nothing', () => {
    expect([10, 100].map((days) => at(days, { floor: 15 }))).toEqual([40, 15]);
    expect(decayedAt(details({ decay: decay({ floor: 90 }) }), 50 * DAY).confidence).toBe(80);
  });

  it('counts from modified, else valid_from; without either, without confidence or in the future nothing fades', () => {
    const fade = (more: Partial<IndicatorDetails>): number | undefined =>
      decayedAt(details({ decay: decay(), ...more }), 20 * DAY).confidence;
    expect(fade({ modifiedMs: 10 * DAY, validFromMs: 0 })).toBe(40);
    const { modifiedMs: _modifiedMs, confidence: _confidence, ...bare } = details({ decay: decay() });
    expect(decayedAt({ ...bare, confidence: 80, validFromMs: 0 }, 10 * DAY).confidence).toBe(40);
    expect(decayedAt({ ...bare, confidence: 80 }, 10 * DAY).confidence).toBe(80);
    expect(decayedAt(bare, 10 * DAY)).not.toHaveProperty('confidence');
    expect(fade({ modifiedMs: 30 * DAY })).toBe(80);
    expect(decayedAt(details(), 900 * DAY)).toEqual(details());
  });

  it('never rises with age and stays between 0 and what was stated', () => {
    const days = fc.double({ min: 0, max: 10_000, noNaN: true });
    const number = fc.integer({ min: 0, max: 100 });
    fc.assert(
      fc.property(fc.constantFrom(...DECAY_MODELS), number, number, days, days, (model, confidence, floor, a, b) => {
        const value = (age: number): number =>
          decayedAt(details({ confidence, decay: decay({ model, floor }) }), age * DAY).confidence ?? Number.NaN;
        const [younger, older] = [Math.min(a, b), Math.max(a, b)];
        return value(older) <= value(younger) && value(older) >= 0 && value(younger) <= confidence;
      }),
    );
  });

  it('ends below a limit', () => {
    const ends = details({ decay: decay({ endsBelow: 30 }) });
    expect([10, 14, 15].map((days) => hasFaded(decayedAt(ends, days * DAY)))).toEqual([false, false, true]);
    expect(hasFaded(details({ confidence: 0 }))).toBe(false);
  });
});
