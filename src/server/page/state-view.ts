/** What rules over several events remember: how much of it by rule, and what was late, given up or not waited with. */
import type { StateReport } from '../../state/snapshot/stateful-part.ts';
import type { StateTotals, StatusReport } from '../status-report.ts';
import { element } from './element.ts';
import { bytes, plural, shortCount } from './format.ts';

/** Undefined when no rule spans events. */
export function stateView({ rules, others }: StatusReport['state']): Node | undefined {
  if (rules.length === 0) return undefined;
  const blocks = rules.map((report) =>
    block(element('span', { class: 'block-name', title: report.rule }, report.name), whatItIs(report), report),
  );
  if (others.rules > 0)
    blocks.push(block(element('span', { class: 'block-name' }, plural(others.rules, 'other rule')), '', others.total));
  return element(
    'div',
    {},
    element('ul', { class: 'blocks' }, ...blocks),
    element('p', { class: 'quiet' }, 'flint state show RULE tells what stands in the windows, and what is missing'),
  );
}

function block(name: Node, what: string, report: StateReport | StateTotals): Node {
  return element(
    'li',
    { class: 'block' },
    element('div', { class: 'block-head' }, name, element('span', { class: 'block-figure' }, bytes(report.bytes))),
    what === '' ? undefined : element('p', { class: 'block-detail' }, what),
    element('p', { class: 'facts' }, ...factsOf(report)),
  );
}

function whatItIs({ engine, budgetBytes }: StateReport): string {
  return budgetBytes === undefined ? engine : `${engine}, of ${bytes(budgetBytes)} for all of its kind`;
}

function factsOf({
  groups,
  entries,
  waiting,
  late,
  early = 0,
  ungrouped = 0,
  evicted,
  undecided = 0,
}: StateReport | StateTotals): Node[] {
  const losses: readonly (readonly [number, string])[] = [
    [late, 'came too late'],
    [early, 'not waited with'],
    [ungrouped, 'without a group'],
    [evicted, 'given up for want of memory'],
    [undecided, 'searches given up'],
  ];
  return [
    element('span', {}, plural(groups, 'group')),
    element('span', {}, `${shortCount(entries)} remembered`),
    ...(waiting === 0 ? [] : [element('span', {}, `${shortCount(waiting)} may still change`)]),
    ...losses.flatMap(([number, what]) =>
      number === 0 ? [] : [element('span', { class: 'warn' }, `${shortCount(number)} ${what}`)],
    ),
  ];
}
