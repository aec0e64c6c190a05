/**
 * Starts of processes as sensors of endpoints tell them: Microsoft Defender (DeviceProcessEvents, also under `properties` of Azure's
 * export), CrowdStrike (ProcessRollup2), Carbon Black Cloud (procstart of its data forwarder), osquery (process_events). Only
 * starts: other events of theirs have no counterpart in Sigma's names yet. Sources: the vendors' lists of fields.
 */
import type { EventObject, EventValue } from '../../core/event.ts';
import type { EventSource } from '../../core/event-source.ts';
import { eventSource } from '../../core/event-source.ts';
import { textOf } from '../../core/field-path.ts';
import { plainEvent } from '../../core/rule-event.ts';
import type { Shape } from './shape.ts';
import { askedText } from './traced-fields.ts';

interface Sensor {
  /** Under one of the names stands one of the texts. */
  readonly when: readonly (readonly [names: readonly string[], texts: readonly string[]])[];
  /** Sigma's name, then the sensor's. */
  readonly names: readonly (readonly [string, string])[];
  /** Name and text of the system; where that is not told, the path of the program tells it. */
  readonly system: readonly string[];
  readonly program: readonly string[];
  /** Where nothing tells it. */
  readonly otherwise?: string;
}

const DEFENDER: readonly (readonly [string, string])[] = [
  ['Image', 'FolderPath'],
  ['CommandLine', 'ProcessCommandLine'],
  ['User', 'AccountName'],
  ['IntegrityLevel', 'ProcessIntegrityLevel'],
  ['OriginalFileName', 'ProcessVersionInfoOriginalFileName'],
  ['Product', 'ProcessVersionInfoProductName'],
  ['Company', 'ProcessVersionInfoCompanyName'],
  ['Description', 'ProcessVersionInfoFileDescription'],
  ['ParentImage', 'InitiatingProcessFolderPath'],
  ['ParentCommandLine', 'InitiatingProcessCommandLine'],
  ['ParentUser', 'InitiatingProcessAccountName'],
  ['ParentProcessId', 'InitiatingProcessId'],
];

const SENSORS: readonly Sensor[] = [
  {
    when: [[['ActionType', 'properties.ActionType'], ['ProcessCreated']]],
    names: [
      ...DEFENDER,
      ...DEFENDER.map(([name, from]) => [name, `properties.${from}`] as const),
      ['ProcessId', 'properties.ProcessId'],
    ],
    system: [],
    otherwise: 'windows',
    program: [
      'FolderPath',
      'properties.FolderPath',
      'InitiatingProcessFolderPath',
      'properties.InitiatingProcessFolderPath',
    ],
  },
  {
    // The parent's name stands there without its folder: memory knows more.
    when: [[['event_simpleName'], ['ProcessRollup2', 'SyntheticProcessRollup2']]],
    names: [
      ['Image', 'ImageFileName'],
      ['User', 'UserName'],
      ['ProcessId', 'RawProcessId'],
      ['OriginalFileName', 'OriginalFilename'],
    ],
    system: ['event_platform'],
    program: ['ImageFileName'],
  },
  {
    // The process that starts another is the one that the sensor writes of.
    when: [[['type'], ['endpoint.event.procstart']]],
    names: [
      ['Image', 'childproc_name'],
      ['CommandLine', 'target_cmdline'],
      ['User', 'childproc_username'],
      ['ProcessId', 'childproc_pid'],
      ['ProcessGuid', 'childproc_guid'],
      ['ParentImage', 'process_path'],
      ['ParentCommandLine', 'process_cmdline'],
      ['ParentUser', 'process_username'],
      ['ParentProcessId', 'process_pid'],
      ['ParentProcessGuid', 'process_guid'],
    ],
    system: ['device_os'],
    program: ['childproc_name'],
  },
  {
    when: [
      [['action'], ['added']],
      [
        ['name'],
        ['process_events', 'pack_process_events', 'bpf_process_events', 'es_process_events', 'process_etw_events'],
      ],
    ],
    names: [
      ['Image', 'columns.path'],
      ['CommandLine', 'columns.cmdline'],
      ['CurrentDirectory', 'columns.cwd'],
      ['User', 'columns.username'],
      ['User', 'columns.uid'],
      ['ProcessId', 'columns.pid'],
      ['ParentProcessId', 'columns.parent'],
    ],
    system: ['decorations.platform'],
    program: ['columns.path'],
  },
];

const PRODUCTS: readonly (readonly [RegExp, string])[] = [
  [/^win/i, 'windows'],
  [/^(?:mac|darwin)/i, 'macos'],
  [/^(?:lin|ubuntu|debian|centos|rhel|amzn|arch|suse)/i, 'linux'],
];

const SOURCES: ReadonlyMap<string | undefined, EventSource> = new Map(
  [undefined, 'windows', 'linux', 'macos'].map((product) => [product, eventSource(product, ['process_creation'], [])]),
);

export const edr: Shape = {
  name: 'edr',
  summary: 'process starts of Defender, CrowdStrike, Carbon Black Cloud and osquery',
  recognises: (fields) => sensorOf(fields) !== undefined,
  view: (fields) => {
    const sensor = sensorOf(fields);
    const view: Record<string, EventValue> = { ...fields };
    for (const [name, from] of sensor?.names ?? []) {
      const text = Object.hasOwn(view, name) ? undefined : textOf(fields, from);
      if (text !== undefined) view[name] = text;
    }
    const product = sensor === undefined ? undefined : productOf(fields, sensor);
    return { event: plainEvent(view), source: SOURCES.get(product) ?? eventSource(product, ['process_creation'], []) };
  },
};

function sensorOf(fields: EventObject): Sensor | undefined {
  return SENSORS.find(({ when }) =>
    when.every(([names, texts]) => names.some((name) => texts.includes(askedText(fields, name) ?? ''))),
  );
}

/** A path that begins with a slash is of Linux where nobody says otherwise. */
function productOf(fields: EventObject, { system, program, otherwise }: Sensor): string | undefined {
  for (const name of system) {
    const text = textOf(fields, name);
    const known = text === undefined ? undefined : PRODUCTS.find(([pattern]) => pattern.test(text));
    if (known !== undefined) return known[1];
  }
  for (const name of program) {
    const path = textOf(fields, name);
    if (path !== undefined && path !== '') return path.startsWith('/') ? 'linux' : 'windows';
  }
  return otherwise;
}
