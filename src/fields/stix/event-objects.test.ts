import { describe, expect, it } from 'vitest';
import type { EventObject, EventValue } from '../../core/event.ts';
import { EventObjects } from './event-objects.ts';
import type { StixMapping } from './mapping.ts';
import { STIX_MAPPINGS } from './registry.ts';

const none = () => [];

/** Properties of the objects of a type, references replaced by what they refer to. */
function seen(fields: EventObject, type: string): EventObject[] {
  const objects = new EventObjects(fields, STIX_MAPPINGS, none);
  const follow = (id: EventValue): EventValue => {
    const { properties } = objects.resolve(String(id)) ?? { properties: { missing: id } };
    return Object.fromEntries(Object.entries(properties).filter(([key]) => !/_refs?$/.test(key)));
  };
  return [...objects.objects(type)].map(({ properties }) =>
    Object.fromEntries(
      Object.entries(properties).map(([key, value]) => {
        if (key.endsWith('_refs') && Array.isArray(value)) return [key, value.map(follow)];
        return [key, key.endsWith('_ref') ? follow(value) : value];
      }),
    ),
  );
}

describe('event objects', () => {
  it('of a Sysmon process start, flat or below winlog, with its parent and hashes', () => {
    const data = {
      Image: 'C:\\Windows\\System32\\cmd.exe',
      CommandLine: 'cmd /c whoami',
      ProcessId: '4392',
      ParentImage: 'C:\\Windows\\explorer.exe',
      Hashes: 'SHA1=A3DCA8ACC9DC981AE41638B81EAB91852E8988FB,MD5=AACBCF90E0AACBCF90E0AACBCF90E0AA',
      User: 'PEDRO01\\pedro',
    };
    const flat = { Channel: 'Microsoft-Windows-Sysmon/Operational', EventID: 1, ...data };
    const nested = { winlog: { channel: 'Microsoft-Windows-Sysmon/Operational', event_id: 1, event_data: data } };
    for (const event of [flat, { ...nested, Channel: 'Microsoft-Windows-Sysmon/Operational' }]) {
      const [child] = seen(event, 'process');
      expect(child).toMatchObject({
        command_line: 'cmd /c whoami',
        pid: 4392,
        image_ref: {
          name: 'cmd.exe',
          hashes: { 'SHA-1': 'a3dca8acc9dc981ae41638b81eab91852e8988fb', MD5: 'aacbcf90e0aacbcf90e0aacbcf90e0aa' },
        },
        creator_user_ref: { account_login: 'pedro', display_name: 'PEDRO01\\pedro' },
      });
      expect(child?.['parent_ref']).toMatchObject({ type: 'process' });
      expect(seen(event, 'directory')).toContainEqual({ type: 'directory', path: 'C:\\Windows\\System32' });
    }
  });

  it('of a Sysmon registry value: the full name, and the key with its value, hives spelled out', () => {
    const event = {
      Channel: 'Microsoft-Windows-Sysmon/Operational',
      EventID: '13',
      TargetObject: 'HKU\\S-1-5-21\\Software\\Run\\updater',
      Details: 'evil.exe',
    };
    expect(seen(event, 'windows-registry-key')).toEqual([
      { type: 'windows-registry-key', key: 'HKEY_USERS\\S-1-5-21\\Software\\Run\\updater' },
      {
        type: 'windows-registry-key',
        key: 'HKEY_USERS\\S-1-5-21\\Software\\Run',
        values: [{ name: 'updater', data: 'evil.exe' }],
      },
    ]);
  });

  it('of a network connection with ports as text, and once more with the name of its destination', () => {
    const event = {
      '@timestamp': '2024-01-01T00:00:00Z',
      source: { ip: '10.0.0.1', port: '49934' },
      destination: { ip: '2001:DB8::1', port: 443, domain: 'Evil.Example' },
      network: { type: 'ipv6', transport: 'tcp', protocol: 'tls' },
    };
    expect(seen(event, 'network-traffic')).toMatchObject([
      {
        src_ref: { type: 'ipv4-addr', value: '10.0.0.1' },
        dst_ref: { type: 'ipv6-addr', value: '2001:db8::1' },
        src_port: 49934,
        dst_port: 443,
        protocols: ['ipv6', 'tcp', 'tls'],
      },
      { dst_ref: { type: 'domain-name', value: 'evil.example' }, dst_port: 443 },
    ]);
  });

  it('of a DNS answer: one address or name for each', () => {
    const event = {
      _path: 'dns',
      uid: 'C1',
      'id.orig_h': '10.0.0.1',
      query: 'ise.example.org',
      answers: ['cname.example.net', '2620:df:8000:1601:0:1:3:16', '(empty)'],
    };
    expect(seen(event, 'domain-name')).toContainEqual({
      type: 'domain-name',
      value: 'ise.example.org',
      resolves_to_refs: [
        { type: 'domain-name', value: 'cname.example.net' },
        { type: 'ipv6-addr', value: '2620:df:8000:1601:0:1:3:16' },
      ],
    });
  });

  it('of an HTTP request of Suricata and of STIX Spark', () => {
    const suricata = {
      event_type: 'http',
      src_ip: '10.0.0.1',
      dest_ip: '10.0.0.2',
      proto: 'TCP',
      http: { hostname: 'a.example', url: '/latest?x=1', http_method: 'PUT', http_user_agent: 'curl/8' },
    };
    const request = {
      request_method: 'put',
      request_value: '/latest?x=1',
      request_header: { 'User-Agent': 'curl/8', Host: 'a.example' },
    };
    expect(seen(suricata, 'network-traffic')[0]).toMatchObject({
      protocols: ['tcp'],
      extensions: { 'http-request-ext': request },
    });
    const spark = {
      _SRC_IP: '10.0.0.1',
      _DST_IP: '10.0.0.2',
      _DST_PORT: '80',
      _DOMAIN: 'a.example',
      _URL: 'http://a.example/x',
      _METHOD: 'GET',
    };
    expect(seen(spark, 'url')).toEqual([{ type: 'url', value: 'http://a.example/x' }]);
    expect(seen(spark, 'network-traffic')[1]).toMatchObject({
      dst_ref: { value: 'a.example' },
      dst_port: 80,
      extensions: { 'http-request-ext': { request_value: '/x' } },
    });
  });

  it('include every observable found anywhere, mapped or not', () => {
    const observe = () => [
      { kind: 'ipv4' as const, value: '192.0.2.1', seen: '192.0.2.1', field: 'message', place: 'text' as const },
      { kind: 'hash' as const, value: 'a'.repeat(64), seen: 'A'.repeat(64), field: 'message', place: 'text' as const },
    ];
    const objects = new EventObjects({ message: '' }, STIX_MAPPINGS, observe);
    expect([...objects.objects('ipv4-addr')].map(({ properties }) => properties['value'])).toEqual(['192.0.2.1']);
    expect([...objects.objects('file')].map(({ properties }) => properties['hashes'])).toEqual([
      { 'SHA-256': 'a'.repeat(64) },
    ]);
  });

  it('are made only when asked for, and observables only for types that they have', () => {
    let calls = 0;
    const observe = () => {
      calls++;
      return [];
    };
    const objects = new EventObjects({ process: { name: 'x', pid: 1 } }, STIX_MAPPINGS, observe);
    expect([...objects.objects('process')]).toHaveLength(1);
    expect(calls).toBe(0);
    expect([...objects.objects('url'), ...objects.objects('file')]).toHaveLength(1);
    expect(calls).toBe(1);
  });

  it('may refer to each other in circles', () => {
    const circular: StixMapping = {
      name: 'circular',
      when: [],
      objects: [
        { id: 'a', type: 'process', properties: { pid: { from: ['pid'], as: 'integer' }, parent_ref: { ref: ['b'] } } },
        {
          id: 'b',
          type: 'process',
          properties: { pid: { from: ['ppid'], as: 'integer' }, child_refs: { refs: ['a'] } },
        },
      ],
    };
    const objects = new EventObjects({ pid: 1, ppid: 2 }, [circular], none);
    expect([...objects.objects('process')]).toMatchObject([
      { properties: { pid: 1, parent_ref: 'circular/b#0' } },
      { properties: { pid: 2 } },
    ]);
  });
});
