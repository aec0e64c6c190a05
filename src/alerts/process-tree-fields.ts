/**
 * The remembered process of an event and its ancestors in an alert: the process and its parent in their ECS places where the event itself
 * does not name them, the whole line of ancestors under `flint.process_tree`. Bounded in depth and in the length of command lines.
 */
import type { AlertFlint } from '../core/alert.ts';
import type { ProcessTree, TreeProcess } from '../core/process-tree.ts';
import { jsonLine, jsonText, membersOf } from '../core/json-text.ts';
import { cutUtf8, isShort } from '../core/text-limit.ts';
import { baseName } from '../core/base-name.ts';
import { PlacedValues } from './placed-values.ts';

/** Nearest ancestors shown; further ones are counted. */
const MAX_ANCESTORS = 16;
/** Bytes of one text of an ancestor. */
const MAX_ANCESTOR_BYTES = 2048;

export function processTreeFields(tree: ProcessTree | undefined): Pick<AlertFlint, 'process_tree'> {
  if (tree === undefined || tree.ancestors.length === 0) return {};
  const omitted = Math.max(0, tree.ancestors.length - MAX_ANCESTORS);
  return {
    process_tree: {
      ancestors: tree.ancestors.slice(omitted).map(limited),
      complete: tree.complete,
      ...(omitted > 0 && { omitted }),
    },
  };
}

/** `processTreeFields` as JSON: members of an object, each with a comma in front. */
export function processTreeJson(tree: ProcessTree): string {
  const { ancestors, complete } = tree;
  if (ancestors.length === 0) return '';
  if (ancestors.length > MAX_ANCESTORS) return membersOf(jsonLine(processTreeFields(tree)));
  let json = '';
  for (let i = 0; i < ancestors.length; i++) {
    const ancestor = processJson(ancestors[i] as TreeProcess);
    if (ancestor === undefined) return membersOf(jsonLine(processTreeFields(tree)));
    json += i === 0 ? ancestor : `,${ancestor}`;
  }
  return `,"process_tree":{"ancestors":[${json}],"complete":${complete}}`;
}

/** Undefined when a text may have to be cut. */
function processJson(process: TreeProcess): string | undefined {
  let json = '';
  for (const name of Object.keys(process)) {
    const value = process[name as keyof TreeProcess];
    if (value === undefined) continue;
    if (typeof value === 'string' && !isShort(value, MAX_ANCESTOR_BYTES)) return undefined;
    json += `${json === '' ? '{' : ','}"${name}":${typeof value === 'string' ? jsonText(value) : value}`;
  }
  return `${json}}`;
}

const OWN = 'process.';
const PARENT = 'process.parent.';

/** The places with what memory knows of the process and of its parent, where the event does not say it itself. */
export function withProcesses(places: PlacedValues, tree: ProcessTree): PlacedValues {
  return withOwn(withParent(places, tree), tree);
}

function withOwn(places: PlacedValues, { own }: ProcessTree): PlacedValues {
  if (own === undefined) return places;
  const pid = places.get(`${OWN}pid`);
  const program = places.get(`${OWN}executable`);
  // Another process than the one that the event names.
  if (pid !== undefined && String(pid) !== own.pid) return places;
  if (program !== undefined && !isSameProgram(String(program), own.executable)) return places;
  const all = new PlacedValues();
  for (const [i, place] of places.places.entries()) all.add(place, places.values[i] as string | number);
  for (const [known, value] of rememberedPlaces(own, OWN)) {
    const isSaid = all.has(known) || (known === `${OWN}user.name` && all.has('user.name'));
    if (!isSaid) all.add(known, value);
  }
  return all;
}

function isSameProgram(told: string, remembered: string | undefined): boolean {
  return remembered === undefined || baseName(told).toLowerCase() === baseName(remembered).toLowerCase();
}

function withParent(places: PlacedValues, { ancestors }: ProcessTree): PlacedValues {
  const parent = ancestors.at(-1);
  if (parent === undefined) return places;
  // Another process than the one that the event names: its fields do not belong together.
  const pid = places.get(`${PARENT}pid`);
  if (pid !== undefined && String(pid) !== parent.pid) return places;
  const remembered = rememberedPlaces(parent, PARENT);
  const all = new PlacedValues();
  for (const [i, place] of places.places.entries()) {
    if (place.startsWith(PARENT)) for (const [known, text] of remembered) all.set(known, places.get(known) ?? text);
    all.set(place, places.values[i] as string | number);
  }
  for (const [known, text] of remembered) if (!all.has(known)) all.add(known, text);
  return all;
}

function rememberedPlaces(process: TreeProcess, at: typeof OWN | typeof PARENT): [string, string | number][] {
  const { pid, executable, command_line, guid, user } = process;
  const all: readonly (readonly [string, string | number | undefined])[] = [
    [`${at}pid`, /^\d{1,10}$/.test(pid) ? Number(pid) : undefined],
    [`${at}executable`, executable],
    [`${at}name`, executable === undefined ? undefined : baseName(executable)],
    [`${at}command_line`, command_line],
    [`${at}entity_id`, guid],
    [`${at}start`, process.start_assumed === true ? undefined : process.start],
    [`${at}user.name`, user],
  ];
  return all.filter((one): one is [string, string | number] => one[1] !== undefined);
}

function limited(process: TreeProcess): TreeProcess {
  return Object.fromEntries(
    Object.entries(process).map(([name, value]) => [
      name,
      typeof value === 'string' ? cutUtf8(value, MAX_ANCESTOR_BYTES) : value,
    ]),
  ) as unknown as TreeProcess;
}
