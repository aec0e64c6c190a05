/**
 * The files in `pipelines/`: those that follow from the tables of log sources and mappings are held to them (`npm run docs` writes them
 * anew), and every file loads, renames or narrows the rules it is for, and leaves the others alone.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { EventObject } from '../../core/event.ts';
import { CATEGORY_ROWS } from '../../fields/logsource/windows-categories.ts';
import { CHANNELS_OF_SERVICE } from '../../fields/logsource/windows-channels.ts';
import { ECS_OF_SIGMA } from '../../fields/mapping/ecs-names.ts';
import { EVENT_ALIASES, HEADER_ALIASES } from '../../fields/mapping/windows-names.ts';
import { WINLOGBEAT_HEADER } from '../../fields/mapping/windows-winlogbeat.ts';
import { ZEEK_ALIASES } from '../../fields/mapping/zeek.ts';
import { evaluate } from '../../match/interpreter.ts';
import { eventSubject } from '../../match/subject.ts';
import { BUILT_IN_PIPELINES } from '../package-folders.ts';
import { builtInPipelines, readPipelineFiles } from './pipeline-files.ts';
import { loadSigmaTexts } from './sigma-texts.ts';

type Item = Readonly<Record<string, unknown>>;
/** Winlogbeat and Elastic Agent leave these where they were, whatever ECS calls them. */
const LEFT_IN_DATA = ['IntegrityLevel', 'Details'].map((name) => [name, `winlog.event_data.${name}`] as const);
const LOGSOURCES = 10;
const FIELDS = 20;

const logsource = (attributes: Readonly<Record<string, string>>): Item => ({ type: 'logsource', ...attributes });
const windows = logsource({ product: 'windows' });
const one = <T>(list: readonly T[]): T | readonly T[] => (list.length === 1 ? (list[0] as T) : list);

function pipeline(name: string, about: string, priority: number, transformations: readonly Item[]): string {
  const text = dump({ name, priority, transformations }, { lineWidth: 120, noRefs: true }).replace(
    /'([^'"\\]*)'/g,
    '"$1"',
  );
  return `# ${about}\n# Made from the tables of the program; the test beside them writes it.\n${text}`;
}

/** One condition per category and service. */
function categories(service: string): readonly Item[] {
  return CATEGORY_ROWS.filter((row) => row.service === service).map(({ category, eventIds, field, values }) => ({
    id: `${service}_${category}`,
    type: 'add_condition',
    conditions: {
      Channel: one(CHANNELS_OF_SERVICE[service] ?? []),
      EventID: one(eventIds),
      ...(field !== undefined && values !== undefined && { [field]: one(values) }),
    },
    rule_conditions: [logsource({ product: 'windows', category })],
  }));
}

/** Targets by name, in the order of the rows. */
function mapping(rows: readonly (readonly [string, string])[]): Readonly<Record<string, string | readonly string[]>> {
  const targets = new Map<string, string[]>();
  for (const [name, target] of rows) targets.set(name, [...(targets.get(name) ?? []), target]);
  return Object.fromEntries([...targets].map(([name, list]) => [name, one(list)]));
}

const rename = (id: string, rows: readonly (readonly [string, string])[], conditions: readonly Item[]): Item => ({
  id,
  type: 'field_name_mapping',
  mapping: mapping(rows),
  rule_conditions: conditions,
});

/** All fields that no item before has renamed. */
const prefix = (id: string, text: string, before: readonly string[], conditions: readonly Item[]): Item => ({
  id,
  type: 'field_name_prefix',
  prefix: text,
  rule_conditions: conditions,
  field_name_conditions: before.map((item) => ({ type: 'processing_item_applied', processing_item_id: item })),
  field_name_cond_op: 'or',
  field_name_cond_not: true,
});

const EVTX_HEADER: readonly (readonly [string, string])[] = [
  ...['EventID', 'Channel', 'Computer', 'EventRecordID', 'Level', 'Task', 'Opcode', 'Keywords', 'Version'].map(
    (tag) => [tag, `Event.System.${tag}`] as const,
  ),
  ['Provider_Name', 'Event.System.Provider.#attributes.Name'],
  ['Provider_Guid', 'Event.System.Provider.#attributes.Guid'],
  ['Execution_ProcessID', 'Event.System.Execution.#attributes.ProcessID'],
  ['Execution_ThreadID', 'Event.System.Execution.#attributes.ThreadID'],
  ['Security_UserID', 'Event.System.Security.#attributes.UserID'],
];

const security = (key: string, category: string): Item =>
  rename(`names_${category}`, EVENT_ALIASES.get(`security:${key}`) ?? [], [
    logsource({ product: 'windows', category }),
  ]);

const GENERATED: Readonly<Record<string, string>> = {
  sysmon: pipeline('Sysmon', 'Windows categories as events of Sysmon.', LOGSOURCES, categories('sysmon')),
  windows_audit: pipeline(
    'Windows Security log',
    'Windows categories as events of the Security log, with its names.',
    LOGSOURCES,
    [
      ...categories('security'),
      security('4688', 'process_creation'),
      ...['registry_event', 'registry_set', 'registry_delete'].map((category) => security('4657', category)),
    ],
  ),
  windows_services: pipeline('Windows services', 'Windows services and their categories as channels.', LOGSOURCES, [
    ...Object.entries(CHANNELS_OF_SERVICE).map(([service, channels]) => ({
      id: `channel_${service}`,
      type: 'add_condition',
      conditions: { Channel: one(channels) },
      rule_conditions: [logsource({ product: 'windows', service })],
    })),
    ...['powershell', 'powershell-classic', 'windefend'].flatMap(categories),
  ]),
  ecs_windows: pipeline(
    'ECS, Windows',
    'Windows events as Winlogbeat and Elastic Agent send them: ECS, winlog and the rest in winlog.event_data.',
    FIELDS,
    [
      rename('ecs_header', WINLOGBEAT_HEADER, [windows]),
      rename('ecs_names', [...ECS_OF_SIGMA, ...LEFT_IN_DATA], [windows]),
      prefix('ecs_data', 'winlog.event_data.', ['ecs_header', 'ecs_names'], [windows]),
    ],
  ),
  ecs_endpoint: pipeline(
    'ECS, endpoints',
    'Endpoint events in ECS: Elastic Defend (Elastic Agent), Auditbeat.',
    FIELDS,
    [rename('ecs_names', ECS_OF_SIGMA, [])],
  ),
  nxlog: pipeline('NXLog', 'Windows events of NXLog: flat, the header under names of its own.', FIELDS, [
    rename(
      'nxlog_header',
      [...new Map(HEADER_ALIASES.map(([name, from]) => [name, from] as const).reverse())].reverse(),
      [windows],
    ),
  ]),
  evtx_json: pipeline('EVTX as JSON', 'Windows events converted from EVTX with their structure kept.', FIELDS, [
    rename('evtx_header', EVTX_HEADER, [windows]),
    prefix('evtx_data', 'Event.EventData.', ['evtx_header'], [windows]),
  ]),
  zeek: pipeline('Zeek', 'Rules for the categories dns, firewall and proxy in the names of Zeek logs.', FIELDS, [
    {
      ...rename(
        'zeek_names',
        ZEEK_ALIASES,
        ['dns', 'firewall', 'proxy'].map((category) => logsource({ category })),
      ),
      rule_cond_op: 'or',
    },
  ]),
};

describe('generated files', () => {
  it.each(Object.entries(GENERATED))('%s', async (name, text) => {
    await expect(text).toMatchFileSnapshot(join(BUILT_IN_PIPELINES, `${name}.yml`));
  });
});

function load(name: string, source: string, detection: string) {
  const { files, diagnostics } = readPipelineFiles([name]);
  expect(diagnostics).toEqual([]);
  const text = `title: R\nlogsource: {${source}}\ndetection:\n  sel: ${detection}\n  condition: sel\n`;
  const rules = loadSigmaTexts({
    sigma: [{ path: 'r.yml', text }],
    pipelines: files,
    pipelineData: [],
    selection: {},
    placeholders: [],
  });
  expect(rules.diagnostics).toEqual([]);
  return (event: EventObject): boolean =>
    rules.detections.some(({ predicate }) => evaluate(predicate, eventSubject(event)));
}

const SYSMON = 'Microsoft-Windows-Sysmon/Operational';
const CREATION = 'product: windows, category: process_creation';

describe('every file', () => {
  it.each(builtInPipelines())('%s says what it is and loads', (name) => {
    expect(readFileSync(join(BUILT_IN_PIPELINES, `${name}.yml`), 'utf8')).toMatch(/^# \S/);
    load(name, 'category: nothing_of_the_kind', '{f: x}');
  });

  it.each<[string, string, string, EventObject, EventObject]>([
    [
      'sysmon',
      CREATION,
      '{Image: a}',
      { Channel: SYSMON, EventID: 1, Image: 'a' },
      { Channel: SYSMON, EventID: 7, Image: 'a' },
    ],
    [
      'sysmon',
      'product: windows, category: registry_add',
      '{TargetObject: a}',
      { Channel: SYSMON, EventID: 12, EventType: 'CreateKey', TargetObject: 'a' },
      { Channel: SYSMON, EventID: 12, EventType: 'DeleteKey', TargetObject: 'a' },
    ],
    [
      'windows_audit',
      CREATION,
      '{Image: a, ParentImage: b}',
      { Channel: 'Security', EventID: 4688, NewProcessName: 'a', ParentProcessName: 'b' },
      { Channel: 'Security', EventID: 4688, Image: 'a', ParentImage: 'b' },
    ],
    [
      'windows_services',
      'product: windows, service: taskscheduler',
      '{EventID: 141}',
      { Channel: 'Microsoft-Windows-TaskScheduler/Operational', EventID: 141 },
      { Channel: 'System', EventID: 141 },
    ],
    [
      'windows_services',
      'product: windows, category: ps_script',
      '{ScriptBlockText: a}',
      { Channel: 'PowerShellCore/Operational', EventID: 4104, ScriptBlockText: 'a' },
      { Channel: 'PowerShellCore/Operational', EventID: 4103, ScriptBlockText: 'a' },
    ],
    [
      'ecs_windows',
      CREATION,
      '{Image: a, LogonId: b, EventID: 1}',
      { process: { executable: 'a' }, winlog: { event_id: '1', event_data: { LogonId: 'b' } } },
      { Image: 'a', LogonId: 'b', EventID: 1 },
    ],
    [
      'ecs_endpoint',
      'product: linux, category: process_creation',
      '{Image: a, CommandLine: b}',
      { process: { executable: 'a', command_line: 'b' } },
      { Image: 'a', CommandLine: 'b' },
    ],
    ['nxlog', 'product: windows, service: system', '{Provider_Name: a}', { SourceName: 'a' }, { Provider_Name: 'a' }],
    [
      'evtx_json',
      'product: windows, service: security',
      '{EventID: 4624, Provider_Name: p, LogonType: 3}',
      {
        Event: {
          System: { EventID: 4624, Provider: { '#attributes': { Name: 'p' } } },
          EventData: { LogonType: '3' },
        },
      },
      { EventID: 4624, Provider_Name: 'p', LogonType: 3 },
    ],
    ['zeek', 'category: firewall', '{dst_ip: 192.0.2.1}', { 'id.resp_h': '192.0.2.1' }, { dst_ip: '192.0.2.1' }],
    [
      'linux_auditd',
      'product: linux, category: process_creation',
      '{Image: /bin/sh}',
      { type: 'SYSCALL', exe: '/bin/sh' },
      { Image: '/bin/sh' },
    ],
    [
      'linux_syslog',
      'product: linux, service: sshd',
      '[Accepted]',
      { program: 'sshd', message: 'Accepted password' },
      { program: 'cron', message: 'Accepted password' },
    ],
    [
      'ecs_proxy',
      'category: proxy',
      '{c-uri: /x, cs-method: GET}',
      { url: { original: '/x' }, http: { request: { method: 'GET' } } },
      { 'c-uri': '/x', 'cs-method': 'GET' },
    ],
    [
      'ecs_webserver',
      'category: webserver',
      '{cs-uri-query: a=b, sc-status: 200}',
      { url: { query: 'a=b' }, http: { response: { status_code: 200 } } },
      { 'cs-uri-query': 'a=b', 'sc-status': 200 },
    ],
    [
      'ecs_aws_cloudtrail',
      'product: aws, service: cloudtrail',
      '{eventName: PutObject, userIdentity.type: Root}',
      { event: { action: 'PutObject' }, aws: { cloudtrail: { user_identity: { type: 'Root' } } } },
      { eventName: 'PutObject', userIdentity: { type: 'Root' } },
    ],
    [
      'ecs_azure',
      'product: azure, service: activitylogs',
      '{operationName: X}',
      { azure: { activitylogs: { operation_name: 'X' } } },
      { operationName: 'X' },
    ],
    [
      'ecs_azure',
      'product: azure, service: signinlogs',
      '{ResultType: 50053}',
      { azure: { signinlogs: { properties: { status: { error_code: 50053 } } } } },
      { ResultType: 50053 },
    ],
    [
      'ecs_gcp',
      'product: gcp, service: gcp.audit',
      '{data.protoPayload.methodName: m}',
      { event: { action: 'm' } },
      { data: { protoPayload: { methodName: 'm' } } },
    ],
    [
      'ecs_okta',
      'product: okta, service: okta',
      '{eventType: user.login}',
      { okta: { event_type: 'user.login' } },
      { eventType: 'user.login' },
    ],
    [
      'ecs_m365',
      'product: m365, service: audit',
      '{Operation: Set-Mailbox, Workload: Exchange}',
      { event: { action: 'Set-Mailbox', provider: 'Exchange' } },
      { Operation: 'Set-Mailbox', Workload: 'Exchange' },
    ],
    [
      'ecs_github',
      'product: github, service: audit',
      '{action: repo.destroy, org: o}',
      { event: { action: 'repo.destroy' }, github: { org: 'o' } },
      { action: 'repo.destroy', org: 'o' },
    ],
  ])('%s, %s: %s', (name, source, detection, event, other) => {
    const matches = load(name, source, detection);
    expect(matches(event)).toBe(true);
    expect(matches(other)).toBe(false);
  });

  it.each(builtInPipelines().filter((name) => name !== 'ecs_endpoint'))(
    '%s leaves rules of other log sources alone',
    (name) => {
      const matches = load(name, 'product: macos, category: file_event', '{Image: a, Provider_Name: b}');
      expect(matches({ Image: 'a', Provider_Name: 'b' })).toBe(true);
    },
  );
});

it('a name that is neither a file nor built in is refused, with the nearest', () => {
  const { diagnostics } = readPipelineFiles(['ecs_window']);
  expect(diagnostics).toMatchObject([{ severity: 'error', hint: expect.stringContaining('sysmon') }]);
  expect(diagnostics[0]?.message).toContain('did you mean "ecs_windows"?');
});

it('the documentation lists every one', () => {
  const page = readFileSync(join(BUILT_IN_PIPELINES, '../docs/sigma.md'), 'utf8');
  for (const name of builtInPipelines()) expect(page).toContain(`\`${name}\``);
});
