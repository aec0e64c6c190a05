/** What arrives of an alert in another thread is what was found, line by line and field by field. */
import { describe, expect, it } from 'vitest';
import { Finding } from '../../alerts/finding.ts';
import type { Event } from '../../core/event.ts';
import type { Match } from '../../core/match.ts';
import { sampleEvent, sampleMatch, sampleRuleMatch } from '../../testing/sample-alert.ts';
import { type AlertBlock, AlertBlockWriter, alertsOf, transfersOf } from './alert-block.ts';

const OPTIONS = { nowMs: 1_700_000_000_000, keepOriginal: true };

/** Line numbers from 1; every third is of a rule, every fifth has a text that must be cut, so that its record is built. */
function findings(count: number): Finding[] {
  return Array.from({ length: count }, (_, i) => {
    const fields = { SRC_IP: `10.0.0.${i % 7}`, note: `caf\u00e9 ${i}`, ...(i % 5 === 0 && { url: 'x'.repeat(9000) }) };
    const event = sampleEvent(fields, i);
    const match: Match = i % 3 === 0 ? sampleRuleMatch() : sampleMatch();
    return new Finding(match, placed(event, i + 1, i), OPTIONS);
  });
}

function placed(event: Event, line: number, record: number): Event {
  return { ...event, origin: { ...event.origin, line, record } };
}

function posted(block: AlertBlock | undefined): AlertBlock | undefined {
  return structuredClone(block, { transfer: transfersOf({ found: block }) });
}

describe('alerts of another thread', () => {
  it('say what was found, their records and events included', () => {
    const all = findings(200);
    expect(all.some((one) => one.parts() === undefined)).toBe(true);
    const writer = new AlertBlockWriter(true);
    for (let i = 0; i < all.length; i += 64) writer.add(all.slice(i, i + 64));
    const block = writer.take();
    const bytes = block?.bytes.buffer;
    const taken = alertsOf(posted(block));
    expect(bytes?.byteLength).toBe(0);
    expect(taken.length).toBe(all.length);
    for (const [i, one] of taken.entries()) {
      const { id, ruleKey, label, where, timeMs, alert, event } = all[i] as Finding;
      expect({ id: one.id, ruleKey: one.ruleKey, label: one.label, where: one.where, timeMs: one.timeMs }).toEqual({
        ...{ id, ruleKey, label, where, timeMs },
      });
      expect(one.json()).toBe(all[i]?.json());
      expect(one.alert).toEqual(alert);
      expect(one.event).toEqual(event);
    }
  });

  it('are numbered by the lines in front of their range', () => {
    const all = findings(20);
    const writer = new AlertBlockWriter(true);
    writer.add(all);
    const taken = alertsOf(posted(writer.take()), { lines: 1000, records: 900 });
    for (const [i, { match, event }] of all.entries()) {
      const moved = new Finding(match, placed(event, i + 1001, i + 900), OPTIONS);
      expect(taken[i]?.json()).toBe(moved.json());
      expect(taken[i]?.event).toEqual(moved.event);
    }
  });

  it('come in blocks of their own, and none of nothing', () => {
    const writer = new AlertBlockWriter(false);
    expect(writer.take()).toBeUndefined();
    writer.add(findings(2));
    expect(writer.take()?.count).toBe(2);
    writer.add(findings(1));
    const last = writer.take();
    expect(last?.count).toBe(1);
    expect(alertsOf(last).map((one) => one.json())).toEqual(findings(1).map((one) => one.json()));
    expect(writer.take()).toBeUndefined();
  });
});
