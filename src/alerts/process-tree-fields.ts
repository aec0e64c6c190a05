/**
 * The remembered ancestors of a process in an alert: the parent in its ECS place where the event itself does not name it, the whole
 * line of ancestors under `flint.process_tree`. Bounded in depth and in the length of command lines.
 */
import type { AlertFlint } from '../core/alert.ts';
import type { EventObject, EventValue } from '../core/event.ts';
import { isEventObject } from '../core/event.ts';
import type { ProcessTree, TreeProcess } from '../core/process-tree.ts';
import { cutUtf8 } from '../core/text-limit.ts';
import { baseName } from '../core/base-name.ts';
import type { EcsFields } from './ecs-fields.ts';

/** Nearest ancestors shown; further ones are counted. */
export const MAX_ANCESTORS = 16;
/** Bytes of one text of an ancestor. */
export const MAX_ANCESTOR_BYTES = 2048;

export function processTreeFields(tree: ProcessTree | undefined): Pick<AlertFlint, 'process_tree'> {
  if (tree === undefined) return {};
  const omitted = Math.max(0, tree.ancestors.length - MAX_ANCESTORS);
  return {
    process_tree: {
      ancestors: tree.ancestors.slice(omitted).map(limited),
      complete: tree.complete,
      ...(omitted > 0 && { omitted }),
    },
  };
}

/** The fields with what memory knows of the parent, where they do not say it themselves. */
export function withParent(fields: EcsFields, { ancestors }: ProcessTree): EcsFields {
  const parent = ancestors.at(-1);
  if (parent === undefined) return fields;
  const process: EventObject = fields['process'] ?? {};
  const own = Object.hasOwn(process, 'parent') ? process['parent'] : undefined;
  const told = isEventObject(own) ? own : {};
  // Another process than the one that the event names: its fields do not belong together.
  if (Object.hasOwn(told, 'pid') && String(told['pid']) !== parent.pid) return fields;
  const { executable, command_line, guid, user } = parent;
  const start = parent.start_assumed === true ? undefined : parent.start;
  const remembered: [string, EventValue][] = [
    ...(/^\d{1,10}$/.test(parent.pid) ? [['pid', Number(parent.pid)] as [string, EventValue]] : []),
    ...(executable === undefined
      ? []
      : ([
          ['executable', executable],
          ['name', baseName(executable)],
        ] as [string, EventValue][])),
    ...(command_line === undefined ? [] : [['command_line', command_line] as [string, EventValue]]),
    ...(guid === undefined ? [] : [['entity_id', guid] as [string, EventValue]]),
    ...(start === undefined ? [] : [['start', start] as [string, EventValue]]),
    ...(user === undefined ? [] : [['user', { name: user }] as [string, EventValue]]),
  ];
  return { ...fields, process: { ...process, parent: { ...Object.fromEntries(remembered), ...told } } };
}

function limited(process: TreeProcess): TreeProcess {
  return Object.fromEntries(
    Object.entries(process).map(([name, value]) => [
      name,
      typeof value === 'string' ? cutUtf8(value, MAX_ANCESTOR_BYTES) : value,
    ]),
  ) as unknown as TreeProcess;
}
