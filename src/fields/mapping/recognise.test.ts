import { describe, expect, it } from 'vitest';
import type { EventObject } from '../../core/event.ts';
import { createEventRecogniser } from './recognise.ts';

const recogniser = createEventRecogniser();

function seen(fields: EventObject, pinned?: string): string | undefined {
  const found = recogniser.recognise(fields, pinned);
  return found === undefined ? undefined : `${found.shape} ${found.source.key}`;
}

function fieldsOf(event: EventObject): EventObject {
  return recogniser.recognise(event)?.event.fields ?? {};
}

const SYSMON = 'Microsoft-Windows-Sysmon/Operational';

describe('log sources', () => {
  it.each([
    [{ Channel: SYSMON, EventID: 1 }, 'windows-flat windows/process_creation/sysmon'],
    [
      { Channel: SYSMON, EventID: '12', EventType: 'DeleteKey' },
      'windows-flat windows/registry_event,registry_delete/sysmon',
    ],
    [{ Channel: 'security', EventID: 4688 }, 'windows-flat windows/process_creation/security'],
    [{ SourceName: 'Microsoft-Windows-Sysmon', EventID: 3 }, 'windows-flat windows/network_connection/sysmon'],
    [{ Channel: 'Unknown Channel', EventID: 1 }, 'windows-flat windows//'],
    [
      { Channel: 'Linux-Sysmon/Operational', SourceName: 'Linux-Sysmon', EventID: 1 },
      'windows-flat linux/process_creation/sysmon',
    ],
    [
      { Event: { System: { EventID: 4104, Channel: 'Microsoft-Windows-PowerShell/Operational' } } },
      'windows-evtx windows/ps_script/powershell',
    ],
    [{ winlog: { channel: SYSMON, event_id: '7' } }, 'windows-winlogbeat windows/image_load/sysmon'],
    [{ 'winlog.channel': 'System', 'winlog.event_id': 7045 }, 'windows-winlogbeat windows//system'],
    [
      { event: { category: ['process'], type: ['start'] }, host: { os: { type: 'linux' } } },
      'elastic-endpoint linux/process_creation/',
    ],
    [
      { event: { category: 'file', action: 'creation' }, host: { os: { family: 'darwin' } } },
      'elastic-endpoint macos/file_event/',
    ],
    [{ _EventID: 1, _Channel: SYSMON, short_message: 'x' }, 'windows-gelf windows/process_creation/sysmon'],
    [{ winlogbeat_winlog_event_id: '7', winlogbeat_winlog_channel: SYSMON }, 'windows-gelf windows/image_load/sysmon'],
    [{ '_winlog.event_id': 4688, '_winlog.channel': 'Security' }, 'windows-gelf windows/process_creation/security'],
    [{ event_type: 'dns', dest_ip: 'a' }, 'suricata suricata/dns/dns'],
    [{ event_type: 'tls', flow_id: 1 }, 'suricata suricata//'],
    [{ event: { dataset: 'aws.cloudtrail' } }, 'aws-cloudtrail-ecs aws//cloudtrail'],
    [{ 'event.dataset': 'okta.system' }, 'okta-ecs okta//okta'],
    [{ data_stream: { dataset: 'azure.signinlogs' } }, 'azure-ecs azure//signinlogs'],
    [{ auditd: { log: { record_type: 'PATH' } } }, 'auditd-ecs linux//auditd'],
    [{ OperationName: 'x', Category: 'SignInLogs', TenantId: 't' }, 'azure azure//signinlogs'],
    [{ devid: 'FG1', logid: '1', type: 'event' }, 'fortigate fortigate//event'],
    [{ event_type: 'authentication', access_device: {}, auth_device: {}, txid: 't' }, 'cisco-duo cisco//duo'],
    [{ message: '<14>1 2026-03-01T10:00:00Z h sshd 99 - - x' }, 'text-line linux//syslog,sshd,auth'],
    [{ message: '<189>99: Mar  1: %SYS-5-CONFIG_I: by x' }, 'text-line cisco//aaa,bgp,ldp,syslog'],
    [{ message: '<186>Mar  1 2026 10:00:00 R1 %%01BGP/3/BGP_AUTH_FAILED(l)[0]:x' }, 'text-line huawei//bgp'],
    [{ message: 'Mar  1 10:00:00 mx1 rpd[42]: bgp_recv: x' }, 'text-line juniper//bgp'],
    [{ message: '[Sun Mar 01 10:00:00.902022 2026] [core:error] [pid 5] x' }, 'text-line //apache'],
    [{ message: '[Sun Mar 01 10:00:00 2026] [error] [client 1.2.3.4] x' }, 'text-line //apache'],
    [{ message: '2026/03/01 10:00:00 [alert] 12#12: worker process 42 exited' }, 'text-line //nginx'],
    [{ ActionType: 'ProcessCreated', FolderPath: '/bin/sh' }, 'edr linux/process_creation/'],
    [{ properties: { ActionType: 'ProcessCreated' } }, 'edr windows/process_creation/'],
    [{ ActionType: 'FileCreated', FolderPath: 'C:\\x.exe' }, 'edr windows/file_event/'],
    [{ ActionType: 'ImageLoaded', FolderPath: '/usr/lib/x.so' }, 'edr linux/image_load/'],
    [{ properties: { ActionType: 'ConnectionSuccess' } }, 'edr windows/network_connection/'],
    [{ ActionType: 'RegistryValueSet' }, 'edr windows/registry_set,registry_event/'],
    [{ event_simpleName: 'ProcessRollup2', event_platform: 'Mac' }, 'edr macos/process_creation/'],
    [{ type: 'endpoint.event.procstart', device_os: 'WINDOWS' }, 'edr windows/process_creation/'],
    [{ name: 'process_events', action: 'added', columns: { path: '/bin/sh' } }, 'edr linux/process_creation/'],
    [{ name: 'process_events', action: 'added', columns: {} }, 'edr /process_creation/'],
    [{ _path: 'dns', uid: 'C1', query: 'x' }, 'zeek zeek/dns/dns'],
    [{ '@stream': 'conn', '@proc': 'zeek' }, 'zeek zeek/firewall/conn'],
    [{ eventSource: 's3.amazonaws.com', eventName: 'PutObject', awsRegion: 'x' }, 'aws-cloudtrail aws//cloudtrail'],
    [{ operationName: 'Update user', category: 'AuditLogs', tenantId: 't' }, 'azure azure//auditlogs,pim'],
    [
      { operationName: 'MICROSOFT.COMPUTE/X', resourceId: 'r', category: 'Administrative' },
      'azure azure//activitylogs',
    ],
    [{ protoPayload: { serviceName: 'compute.googleapis.com', methodName: 'm' } }, 'gcp gcp//gcp.audit'],
    [{ eventType: 'user.login', actor: {}, debugContext: {} }, 'okta okta//okta'],
    [
      { Workload: 'Exchange', Operation: 'New-InboxRule', RecordType: 1 },
      'm365 m365//audit,exchange,threat_management,threat_detection',
    ],
    [{ action: 'repo.create', actor: 'a', org: 'o' }, 'github github//audit'],
    [{ type: 'EXECVE', msg: 'audit(1:2)', a0: 'ls' }, 'auditd linux/process_creation/auditd'],
    [{ type: 'PATH', nametype: 'CREATE', name: '/x' }, 'auditd linux//auditd'],
    [{ message: 'node=h type=EXECVE msg=audit(1:2): a0="ls"' }, 'text-line linux/process_creation/auditd'],
    [{ message: 'Mar  1 10:00:00 h audispd: type=CWD msg=audit(1:2): cwd="/"' }, 'text-line linux//auditd'],
    [
      { hostname: 'h', program: 'audispd', message: 'type=EXECVE msg=audit(1:2): a0="ls"' },
      'audit-line linux/process_creation/auditd',
    ],
    [
      { log: { file: { path: '/var/log/audit/audit.log' } }, message: 'type=CWD msg=audit(1:2): cwd="/"' },
      'audit-line linux//auditd',
    ],
    [{ hostname: 'h', program: 'audispd', message: 'queue is full' }, 'linux-syslog linux//syslog'],
    [{ program: 'sshd', hostname: 'h', message: 'Accepted' }, 'linux-syslog linux//syslog,sshd,auth'],
    [{ method: 'GET', status: 200, path: '/a?b=c', clientip: '1.2.3.4' }, 'web /webserver/apache,nginx,iis'],
    [{ method: 'CONNECT', status: 200, url: 'example.com:443' }, 'web /proxy/'],
    [{ 'cs-method': 'GET', 'cs-uri-stem': '/x', 'sc-status': 200 }, 'web /webserver/apache,nginx,iis'],
  ] as const)('%j is %s', (fields, expected) => expect(seen(fields as unknown as EventObject)).toBe(expected));

  it.each([{}, { message: 'text' }, { a: 1 }, { EventID: 1 }, { type: 'login', user: 'x' }])(
    '%j is of no known shape',
    (fields) => expect(seen(fields)).toBeUndefined(),
  );

  it('are decided by what is pinned, open parts by the event', () => {
    expect(seen({ a: 1 }, 'linux/process_creation')).toBe('pinned linux/process_creation/');
    expect(seen({ Channel: SYSMON, EventID: 1 }, 'windows')).toBe('windows-flat windows/process_creation/sysmon');
    expect(seen({ Channel: SYSMON, EventID: 1 }, 'linux//auditd')).toBe('windows-flat linux//auditd');
  });
});

describe('field names', () => {
  it('of a loaded image that a shipper has moved to ECS', () => {
    const file = {
      pe: { original_file_name: 'X.DLL', imphash: 'ab' },
      code_signature: { signed: true, status: 'Valid' },
    };
    const event = { winlog: { channel: SYSMON, event_id: 7, event_data: { Image: 'a.exe' } }, file };
    expect(fieldsOf(event)).toMatchObject({ OriginalFileName: 'X.DLL', Imphash: 'ab', SignatureStatus: 'Valid' });
    expect(fieldsOf({ ...event, process: { pe: { original_file_name: 'A.EXE' } } })).toMatchObject({
      OriginalFileName: 'A.EXE',
    });
  });

  it('of files, connections and the registry as Defender tells of them', () => {
    const actor = { InitiatingProcessFolderPath: 'C:\\a.exe', InitiatingProcessAccountName: 'bob' };
    expect(fieldsOf({ ActionType: 'FileCreated', FolderPath: 'C:\\x', ...actor })).toMatchObject({
      TargetFilename: 'C:\\x',
      Image: 'C:\\a.exe',
      User: 'bob',
    });
    const remote = { RemoteIP: '192.0.2.1', RemotePort: 443, RemoteUrl: 'h' };
    expect(fieldsOf({ properties: { ActionType: 'ConnectionSuccess', ...remote } })).toMatchObject({
      DestinationIp: '192.0.2.1',
      DestinationPort: '443',
      DestinationHostname: 'h',
      Initiated: 'true',
    });
    const key = { RegistryKey: 'HKEY_LOCAL_MACHINE\\Software\\K', RegistryValueName: 'v', RegistryValueData: '1' };
    expect(fieldsOf({ ActionType: 'RegistryValueSet', ...key })).toMatchObject({
      TargetObject: 'HKLM\\Software\\K\\v',
      EventType: 'SetValue',
      Details: '1',
    });
    expect(fieldsOf({ ActionType: 'RegistryKeyCreated', ...key })).toMatchObject({ TargetObject: 'HKLM\\Software\\K' });
  });

  it('of the Windows header and of Security 4688', () => {
    const fields = {
      Channel: 'Security',
      EventID: 4688,
      SourceName: 'P',
      NewProcessName: 'a.exe',
      ParentProcessName: 'b.exe',
    };
    expect(fieldsOf(fields)).toMatchObject({
      Provider_Name: 'P',
      Image: 'a.exe',
      ParentImage: 'b.exe',
      NewProcessName: 'a.exe',
    });
  });

  it('of Security 4657, as Sysmon writes registry paths', () => {
    const fields = {
      Channel: 'Security',
      EventID: 4657,
      ObjectName: '\\REGISTRY\\MACHINE\\SOFTWARE\\X',
      ObjectValueName: 'v',
      NewValue: '1',
    };
    expect(fieldsOf(fields)).toMatchObject({ TargetObject: 'HKLM\\SOFTWARE\\X\\v', Details: '1' });
  });

  it('of EVTX: attributes, blanks in names, lists of Data, user data', () => {
    const System = {
      EventID: { '#text': 1116, '#attributes': { Qualifiers: 0 } },
      Channel: 'X',
      Provider: { '#attributes': { Name: 'P' } },
      Execution: { '#attributes': { ProcessID: 4 } },
    };
    expect(fieldsOf({ Event: { System, EventData: { 'Threat Name': 't' } } })).toMatchObject({
      EventID: 1116,
      Provider_Name: 'P',
      Execution_ProcessID: 4,
      ThreatName: 't',
    });
    const Data = [{ '#attributes': { Name: 'Image' }, '#text': 'a.exe' }, 'plain'];
    expect(fieldsOf({ Event: { System, EventData: { Data } } })).toMatchObject({ Image: 'a.exe', Data: ['plain'] });
    expect(fieldsOf({ Event: { System, UserData: { Wrapper: { Param: 'x' } } } })).toMatchObject({ Param: 'x' });
  });

  it('of names made flat, and of the objects of integrations', () => {
    const gelf = { _EventID: 4688, _Channel: 'Security', _NewProcessName: 'a.exe', host: 'h', short_message: 's' };
    expect(fieldsOf(gelf)).toMatchObject({ EventID: 4688, Image: 'a.exe', host: 'h', _Channel: 'Security' });
    const beat = {
      _winlogbeat_winlog_event_id: 1,
      _winlogbeat_winlog_channel: SYSMON,
      _winlogbeat_winlog_event_data_Image: 'b',
    };
    expect(fieldsOf(beat)).toMatchObject({ EventID: 1, Channel: SYSMON, Image: 'b' });
    const eve = { event_type: 'dns', dest_ip: 'x', dns: { queries: [{ rrname: 'q' }], answers: [{ rdata: 'r' }] } };
    expect(fieldsOf(eve)).toMatchObject({ query: 'q', answer: 'r', dst_ip: 'x' });
    const o365 = { event: { dataset: 'o365.audit', action: 'a' }, o365: { audit: { Payload: 'p' } } };
    expect(fieldsOf(o365)).toMatchObject({ Operation: 'a', Payload: 'p' });
    const audit = { operationName: 'Delete policy', tenantId: 't', category: 'AuditLogs', properties: { a: 1 } };
    expect(fieldsOf(audit)).toMatchObject({ 'properties.message': 'Delete policy' });
    const told = { ...audit, properties: { message: 'm' } };
    expect(Object.hasOwn(fieldsOf(told), 'properties.message')).toBe(false);
  });

  it('of Winlogbeat with parts moved to ECS', () => {
    const fields = {
      winlog: { channel: SYSMON, event_id: 1, event_data: { OriginalFileName: 'o' } },
      process: { executable: 'a.exe', command_line: 'a -b' },
    };
    expect(fieldsOf(fields)).toMatchObject({ EventID: 1, OriginalFileName: 'o', Image: 'a.exe', CommandLine: 'a -b' });
  });

  it('of auditd, sudo and web logs', () => {
    expect(fieldsOf({ type: 'EXECVE', msg: 'audit(1:2)', argc: 2, a0: 'cat', a1: '/etc/shadow' })).toMatchObject({
      CommandLine: 'cat /etc/shadow',
    });
    const sudo = { program: 'sudo', hostname: 'h', message: 'bob : TTY=pts/0 ; PWD=/ ; USER=#-1 ; COMMAND=/bin/sh' };
    expect(fieldsOf(sudo)).toMatchObject({ USER: '#-1', COMMAND: '/bin/sh' });
    const proxy = { method: 'GET', status: '200', url: 'http://example.com/a/b.exe?c=d', user_agent: 'UA' };
    expect(fieldsOf(proxy)).toMatchObject({
      'cs-host': 'example.com',
      'cs-uri-stem': '/a/b.exe',
      'cs-uri-query': 'c=d',
      'c-uri-extension': 'exe',
      'c-useragent': 'UA',
      'c-uri': proxy.url,
    });
  });

  it('of text lines, which stay whole in message', () => {
    const audit = `type=EXECVE msg=audit(1783414573.076:399): argc=2 a0="cat" a1="/etc/shadow" msg='op=x acct="root"'`;
    expect(seen({ message: audit })).toBe('text-line linux/process_creation/auditd');
    expect(fieldsOf({ message: audit })).toMatchObject({
      type: 'EXECVE',
      CommandLine: 'cat /etc/shadow',
      op: 'x',
      message: audit,
    });
    const access = '203.0.113.9 - bob [17/May/2015:10:05:03 +0000] "GET /a.php?x=1 HTTP/1.1" 404 12 "http://r/" "UA 1"';
    expect(seen({ message: access })).toBe('text-line /webserver/apache,nginx,iis');
    expect(fieldsOf({ message: access })).toMatchObject({
      'cs-uri-stem': '/a.php',
      'cs-uri-query': 'x=1',
      'sc-status': 404,
      'cs-user-agent': 'UA 1',
      'cs-username': 'bob',
    });
    const syslog = 'Mar 27 13:06:56 host1 sshd[1291]: Accepted publickey for root';
    expect(seen({ message: syslog })).toBe('text-line linux//syslog,sshd,auth');
    expect(fieldsOf({ message: syslog })).toMatchObject({ program: 'sshd', hostname: 'host1', message: syslog });
    const squid =
      '1320279566.597      2 127.0.0.1 TCP_MISS/200 464 GET http://example.com/x.ps1 - DIRECT/203.0.113.1 text/html';
    expect(seen({ message: squid })).toBe('text-line /proxy/');
    expect(fieldsOf({ message: squid })).toMatchObject({
      'c-uri': 'http://example.com/x.ps1',
      'c-uri-extension': 'ps1',
      'cs-host': 'example.com',
    });
    expect(seen({ message: 'just a line: with a colon' })).toBeUndefined();
  });

  it('of the Azure activity log in snake case', () => {
    const fields = {
      operation_name: { value: 'Microsoft.Compute/disks/delete', localized_value: 'Delete Disk' },
      category: { value: 'Administrative' },
      http_request: { client_ip_address: '1.2.3.4' },
      subscription_id: 's',
    };
    expect(seen(fields)).toBe('azure azure//activitylogs');
    expect(fieldsOf(fields)).toMatchObject({
      operationName: 'Microsoft.Compute/disks/delete',
      CategoryValue: 'Administrative',
      callerIpAddress: '1.2.3.4',
      subscriptionId: 's',
    });
  });

  it('of CloudTrail events wrapped by lookup-events', () => {
    const fields = {
      EventSource: 'ec2.amazonaws.com',
      CloudTrailEvent: '{"eventSource":"ec2.amazonaws.com","eventName":"X","n":12345678901234567891}',
    };
    expect(seen(fields)).toBe('aws-cloudtrail aws//cloudtrail');
    expect(fieldsOf(fields)).toMatchObject({ eventName: 'X', n: '12345678901234567891' });
    expect(fieldsOf({ ...fields, CloudTrailEvent: '{' })).toMatchObject({ EventSource: 'ec2.amazonaws.com' });
  });

  it('that are hostile stay fields', () => {
    const fields = JSON.parse(
      '{"Channel":"Security","EventID":1,"__proto__":{"Image":"x"},"constructor":"y"}',
    ) as EventObject;
    const view = fieldsOf(fields);
    expect(Object.hasOwn(view, '__proto__')).toBe(true);
    expect(Object.hasOwn(view, 'Image')).toBe(false);
    expect(view['constructor']).toBe('y');
  });
});
