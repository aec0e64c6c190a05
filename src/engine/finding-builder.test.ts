import { describe, expect, it } from 'vitest';
import type { Finding } from '../alerts/finding.ts';
import { sampleEvent, sampleMatch } from '../testing/sample-alert.ts';
import { FindingBuilder } from './finding-builder.ts';

const event = sampleEvent();
const OPTIONS = { keepOriginal: true, maxAlerts: 100, firstHit: false };

describe('findings', () => {
  it('are at most so many of one event, and the rest is counted', () => {
    const counts = { omitted: 0 };
    const matches = Array.from({ length: 130 }, (_, i) => sampleMatch({ value: `10.0.0.${i}:80` }));
    const found: Finding[] = [];
    new FindingBuilder(OPTIONS, counts, () => undefined).add([{ event, matches }], 0, found);
    expect(found).toHaveLength(100);
    expect(counts.omitted).toBe(30);
    expect(new Set(found.map(({ alert }) => alert.event.id)).size).toBe(100);
  });

  it('take the text of the record that was examined last from its bytes, and of no other', () => {
    const asked: number[] = [];
    const builder = new FindingBuilder(OPTIONS, { omitted: 0 }, (_bytes, start, end) => {
      asked.push(end - start);
      return undefined;
    });
    const { length } = event.original;
    const record = { bytes: new Uint8Array(length), start: 0, end: length, origin: event.origin };
    const detections = [{ event, matches: [sampleMatch()] }];
    builder.add(detections, 0, [], record);
    builder.add(detections, 0, []);
    builder.add(detections, 0, [], { ...record, origin: { ...event.origin } });
    // Texts that are not of the bytes' length have been decoded otherwise.
    builder.add(detections, 0, [], { ...record, end: length - 1 });
    expect(asked).toEqual([length]);
  });
});
