/**
 * Fields that rules may use although the record has none: `ParentImage`, `ParentCommandLine`, `ParentUser`, … of the parent;
 * `GrandparentImage`, … of its parent; `AncestorImage`, … of all ancestors, the parent first, as a list (a test holds when any of
 * them satisfies it). The same for ECS: `process.parent.executable`, `process.parent.command_line`. A field that the record does
 * have always wins.
 */
import type { EventObject, EventValue } from '../../core/event.ts';
import { hasField } from '../../core/field-path.ts';
import type { EventPlace } from '../event-place.ts';
import { PROCESS_PROPERTIES, type ProcessEvent } from './process-event.ts';
import type { ProcessMemory, ProcessRecord } from './process-memory.ts';

type Relation = 'parent' | 'grandparent' | 'ancestor';

interface DerivedField {
  readonly relation: Relation;
  readonly property: string;
}

const PREFIXES: readonly (readonly [string, Relation])[] = [
  ['Parent', 'parent'],
  ['Grandparent', 'grandparent'],
  ['Ancestor', 'ancestor'],
];
const ECS_PROPERTIES: Readonly<Record<string, string>> = {
  executable: 'Image',
  command_line: 'CommandLine',
  pid: 'ProcessId',
  entity_id: 'ProcessGuid',
  'user.name': 'User',
  working_directory: 'CurrentDirectory',
};

/** Name of a derived field to what it stands for. */
export const DERIVED_PROCESS_FIELDS: ReadonlyMap<string, { readonly relation: Relation; readonly property: string }> =
  new Map([
    ...PREFIXES.flatMap(([prefix, relation]) =>
      PROCESS_PROPERTIES.map((property) => [`${prefix}${property}`, { relation, property }] as [string, DerivedField]),
    ),
    ...Object.entries(ECS_PROPERTIES).flatMap(([name, property]) => [
      [`process.parent.${name}`, { relation: 'parent', property }] as [string, DerivedField],
      [`process.ancestors.${name}`, { relation: 'ancestor', property }] as [string, DerivedField],
    ]),
  ]);

/** Answers derived fields of one event. Made once per event that a rule with such fields is tried on. */
export class ProcessFields {
  readonly #memory: ProcessMemory<unknown>;
  readonly #fields: EventObject;
  readonly #process: ProcessEvent | undefined;
  #chain: readonly ProcessRecord[] | undefined;

  /** `fields` as rules see them; `process` from `processEventOf` on the record as it came. */
  constructor(memory: ProcessMemory<unknown>, fields: EventObject, process: ProcessEvent | undefined) {
    this.#memory = memory;
    this.#fields = fields;
    this.#process = process;
  }

  /** Value of a derived field; undefined when it is none, when the record has it itself, or when nobody knows. */
  value(name: string): EventValue | undefined {
    const derived = DERIVED_PROCESS_FIELDS.get(name);
    if (derived === undefined || this.#process === undefined || hasField(this.#fields, name)) return undefined;
    this.#chain ??= this.#memory.ancestryOf(this.#process).chain;
    const property = (record: ProcessRecord): string[] =>
      Object.hasOwn(record.fields, derived.property) ? [record.fields[derived.property] as string] : [];
    if (derived.relation === 'parent') return this.#chain.slice(0, 1).flatMap(property)[0];
    if (derived.relation === 'grandparent') return this.#chain.slice(1, 2).flatMap(property)[0];
    const values = this.#chain.flatMap(property);
    return values.length === 0 ? undefined : values;
  }
}

/**
 * The event's fields with the derived ones among `names` added, as far as they are known: what to match rules on that use them.
 * The same object when nothing is added. Absent parents stay absent, so `ParentImage: null` and negations see what is known.
 */
export function withProcessFields(
  memory: ProcessMemory<unknown>,
  fields: EventObject,
  process: ProcessEvent | undefined,
  names: Iterable<string>,
): EventObject {
  if (process === undefined) return fields;
  const derived = new ProcessFields(memory, fields, process);
  const added: [string, EventValue][] = [];
  for (const name of names) {
    const value = derived.value(name);
    if (value !== undefined) added.push([name, value]);
  }
  return added.length === 0 ? fields : { ...fields, ...Object.fromEntries(added) };
}

/** One process of the tree that an alert shows. */
export interface TreeProcess {
  readonly pid: string;
  readonly guid?: string;
  readonly executable?: string;
  readonly command_line?: string;
  readonly user?: string;
  /** RFC 3339; absent when its start was not seen. */
  readonly start?: string;
  /** The event that told of the start. */
  readonly place?: EventPlace;
}

export interface ProcessTree {
  /** From the oldest known ancestor down to the parent. */
  readonly ancestors: readonly TreeProcess[];
  /** False when a further parent is named but not known. */
  readonly complete: boolean;
}

/** The real ancestors of an event's process, with command lines. */
export function processTreeOf(memory: ProcessMemory<unknown>, process: ProcessEvent): ProcessTree {
  const { chain, complete } = memory.ancestryOf(process);
  return { ancestors: chain.map(treeProcess).reverse(), complete };
}

function treeProcess(record: ProcessRecord): TreeProcess {
  const { Image, CommandLine, User } = record.fields;
  return {
    pid: record.pid,
    ...(record.guid === undefined ? {} : { guid: record.guid }),
    ...(Image === undefined ? {} : { executable: Image }),
    ...(CommandLine === undefined ? {} : { command_line: CommandLine }),
    ...(User === undefined ? {} : { user: User }),
    ...(record.started ? { start: new Date(record.startMs).toISOString() } : {}),
    ...(record.place === undefined ? {} : { place: record.place }),
  };
}
