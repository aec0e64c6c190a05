import { describe, expect, it } from 'vitest';
import {
  README_EVENT,
  sampleAlert,
  sampleEvent,
  sampleMatch,
  sampleRuleMatch,
  sampleSource,
} from '../testing/sample-alert.ts';
import { buildAlert, MAX_HITS, MAX_ORIGINAL_BYTES, MAX_TEXT_BYTES } from './build-alert.ts';

const options = { nowMs: Date.UTC(2024, 5, 12, 15, 0, 1), keepOriginal: true };

describe('alert of an indicator', () => {
  const alert = sampleAlert();

  it('says when, what rule, how severe and where the record stands', () => {
    expect(alert['@timestamp']).toBe('2024-06-12T15:00:00.000Z');
    expect(alert.event).toMatchObject({ kind: 'alert', created: '2024-06-12T15:00:01.000Z', severity: 50 });
    expect(alert.rule).toEqual({ id: sampleSource().id, name: 'Mozi zombie network event' });
    expect(alert.flint.input).toEqual({ name: 'web', path: 'access.ndjson', line: 1, record: 0 });
    expect(alert.flint).toMatchObject({
      engine: 'indicator',
      semantics: 'exact',
      validity: 'within',
      library: 'threat',
      ordinal: 16,
    });
  });

  it('puts the observables in their ECS places', () => {
    expect(alert.source).toEqual({ ip: '192.168.1.12', port: 20034 });
    expect(alert.destination).toEqual({ ip: '222.136.170.15', port: 39361, domain: 'ipswich.able-plumbing.co.uk' });
    expect(alert.http).toEqual({ request: { method: 'GET' }, response: { status_code: 200 } });
    expect(alert.related).toEqual({ ip: ['192.168.1.12', '222.136.170.15'], hosts: ['ipswich.able-plumbing.co.uk'] });
  });

  it('takes the source with the highest confidence, and lists all', () => {
    const low = sampleSource({ id: 'indicator--low', name: 'low', confidence: 20, provider: 'a' });
    const high = sampleSource({
      id: 'indicator--high',
      name: 'high',
      confidence: 85,
      provider: 'b',
      tlp: 'amber+strict',
    });
    const built = sampleAlert(sampleMatch({ sources: [low, high] }));
    expect(built.rule.id).toBe('indicator--high');
    expect(built.event.severity).toBe(85);
    expect(built.threat?.indicator).toMatchObject({
      id: 'indicator--high',
      type: 'ipv4-addr',
      ip: '222.136.170.15',
      port: 39361,
      provider: 'b',
      marking: { tlp: 'AMBER+STRICT' },
    });
    expect(built.threat?.enrichments?.map(({ indicator }) => indicator.id)).toEqual([
      'indicator--high',
      'indicator--low',
    ]);
  });

  it('reads ATT&CK tactics from kill-chain phases', () => {
    const source = sampleSource({
      killChain: [
        { chain: 'mitre-attack', phase: 'command-and-control' },
        { chain: 'lockheed', phase: 'delivery' },
      ],
    });
    expect(sampleAlert(sampleMatch({ sources: [source] })).threat).toMatchObject({
      framework: 'MITRE ATT&CK',
      tactic: { name: ['Command and Control'] },
    });
  });
});

describe('alert of a rule', () => {
  it('has the severity of its level and ATT&CK of its tags', () => {
    const match = sampleRuleMatch({
      rule: {
        id: 'r',
        name: 'n',
        level: 'critical',
        author: 'Jane',
        license: 'MIT',
        references: ['https://a.example', 'https://b.example'],
        tags: [
          'attack.t1059.001',
          'attack.defense_evasion',
          'attack.defense-evasion',
          'attack.g0016',
          'attack.ta0005',
          'cve.2024-1',
        ],
      },
    });
    const alert = sampleAlert(match);
    expect(alert.event.severity).toBe(90);
    expect(alert.rule).toEqual({
      id: 'r',
      name: 'n',
      author: ['Jane'],
      license: 'MIT',
      reference: 'https://a.example',
    });
    expect(alert.threat).toEqual({
      framework: 'MITRE ATT&CK',
      technique: { id: ['T1059.001'] },
      tactic: { id: ['TA0005'], name: ['Defense Evasion'] },
      group: { id: ['G0016'] },
    });
    expect(alert.tags).toContain('cve.2024-1');
    expect(alert.flint.level).toBe('critical');
  });

  it('lists the events of a correlation with its time span', () => {
    const events = [0, 1, 2].map((i) => ({ ...sampleEvent({ n: i }, i), timeMs: i * 1000 }));
    const alert = sampleAlert(sampleRuleMatch({ engine: 'correlation', events, group: { user: 'bob' }, count: 3 }));
    expect(alert.flint).toMatchObject({ count: 3, group: { user: 'bob' } });
    expect(alert.flint.events?.map((event) => event['@timestamp'])).toEqual([
      '1970-01-01T00:00:00.000Z',
      '1970-01-01T00:00:01.000Z',
      '1970-01-01T00:00:02.000Z',
    ]);
    expect(alert.event).toMatchObject({ start: '1970-01-01T00:00:00.000Z', end: '1970-01-01T00:00:02.000Z' });
  });

  it('says in which of its events a value matched, also when the oldest are left out', () => {
    const events = Array.from({ length: 102 }, (_, i) => sampleEvent({ n: i }, i));
    const matched = [0, 1, 2, 101].map((event) => ({ field: 'f', value: 'v', item: 'i', how: 'pattern', event }));
    const alert = sampleAlert(sampleRuleMatch({ engine: 'pattern', events, matched, count: 102 }));
    expect(alert.flint.events).toHaveLength(100);
    expect(alert.flint.matched.map(({ event }) => event)).toEqual([undefined, undefined, 0, 99]);
  });
});

describe('limits', () => {
  it('cuts the original at a character border and says so', () => {
    const event = { ...sampleEvent(), original: 'ä'.repeat(20_000) };
    const alert = buildAlert(sampleMatch(), event, options);
    expect(Buffer.byteLength(alert.event.original ?? '')).toBe(MAX_ORIGINAL_BYTES);
    expect(alert.event.original_truncated).toBe(true);
  });

  it('leaves the original out when asked', () => {
    const alert = buildAlert(sampleMatch(), sampleEvent(), { ...options, keepOriginal: false });
    expect(alert.event).not.toHaveProperty('original');
    expect(alert.event).not.toHaveProperty('original_truncated');
  });

  it('cuts other texts and names their places', () => {
    const huge = 'x'.repeat(10_000_000);
    const event = sampleEvent({ CommandLine: huge, Image: 'C:\\a\\b.exe' });
    const alert = buildAlert(
      sampleRuleMatch({ matched: [{ field: 'CommandLine', value: huge, item: 'i', how: 'contains' }] }),
      event,
      options,
    );
    expect(String(alert.process?.command_line).length).toBe(MAX_TEXT_BYTES);
    expect(alert.flint.cut).toEqual(['process.command_line', 'flint.matched[0].value']);
    expect(JSON.stringify(alert).length).toBeLessThan(100_000);
  });

  it('keeps at most a hundred matched fields and counts the rest', () => {
    const matched = Array.from({ length: 250 }, (_, i) => ({ field: `f${i}`, value: 'v', item: 'v', how: 'exact' }));
    const { flint } = sampleAlert(sampleMatch({ matched }));
    expect(flint.matched).toHaveLength(MAX_HITS);
    expect(flint.matched_omitted).toBe(150);
  });

  it('keeps hostile keys ordinary', () => {
    const event = sampleEvent(JSON.parse('{"__proto__":{"src_ip":"1.2.3.4"},"constructor":"x"}'));
    const alert = buildAlert(
      sampleRuleMatch({ engine: 'correlation', group: JSON.parse('{"__proto__":"x"}') }),
      event,
      options,
    );
    expect(alert.source).toBeUndefined();
    expect(Object.keys(alert.flint.group ?? {})).toEqual(['__proto__']);
  });
});

describe('a line of no source line', () => {
  it('has no flint.input.line', () => {
    const event = sampleEvent(README_EVENT);
    const origin = { ...event.origin, line: 0 };
    expect(buildAlert(sampleMatch(), { ...event, origin }, options).flint.input).not.toHaveProperty('line');
  });
});
