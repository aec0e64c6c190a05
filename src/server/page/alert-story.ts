/**
 * AlertStory: what came before an alert, in its drawer. The line of processes from the oldest remembered ancestor down to the process
 * itself, and the earlier events that a rule over several events counted, each with its record behind it.
 */
import type { Alert, AlertEventReference } from '../../core/alert.ts';
import { baseName } from '../../core/base-name.ts';
import type { TreeProcess } from '../../core/process-tree.ts';
import { field } from './alert-summary.ts';
import { element } from './element.ts';
import { plural, utcTime } from './format.ts';
import { prettyJson } from './pretty-json.ts';

/** Undefined when no ancestor is remembered. */
export function processSection({ flint, process }: Alert): HTMLElement | undefined {
  const tree = flint.process_tree;
  if (tree === undefined || tree.ancestors.length === 0) return undefined;
  const own = { executable: field(process, 'executable') || field(process, 'name'), pid: field(process, 'pid') };
  const before =
    tree.omitted !== undefined && tree.omitted > 0
      ? `${plural(tree.omitted, 'older process', 'older processes')} not shown`
      : tree.complete
        ? undefined
        : 'its own parent is not known';
  const items = [
    ...tree.ancestors.map((one) => processItem(one)),
    processItem({ ...own, command_line: field(process, 'command_line') }, 'own'),
  ];
  return element(
    'section',
    {},
    element('h3', {}, 'Processes'),
    before === undefined ? undefined : element('p', { class: 'quiet' }, `… ${before}`),
    element('ol', { class: 'lineage' }, ...items),
  );
}

function processItem(one: TreeProcess, className = ''): HTMLElement {
  const { executable = '', command_line: commandLine = '', user, start } = one;
  const facts = [one.pid === '' ? undefined : `pid ${one.pid}`, user, start === undefined ? undefined : utcTime(start)];
  return element(
    'li',
    { class: className },
    element('strong', {}, baseName(executable) || 'unknown'),
    element('span', { class: 'quiet' }, ` ${facts.filter((fact) => fact !== undefined).join(' · ')}`),
    commandLine === '' && executable === '' ? undefined : element('code', {}, commandLine || executable),
  );
}

/** Undefined when the alert stands for one event only. */
export function eventsSection({ flint }: Alert): HTMLElement | undefined {
  const { events = [] } = flint;
  const [first] = events;
  if (first === undefined) return undefined;
  return element(
    'section',
    {},
    element('h3', {}, `Events of the rule (${events.length})`),
    ...events.map((event) => eventItem(event, first)),
  );
}

function eventItem({ '@timestamp': at, original }: AlertEventReference, first: AlertEventReference): HTMLElement {
  const since = sinceFirst(first['@timestamp'], at);
  const when = [utcTime(at), element('span', { class: 'quiet' }, ` ${since}`)];
  if (original === undefined) return element('p', {}, ...when);
  return element(
    'details',
    { class: 'event' },
    element('summary', {}, ...when),
    element('pre', { class: 'record', tabindex: 0 }, prettyJson(original)),
  );
}

/** `+5 s`, `+1.25 s`; empty for the same instant. */
function sinceFirst(from: string, to: string): string {
  const ms = Date.parse(to) - Date.parse(from);
  if (Number.isNaN(ms) || ms === 0) return '';
  return `${ms > 0 ? '+' : '-'}${Math.abs(ms) / 1000} s`;
}
