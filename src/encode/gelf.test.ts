import { describe, expect, it } from 'vitest';
import { sampleEvent, sampleMatch, sampleOutgoing, sampleRuleMatch } from '../testing/sample-alert.ts';
import { gelf } from './gelf.ts';

const encode = (...args: Parameters<typeof sampleOutgoing>) =>
  JSON.parse(gelf.encode(sampleOutgoing(...args), { timezone: 'UTC', sensor: 'sensor-1' })) as Record<string, unknown>;

describe('GELF', () => {
  it('has the envelope of version 1.1', () => {
    expect(encode()).toMatchObject({
      version: '1.1',
      host: 'sensor-1',
      timestamp: 1718204400,
      level: 4,
      short_message:
        'indicator match "Mozi zombie network event": 222.136.170.15 in DST_IP (exact in composed), from 192.168.1.12 to 222.136.170.15',
      full_message: sampleEvent().original,
    });
  });

  it('has the record as additional fields, texts and numbers only, with legal names', () => {
    const fields = encode(
      sampleRuleMatch({
        engine: 'correlation',
        group: { 'a b/c': 'x' },
        rule: { id: 'r', name: 'n', tags: ['attack.t1003', 'x'] },
      }),
    );
    expect(fields).toMatchObject({
      _source_ip: '192.168.1.12',
      _source_port: 20034,
      _rule_id: 'r',
      _flint_matched_0_field: 'CommandLine',
      _flint_group_a_b_c: 'x',
      _tags: 'attack.t1003, x',
    });
    const additional = Object.entries(fields).filter(([name]) => name.startsWith('_'));
    expect(additional.length).toBeGreaterThan(10);
    for (const [name, value] of additional) {
      expect(name).toMatch(/^_[\w.-]+$/);
      expect(name).not.toBe('_id');
      expect(['string', 'number']).toContain(typeof value);
    }
    expect(fields).not.toHaveProperty('_event_original');
  });

  it('keeps the fraction of the time', () => {
    const event = { ...sampleEvent(), timeMs: 1718204400123 };
    expect(encode(sampleMatch(), event).timestamp).toBe(1718204400.123);
  });
});
