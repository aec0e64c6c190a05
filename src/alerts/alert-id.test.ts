import { describe, expect, it } from 'vitest';
import { sampleEvent, sampleMatch, sampleRuleMatch } from '../testing/sample-alert.ts';
import { alertId, eventKey, ruleKey } from './alert-id.ts';

describe('alert id', () => {
  it('is 128 bits in hexadecimal and always the same', () => {
    const id = alertId(sampleMatch(), sampleEvent());
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(alertId(sampleMatch({ sources: [], matched: [] }), sampleEvent({ other: 1 }))).toBe(id);
    // Computed outside of this program from the description in alert-id.ts.
    expect(id).toBe('532cfb6c2caa5dbab02a1292ba5eb415');
  });

  it('differs by position, part, source, engine, value and semantics', () => {
    const event = sampleEvent();
    const other = { ...event, origin: { ...event.origin, part: 1 } };
    const elsewhere = { ...event, origin: { ...event.origin, source: { ...event.origin.source, id: 'file-2' } } };
    const ids = [
      alertId(sampleMatch(), event),
      alertId(sampleMatch(), sampleEvent({}, 7)),
      alertId(sampleMatch(), other),
      alertId(sampleMatch(), elsewhere),
      alertId(sampleMatch({ value: '222.136.170.15:3936' }), event),
      alertId(sampleMatch({ semantics: 'prefix' }), event),
      alertId(sampleRuleMatch(), event),
      alertId(sampleRuleMatch({ engine: 'pattern' }), event),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('covers all events of a correlation in whatever order they come, and its group', () => {
    const [a, b] = [sampleEvent({}, 1), sampleEvent({}, 2)];
    const id = alertId(sampleRuleMatch({ events: [a, b] }), b);
    expect(alertId(sampleRuleMatch({ events: [b, a] }), a)).toBe(id);
    expect(alertId(sampleRuleMatch({ events: [b] }), b)).not.toBe(id);
    expect(alertId(sampleRuleMatch({ events: [a, b], group: { user: 'x' } }), b)).not.toBe(id);
  });

  it('cannot be confused by separators inside the parts', () => {
    const keyed = (id: string, position: number) => {
      const event = sampleEvent({}, position);
      return eventKey({ ...event, origin: { ...event.origin, source: { ...event.origin.source, id } } });
    };
    expect(keyed('a,1:1', 1)).not.toBe(keyed('a', 11));
    expect(ruleKey(sampleRuleMatch({ rule: { id: 'x', name: '' } }))).not.toBe(ruleKey(sampleMatch({ value: 'x' })));
  });
});
