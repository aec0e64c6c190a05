import { describe, expect, it } from 'vitest';
import {
  sampleAlert,
  sampleEvent,
  sampleMatch,
  sampleOutgoing,
  sampleRuleMatch,
  sampleSource,
} from '../testing/sample-alert.ts';
import { stix } from './stix.ts';
import { observables, type StixObject } from './stix-objects.ts';

const encode = (...args: Parameters<typeof sampleOutgoing>) =>
  JSON.parse(stix.encode(sampleOutgoing(...args), { timezone: 'UTC', sensor: 's' })) as StixObject & {
    objects: StixObject[];
  };
const idOf = (fields: Parameters<typeof sampleEvent>[0], type: string) =>
  observables(sampleAlert(sampleMatch(), sampleEvent(fields))).find((object) => object.type === type)?.id;

describe('STIX bundle', () => {
  it('sights the indicator by its STIX id and refers to what was observed', () => {
    const { objects } = encode();
    const sighting = objects.find(({ type }) => type === 'sighting');
    const observed = objects.find(({ type }) => type === 'observed-data');
    expect(sighting).toMatchObject({
      spec_version: '2.1',
      sighting_of_ref: sampleSource().id,
      count: 1,
      observed_data_refs: [observed?.id],
      first_seen: '2024-06-12T15:00:00.000Z',
    });
    expect(objects.map(({ type }) => type)).toEqual([
      'sighting',
      'observed-data',
      'ipv4-addr',
      'ipv4-addr',
      'domain-name',
      'network-traffic',
    ]);
    expect(objects.at(-1)).toMatchObject({ src_port: 20034, dst_port: 39361, protocols: ['http'] });
  });

  it('refers only to objects that it holds, each with an id of its own', () => {
    for (const match of [sampleMatch(), sampleRuleMatch()]) {
      const event = sampleEvent({
        SRC_IP: '10.0.0.1',
        DST_IP: '10.0.0.1',
        url: { full: 'https://a.example/x' },
        Image: 'C:\\a.exe',
        Hashes: `MD5=0123456789abcdef0123456789abcdef,SHA256=${'a'.repeat(64)}`,
        User: 'D\\u',
      });
      const { objects } = encode(match, event);
      const ids = objects.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      const refs = objects.flatMap((object) =>
        Object.entries(object).flatMap(([key, value]) =>
          key.endsWith('_refs') ? (value as string[]) : key.endsWith('_ref') ? [value as string] : [],
        ),
      );
      expect(refs.length).toBeGreaterThan(3);
      for (const ref of refs) if (ref !== sampleSource().id) expect(ids).toContain(ref);
      for (const object of objects) expect(object.id).toMatch(new RegExp(`^${object.type}--[0-9a-f-]{36}$`));
    }
  });

  it('carries a rule without a STIX id as an attack pattern that is the same in every bundle', () => {
    const [first] = encode(sampleRuleMatch(), sampleEvent({}, 1)).objects;
    const [second] = encode(sampleRuleMatch(), { ...sampleEvent({}, 2), timeMs: 5 }).objects;
    expect(first).toMatchObject({ type: 'attack-pattern', name: 'Suspicious encoded command' });
    expect(second).toEqual(first);
  });

  it('has the same ids for the same alert, and a later version for its closing update', () => {
    expect(encode()).toEqual(encode());
    const { alert, event } = sampleOutgoing();
    const update = { event, alert: { ...alert, flint: { ...alert.flint, count: 7 } } };
    const { objects } = JSON.parse(stix.encode(update, { timezone: 'UTC', sensor: 's' })) as { objects: StixObject[] };
    const [before] = encode().objects;
    expect(objects[0]).toMatchObject({ id: before?.id, created: before?.created, count: 7 });
    expect(String(objects[0]?.modified) > String(before?.modified)).toBe(true);
  });
});

describe('ids of observables', () => {
  it('are that of the example in STIX 2.1 section 2.9, and those that other tools derive', () => {
    expect(idOf({ SRC_IP: '198.51.100.3' }, 'ipv4-addr')).toBe('ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4');
    expect(idOf({ SRC_IP: '2001:db8::1' }, 'ipv6-addr')).toBe('ipv6-addr--6469e3a9-b053-5e34-a025-9396ae051d26');
    expect(idOf({ QueryName: 'example.com' }, 'domain-name')).toBe('domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7');
  });
});
