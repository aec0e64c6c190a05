import { describe, expect, it } from 'vitest';
import type { Match } from '../core/match.ts';
import { sampleEvent, sampleMatch, sampleRuleMatch } from '../testing/sample-alert.ts';
import { Finding } from './finding.ts';
import { Suppressor, type SuppressionSnapshot } from './suppressor.ts';

const MINUTE = 60_000;
const match = sampleMatch();

/** An alert of another event, from another host if one is given. */
function at(position: number, host = 'ws1', of: Match = match, original?: string): Finding {
  const event = { ...sampleEvent({ SRC_IP: '10.0.0.1', Hostname: host }, position), timeMs: position * 1000 };
  return findingOf(original === undefined ? event : { ...event, original }, of);
}

function findingOf(event: ReturnType<typeof sampleEvent>, of: Match = match): Finding {
  return new Finding(of, event, { nowMs: event.origin.arrivalMs, keepOriginal: true });
}

describe('suppression', () => {
  it('sends the first alert, holds back the others, and closes with the same id and the count', () => {
    const suppressor = new Suppressor({ windowMs: 5 * MINUTE });
    const first = suppressor.offer(at(0), 0);
    expect(first).toMatchObject({ heldBack: false, send: [{ alert: at(0).alert }] });
    for (let i = 1; i <= 9; i++) expect(suppressor.offer(at(i), i * 1000)).toEqual({ send: [], heldBack: true });
    expect(suppressor.expire(5 * MINUTE - 1)).toEqual([]);
    const [closing, ...more] = suppressor.expire(5 * MINUTE);
    expect(more).toEqual([]);
    expect(closing?.alert.event.id).toBe(first.send[0]?.alert.event.id);
    expect(closing?.alert.flint.count).toBe(10);
    expect(closing?.alert.event).toMatchObject({ start: '1970-01-01T00:00:00.000Z', end: '1970-01-01T00:00:09.000Z' });
    expect(suppressor.heldBack).toBe(9);
    expect(suppressor.offer(at(400), 5 * MINUTE).send).toHaveLength(1);
  });

  it('ends a window without repeats silently', () => {
    const suppressor = new Suppressor({ windowMs: MINUTE });
    suppressor.offer(at(0), 0);
    expect(suppressor.expire(MINUTE)).toEqual([]);
    expect(suppressor.size).toBe(0);
  });

  it('keeps rules, hosts and, without a host, source addresses apart', () => {
    const suppressor = new Suppressor({ windowMs: MINUTE });
    const other = sampleMatch({ value: '10.9.9.9:1' });
    const byAddress = (ip: string, position: number) => findingOf(sampleEvent({ SRC_IP: ip }, position));
    expect(suppressor.offer(at(0, 'ws1'), 0).heldBack).toBe(false);
    expect(suppressor.offer(at(1, 'ws2'), 0).heldBack).toBe(false);
    expect(suppressor.offer(at(2, 'ws1', other), 0).heldBack).toBe(false);
    expect(suppressor.offer(byAddress('10.0.0.1', 3), 0).heldBack).toBe(false);
    expect(suppressor.offer(byAddress('10.0.0.2', 4), 0).heldBack).toBe(false);
    expect(suppressor.offer(byAddress('10.0.0.2', 5), 0).heldBack).toBe(true);
    expect(suppressor.offer(at(6, 'WS1'), 0).heldBack).toBe(true);
  });

  it('lets a window end by the next alert, whoever it is of', () => {
    const suppressor = new Suppressor({ windowMs: MINUTE });
    suppressor.offer(at(0), 0);
    suppressor.offer(at(1), 1);
    const { send } = suppressor.offer(at(2, 'ws2'), MINUTE);
    expect(send.map(({ alert }) => alert.flint.count)).toEqual([2, undefined]);
  });

  it('passes a replay of the first alert again and does not count it', () => {
    const suppressor = new Suppressor({ windowMs: MINUTE });
    suppressor.offer(at(0), 0);
    expect(suppressor.offer(at(0), 10)).toMatchObject({ heldBack: false, send: [{}] });
    expect(suppressor.flush()).toEqual([]);
  });

  /** Takes the alert of `at` back. */
  const withdrawal = (position: number): Finding =>
    findingOf(at(position).event, { ...sampleRuleMatch({ engine: 'sigma' }), withdrawn: true });
  const alert = (position: number): Finding => findingOf(at(position).event, sampleRuleMatch({ engine: 'sigma' }));

  it('ends the window of an alert that is withdrawn, so that the next one goes out', () => {
    const suppressor = new Suppressor({ windowMs: MINUTE });
    suppressor.offer(alert(0), 0);
    const { send } = suppressor.offer(withdrawal(0), 1);
    expect(send.map((one) => [one.id, one.alert.flint.withdrawn])).toEqual([[alert(0).id, true]]);
    expect(suppressor.size).toBe(0);
    expect(suppressor.offer(alert(1), 2).heldBack).toBe(false);
  });

  it('closes such a window for those that were held back, which stay', () => {
    const suppressor = new Suppressor({ windowMs: MINUTE });
    for (const position of [0, 1, 2]) suppressor.offer(alert(position), position);
    const { send } = suppressor.offer(withdrawal(0), 3);
    expect(send.map(({ alert }) => [alert.flint.withdrawn, alert.flint.count])).toEqual([
      [true, undefined],
      [undefined, 2],
    ]);
  });

  it('takes a withdrawn one that was held back off the count, and passes what belongs to no window', () => {
    const suppressor = new Suppressor({ windowMs: MINUTE });
    expect(suppressor.offer(withdrawal(7), 0).send).toHaveLength(1);
    for (const position of [3, 4, 5]) suppressor.offer(alert(position), position);
    expect(suppressor.offer(withdrawal(4), 6)).toEqual({ send: [], heldBack: true });
    expect(suppressor.offer(withdrawal(1), 6).send).toHaveLength(1);
    expect(suppressor.flush().map(({ alert }) => alert.flint.count)).toEqual([2]);
  });

  it('passes a withdrawal whose alert cannot have been held back, though it is of the time of a window', () => {
    const suppressor = new Suppressor({ windowMs: MINUTE });
    suppressor.offer(alert(5), 0);
    expect(suppressor.expire(MINUTE)).toEqual([]);
    suppressor.offer(alert(3), MINUTE);
    expect(suppressor.offer(withdrawal(5), MINUTE + 1)).toMatchObject({ heldBack: false, send: [{ id: alert(5).id }] });
    suppressor.offer(alert(4), MINUTE + 2);
    expect(suppressor.offer(withdrawal(5), MINUTE + 3)).toMatchObject({ heldBack: false, send: [{ id: alert(5).id }] });
    expect(suppressor.flush().map((one) => one.alert.flint.count)).toEqual([2]);
  });

  it('is off with a window of nothing', () => {
    const suppressor = new Suppressor({ windowMs: 0 });
    for (let i = 0; i < 3; i++) expect(suppressor.offer(at(i), 0).heldBack).toBe(false);
    expect(suppressor.size).toBe(0);
  });

  it('goes on after a restart', () => {
    const before = new Suppressor({ windowMs: MINUTE });
    before.offer(at(0), 0);
    before.offer(at(1), 1);
    const stored = JSON.parse(JSON.stringify(before.snapshot())) as SuppressionSnapshot;
    const after = new Suppressor({ windowMs: MINUTE });
    expect(after.restore(stored)).toBe(true);
    expect(after.offer(at(2), 1000).heldBack).toBe(true);
    expect(after.expire(MINUTE)[0]?.alert.flint.count).toBe(3);
    expect(after.restore({ ...stored, version: 2 } as unknown as SuppressionSnapshot)).toBe(false);
  });

  it('ends the oldest windows early when there are too many, without losing their counts', () => {
    const suppressor = new Suppressor({ windowMs: MINUTE, maxEntries: 3 });
    suppressor.offer(at(0, 'h0'), 0);
    suppressor.offer(at(1, 'h0'), 0);
    for (const host of ['h1', 'h2']) suppressor.offer(at(2, host), 0);
    const { send } = suppressor.offer(at(3, 'h3'), 0);
    expect(send.map(({ alert }) => [alert.host?.name, alert.flint.count])).toEqual([
      ['h0', 2],
      ['h3', undefined],
    ]);
    expect(suppressor).toMatchObject({ size: 3, evicted: 1 });
  });

  it('keeps within its memory', () => {
    const suppressor = new Suppressor({ windowMs: MINUTE, maxBytes: 100_000 });
    for (let i = 0; i < 100; i++) {
      suppressor.offer(at(i, `h${i}`, match, 'x'.repeat(10_000)), 0);
    }
    expect(suppressor.size).toBeLessThanOrEqual(3);
    expect(suppressor.evicted).toBe(100 - suppressor.size);
  });

  it('does not keep windows open when the clock is set back', () => {
    const suppressor = new Suppressor({ windowMs: MINUTE });
    suppressor.offer(at(0), 10 * MINUTE);
    expect(suppressor.offer(at(1), 0).heldBack).toBe(false);
  });
});
