import { describe, expect, it } from 'vitest';
import type { RecordBatch } from '../../core/record.ts';
import { WatermarkLag } from './watermark-lag.ts';

function batch(arrivalMs: number): RecordBatch {
  const source = { input: 'a', path: 'a', id: 'a', replayable: false, timezone: 'Z' };
  return {
    source,
    bytes: new Uint8Array(4),
    count: 2,
    ranges: Uint32Array.of(0, 2, 2, 4),
    basePosition: 0,
    baseRecord: 0,
    arrivalMs,
  };
}

describe('watermark lag', () => {
  it('is the arrival clock less the latest event time, sampled now and then', () => {
    const lag = new WatermarkLag();
    expect(lag.of('a')).toBeUndefined();
    lag.sample(batch(10_000), () => 4000);
    expect(lag.of('a')).toBe(6000);
    lag.sample(batch(10_100), () => expect.fail('sampled too soon'));
    lag.sample(batch(11_000), () => 3000);
    expect(lag.of('a')).toBe(7000);
    lag.sample(batch(12_000), () => undefined);
    expect(lag.of('a')).toBe(7000);
  });
});
