/** What rules over several events remember: how much of it by rule, and what was late, given up or not waited with. */
import type { StateReport } from '../../state/snapshot/stateful-part.ts';
import { element } from './element.ts';
import { bytes, plural, shortCount } from './format.ts';

/** Rules with a block of their own; the others are counted. */
const SHOWN = 8;

/** Undefined when no rule spans events. */
export function stateView(reports: readonly StateReport[]): Node | undefined {
  if (reports.length === 0) return undefined;
  const greatest = reports.toSorted((a, b) => b.bytes - a.bytes);
  const blocks = greatest
    .slice(0, SHOWN)
    .map((report) =>
      element(
        'li',
        { class: 'block' },
        element(
          'div',
          { class: 'block-head' },
          element('span', { class: 'block-name', title: report.rule }, report.name),
          element('span', { class: 'block-figure' }, bytes(report.bytes)),
        ),
        element('p', { class: 'block-detail' }, whatItIs(report)),
        element('p', { class: 'facts' }, ...factsOf(report)),
      ),
    );
  const others = greatest.slice(SHOWN);
  const rest = others.reduce((sum, report) => sum + report.bytes, 0);
  return element(
    'div',
    {},
    element('ul', { class: 'blocks' }, ...blocks),
    others.length === 0
      ? undefined
      : element('p', { class: 'quiet' }, `${plural(others.length, 'other rule')}: ${bytes(rest)}`),
    element('p', { class: 'quiet' }, 'flint state show RULE tells what stands in the windows, and what is missing'),
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
}: StateReport): Node[] {
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
