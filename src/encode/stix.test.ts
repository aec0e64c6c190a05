import { describe, expect, it } from 'vitest';
import type { IndicatorKind } from '../core/indicator.ts';
import {
  sampleAlert,
  sampleEvent,
  sampleMatch,
  sampleOutgoing,
  sampleRuleMatch,
  sampleSource,
} from '../testing/sample-alert.ts';
import { stix } from './stix.ts';
import { observables } from './stix-objects.ts';
import type { StixObject } from './stix-own-ids.ts';

const encode = (...args: Parameters<typeof sampleOutgoing>) =>
  JSON.parse(stix.encode(sampleOutgoing(...args), { timezone: 'UTC', sensor: 's' })) as StixObject & {
    objects: StixObject[];
  };
/** From a STIX feed: what comes from a list has no pattern. */
const PUBLISHED = sampleSource({ pattern: "[ipv4-addr:value = '222.136.170.15']" });
const idOf = (fields: Parameters<typeof sampleEvent>[0], type: string) =>
  observables(sampleAlert(sampleMatch(), sampleEvent(fields))).find((object) => object.type === type)?.id;

describe('STIX bundle', () => {
  it('sights the indicator by its STIX id and refers to what was observed', () => {
    const { objects } = encode(sampleMatch({ sources: [PUBLISHED] }));
    const sighting = objects.find(({ type }) => type === 'sighting');
    const observed = objects.find(({ type }) => type === 'observed-data');
    expect(sighting).toMatchObject({
      spec_version: '2.1',
      sighting_of_ref: PUBLISHED.id,
      count: 1,
      observed_data_refs: [observed?.id],
      first_seen: '2024-06-12T15:00:00.000Z',
    });
    expect(objects.map(({ type }) => type)).toEqual([
      'identity',
      'ipv4-addr',
      'ipv4-addr',
      'domain-name',
      'network-traffic',
      'observed-data',
      'sighting',
    ]);
    expect(objects.find(({ type }) => type === 'network-traffic')).toMatchObject({
      src_port: 20034,
      dst_port: 39361,
      protocols: ['http'],
    });
    expect(sighting?.where_sighted_refs).toEqual([objects[0]?.id]);
    expect(sighting?.created_by_ref).toBe(objects[0]?.id);
  });

  it('refers to what matched also where the record has no place for it', () => {
    const seen = (kind: IndicatorKind, value: string, seenAs = value): unknown[] => {
      const match = sampleMatch({ kind, value, matched: [{ field: 'q', value: seenAs, item: value, how: 'exact' }] });
      const event = { ...sampleEvent({}), fields: { q: seenAs } };
      return observables(sampleAlert(match, event)).map(({ id, spec_version, ...said }) => said);
    };
    expect(seen('domain', 'a.example', 'x.a.example')).toEqual([{ type: 'domain-name', value: 'x.a.example' }]);
    expect(seen('ipv6', '2001:db8::1')).toEqual([{ type: 'ipv6-addr', value: '2001:db8::1' }]);
    expect(seen('network', '10.0.0.0/8', '10.1.2.3')).toEqual([{ type: 'ipv4-addr', value: '10.1.2.3' }]);
    expect(seen('endpoint', '198.51.100.3:80')).toEqual([{ type: 'ipv4-addr', value: '198.51.100.3' }]);
    expect(seen('endpoint', '[2001:db8::1]:80')).toEqual([{ type: 'ipv6-addr', value: '2001:db8::1' }]);
    expect(seen('url', 'http://a.example/x')).toEqual([{ type: 'url', value: 'http://a.example/x' }]);
    expect(seen('email', 'a@b.example', 'A@b.example')).toEqual([{ type: 'email-addr', value: 'a@b.example' }]);
    expect(seen('hash', 'c'.repeat(64))).toEqual([{ type: 'file', hashes: { 'SHA-256': 'c'.repeat(64) } }]);
    expect(seen('file-name', 'evil.exe')).toEqual([{ type: 'file', name: 'evil.exe' }]);
    expect(seen('registry-key', 'HKEY_LOCAL_MACHINE\\Run\\x', 'HKLM\\Run\\x')).toEqual([
      { type: 'windows-registry-key', key: 'HKEY_LOCAL_MACHINE\\Run\\x' },
    ]);
    expect(seen('mutex', 'Global\\evil')).toEqual([{ type: 'mutex', name: 'Global\\evil' }]);
    expect(seen('text', 'evil words')).toEqual([]);
  });

  it('says a file or key that matched once', () => {
    const hash = 'a'.repeat(64);
    const event = sampleEvent({ Image: 'C:\\a.exe', ProcessId: 4, Hashes: `SHA256=${hash.toUpperCase()}` });
    const matched = [{ field: 'Hashes', value: hash, item: hash, how: 'exact' }];
    const found = observables(sampleAlert(sampleMatch({ kind: 'hash', value: hash, matched }), event));
    expect(found.filter(({ type }) => type === 'file')).toHaveLength(1);
  });

  it('holds only observables that the standard allows, in its form', () => {
    const of = (fields: Parameters<typeof sampleEvent>[0], type: string): unknown[] =>
      observables(sampleAlert(sampleMatch(), sampleEvent(fields))).filter((object) => object.type === type);
    const named = (name: string): unknown[] => of({ dns: { question: { name } } }, 'domain-name');
    expect(['_ldap._tcp.example.com', '*', 'a..b', '-a.example'].flatMap(named)).toEqual([]);
    expect(['host', 'a.example.', 'bücher.example'].flatMap(named)).toHaveLength(3);
    const urls = ['10.0.0.1/x?u=http://b.example', 'a.example/x', 'http://a.example/|x y%é'];
    expect(urls.flatMap((full) => of({ url: { full } }, 'url'))).toMatchObject([
      { value: 'http://a.example/%7Cx%20y%25%C3%A9' },
    ]);
    expect(of({ Image: 'System', ProcessId: 4 }, 'directory')).toEqual([]);
    const [process] = of({ Image: 'C:\\a.exe', CommandLine: 'a', ProcessId: 4 }, 'process') as StixObject[];
    // A process has no properties that make an id: it looks random, and is the same each time.
    expect(process?.id).toMatch(/^process--.{8}-.{4}-4.{3}-[89ab].{3}-.{12}$/);
    expect(of({ Image: 'C:\\a.exe', CommandLine: 'a', ProcessId: 4 }, 'process')).toContainEqual(process);
  });

  it('refers only to objects that it holds, each with an id of its own', () => {
    for (const match of [sampleMatch({ sources: [PUBLISHED] }), sampleMatch(), sampleRuleMatch()]) {
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
      for (const ref of refs) if (ref !== PUBLISHED.id) expect(ids).toContain(ref);
      for (const object of objects) expect(object.id).toMatch(new RegExp(`^${object.type}--[0-9a-f-]{36}$`));
    }
  });

  it('carries a rule without a STIX id as an attack pattern that is the same in every bundle', () => {
    const pattern = (of: readonly StixObject[]) => of.find(({ type }) => type === 'attack-pattern');
    const first = pattern(encode(sampleRuleMatch(), sampleEvent({}, 1)).objects);
    const second = pattern(encode(sampleRuleMatch(), { ...sampleEvent({}, 2), timeMs: 5 }).objects);
    expect(first).toMatchObject({ type: 'attack-pattern', name: 'Suspicious encoded command' });
    expect(second).toEqual(first);
  });

  it('carries a value of a list as an indicator with a pattern that says what is matched', () => {
    const { objects } = encode(
      sampleMatch({
        kind: 'domain',
        value: "o'brien.example",
        semantics: 'subdomain',
        sources: [sampleSource({ tlp: 'red' })],
      }),
    );
    const indicator = objects.find(({ type }) => type === 'indicator');
    expect(indicator).toMatchObject({
      id: sampleSource().id,
      pattern: "[domain-name:value = 'o\\'brien.example' OR domain-name:value LIKE '%.o\\'brien.example']",
      pattern_type: 'stix',
      object_marking_refs: ['marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed'],
    });
    expect(objects.at(-1)).toMatchObject({
      sighting_of_ref: indicator?.id,
      object_marking_refs: indicator?.object_marking_refs,
    });
  });

  it('marks the sighting as the indicator is marked', () => {
    const { objects } = encode(sampleMatch({ sources: [{ ...PUBLISHED, tlp: 'amber+strict' }] }));
    expect(objects.at(-1)?.object_marking_refs).toEqual(['marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003']);
  });

  it('shows a process with its image, its parent, its registry key and its account', () => {
    const { objects } = encode(
      sampleRuleMatch(),
      sampleEvent({
        Image: 'C:\\Windows\\System32\\cmd.exe',
        CommandLine: 'cmd /c x',
        ProcessId: 17,
        ParentImage: 'C:\\Windows\\explorer.exe',
        ParentProcessId: 4,
        TargetObject: 'HKLM\\Software\\Run',
        User: 'D\\u',
      }),
    );
    const of = (type: string) => objects.filter((object) => object.type === type);
    expect(of('directory').map(({ path }) => path)).toEqual(['C:\\Windows\\System32', 'C:\\Windows']);
    const [parent, child] = of('process');
    expect(child).toMatchObject({
      pid: 17,
      command_line: 'cmd /c x',
      parent_ref: parent?.id,
      image_ref: of('file')[0]?.id,
    });
    expect(of('windows-registry-key')[0]?.key).toBe('HKEY_LOCAL_MACHINE\\Software\\Run');
  });

  it('has the same ids for the same alert, and a later version for its closing update', () => {
    expect(encode()).toEqual(encode());
    const { alert, event } = sampleOutgoing();
    const update = { event, alert: { ...alert, flint: { ...alert.flint, count: 7 } } };
    const { objects } = JSON.parse(stix.encode(update, { timezone: 'UTC', sensor: 's' })) as { objects: StixObject[] };
    const before = encode().objects.at(-1);
    expect(objects.at(-1)).toMatchObject({ id: before?.id, created: before?.created, count: 7 });
    expect(String(objects.at(-1)?.modified) > String(before?.modified)).toBe(true);
  });

  it('revokes the sighting of an alert that is withdrawn, in a later version though it is of the same millisecond', () => {
    const [given, taken] = [{}, { withdrawn: true as const }].map((more) => {
      const line = stix.encode(sampleOutgoing(sampleRuleMatch(more)), { timezone: 'UTC', sensor: 's' });
      return (JSON.parse(line) as { objects: StixObject[] }).objects.at(-1);
    });
    expect(taken).toMatchObject({ id: given?.id, created: given?.created, revoked: true });
    expect(String(taken?.modified) > String(given?.modified)).toBe(true);
  });
});

describe('ids of observables', () => {
  it('are that of the example in STIX 2.1 section 2.9, and those that other tools derive', () => {
    expect(idOf({ SRC_IP: '198.51.100.3' }, 'ipv4-addr')).toBe('ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4');
    expect(idOf({ SRC_IP: '2001:db8::1' }, 'ipv6-addr')).toBe('ipv6-addr--6469e3a9-b053-5e34-a025-9396ae051d26');
    expect(idOf({ SRC_IP: '2001:0DB8:0::1' }, 'ipv6-addr')).toBe('ipv6-addr--6469e3a9-b053-5e34-a025-9396ae051d26');
    expect(idOf({ QueryName: 'example.com' }, 'domain-name')).toBe('domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7');
  });
});
