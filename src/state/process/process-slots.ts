/**
 * ProcessEvents from the top-level values of a record, by numbered slots instead of names: what `processEventOf` says of the same
 * record, for readers that take values straight from its bytes. Names with dots are slots as any other; a nested object under
 * one of `NESTED_NAMES` and what `GENERAL_NAMES` tell of is beyond this reader.
 */
import type { ProcessEvent } from './process-event.ts';
import { processId } from './process-event.ts';
import { HOST, PROCESS_SHAPES, type ProcessShape } from './process-shapes.ts';

export interface FieldSlots {
  /** Text of the slot: undefined when the field is absent, null or empty of scalars. */
  text(slot: number): string | undefined;
  /** 1 where the field is there at all. */
  readonly present: Uint8Array;
}

interface SlotShape {
  readonly shape: ProcessShape;
  readonly keys: readonly number[];
  readonly when: readonly (readonly [slots: readonly number[], texts: readonly string[]])[];
  readonly lacks: readonly number[];
  readonly pid: readonly number[];
  readonly guid: readonly number[];
  readonly parentPid: readonly number[];
  readonly parentGuid: readonly number[];
  readonly fields: readonly (readonly [property: string, slots: readonly number[]])[];
  readonly parentFields: readonly (readonly [property: string, slots: readonly number[]])[];
}

const names: string[] = [];
const slotsByName = new Map<string, number>();

function slotOf(name: string): number {
  let slot = slotsByName.get(name);
  if (slot === undefined) {
    slot = names.push(name) - 1;
    slotsByName.set(name, slot);
  }
  return slot;
}

const slots = (list: readonly string[] | undefined): readonly number[] => (list ?? []).map(slotOf);
const properties = (
  table: Readonly<Record<string, readonly string[]>> | undefined,
): readonly (readonly [string, readonly number[]])[] =>
  Object.entries(table ?? {}).map(([property, from]) => [property, slots(from)] as const);

/** Those that take the start from another field are left to the general reader. */
const SLOT_SHAPES: readonly SlotShape[] = PROCESS_SHAPES.map((shape) => ({
  shape,
  keys: slots(shape.keys),
  when: (shape.when ?? []).map(([from, texts]) => [slots(from), texts] as const),
  lacks: slots(shape.lacks),
  pid: slots(shape.pid),
  guid: slots(shape.guid),
  parentPid: slots(shape.parentPid),
  parentGuid: slots(shape.parentGuid),
  fields: properties(shape.fields),
  parentFields: properties(shape.parentFields),
}));
const HOST_SLOTS = slots(HOST);

/** Names of the slots, by number. */
export const PROCESS_SLOT_NAMES: readonly string[] = names;

/** Names under which objects hold fields of processes: where an object stands there the general reader is needed. */
export const NESTED_NAMES: readonly string[] = [
  ...new Set(names.filter((name) => name.includes('.')).map((name) => name.slice(0, name.indexOf('.')))),
];

/** Where one of these is there at all, the general reader is needed: they choose where fields are looked for, or are parts of a whole. */
export const GENERAL_NAMES: readonly string[] = [
  ...['winlog', 'winlog.event_data', 'EventData', 'Event', 'msg'],
  ...['winlog.event_data.ProcessId', 'winlog.event_data.NewProcessId'],
];

export function processEventOfSlots(source: FieldSlots, timeMs: number): ProcessEvent | undefined {
  const found = SLOT_SHAPES.find((shape) => fits(shape, source));
  if (found === undefined) return undefined;
  const pid = processId(first(found.pid, source));
  if (pid === undefined) return undefined;
  const guid = first(found.guid, source);
  const parentPid = processId(first(found.parentPid, source));
  const parentGuid = first(found.parentGuid, source);
  // Built step by step: this runs for every process of a log.
  const event: { -readonly [K in keyof ProcessEvent]: ProcessEvent[K] } = {
    kind: found.shape.kind,
    host: hostOf(source),
    pid,
    timeMs,
    fields: collect(found.fields, source),
    parentFields: collect(found.parentFields, source),
  };
  if (guid !== undefined) event.guid = guid;
  if (parentPid !== undefined) event.parentPid = parentPid;
  if (parentGuid !== undefined) event.parentGuid = parentGuid;
  return event;
}

function fits({ keys, when, lacks }: SlotShape, source: FieldSlots): boolean {
  const { present } = source;
  for (let i = 0; i < keys.length; i++) if (present[keys[i] as number] === 0) return false;
  for (const [from, wanted] of when) if (!from.some((slot) => wanted.includes(source.text(slot) ?? ''))) return false;
  for (let i = 0; i < lacks.length; i++) if (present[lacks[i] as number] !== 0) return false;
  return true;
}

function hostOf(source: FieldSlots): string {
  for (let i = 0; i < HOST_SLOTS.length; i++) {
    const text = source.text(HOST_SLOTS[i] as number);
    if (text !== undefined && text !== '') return text;
  }
  return '';
}

function first(from: readonly number[], source: FieldSlots): string | undefined {
  for (let i = 0; i < from.length; i++) {
    const text = source.text(from[i] as number);
    if (text !== undefined && text !== '' && text !== '-') return text;
  }
  return undefined;
}

function collect(
  table: readonly (readonly [property: string, slots: readonly number[]])[],
  source: FieldSlots,
): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [property, from] of table) {
    const text = first(from, source);
    if (text !== undefined) found[property] = text;
  }
  return found;
}
