/**
 * ProcessLayout: where in a list of a record's top-level values stands what it says of a process. Records of one source list the same
 * values in the same order, so which shapes may fit, and which values each property comes from, is worked out once for a list. What
 * is left for each record are the shapes' conditions on values, and which of several values is not empty.
 * Names with dots are slots as any other; a nested object under one of `NESTED_NAMES` and what `GENERAL_NAMES` tell of is beyond this
 * reader. It says what `processEventOf` says of the same record.
 */
import type { ProcessEventKind } from './process-event.ts';
import { FIELD_NAMES } from './process-rows.ts';
import { HOST, PROCESS_SHAPES, type ProcessShape } from './process-shapes.ts';

/** Places of values in the list. */
export type Places = readonly number[];

export interface LayoutField {
  /** By the numbers of `FIELD_NAMES`. */
  readonly field: number;
  readonly places: Places;
}

export interface LayoutCondition {
  readonly places: Places;
  readonly texts: readonly string[];
}

export interface LayoutShape {
  readonly kind: ProcessEventKind;
  /** In each row one of the values is one of the texts; all rows must hold. */
  readonly when: readonly LayoutCondition[];
  /** The start stands in a field of its own: the general reader is needed. */
  readonly isGeneral: boolean;
  readonly pid: Places;
  readonly guid: Places;
  readonly parentPid: Places;
  readonly parentGuid: Places;
  /** Those without any value are absent. */
  readonly fields: readonly LayoutField[];
  readonly parentFields: readonly LayoutField[];
}

export interface ProcessLayout {
  readonly hosts: Places;
  /** Those that may fit, in the order in which they are tried. */
  readonly shapes: readonly LayoutShape[];
}

const names = new Set<string>();
for (const { keys, when, lacks, pid, guid, parentPid, parentGuid, start, fields, parentFields } of PROCESS_SHAPES) {
  const lists = [keys, lacks, pid, guid, parentPid, parentGuid, start, ...(when ?? []).map(([from]) => from)];
  for (const list of [...lists, ...Object.values(fields), ...Object.values(parentFields ?? {})])
    for (const name of list ?? []) names.add(name);
}
for (const name of HOST) names.add(name);

/** Names that say something of a process. */
export const PROCESS_SLOT_NAMES: readonly string[] = [...names];

/** Names under which objects hold fields of processes: where an object stands there the general reader is needed. */
export const NESTED_NAMES: readonly string[] = [
  ...new Set(PROCESS_SLOT_NAMES.filter((name) => name.includes('.')).map((name) => name.slice(0, name.indexOf('.')))),
];

/** Where one of these is there at all, the general reader is needed: they choose where fields are looked for, or are parts of a whole. */
export const GENERAL_NAMES: readonly string[] = [
  ...['winlog', 'winlog.event_data', 'EventData', 'Event', 'properties', 'msg'],
  ...['winlog.event_data.ProcessId', 'winlog.event_data.NewProcessId'],
];

/** `placeOf`: place of a name's value; undefined where the record lacks the name. `isText`: the value at the place can be a text. */
export function layoutOf(
  placeOf: (name: string) => number | undefined,
  isText: (place: number) => boolean,
): ProcessLayout {
  const places = (list: readonly string[] | undefined): Places =>
    (list ?? []).flatMap((name) => {
      const place = placeOf(name);
      return place !== undefined && isText(place) ? [place] : [];
    });
  const fieldPlaces = (table: ProcessShape['parentFields']): LayoutField[] =>
    Object.entries(table ?? {}).flatMap(([property, from]): LayoutField[] => {
      const found = places(from);
      return found.length === 0 ? [] : [{ field: (FIELD_NAMES as readonly string[]).indexOf(property), places: found }];
    });
  const mayFit = ({ keys, lacks }: ProcessShape): boolean =>
    keys.every((name) => placeOf(name) !== undefined) && !(lacks ?? []).some((name) => placeOf(name) !== undefined);
  return {
    hosts: places(HOST),
    shapes: PROCESS_SHAPES.filter(mayFit).map((shape) => ({
      kind: shape.kind,
      when: (shape.when ?? []).map(([from, texts]) => ({ places: places(from), texts })),
      isGeneral: shape.start !== undefined,
      pid: places(shape.pid),
      guid: places(shape.guid),
      parentPid: places(shape.parentPid),
      parentGuid: places(shape.parentGuid),
      fields: fieldPlaces(shape.fields),
      parentFields: fieldPlaces(shape.parentFields),
    })),
  };
}
