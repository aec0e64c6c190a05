/**
 * AlertDetail: everything about one alert, in a drawer. A native modal dialog: Escape closes it, focus stays inside and returns.
 * References are shown as text and never as links: they come from feeds.
 */
import type { Alert } from '../../core/alert.ts';
import type { EventObject } from '../../core/event.ts';
import type { MatchedField } from '../../core/match.ts';
import { eventsSection, processSection } from './alert-story.ts';
import type { AlertItem } from './api.ts';
import { copyButton } from './copy-button.ts';
import { button, type Child, element } from './element.ts';
import { utcTime } from './format.ts';
import { highlight } from './highlight.ts';
import { prettyJson } from './pretty-json.ts';

export interface DetailActions {
  readonly close: () => void;
  /** 1: the next (older) alert; -1: the previous one. */
  readonly move: (step: 1 | -1) => void;
}

export function showDetail(dialog: HTMLDialogElement, item: AlertItem, actions: DetailActions): void {
  const { alert, level } = item;
  dialog.className = `detail ${level}`;
  dialog.replaceChildren(
    element(
      'header',
      { class: 'detail-head' },
      element(
        'div',
        { class: 'detail-tags' },
        element('span', { class: `level ${level}` }, level),
        element('span', { class: 'tag' }, alert.flint.engine),
        validity(alert),
      ),
      element(
        'div',
        { class: 'detail-actions' },
        button('↑', { class: 'ghost', 'aria-label': 'Newer alert' }, () => actions.move(-1)),
        button('↓', { class: 'ghost', 'aria-label': 'Older alert' }, () => actions.move(1)),
        button('✕', { class: 'ghost', 'aria-label': 'Close' }, actions.close),
      ),
      element('h2', { id: 'detail-title' }, alert.rule.name),
      element(
        'p',
        { class: 'quiet' },
        `${utcTime(alert['@timestamp'])} UTC · record ${alert.flint.input.record} of `,
        alert.flint.input.path,
      ),
    ),
    element(
      'div',
      { class: 'detail-body' },
      matchedSection(alert),
      section('Indicator', indicatorRows(alert)),
      section('Event', eventRows(alert)),
      processSection(alert),
      eventsSection(alert),
      originalSection(alert),
      section('Rule', ruleRows(alert)),
      rawSection(alert),
    ),
  );
  if (!dialog.open) dialog.showModal();
}

type Row = readonly [name: string, value: string | undefined];

/** One row for each value, with all that it matches: a rule often asks several things of one long text. */
function matchedSection(alert: Alert): HTMLElement {
  const byValue = new Map<string, MatchedField[]>();
  for (const one of alert.flint.matched) {
    const key = JSON.stringify([one.field, one.value]);
    byValue.set(key, [...(byValue.get(key) ?? []), one]);
  }
  const rows = [...byValue.values()].flatMap((same) => same.slice(0, 1).map((one) => matchedRow(one, same)));
  const omitted = alert.flint.matched_omitted ?? 0;
  return element(
    'section',
    {},
    element('h3', {}, 'Why'),
    element(
      'div',
      { class: 'scroll' },
      element(
        'table',
        { class: 'matched' },
        element(
          'thead',
          {},
          element('tr', {}, ...['Field', 'Value', 'Matches'].map((head) => element('th', { scope: 'col' }, head))),
        ),
        element('tbody', {}, ...rows),
      ),
    ),
    omitted === 0 ? undefined : element('p', { class: 'quiet' }, `and ${omitted} more`),
  );
}

function matchedRow({ field, value }: MatchedField, same: readonly MatchedField[]): HTMLElement {
  const matches = same.map(({ item, how }) =>
    element('div', {}, element('code', {}, item), element('span', { class: 'quiet' }, ` ${how}`)),
  );
  return element(
    'tr',
    {},
    element('td', {}, element('code', {}, field)),
    element('td', {}, element('div', { class: 'value' }, element('mark', {}, value))),
    element('td', {}, ...matches),
  );
}

function section(title: string, rows: readonly Row[]): HTMLElement | undefined {
  const known = rows.filter((row): row is readonly [string, string] => row[1] !== undefined && row[1] !== '');
  if (known.length === 0) return undefined;
  const entries = known.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]);
  return element('section', {}, element('h3', {}, title), element('dl', { class: 'pairs' }, ...entries));
}

function eventRows(alert: Alert): Row[] {
  const objects: readonly (keyof Alert)[] = ['host', 'user', 'source', 'destination', 'url', 'dns', 'process', 'file'];
  const rows: Row[] = objects.flatMap((name) => flatten(name, alert[name] as EventObject | undefined));
  for (const [name, value] of Object.entries(alert.flint.group ?? {})) rows.push([`group: ${name}`, value]);
  if (alert.flint.withdrawn === true) rows.push(['withdrawn', 'what became known later speaks against it']);
  if (alert.flint.count !== undefined)
    rows.push([alert.flint.group === undefined ? 'times' : 'events', String(alert.flint.count)]);
  return rows;
}

function indicatorRows(alert: Alert): Row[] {
  const indicator = alert.threat?.indicator;
  if (indicator === undefined) return [];
  const others = alert.threat?.enrichments?.length ?? 0;
  return [
    ['type', indicator.type],
    ['name', indicator.name],
    [
      'value',
      indicator.value ?? indicator.ip ?? indicator.url?.full ?? indicator.email?.address ?? indicator.file?.name,
    ],
    ['pattern', alert.flint.pattern],
    ['description', indicator.description],
    ['provider', indicator.provider],
    ['confidence', indicator.confidence === undefined ? undefined : `${indicator.confidence} of 100`],
    ['TLP', indicator.marking?.tlp],
    ['first seen', indicator.first_seen],
    ['last seen', indicator.last_seen],
    ['modified', indicator.modified_at],
    ['reference', indicator.reference],
    ['id', indicator.id],
    ['named by', others > 1 ? `${others} sources` : undefined],
  ];
}

function ruleRows(alert: Alert): Row[] {
  return [
    ['id', alert.rule.id],
    ['description', alert.rule.description],
    ['author', alert.rule.author?.join(', ')],
    ['license', alert.rule.license],
    ['reference', alert.rule.reference],
    ['techniques', alert.threat?.technique?.id.join(', ')],
    ['tactics', alert.threat?.tactic?.name?.join(', ')],
    ['tags', alert.tags?.join(', ')],
  ];
}

function originalSection(alert: Alert): HTMLElement | undefined {
  const { original } = alert.event;
  if (original === undefined) return undefined;
  // Of a rule over several events the values are counts, which stand nowhere in the record.
  const needles = alert.flint.group === undefined ? alert.flint.matched : [];
  const pieces: Child[] = highlight(prettyJson(original), needles).map((piece) =>
    piece.kind === 'plain' ? piece.text : element('mark', piece.kind === 'field' ? { class: 'field' } : {}, piece.text),
  );
  return element(
    'section',
    {},
    element('h3', {}, 'Record', copyButton(original, 'Copy record')),
    element('pre', { class: 'record', tabindex: 0 }, ...pieces),
    alert.event.original_truncated ? element('p', { class: 'quiet' }, 'cut off: the record is longer') : undefined,
  );
}

function rawSection(alert: Alert): HTMLElement {
  const text = JSON.stringify(alert, undefined, 2);
  return element(
    'details',
    {},
    element('summary', {}, 'Alert as JSON'),
    copyButton(text, 'Copy JSON'),
    element('pre', { class: 'record', tabindex: 0 }, text),
  );
}

function validity(alert: Alert): HTMLElement | undefined {
  const { validity: when } = alert.flint;
  if (when === undefined || when === 'within') return undefined;
  const text = when === 'before' ? 'before its validity' : 'after its validity';
  return element('span', { class: 'tag' }, text);
}

/** Scalars of an ECS object as dotted names. */
function flatten(prefix: string, object: EventObject | undefined): Row[] {
  return Object.entries(object ?? {}).flatMap(([name, value]): Row[] => {
    const path = `${prefix}.${name}`;
    if (value === null) return [];
    if (Array.isArray(value))
      return [[path, value.map((one) => (typeof one === 'object' ? JSON.stringify(one) : String(one))).join(', ')]];
    if (typeof value === 'object') return flatten(path, value as EventObject);
    return [[path, String(value)]];
  });
}
