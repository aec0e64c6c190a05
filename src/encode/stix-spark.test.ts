import { describe, expect, it } from 'vitest';
import { sampleEvent, sampleMatch, sampleOutgoing, sampleSource } from '../testing/sample-alert.ts';
import { stixSpark } from './stix-spark.ts';

const options = { timezone: 'UTC', sensor: 'sensor-1' };

describe('STIX Spark record', () => {
  it('is, byte by byte, the alert of the original for its sample event', () => {
    expect(stixSpark.encode(sampleOutgoing(), options)).toBe(
      '{"rule_id":"16","alert_engine":"threat","time":"2024-06-12 15:00:00","message":"cccccccc","forward":"32.23.65.32",' +
        '"retcode":"200","source":"","src_ip":"192.168.1.12","dst_ip":"222.136.170.15","geoip":"","src_port":"20034",' +
        '"dst_port":"39361","host":"","domain":"ipswich.able-plumbing.co.uk","url":"111/vadosaj.getenjoyment.net/92034677522.pdf",' +
        '"method":"GET","msg":"Mozi zombie network event","severity":"1"}',
    );
  });

  it('prints the time in the configured zone', () => {
    const inZone = (timezone: string) => JSON.parse(stixSpark.encode(sampleOutgoing(), { ...options, timezone })).time;
    expect(inZone('Asia/Shanghai')).toBe('2024-06-12 23:00:00');
    expect(inZone('America/New_York')).toBe('2024-06-12 11:00:00');
    expect(inZone('Z')).toBe('2024-06-12 15:00:00');
    expect(inZone('No/Where')).toBe('2024-06-12 15:00:00');
  });

  it('prints midnight as hour 00', () => {
    const event = { ...sampleEvent(), timeMs: Date.UTC(2024, 0, 1) };
    expect(JSON.parse(stixSpark.encode(sampleOutgoing(sampleMatch(), event), options)).time).toBe(
      '2024-01-01 00:00:00',
    );
  });

  it('takes GELF names, numbers and the library of the indicator', () => {
    const event = sampleEvent({ _src_ip: '10.1.1.1', _SRC_PORT: 443, _RETCODE: null, host: 'fw', _URL: { odd: 1 } });
    const match = sampleMatch({ sources: [sampleSource({ library: 'mine', ordinal: 3 })] });
    expect(JSON.parse(stixSpark.encode(sampleOutgoing(match, event), options))).toMatchObject({
      rule_id: '3',
      alert_engine: 'mine',
      src_ip: '10.1.1.1',
      src_port: '443',
      retcode: '0',
      host: 'fw',
      url: '',
      dst_port: '0',
    });
  });

  it('falls back on the key-mapping file, then on the ECS places', () => {
    const event = sampleEvent({
      CIP: '10.2.2.2',
      destination: { ip: '10.3.3.3', port: 53 },
      dns: { question: { name: 'a.example' } },
    });
    const record = stixSpark.encode(sampleOutgoing(sampleMatch(), event), {
      ...options,
      stixSparkKeys: new Map([['src_ip', 'cip']]),
    });
    expect(JSON.parse(record)).toMatchObject({
      src_ip: '10.2.2.2',
      dst_ip: '10.3.3.3',
      dst_port: '53',
      domain: 'a.example',
    });
  });

  it('adds the sections and the computed severity when asked', () => {
    const record = JSON.parse(
      stixSpark.encode(sampleOutgoing(), { ...options, stixSparkSections: true, stixSparkSeverity: 'computed' }),
    );
    expect(Object.keys(record).slice(17)).toEqual(['severity', 'req_header', 'req_body', 'rsp_header', 'rsp_body']);
    expect(record).toMatchObject({ severity: '50', rsp_header: 'HTTP 200 OK\r\n' });
  });
});
