import { describe, expect, it } from 'vitest';
import type { EventObject } from '../core/event.ts';
import { nested, placedValues } from './ecs-fields.ts';

/** Records of real shape, shortened; addresses from the ranges for documentation. */
const CASES: readonly { readonly format: string; readonly fields: EventObject; readonly expected: object }[] = [
  {
    format: 'Sysmon network connection, flat',
    fields: {
      EventID: 3,
      SourceName: 'Microsoft-Windows-Sysmon',
      Hostname: 'WS5',
      User: 'CORP\\bob',
      Image: 'C:\\Windows\\a.exe',
      ProcessId: '2840',
      SourceIp: '192.0.2.5',
      SourceHostname: '-',
      SourcePort: '50321',
      DestinationIp: '2001:DB8::1',
      DestinationHostname: 'evil.example',
      DestinationPort: 443,
      Protocol: 'TCP',
      host: 'collector',
      port: 53221,
    },
    expected: {
      source: { ip: '192.0.2.5', port: 50321 },
      destination: { ip: '2001:db8::1', port: 443, domain: 'evil.example' },
      network: { transport: 'tcp' },
      process: { executable: 'C:\\Windows\\a.exe', name: 'a.exe', pid: 2840 },
      host: { name: 'WS5' },
      user: { name: 'bob', domain: 'CORP' },
      event: { code: '3', provider: 'Microsoft-Windows-Sysmon' },
    },
  },
  {
    format: 'Security 4688',
    fields: {
      EventID: 4688,
      Hostname: 'P1',
      NewProcessName: 'C:\\W\\cmd.exe',
      NewProcessId: '0x1128',
      ParentProcessName: 'C:\\W\\p.exe',
      ProcessId: '0x31c',
      CommandLine: 'cmd /c x',
      SubjectUserName: 'P1$',
      SubjectDomainName: 'WORKGROUP',
      Domain: 'NT.LOCAL',
    },
    expected: {
      process: {
        executable: 'C:\\W\\cmd.exe',
        name: 'cmd.exe',
        pid: 4392,
        command_line: 'cmd /c x',
        parent: { executable: 'C:\\W\\p.exe', name: 'p.exe' },
      },
      host: { name: 'P1' },
      user: { name: 'P1$', domain: 'WORKGROUP' },
      event: { code: '4688' },
    },
  },
  {
    format: 'Security 4624: the one who logs on',
    fields: {
      EventID: '4624',
      SubjectUserName: 'SRV$',
      TargetUserName: 'alice',
      TargetDomainName: 'CORP',
      IpAddress: '192.0.2.9',
      IpPort: '0',
    },
    expected: {
      source: { ip: '192.0.2.9', port: 0 },
      user: { name: 'alice', domain: 'CORP' },
      event: { code: '4624' },
    },
  },
  {
    format: 'Sysmon file creation with hashes, nested by Winlogbeat',
    fields: {
      winlog: {
        computer_name: 'WS1',
        event_id: 15,
        event_data: {
          TargetFilename: 'C:\\x\\y.exe',
          Image: 'C:\\b.exe',
          Hashes: 'MD5=0123456789ABCDEF0123456789ABCDEF,IMPHASH=00',
        },
      },
    },
    expected: {
      process: { executable: 'C:\\b.exe', name: 'b.exe' },
      file: {
        path: 'C:\\x\\y.exe',
        name: 'y.exe',
        hash: { md5: '0123456789abcdef0123456789abcdef' },
        pe: { imphash: '00' },
      },
      host: { name: 'WS1' },
      event: { code: '15' },
    },
  },
  {
    format: 'Zeek http: host is the web host',
    fields: {
      'id.orig_h': '192.0.2.1',
      'id.orig_p': 5000,
      'id.resp_h': '198.51.100.2',
      'id.resp_p': 80,
      host: 'web.example',
      uri: '/a?b=1',
      method: 'POST',
    },
    expected: {
      source: { ip: '192.0.2.1', port: 5000 },
      destination: { ip: '198.51.100.2', port: 80 },
      url: { original: '/a?b=1', domain: 'web.example', path: '/a', query: 'b=1', full: 'http://web.example/a?b=1' },
      http: { request: { method: 'POST' } },
    },
  },
  {
    format: 'Suricata dns',
    fields: {
      event_type: 'dns',
      src_ip: '192.0.2.1',
      src_port: 5,
      dest_ip: '192.0.2.2',
      dest_port: 53,
      proto: 'UDP',
      dns: { rrname: 'a.example', rrtype: 'A' },
    },
    expected: {
      source: { ip: '192.0.2.1', port: 5 },
      destination: { ip: '192.0.2.2', port: 53 },
      network: { transport: 'udp' },
      dns: { question: { name: 'a.example', type: 'A' } },
    },
  },
  {
    format: 'GELF with underscores',
    fields: { version: '1.1', host: 'fw1', _SRC_IP: '192.0.2.1', _DST_PORT: '8080', _DOMAIN: 'd.example', _URL: '/x' },
    expected: {
      source: { ip: '192.0.2.1' },
      destination: { port: 8080, domain: 'd.example' },
      host: { name: 'fw1' },
      url: { original: '/x', domain: 'd.example', path: '/x', full: 'd.example/x' },
    },
  },
  {
    format: 'Windows filtering platform, with a protocol number',
    fields: {
      EventID: 5156,
      SourceAddress: '192.0.2.1',
      SourcePort: '1',
      DestAddress: '192.0.2.2',
      DestPort: '443',
      Protocol: '6',
      Application: '\\device\\x\\p.exe',
    },
    expected: {
      source: { ip: '192.0.2.1', port: 1 },
      destination: { ip: '192.0.2.2', port: 443 },
      network: { transport: 'tcp' },
      process: { executable: '\\device\\x\\p.exe', name: 'p.exe' },
      event: { code: '5156' },
    },
  },
  {
    format: 'CloudTrail: eventID names the event, not its kind',
    fields: {
      eventID: '0828c0d2-3589-4390-b954-c78b4a7df44b',
      sourceIPAddress: '192.0.2.7',
      userAgent: 'aws-cli',
      userIdentity: { userName: 'ann' },
    },
    expected: { source: { ip: '192.0.2.7' }, user_agent: { original: 'aws-cli' }, user: { name: 'ann' } },
  },
  {
    format: 'Google Cloud load balancer',
    fields: {
      httpRequest: {
        remoteIp: '192.0.2.8',
        requestUrl: 'https://a.example/x',
        requestMethod: 'GET',
        status: 404,
        userAgent: 'ua',
      },
    },
    expected: {
      source: { ip: '192.0.2.8' },
      url: { original: 'https://a.example/x', full: 'https://a.example/x' },
      user_agent: { original: 'ua' },
      http: { request: { method: 'GET' }, response: { status_code: 404 } },
    },
  },
  {
    format: 'ECS itself',
    fields: {
      source: { ip: '192.0.2.1' },
      url: { full: 'https://a.example/b' },
      process: { hash: { sha256: 'x' }, pid: 7 },
      'user.name': 'eve',
    },
    expected: {
      source: { ip: '192.0.2.1' },
      url: { original: 'https://a.example/b', full: 'https://a.example/b' },
      process: { pid: 7 },
      user: { name: 'eve' },
    },
  },
];

describe('observables in ECS places', () => {
  it.each(CASES)('$format', ({ fields, expected }) => {
    expect(nested(placedValues(fields))).toEqual(expected);
  });

  it('finds names in objects whose keys are several parts of them', () => {
    const fields = { 'process.parent': { pid: 7 }, winlog: { computer_name: 'w' }, 'httpRequest.x': {} };
    expect(nested(placedValues(fields))).toEqual({ process: { parent: { pid: 7 } }, host: { name: 'w' } });
  });

  it('leaves out what the place cannot hold', () => {
    expect(
      placedValues({
        src_ip: 'not an address',
        src_port: 70000,
        dst_ip: '999.1.1.1',
        pid: 'x',
        status_code: '-',
        QueryName: 'a b',
      }).places,
    ).toEqual([]);
  });
});
