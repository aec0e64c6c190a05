import { describe, expect, it } from 'vitest';
import type { Event } from '../core/event.ts';
import { MatchedRecord } from './correlation/matched-record.ts';
import { EventLog } from './event-log.ts';
import { SourceClocks } from './order/source-clock.ts';

const source = { input: 'i', path: 'p', id: 'p', replayable: true, timezone: 'Z' };

function event(position: number): Event {
  const origin = { source, position, line: 0, record: 0, part: 0, arrivalMs: 0 };
  return { fields: {}, original: 'x'.repeat(200), format: 'test', timeMs: position, timeOrigin: 'field', origin };
}

describe('the log of events', () => {
  it('holds the newest within its bytes, the oldest go first, and what is gone has a stand-in', () => {
    const log = new EventLog(new SourceClocks(), 10_000);
    // 1,000 bytes each; each is put twice.
    for (let position = 0; position < 1000; position++)
      for (let i = 0; i < 2; i++) log.put(log.placeOf(event(position)), event(position));
    expect(log.counts).toEqual({ events: 10, bytes: 10_000, evicted: 990 });
    const formats = [989, 990, 999].map((position) => log.get(log.placeOf(event(position))).format);
    expect(formats).toEqual(['forgotten', 'test', 'test']);
  });

  it('keeps records as they stand, once each, and gives the archive their events', () => {
    const archived: Event[] = [];
    const log = new EventLog(new SourceClocks(), 10_000, {
      put: (one) => void archived.push(one),
      get: () => undefined,
    });
    expect(log.takesRecords).toBe(false);
    log.eventOf = ({ bytes, start, end, timeMs, timeOrigin, origin }) => ({
      ...{ fields: {}, original: bytes.toString('latin1', start, end), format: 'test', timeMs, timeOrigin, origin },
    });
    expect(log.takesRecords).toBe(true);
    const record = new MatchedRecord(0);
    for (let position = 0; position < 200; position++) {
      const bytes = Buffer.from(`record ${position}`);
      Object.assign(record, { bytes, start: 0, end: bytes.length, source, position, timeMs: position, isKept: false });
      for (let i = 0; i < 2; i++) log.keep(record);
      log.settle();
      bytes.fill(0);
    }
    expect(archived.map(({ original }) => original)).toEqual(Array.from({ length: 200 }, (_, i) => `record ${i}`));
    const kept = log.counts.events;
    expect(kept).toBeLessThan(200);
    expect(log.counts.evicted).toBe(200 - kept);
    const at = (position: number): Event => log.get({ timeMs: 0, source: 0, position, part: 0 });
    expect([199, 200 - kept, 199 - kept].map((position) => at(position).original)).toEqual([
      ...['record 199', `record ${200 - kept}`, ''],
    ]);
  });

  it('holds nothing that is greater than all it may hold', () => {
    const log = new EventLog(new SourceClocks(), 900);
    for (let position = 0; position < 3; position++) log.put(log.placeOf(event(position)), event(position));
    expect(log.counts).toEqual({ events: 0, bytes: 0, evicted: 3 });
  });
});
