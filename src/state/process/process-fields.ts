/**
 * Fields that rules may use although the record has none: `ParentImage`, `ParentCommandLine`, `ParentUser`, … of the parent;
 * `GrandparentImage`, … of its parent; `AncestorImage`, … of all ancestors, the parent first, as a list (a test holds when any of
 * them satisfies it). The same for ECS: `process.parent.executable`, `process.parent.command_line`. Where one start is told in several
 * records (auditd), each gets `Image`, `CommandLine`, … of the others. A field that the record does have always wins.
 */
import type { EventObject, EventValue } from '../../core/event.ts';
import { hasField } from '../../core/field-path.ts';
import type { ProcessTree, TreeProcess } from '../../core/process-tree.ts';
import { PROCESS_PROPERTIES, type ProcessEvent } from './process-event.ts';
import type { Ancestry, ProcessMemory } from './process-memory.ts';
import { NO_ROW } from './process-rows.ts';
import type { RememberedProcess } from './remembered-process.ts';

type Relation = 'self' | 'parent' | 'grandparent' | 'ancestor';

export interface DerivedField {
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
export const DERIVED_PROCESS_FIELDS: ReadonlyMap<string, DerivedField> = new Map([
  ...PREFIXES.flatMap(([prefix, relation]) =>
    PROCESS_PROPERTIES.map((property) => [`${prefix}${property}`, { relation, property }] as [string, DerivedField]),
  ),
  ...Object.entries(ECS_PROPERTIES).flatMap(([name, property]) => [
    [`process.parent.${name}`, { relation: 'parent', property }] as [string, DerivedField],
    [`process.ancestors.${name}`, { relation: 'ancestor', property }] as [string, DerivedField],
  ]),
]);

/** The field is one of the parent itself. */
export function isOfParent(name: string): boolean {
  return DERIVED_PROCESS_FIELDS.get(name)?.relation === 'parent';
}

const OWN_FIELDS: ReadonlySet<string> = new Set(PROCESS_PROPERTIES);

/** Answers derived fields of one event. */
export class ProcessFields {
  readonly process: ProcessEvent | undefined;
  readonly #memory: ProcessMemory<unknown>;
  readonly #fields: EventObject;
  #ancestry: Ancestry | undefined;

  /** `fields` as rules see them; `process` from `processEventOf`. */
  constructor(memory: ProcessMemory<unknown>, fields: EventObject, process: ProcessEvent | undefined) {
    this.#memory = memory;
    this.#fields = fields;
    this.process = process;
  }

  /**
   * True when a field of another process was asked for and the start of an ancestor that is named, or known from its children alone, was
   * not told of yet: what it says may change every answer. Which answers were found does not matter, so that events wait whatever
   * else was asked before.
   */
  get isMissing(): boolean {
    const ancestry = this.#ancestry;
    return ancestry !== undefined && (!ancestry.complete || ancestry.chain.some(({ started }) => !started));
  }

  /** Row of the parent, 0 when none is known; as if one of its fields had been asked for. */
  get parentRow(): number {
    if (this.process === undefined) return NO_ROW;
    this.#ancestry ??= this.#memory.ancestryOf(this.process);
    return this.#ancestry.chain[0]?.row ?? NO_ROW;
  }

  /** What a start that was not told of yet may answer; `isMissing` is to be asked before. */
  isUnknown(name: string): boolean {
    const derived = DERIVED_PROCESS_FIELDS.get(name);
    if (derived === undefined || this.#ancestry === undefined || hasField(this.#fields, name)) return false;
    if (derived.relation === 'ancestor') return this.isMissing;
    const record = this.#ancestry.chain[derived.relation === 'parent' ? 0 : 1];
    if (record === undefined) return this.isMissing;
    return !record.started && record.property(derived.property) === undefined;
  }

  /** Value of a derived field; undefined when it is none, when the record has it itself, or when nobody knows. */
  value(name: string): EventValue | undefined {
    return hasField(this.#fields, name) ? undefined : this.derived(name);
  }

  /** In words for people: which remembered process answers the field, or that none does; undefined when it is not derived. */
  fromOf(name: string): string | undefined {
    const derived = DERIVED_PROCESS_FIELDS.get(name);
    if (derived === undefined || this.process === undefined || hasField(this.#fields, name)) return undefined;
    this.#ancestry ??= this.#memory.ancestryOf(this.process);
    const { chain, complete } = this.#ancestry;
    const count = derived.relation === 'parent' ? 1 : derived.relation === 'grandparent' ? 2 : chain.length;
    const asked = chain.slice(derived.relation === 'grandparent' ? 1 : 0, count);
    const gap = complete ? '' : ', a further parent is named and unknown';
    if (asked.length === 0)
      return `process memory: no ${derived.relation} is known${gap}${this.#ruledOut(this.process)}`;
    const pids = asked.map(({ pid, started }) => `${pid}${started ? '' : ' (start not seen)'}`).join(', ');
    return `process memory: ${derived.relation} ${pids}${derived.relation === 'ancestor' ? gap : ''}`;
  }

  /** In words: whom a restart rules out. */
  #ruledOut(process: ProcessEvent): string {
    const before = this.#ancestry?.chain.length === 0 ? this.#memory.parentBeforeRestart(process) : undefined;
    return before === undefined ? '' : `, ${before.pid} ran before the machine restarted`;
  }

  /** As `value`, for callers that know that the record has no such field. */
  derived(name: string): EventValue | undefined {
    const { process } = this;
    if (process === undefined) return undefined;
    const derived = DERIVED_PROCESS_FIELDS.get(name);
    if (derived === undefined)
      return process.isJoined === true && OWN_FIELDS.has(name) ? ownValue(process, name) : undefined;
    this.#ancestry ??= this.#memory.ancestryOf(process);
    const { chain } = this.#ancestry;
    const { relation, property } = derived;
    if (relation === 'parent') return chain[0]?.property(property);
    if (relation === 'grandparent') return chain[1]?.property(property);
    const values = chain.flatMap((record) => record.property(property) ?? []);
    return values.length === 0 ? undefined : values;
  }
}

function ownValue(process: ProcessEvent, name: string): string | undefined {
  if (name === 'ProcessId') return process.pid;
  if (name === 'ProcessGuid') return process.guid;
  return Object.hasOwn(process.fields, name) ? process.fields[name] : undefined;
}

/** An event's process and its real ancestors, with command lines. */
export function processTreeOf(memory: ProcessMemory<unknown>, process: ProcessEvent): ProcessTree {
  const { chain, complete } = memory.ancestryOf(process);
  const own = memory.find(process);
  return { ...(own !== undefined && { own: treeProcess(own) }), ancestors: chain.map(treeProcess).reverse(), complete };
}

function treeProcess(record: RememberedProcess): TreeProcess {
  const { Image, CommandLine, User } = record.fields;
  return {
    pid: record.pid,
    ...(record.guid === undefined ? {} : { guid: record.guid }),
    ...(Image === undefined ? {} : { executable: Image }),
    ...(CommandLine === undefined ? {} : { command_line: CommandLine }),
    ...(User === undefined ? {} : { user: User }),
    ...(record.started ? { start: new Date(record.startMs).toISOString() } : {}),
    ...(record.started && record.startAssumed ? { start_assumed: true } : {}),
  };
}
