/**
 * The remembered ancestors of a process in an alert: the parent in its ECS place where the event itself does not name it, the whole
 * line of ancestors under `flint.process_tree`. Bounded in depth and in the length of command lines.
 */
import type { AlertFlint } from '../core/alert.ts';
import type { ProcessTree, TreeProcess } from '../core/process-tree.ts';
import { cutUtf8 } from '../core/text-limit.ts';
import { baseName } from '../core/base-name.ts';
import type { PlacedValues } from './ecs-fields.ts';

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

const PARENT = 'process.parent.';

/** The places with what memory knows of the parent, where the event does not say it itself. */
export function withParent(places: PlacedValues, { ancestors }: ProcessTree): PlacedValues {
  const parent = ancestors.at(-1);
  if (parent === undefined) return places;
  // Another process than the one that the event names: its fields do not belong together.
  const pid = places.get(`${PARENT}pid`);
  if (pid !== undefined && String(pid) !== parent.pid) return places;
  const remembered = rememberedPlaces(parent);
  const all = new Map<string, string | number>();
  for (const [place, value] of places) {
    if (place.startsWith(PARENT)) for (const [known, text] of remembered) all.set(known, places.get(known) ?? text);
    all.set(place, value);
  }
  for (const [known, text] of remembered) if (!all.has(known)) all.set(known, text);
  return all;
}

function rememberedPlaces(parent: TreeProcess): [string, string | number][] {
  const { pid, executable, command_line, guid, user } = parent;
  const all: readonly (readonly [string, string | number | undefined])[] = [
    ['pid', /^\d{1,10}$/.test(pid) ? Number(pid) : undefined],
    ['executable', executable],
    ['name', executable === undefined ? undefined : baseName(executable)],
    ['command_line', command_line],
    ['entity_id', guid],
    ['start', parent.start_assumed === true ? undefined : parent.start],
    ['user.name', user],
  ];
  return all.flatMap(([name, value]) => (value === undefined ? [] : [[PARENT + name, value]]));
}

function limited(process: TreeProcess): TreeProcess {
  return Object.fromEntries(
    Object.entries(process).map(([name, value]) => [
      name,
      typeof value === 'string' ? cutUtf8(value, MAX_ANCESTOR_BYTES) : value,
    ]),
  ) as unknown as TreeProcess;
}
