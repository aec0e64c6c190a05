import { describe, expect, it } from 'vitest';
import { sampleEvent, sampleMatch, sampleOutgoing, sampleSource } from '../testing/sample-alert.ts';
import { cefText } from './cef.ts';
import type { EncodeOptions } from './encoder.ts';
import { syslog } from './syslog.ts';

const options: EncodeOptions = { timezone: 'UTC', sensor: 'sensor-1' };
const HEADER = /^<(\d{1,3})>1 (\S+) (\S+) (\S+) (\S+) (\S+) (\[(?:[^\]\\]|\\.)*\]) (.*)$/s;

const parse = (line: string) => HEADER.exec(line) ?? [];
const named = (name: string) => sampleOutgoing(sampleMatch({ sources: [sampleSource({ name })] }));

describe('syslog', () => {
  it('has the header of RFC 5424 with UTC time and the priority of the severity', () => {
    const [, pri, time, host, app, process, id] = parse(syslog.encode(sampleOutgoing(), options));
    expect([pri, time, host, app, process, id]).toEqual([
      '164',
      '2024-06-12T15:00:00.000Z',
      'sensor-1',
      'flint',
      '-',
      'alert',
    ]);
    const high = sampleOutgoing(sampleMatch({ sources: [sampleSource({ confidence: 95 })] }));
    expect(parse(syslog.encode(high, options))[1]).toBe('162');
  });

  it('escapes the structured data', () => {
    const data = parse(syslog.encode(named('a "b" \\ [c] \n d'), options))[7];
    expect(data).toContain(' name="a \\"b\\" \\\\ [c\\]   d" ');
    expect(data).toMatch(/^\[flint@32473 id="[0-9a-f]{32}" severity="50" engine="indicator" /);
  });

  it('marks a message with the byte order mark only when it is not ASCII', () => {
    expect(parse(syslog.encode(sampleOutgoing(), options))[8]).toMatch(/^indicator match/);
    expect(parse(syslog.encode(named('Größe'), options))[8]).toMatch(/^\ufeffindicator match "Größe"/);
  });

  it('carries the STIX Spark record or the whole record as ASCII JSON when asked', () => {
    const spark = parse(syslog.encode(named('Größe'), { ...options, syslogMessage: 'stix-spark' }))[8] ?? '';
    expect(spark).toMatch(/^\{"rule_id":"16"/);
    expect(spark).toMatch(/^[\u0020-\u007e]+$/);
    expect(JSON.parse(spark).msg).toBe('Größe');
    expect(JSON.parse(parse(syslog.encode(named('é'), { ...options, syslogMessage: 'ecs' }))[8] ?? '').rule.name).toBe(
      'é',
    );
  });

  it('has a nil host for a sensor without a printable name', () => {
    expect(parse(syslog.encode(sampleOutgoing(), { ...options, sensor: ' ä ' }))[3]).toBe('-');
  });
});

describe('CEF', () => {
  it('has seven header fields and escaped extensions', () => {
    const event = sampleEvent({ URL: 'http://a.example/?x=1|2', SRC_IP: '10.0.0.1', host: 'a\nb' });
    const text = cefText(
      sampleOutgoing(sampleMatch({ sources: [sampleSource({ id: 'i', name: 'one|two\\' })] }), event).alert,
    );
    expect(text).toMatch(
      /^CEF:0\|Flint\|flint\|1\|i\|one\\\|two\\\\\|5\|rt=1718204400000 externalId=[0-9a-f]{32} cat=indicator msg=/,
    );
    expect(text).toContain(' src=10.0.0.1 shost=a b ');
    expect(text).toContain(' request=http://a.example/?x\\=1|2 ');
  });
});
