/**
 * One record of every log source, as it is really written, and a SigmaHQ rule that fires on it through `flint scan`; then the same with
 * the built-in pipelines on records that are spelled another way. Rules come from the shared test data.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FlintProcess } from '../../testing/flint-process.ts';
import { hasSharedData, sharedDataMissing } from '../../testing/shared-data.ts';
import { activeRuleFiles } from '../../testing/sigma-corpus.ts';

const RULES = ['sigma', 'sigma-rules.tar.gz'] as const;
const SYSMON = 'Microsoft-Windows-Sysmon/Operational';
const WHOAMI = 'c248c896-e412-4279-8c15-1c558067b6fa';
const NEW_USER = 'b6c718dd-8f53-4b9f-98d8-93fdca966969';
const SNAPSHOT = 'abae8fec-57bd-4f87-aff6-6e3db989843d';
const PAEXEC = 'de7ce410-b3fb-4e8a-b38c-3b999e2c3420';
const SHELL = '72af37e2-ec32-47dc-992b-bc288a2708cb';
const MFA = '60de9b57-dc4d-48b9-a6a0-b39e0469f876';
const PAGES = '0c46d4f4-a2bf-4104-9597-8d653fc2bb55';
const PROXY = '304810ed-8853-437f-9e36-c4975c3dfd7e';
const GIT = '953d460b-f810-420a-97a2-cfca4c98e602';
const DLP = '234f9f48-904b-4736-a34c-55d23919e4b7';

const whoami = { Image: 'C:\\Windows\\System32\\whoami.exe', CommandLine: 'whoami /all' };
const security = { NewProcessName: whoami.Image, CommandLine: whoami.CommandLine, ParentProcessName: 'C:\\a.exe' };
const paexec = { ServiceName: 'PAExec-4711-WS01', ImagePath: 'C:\\Windows\\PAExec-4711-WS01.exe' };

/** Name, rule, and the record: an object, or the line itself. */
const NATIVE: readonly (readonly [name: string, rule: string, record: object | string])[] = [
  ['Sysmon, NXLog', WHOAMI, { Channel: SYSMON, SourceName: 'Microsoft-Windows-Sysmon', EventID: 1, ...whoami }],
  ['Security, NXLog', WHOAMI, { Channel: 'Security', EventID: 4688, ...security }],
  ['System, NXLog', PAEXEC, { Channel: 'System', SourceName: 'Service Control Manager', EventID: 7045, ...paexec }],
  [
    'Sysmon, EVTX as JSON',
    WHOAMI,
    {
      Event: {
        System: { Provider: { '#attributes': { Name: 'Microsoft-Windows-Sysmon' } }, EventID: 1, Channel: SYSMON },
        EventData: whoami,
      },
    },
  ],
  ['Sysmon, Winlogbeat', WHOAMI, { winlog: { channel: SYSMON, event_id: '1', event_data: whoami } }],
  [
    'endpoint, Elastic Agent',
    WHOAMI,
    {
      event: { category: ['process'], type: ['start'] },
      host: { os: { type: 'windows' } },
      process: { executable: whoami.Image, command_line: whoami.CommandLine },
    },
  ],
  [
    'auditd',
    'edd595d7-7895-4fa7-acb3-85a18a8772ca',
    'type=EXECVE msg=audit(1700000000.123:42): argc=2 a0="unzip" a1="/tmp/cat.jpg"',
  ],
  [
    'syslog of sshd',
    'e76b413a-83d0-4b94-8e4c-85db4a5b8bdc',
    '<38>Nov 14 22:13:20 web1 sshd[4711]: fatal: Corrupted MAC on input',
  ],
  ['Zeek', '7100f7e3-92ce-4584-b7b7-01b40d3d4118', { _path: 'x509', ts: 1, id: 'F1', 'certificate.serial': '8BB00EE' }],
  [
    'proxy',
    PROXY,
    '1700000000.123 5 10.0.0.7 TCP_MISS/200 99 GET http://a.example/x?momyshark?key=1 - DIRECT/192.0.2.9 text/html',
  ],
  ['web server', GIT, '192.0.2.7 - - [14/Nov/2023:22:13:20 +0000] "GET /.git/config HTTP/1.1" 200 99 "-" "curl/8"'],
  [
    'CloudTrail',
    SNAPSHOT,
    {
      eventVersion: '1.08',
      eventSource: 'ec2.amazonaws.com',
      eventName: 'ModifySnapshotAttribute',
      awsRegion: 'eu-central-1',
      userIdentity: { type: 'IAMUser' },
    },
  ],
  [
    'Azure activity',
    SHELL,
    {
      time: '2023-11-14T22:13:20Z',
      resourceId: '/x',
      operationName: 'MICROSOFT.PORTAL/CONSOLES/WRITE',
      category: 'Administrative',
    },
  ],
  [
    'Entra sign-in',
    '2b7d6fc0-71ac-4cf7-8ed1-b5788ee5257a',
    {
      time: '2023-11-14T22:13:20Z',
      operationName: 'Sign-in activity',
      category: 'SignInLogs',
      tenantId: 't',
      resultType: '50053',
    },
  ],
  [
    'Google Cloud',
    DLP,
    { protoPayload: { serviceName: 'dlp.googleapis.com', methodName: 'projects.content.reidentify' }, logName: 'x' },
  ],
  ['Okta', NEW_USER, { eventType: 'user.lifecycle.create', actor: { id: 'a' }, debugContext: {}, securityContext: {} }],
  [
    'Microsoft 365',
    MFA,
    { Workload: 'AzureActiveDirectory', RecordType: 8, Operation: 'Disable Strong Authentication.', UserId: 'u' },
  ],
  ['GitHub', PAGES, { action: 'repo.pages_public', actor: 'a', org: 'o', created_at: 1700000000000 }],
];

/** Name of the pipeline, what the records are said to be, rule, record. */
const PIPELINES: readonly (readonly [pipeline: string, logsource: string, rule: string, record: object])[] = [
  ['sysmon', 'windows', WHOAMI, { Channel: SYSMON, EventID: 1, ...whoami }],
  ['windows_audit', 'windows', WHOAMI, { Channel: 'Security', EventID: 4688, ...security }],
  [
    'windows_services',
    'windows',
    PAEXEC,
    { Channel: 'System', Provider_Name: 'Service Control Manager', EventID: 7045, ...paexec },
  ],
  [
    'ecs_windows',
    'windows',
    WHOAMI,
    {
      process: { executable: whoami.Image, command_line: whoami.CommandLine },
      winlog: { channel: SYSMON, event_id: 1 },
    },
  ],
  [
    'ecs_endpoint',
    'windows/process_creation',
    WHOAMI,
    { process: { executable: whoami.Image, command_line: whoami.CommandLine } },
  ],
  ['nxlog', 'windows', PAEXEC, { Channel: 'System', SourceName: 'Service Control Manager', EventID: 7045, ...paexec }],
  ['evtx_json', 'windows', WHOAMI, { Event: { System: { EventID: 1, Channel: SYSMON }, EventData: whoami } }],
  ['ecs_proxy', '/proxy', PROXY, { url: { original: 'http://a.example/?momyshark?key=1' } }],
  [
    'ecs_aws_cloudtrail',
    'aws//cloudtrail',
    SNAPSHOT,
    { event: { provider: 'ec2.amazonaws.com', action: 'ModifySnapshotAttribute' } },
  ],
  [
    'ecs_azure',
    'azure//activitylogs',
    SHELL,
    { azure: { activitylogs: { operation_name: 'MICROSOFT.PORTAL/CONSOLES/WRITE' } } },
  ],
  [
    'ecs_gcp',
    'gcp//gcp.audit',
    DLP,
    { event: { action: 'x' }, gcp: { audit: { method_name: 'projects.content.reidentify' } } },
  ],
  ['ecs_okta', 'okta//okta', NEW_USER, { okta: { event_type: 'user.lifecycle.create' } }],
  ['ecs_m365', 'm365//audit', MFA, { event: { action: 'Disable Strong Authentication.' } }],
  ['ecs_github', 'github//audit', PAGES, { event: { action: 'repo.pages_public' } }],
];

describe.skipIf(!hasSharedData(...RULES))(`log sources ${sharedDataMissing(...RULES)}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'flint-sources-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const wanted = new Set([...NATIVE.map(([, rule]) => rule), ...PIPELINES.map(([, , rule]) => rule)]);
  const found = new Set<string>();
  for (const { path, text } of hasSharedData(...RULES) ? activeRuleFiles() : []) {
    const id = /^id: (\S+)/m.exec(text)?.[1] ?? '';
    if (!wanted.has(id)) continue;
    found.add(id);
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }

  /** Rule ids by the file of the record. */
  async function scan(records: string, ...args: string[]): Promise<readonly (readonly [string, string])[]> {
    const flint = new FlintProcess({
      args: ['scan', records, '--rules', join(folder, 'rules'), '--json', '--workers', '1', '--no-original', ...args],
    });
    const { code } = await flint.exited;
    expect(flint.stderr).not.toContain('error[');
    expect(code).toBe(0);
    return flint.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { rule: { id: string }; flint: { input: { path: string } } })
      .map(({ rule, flint: { input } }) => [input.path.slice(records.length + 1), rule.id] as const);
  }

  it('all rules are in the data', () => {
    expect([...wanted].filter((id) => !found.has(id))).toEqual([]);
  });

  it('are told apart by their records: each fires its rule and no other', async () => {
    const records = join(folder, 'native');
    mkdirSync(records);
    for (const [name, , record] of NATIVE)
      writeFileSync(join(records, name), `${typeof record === 'string' ? record : JSON.stringify(record)}\n`);
    const alerts = await scan(records);
    expect([...alerts].sort()).toEqual(NATIVE.map(([name, rule]) => [name, rule]).sort());
  });

  it.each(PIPELINES)('pipeline %s, records of %s', async (pipeline, logsource, rule, record) => {
    const records = join(folder, pipeline);
    mkdirSync(records);
    writeFileSync(join(records, 'record'), `${JSON.stringify(record)}\n`);
    expect(await scan(records, '--pipeline', pipeline, '--logsource', logsource)).toEqual([['record', rule]]);
  });
});
