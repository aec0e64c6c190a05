import { describe, expect, it } from 'vitest';
import { sampleEvent, sampleMatch } from '../testing/sample-alert.ts';
import type { Detector } from './detector.ts';
import { Processor } from './processor.ts';

describe('processor', () => {
  it('gives at most so many alerts of one event and counts the rest', () => {
    const detector = { drain: () => [] } as unknown as Detector;
    const processor = new Processor(detector, undefined, {
      keepOriginal: true,
      maxAlerts: 100,
      firstHit: false,
      hasRules: () => true,
      isStateful: false,
      hasIndicators: () => true,
    });
    const matches = Array.from({ length: 130 }, (_, i) => sampleMatch({ value: `10.0.0.${i}:80` }));
    const found = processor.replay(sampleEvent(), matches, 0);
    expect(found).toHaveLength(100);
    expect(processor.counts.omitted).toBe(30);
    expect(new Set(found.map(({ alert }) => alert.event.id)).size).toBe(100);
  });
});
