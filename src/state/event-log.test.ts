import { describe, expect, it } from 'vitest';
import type { Event } from '../core/event.ts';
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

  it('holds nothing that is greater than all it may hold', () => {
    const log = new EventLog(new SourceClocks(), 900);
    for (let position = 0; position < 3; position++) log.put(log.placeOf(event(position)), event(position));
    expect(log.counts).toEqual({ events: 0, bytes: 0, evicted: 3 });
  });
});
