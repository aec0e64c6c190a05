/**
 * Windows events of Sysmon and of the Security and System logs, flat as NXLog sends them, or nested as Winlogbeat, Fluent Bit and
 * rendered event XML do. Event ids and field names are those of Sysmon's schema and of the Windows audit events.
 */
import { field, has, integer, is, list, type ObjectTemplate, ref, type StixMapping, text } from '../mapping.ts';
import { fileObjects, session } from './session.ts';

const PREFIXES = [
  '',
  'winlog.event_data.',
  'event_data.',
  'EventData.',
  'Event.EventData.',
  'winlog.',
  'Event.System.',
];
const CHANNEL = [
  'Channel',
  'channel',
  'log_name',
  'SourceName',
  'Provider_Name',
  'provider_name',
  'ProviderName',
  'source_name',
];
const EVENT_ID = ['EventID', 'event_id', 'EventId', 'EventID.Value', 'EventID.#text'];
const id = (...values: readonly string[]) => [is(EVENT_ID, ...values)];

/** Any event that names the process it is about: Sysmon's `Image`. */
const PROCESS: readonly ObjectTemplate[] = [
  {
    id: 'process',
    type: 'process',
    existsWith: ['image'],
    properties: {
      command_line: text('CommandLine'),
      pid: integer('ProcessId'),
      cwd: text('CurrentDirectory'),
      // The hashes of a process start are those of its image, else of another file.
      image_ref: ref('started', 'image'),
      binary_ref: ref('started', 'image'),
      parent_ref: ref('parent'),
      creator_user_ref: ref('user'),
      opened_connection_refs: { refs: ['conn', 'conn-name'] },
      'extensions.windows-process-ext.integrity_level': field('lower', 'IntegrityLevel'),
    },
  },
  ...fileObjects('image', ['Image']),
  {
    id: 'parent',
    type: 'process',
    existsWith: ['parent-image'],
    properties: {
      command_line: text('ParentCommandLine'),
      pid: integer('ParentProcessId'),
      image_ref: ref('parent-image'),
      binary_ref: ref('parent-image'),
      child_refs: { refs: ['process'] },
      creator_user_ref: ref('parent-user'),
    },
  },
  ...fileObjects('parent-image', ['ParentImage']),
  {
    id: 'user',
    type: 'user-account',
    properties: {
      account_login: field('account', 'User'),
      display_name: text('User'),
    },
  },
  {
    id: 'parent-user',
    type: 'user-account',
    properties: { account_login: field('account', 'ParentUser'), display_name: text('ParentUser') },
  },
];

export const SYSMON: StixMapping = {
  name: 'sysmon',
  when: [
    is(
      CHANNEL,
      'Microsoft-Windows-Sysmon/Operational',
      'Microsoft-Windows-Sysmon',
      'Linux-Sysmon/Operational',
      'Linux-Sysmon',
    ),
  ],
  prefixes: PREFIXES,
  objects: [
    ...PROCESS,
    {
      id: 'started',
      type: 'file',
      when: id('1'),
      properties: {
        hashes: field('hash-list', 'Hashes'),
        name: field('file-name', 'Image'),
        parent_directory_ref: ref('image-dir'),
        'extensions.windows-pebinary-ext.imphash': field('imphash', 'Hashes'),
      },
    },
    ...session({
      source: ['SourceIp'],
      destination: ['DestinationIp'],
      destinationName: ['DestinationHostname'],
      sourcePort: ['SourcePort'],
      destinationPort: ['DestinationPort'],
      protocols: ['Protocol'],
    }),
    ...fileObjects('loaded', ['ImageLoaded'], {
      hashes: field('hash-list', 'Hashes'),
      'extensions.windows-pebinary-ext.imphash': field('imphash', 'Hashes'),
    }),
    ...fileObjects('target', ['TargetFilename'], {
      hashes: field('hash-list', 'Hashes', 'Hash'),
      ctime: field('time', 'CreationUtcTime'),
    }),
    {
      id: 'source-process',
      type: 'process',
      existsWith: ['source-image'],
      properties: { pid: integer('SourceProcessId'), image_ref: ref('source-image') },
    },
    ...fileObjects('source-image', ['SourceImage']),
    {
      id: 'target-process',
      type: 'process',
      existsWith: ['target-image'],
      properties: { pid: integer('TargetProcessId'), image_ref: ref('target-image') },
    },
    ...fileObjects('target-image', ['TargetImage']),
    {
      id: 'key',
      type: 'windows-registry-key',
      when: id('12', '13', '14'),
      properties: { key: field('registry-key', 'TargetObject'), creator_user_ref: ref('user') },
    },
    // TargetObject of a value event is the key and the name of the value.
    {
      id: 'value',
      type: 'windows-registry-key',
      when: id('13', '14'),
      properties: {
        key: field('registry-parent', 'TargetObject'),
        'values.0.name': field('registry-value', 'TargetObject'),
        'values.0.data': text('Details', 'NewName'),
        creator_user_ref: ref('user'),
      },
    },
    {
      id: 'query',
      type: 'domain-name',
      properties: { value: field('domain', 'QueryName'), resolves_to_refs: { refs: ['answer'] } },
    },
    {
      id: 'answer',
      type: 'address',
      each: { from: ['QueryResults'], as: 'text', split: ';', list: true },
      properties: { value: { each: true, as: 'host' } },
    },
  ],
};

const LOGON_USER = {
  account_login: text('TargetUserName'),
  user_id: text('TargetUserSid', 'TargetSid'),
  display_name: text('TargetUserName'),
};

export const WINDOWS_SECURITY: StixMapping = {
  name: 'windows-security',
  when: [is(CHANNEL, 'Security', 'System', 'Microsoft-Windows-Security-Auditing', 'Service Control Manager')],
  prefixes: PREFIXES,
  objects: [
    {
      id: 'process',
      type: 'process',
      existsWith: ['image'],
      when: [has('NewProcessName')],
      properties: {
        command_line: text('CommandLine', 'ProcessCommandLine'),
        pid: integer('NewProcessId'),
        image_ref: ref('image'),
        binary_ref: ref('image'),
        parent_ref: ref('parent'),
        creator_user_ref: ref('subject'),
      },
    },
    ...fileObjects('image', ['NewProcessName']),
    {
      id: 'parent',
      type: 'process',
      existsWith: ['parent-image'],
      when: [has('NewProcessName')],
      properties: { pid: integer('ProcessId'), image_ref: ref('parent-image') },
    },
    ...fileObjects('parent-image', ['ParentProcessName']),
    {
      id: 'actor',
      type: 'process',
      existsWith: ['actor-image'],
      properties: { image_ref: ref('actor-image'), opened_connection_refs: { refs: ['conn'] } },
    },
    ...fileObjects('actor-image', ['ProcessName', 'Application']),
    {
      id: 'subject',
      type: 'user-account',
      properties: { account_login: text('SubjectUserName'), user_id: text('SubjectUserSid') },
    },
    { id: 'user', type: 'user-account', properties: LOGON_USER },
    ...session({
      source: ['IpAddress', 'SourceAddress'],
      destination: ['DestAddress'],
      sourcePort: ['IpPort', 'SourcePort'],
      destinationPort: ['DestPort'],
      protocols: ['Protocol'],
    }),
    ...fileObjects('object', ['ObjectName', 'RelativeTargetName']).map((template) => ({
      ...template,
      when: [is(['ObjectType'], 'File')],
    })),
    {
      id: 'key',
      type: 'windows-registry-key',
      when: [is(['ObjectType'], 'Key')],
      properties: { key: field('registry-key', 'ObjectName'), creator_user_ref: ref('subject') },
    },
    {
      id: 'value',
      type: 'windows-registry-key',
      when: id('4657'),
      properties: {
        key: field('registry-key', 'ObjectName'),
        'values.0.name': text('ObjectValueName'),
        'values.0.data': text('NewValue', 'OldValue'),
        creator_user_ref: ref('subject'),
      },
    },
    {
      id: 'service',
      type: 'process',
      existsWith: ['service-file'],
      when: id('7045', '4697'),
      properties: {
        command_line: text('ImagePath', 'ServiceFileName'),
        'extensions.windows-service-ext.service_name': text('ServiceName', 'param1'),
        'extensions.windows-service-ext.display_name': text('ServiceName'),
        image_ref: ref('service-file'),
      },
    },
    ...fileObjects('service-file', ['ImagePath', 'ServiceFileName']),
    {
      id: 'groups',
      type: 'user-account',
      when: id('4728', '4732', '4756'),
      properties: { user_id: list('text', 'MemberSid'), account_login: text('MemberName') },
    },
  ],
};
