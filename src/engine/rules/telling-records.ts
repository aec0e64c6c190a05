/**
 * TellingRecords: which kinds of records tell of the start or the end of a process, which must be remembered, or of a restart of the
 * machine: told by the event id, by keys and by the words of ECS of the first record of a kind. What is asked of that record belongs to
 * what tells its kind from others.
 */
import type { RecognisedEvent } from '../../fields/mapping/recognise.ts';
import { type RecordView, valueAt } from '../../fields/mapping/record-view.ts';
import type { TracedFields } from '../../fields/mapping/traced-fields.ts';
import { isRestartEvent, PROVIDER, RESTART_EVENT_IDS } from '../../state/process/host-restart.ts';

/** Keys of records that tell of the start of a process, beside event ids; one of them is in each (`state/process/process-shapes.ts`). */
export const START_KEYS = [
  'process',
  'process.pid',
  'ParentProcessGuid',
  'ParentProcessId',
  'NewProcessId',
  'event_simpleName',
  'InitiatingProcessId',
  'process_pid',
  'columns',
  'columns.pid',
  'ppid',
  'parent_id',
  'msg',
] as const;
/** Event ids of records that tell of an end, or of a start whatever fields are left. */
export const PROCESS_EVENT_IDS: ReadonlySet<string> = new Set(['1', '5', '4689']);
/** Keys that all records of a sensor have, and what it calls starts and ends of processes. */
const ACTIONS: ReadonlyMap<string, readonly [name: string, actions: readonly string[]]> = new Map([
  ['InitiatingProcessId', ['ActionType', ['ProcessCreated']]],
  [
    'event_simpleName',
    ['event_simpleName', ['ProcessRollup2', 'SyntheticProcessRollup2', 'EndOfProcess', 'TerminateProcess']],
  ],
  ['process_pid', ['type', ['endpoint.event.procstart', 'endpoint.event.procend']]],
]);
/** What starts and ends of processes are called in `event.type` and `event.action`. */
const ECS_KINDS = ['start', 'end', 'stop', 'exit', 'creation', 'exec', 'fork'] as const;
/** What a kind of record is, as the decoder sees its first one, and what was asked of it. */
export interface KindAtHand {
  readonly recognised: RecognisedEvent;
  readonly view: RecordView;
  readonly trace: TracedFields;
}

/** The start or the end of a process, which must be remembered. */
export function mayTellOfProcess({ recognised: { event }, view, trace }: KindAtHand): boolean {
  const eventId = Object.hasOwn(event.base, 'EventID') ? String(event.base['EventID']) : '';
  const idPlaces = view.placesOf('EventID') ?? [];
  for (const { path } of idPlaces) if (trace.asks(path)) valueAt(trace.fields, path);
  const ecs = view.isRecord ? [] : START_KEYS.filter((key) => key.startsWith('process'));
  const keys = START_KEYS.filter((key) => !ecs.includes(key)).flatMap((key) => view.placesOf(key) ?? []);
  // All are asked for: what the answers are is the kind's.
  const started = keys.map(({ path }) => trace.asks(path) && isTelling(path, trace));
  return started.includes(true) || PROCESS_EVENT_IDS.has(eventId) || (ecs.length > 0 && mayTellInEcs(view, trace));
}

/** Whether the key's record may be a start or an end, by the action where records of the sensor name it. */
function isTelling(path: readonly string[], trace: TracedFields): boolean {
  const [name, actions] = ACTIONS.get(path.join()) ?? [];
  if (name === undefined || actions === undefined || !trace.asks([name])) return true;
  const action = valueAt(trace.fields, [name]);
  return typeof action !== 'string' || actions.includes(action);
}

/** The machine restarted; only records with one of a few event ids are asked who wrote them. */
export function tellsOfRestart({ recognised: { event }, view, trace }: KindAtHand): boolean {
  const eventId = Object.hasOwn(event.base, 'EventID') ? String(event.base['EventID']) : '';
  const valuesOf = (name: string): readonly unknown[] =>
    (view.placesOf(name) ?? []).flatMap(({ path }) => (trace.asks(path) ? [valueAt(trace.fields, path)] : []));
  if (!RESTART_EVENT_IDS.has(eventId)) return false;
  valuesOf('EventID');
  // Of a list only the decoder tells; an object is no name.
  const tells = (provider: unknown): boolean =>
    Array.isArray(provider) || (typeof provider === 'string' && isRestartEvent(provider, eventId));
  return PROVIDER.some((name) => valuesOf(name).some(tells));
}

/** In ECS every event has the ids of its process: category, type and action tell what it says of it. */
function mayTellInEcs(view: RecordView, trace: TracedFields): boolean {
  const hasPid = (view.placesOf('process.pid') ?? []).map(({ path }) => trace.asks(path)).includes(true);
  if (!hasPid) return false;
  const [category = '', ...kinds] = ['event.category', 'event.type', 'event.action'].map((name) =>
    JSON.stringify((view.placesOf(name) ?? []).map(({ path }) => valueAt(trace.fields, path) ?? null)),
  );
  const isNamed = ECS_KINDS.some((word) => kinds.some((text) => text.includes(word)));
  return (category.includes('process') && isNamed) || kinds.some((text) => text.includes('existing_process'));
}
