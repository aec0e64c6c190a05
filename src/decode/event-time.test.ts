import { describe, expect, it } from 'vitest';
import { eventTime } from './event-time.ts';

const ARRIVAL = Date.UTC(2024, 5, 12, 12);
const options = { timezone: 'Z', arrivalMs: ARRIVAL, clamp: true };

describe('event time', () => {
  it('takes the first usable candidate', () => {
    expect(eventTime({ timestamp: 'soon', time: '2024-06-12T11:00:00Z' }, 'json', options)).toEqual({
      ms: ARRIVAL - 3_600_000,
      origin: 'field',
    });
    expect(eventTime({ BEGIN_TIME: '2024-06-12T11:00:00', timestamp: 1 }, 'json', options).origin).toBe('field');
  });

  it.each([
    ['activityDateTime', 'directory audit of Azure'],
    ['eventTimestamp', 'activity log of Azure'],
    ['event_timestamp', 'the same by its Python client'],
    ['CreationTime', 'audit log of Microsoft 365'],
  ])('knows %s, %s', (name) => {
    expect(eventTime({ [name]: '2024-06-12T11:00:00' }, 'json', options)).toEqual({
      ms: ARRIVAL - 3_600_000,
      origin: 'field',
    });
  });

  it('looks at the fields of the configuration first', () => {
    const fields = { time: '2024-06-12T11:00:00Z', log: { seen: '2024-06-12T10:00:00Z' } };
    const { ms } = eventTime(fields, 'json', { ...options, timeFields: ['absent', 'log.seen'] });
    expect(ms).toBe(ARRIVAL - 7_200_000);
  });

  it('takes the arrival when there is none', () => {
    expect(eventTime({ a: 1 }, 'json', options)).toEqual({ ms: ARRIVAL, origin: 'arrival' });
  });

  it('holds back a live event from the future and leaves files alone', () => {
    const fields = { time: '2030-01-01T00:00:00Z' };
    expect(eventTime(fields, 'json', options)).toEqual({ ms: ARRIVAL, origin: 'clamped' });
    expect(eventTime(fields, 'json', { ...options, clamp: false }).origin).toBe('field');
  });

  it.each([
    ['1718186400.123 200 192.0.2.1 TCP_MISS/200', '2024-06-12T10:00:00.123Z'],
    ['<34>Jun 12 10:00:00 host su: x', '2024-06-12T10:00:00.000Z'],
    ['<165>1 2024-06-12T10:00:00.5Z host app', '2024-06-12T10:00:00.500Z'],
    ['[Wed Jun 12 10:00:00.902022 2024] [core:error] [pid 5] x', '2024-06-12T10:00:00.902Z'],
    ['2024/06/12 10:00:00 [alert] 12#12: x', '2024-06-12T10:00:00.000Z'],
    ['192.0.2.1 - - [12/Jun/2024:10:00:00 +0000] "GET / HTTP/1.1"', '2024-06-12T10:00:00.000Z'],
  ])('reads the stamp of the line %s', (message, expected) => {
    expect(new Date(eventTime({ message }, 'text', options).ms).toISOString()).toBe(expected);
  });
});
