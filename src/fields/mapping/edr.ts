/**
 * What sensors of endpoints tell: Microsoft Defender (starts of processes, files, images, connections and the registry, also under
 * `properties` of Azure's export), and starts of processes by CrowdStrike (ProcessRollup2), Carbon Black Cloud (procstart of its data
 * forwarder) and osquery (process_events). Sources: the vendors' lists of fields, and for Defender pySigma's pipeline microsoft_xdr.
 */
import type { EventObject, EventValue } from '../../core/event.ts';
import type { EventSource } from '../../core/event-source.ts';
import { eventSource } from '../../core/event-source.ts';
import { textOf } from '../../core/field-path.ts';
import { aliasedEvent, type FieldAliases, plainEvent } from '../../core/rule-event.ts';
import { plainView } from './record-view.ts';
import { aliasTable, type Shape } from './shape.ts';
import { askedFirst, askedText } from './traced-fields.ts';

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
  /** Absent: process_creation. */
  readonly categories?: readonly string[];
  /** Fields that are put together. */
  readonly made?: Made;
}

interface Made {
  readonly names: readonly string[];
  of(fields: EventObject): Readonly<Record<string, string>>;
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

/** Of the process that does something: in all tables of Defender but that of started processes. */
const DEFENDER_ACTOR: readonly (readonly [string, string])[] = [
  ['Image', 'InitiatingProcessFolderPath'],
  ['CommandLine', 'InitiatingProcessCommandLine'],
  ['User', 'InitiatingProcessAccountName'],
  ['ProcessId', 'InitiatingProcessId'],
  ['IntegrityLevel', 'InitiatingProcessIntegrityLevel'],
  ['ParentImage', 'InitiatingProcessParentFileName'],
];
const DEFENDER_FILE = [...DEFENDER_ACTOR, ['TargetFilename', 'FolderPath']] as const;
const DEFENDER_REGISTRY = [...DEFENDER_ACTOR, ['Details', 'RegistryValueData']] as const;

function defender(
  action: string,
  categories: readonly string[],
  names: readonly (readonly [string, string])[],
  made?: Made,
): Sensor {
  return {
    when: [[['ActionType', 'properties.ActionType'], [action]]],
    categories,
    names: [...names, ...names.map(([name, from]) => [name, `properties.${from}`] as const)],
    system: [],
    otherwise: 'windows',
    program: ['FolderPath', 'InitiatingProcessFolderPath'].flatMap((name) => [name, `properties.${name}`]),
    ...(made !== undefined && { made }),
  };
}

function connection(action: string, initiated: 'true' | 'false'): Sensor {
  const names = [
    ...DEFENDER_ACTOR,
    ['DestinationIp', 'RemoteIP'],
    ['DestinationPort', 'RemotePort'],
    ['DestinationHostname', 'RemoteUrl'],
    ['SourceIp', 'LocalIP'],
    ['SourcePort', 'LocalPort'],
    ['SourceHostname', 'DeviceName'],
  ] as const;
  const made: Made = { names: ['Initiated'], of: () => ({ Initiated: initiated }) };
  return defender(action, ['network_connection'], names, made);
}

const HIVES: readonly (readonly [RegExp, string])[] = [
  [/^HKEY_LOCAL_MACHINE(?=\\|$)/i, 'HKLM'],
  [/^HKEY_USERS(?=\\|$)/i, 'HKU'],
  [/^HKEY_CURRENT_USER(?=\\|$)/i, 'HKCU'],
  [/^HKEY_CLASSES_ROOT(?=\\|$)/i, 'HKCR'],
];

/** Key and value in one name, as Sysmon writes it. */
function registry(action: string, category: string, eventType: string): Sensor {
  const of = (fields: EventObject): Readonly<Record<string, string>> => {
    const text = (name: string): string => textOf(fields, name) ?? textOf(fields, `properties.${name}`) ?? '';
    const key = HIVES.reduce((long, [hive, short]) => long.replace(hive, short), text('RegistryKey'));
    const value = action.startsWith('RegistryValue') ? text('RegistryValueName') : '';
    return { EventType: eventType, ...(key !== '' && { TargetObject: value === '' ? key : `${key}\\${value}` }) };
  };
  const names = ['EventType', 'TargetObject'];
  return defender(action, [category, 'registry_event'], DEFENDER_REGISTRY, { names, of });
}

const SENSORS: readonly Sensor[] = [
  defender('ProcessCreated', ['process_creation'], [...DEFENDER, ['ProcessId', 'ProcessId']]),
  defender('FileCreated', ['file_event'], DEFENDER_FILE),
  defender('FileModified', ['file_change'], DEFENDER_FILE),
  defender('FileRenamed', ['file_rename'], DEFENDER_FILE),
  defender('FileDeleted', ['file_delete'], DEFENDER_FILE),
  defender('ImageLoaded', ['image_load'], [...DEFENDER_ACTOR, ['ImageLoaded', 'FolderPath']]),
  connection('ConnectionSuccess', 'true'),
  connection('ConnectionAttempt', 'true'),
  connection('ConnectionFailed', 'true'),
  connection('ConnectionRequest', 'true'),
  connection('InboundConnectionAccepted', 'false'),
  registry('RegistryKeyCreated', 'registry_add', 'CreateKey'),
  registry('RegistryKeyDeleted', 'registry_delete', 'DeleteKey'),
  registry('RegistryValueDeleted', 'registry_delete', 'DeleteValue'),
  registry('RegistryValueSet', 'registry_set', 'SetValue'),
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

/** Of sensors that write their fields side by side. */
const ALIASES: ReadonlyMap<Sensor, FieldAliases> = new Map(
  SENSORS.flatMap((sensor) => {
    const own = sensor.names.filter(([, from]) => !from.includes('.'));
    return own.length === 0 ? [] : [[sensor, aliasTable(own)] as const];
  }),
);

/** By sensor and product; equal sources are one object, because rules are grouped by them. */
const SOURCES = sourcesBySensor();

function sourcesBySensor(): ReadonlyMap<Sensor, ReadonlyMap<string | undefined, EventSource>> {
  const known = new Map<string, EventSource>();
  const sourceOf = (product: string | undefined, categories: readonly string[]): EventSource => {
    const key = `${product} ${categories.join()}`;
    const source = known.get(key) ?? eventSource(product, categories, []);
    known.set(key, source);
    return source;
  };
  return new Map(
    SENSORS.map((sensor) => {
      const { categories = ['process_creation'] } = sensor;
      return [sensor, new Map([undefined, 'windows', 'linux', 'macos'].map((one) => [one, sourceOf(one, categories)]))];
    }),
  );
}

export const edr: Shape = {
  name: 'edr',
  summary: 'events of Defender, process starts of CrowdStrike, Carbon Black Cloud and osquery',
  recognises: (fields) => sensorOf(fields) !== undefined,
  view: (fields) => {
    // Asked only of what is recognised, and every sensor has a source for every product.
    const sensor = sensorOf(fields) as Sensor;
    const source = sourceOf(fields, sensor);
    const aliases = aliasesOf(fields, sensor);
    if (aliases !== undefined) return { event: aliasedEvent(withMade(fields, sensor), aliases), source };
    const view: Record<string, EventValue> = { ...fields };
    for (const [name, from] of sensor.names) {
      const text = Object.hasOwn(view, name) ? undefined : textOf(fields, from);
      if (text !== undefined) view[name] = text;
    }
    return { event: plainEvent(withMade(view, sensor)), source };
  },
  recordView: (fields) => {
    const sensor = sensorOf(fields);
    const aliases = sensor === undefined ? undefined : aliasesOf(fields, sensor);
    if (sensor === undefined || aliases === undefined) return undefined;
    const view = plainView(sourceOf(fields, sensor), aliases);
    const made = sensor.made?.names ?? [];
    if (made.length === 0) return view;
    // What is told of processes has none of these names.
    return { ...view, placesOf: (name) => (made.includes(name) ? undefined : view.placesOf(name)), isWhole: false };
  },
};

/** Other names for the fields of the record itself; undefined where an object of it tells the sensor. */
function aliasesOf(fields: EventObject, sensor: Sensor): FieldAliases | undefined {
  const isOwn = sensor.when.every(([[name = ''], texts]) => texts.includes(askedText(fields, name) ?? ''));
  return isOwn ? ALIASES.get(sensor) : undefined;
}

function withMade(fields: EventObject, { made }: Sensor): EventObject {
  return made === undefined ? fields : { ...made.of(fields), ...fields };
}

/** Every sensor has a source for every product. */
function sourceOf(fields: EventObject, sensor: Sensor): EventSource {
  return SOURCES.get(sensor)?.get(productOf(fields, sensor)) as EventSource;
}

function sensorOf(fields: EventObject): Sensor | undefined {
  return SENSORS.find(({ when }) =>
    when.every(([names, texts]) => names.some((name) => texts.includes(askedText(fields, name) ?? ''))),
  );
}

/** A path that begins with a slash is of Linux where nobody says otherwise. */
function productOf(fields: EventObject, { system, program, otherwise }: Sensor): string | undefined {
  for (const name of system) {
    const text = askedText(fields, name);
    const known = text === undefined ? undefined : PRODUCTS.find(([pattern]) => pattern.test(text));
    if (known !== undefined) return known[1];
  }
  for (const name of program) {
    const first = askedFirst(fields, name);
    if (first !== undefined && first !== '') return first === '/' ? 'linux' : 'windows';
  }
  return otherwise;
}
