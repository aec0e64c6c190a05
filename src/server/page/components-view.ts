/** Inputs, intelligence, outputs and the service itself: what came, went and was lost, with rates from the last two reports. */
import type { ComponentSnapshot } from '../../telemetry/component-counters.ts';
import type { FetchedSource, IntelligenceSource } from '../service-view.ts';
import type { StatusReport } from '../status-report.ts';
import { element } from './element.ts';
import { bytes, count, plural, rate, shortCount, span } from './format.ts';

export function inputsView(report: StatusReport, previous: StatusReport | undefined): Node {
  const inputs = componentsOf(report, 'input');
  if (inputs.length === 0) return quiet('No inputs. Start one with flint run --listen gelf+udp://127.0.0.1:12201');
  const blocks = inputs.map((input) => {
    const listener = report.service.listeners.find((one) => one.name === input.name);
    const address =
      listener === undefined ? '' : `${listener.protocol}+${listener.transport} ${listener.address}${listener.path}`;
    return block(input.name, address, `${rate(perSecond(report, previous, input, 'received_records'))} /s`, [
      `${shortCount(input.counts['received_records'] ?? 0)} records`,
      bytes(input.counts['received_bytes'] ?? 0),
      ...losses(input),
    ]);
  });
  return element('ul', { class: 'blocks' }, ...blocks);
}

export function sinksView(report: StatusReport, previous: StatusReport | undefined): Node {
  const sinks = componentsOf(report, 'sink');
  const blocks = sinks.map((sink) => {
    const waiting = sink.gauges['queue_messages'];
    return block(sink.name, '', `${rate(perSecond(report, previous, sink, 'delivered'))} /s`, [
      `${shortCount(sink.counts['delivered'] ?? 0)} delivered`,
      ...(waiting === undefined ? [] : [`${count(waiting)} waiting`]),
      ...(sink.gauges['clients'] === undefined ? [] : [plural(sink.gauges['clients'], 'viewer')]),
      ...losses(sink),
    ]);
  });
  return element('ul', { class: 'blocks' }, ...blocks);
}

export function intelligenceView(report: StatusReport): Node {
  const { intelligence, sources } = report.service;
  if (intelligence.length === 0 && sources.length === 0) {
    const hasRules = Object.values(report.service.rules).some((number) => number > 0);
    const without = hasRules
      ? 'None is loaded: only rules look at the records.'
      : 'Nothing is loaded, so nothing can be found.';
    return quiet(`${without} Give some with --intel PATH or URL.`);
  }
  return element(
    'ul',
    { class: 'blocks' },
    ...sources.map((source) => fetchedBlock(source, report.nowMs)),
    ...intelligence.map((source) => sourceBlock(source, report.nowMs)),
  );
}

export function serviceView(report: StatusReport): Node {
  const { service } = report;
  const rows: (readonly [string, string])[] = [
    ['mode', service.mode],
    ['workers', count(service.workers)],
    ...(service.dataDir === undefined ? [] : [['data directory', service.dataDir] as const]),
    ...service.configuration.filter(({ value }) => value !== '').map(({ key, value }) => [key, value] as const),
  ];
  if (service.lastReload !== undefined) {
    const { atMs, ok, message } = service.lastReload;
    rows.push([ok ? 'reloaded' : 'reload refused', `${span(report.nowMs - atMs)} ago: ${message}`]);
  }
  const entries = rows.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]);
  return element('dl', { class: 'pairs' }, ...entries);
}

/**
 * Records and alerts lost anywhere, by component and reason, greatest first. The page's own stream is no loss of data, and what a
 * feed leaves out is neither a record nor an alert.
 */
export function lossesOf(
  report: StatusReport,
): { readonly where: string; readonly reason: string; readonly count: number }[] {
  return report.components
    .filter(
      (component) =>
        component.component !== 'feed' && component.component !== 'state' && component.name !== 'live-view',
    )
    .flatMap((component) =>
      droppedOf(component).map(([reason, dropped]) => ({ where: component.name, reason, count: dropped })),
    )
    .filter((loss) => loss.count > 0)
    .sort((a, b) => b.count - a.count);
}

function componentsOf(report: StatusReport, kind: ComponentSnapshot['component']): ComponentSnapshot[] {
  return report.components.filter((component) => component.component === kind);
}

function perSecond(
  report: StatusReport,
  previous: StatusReport | undefined,
  component: ComponentSnapshot,
  what: string,
): number {
  const before = previous?.components.find(
    (one) => one.component === component.component && one.name === component.name,
  );
  if (previous === undefined || before === undefined || report.nowMs <= previous.nowMs) return 0;
  const gained = (component.counts[what] ?? 0) - (before.counts[what] ?? 0);
  return Math.max(0, gained / ((report.nowMs - previous.nowMs) / 1000));
}

/** A source that is fetched: how it is doing, whatever it has given. */
function fetchedBlock(source: FetchedSource, nowMs: number): HTMLElement {
  const { lastSuccessMs, lastError, nextPollMs, running, failures, objects } = source;
  const next = running
    ? 'being asked'
    : nextPollMs === undefined || nextPollMs <= nowMs
      ? 'due'
      : `asked again in ${span(nextPollMs - nowMs)}`;
  return block(
    source.name,
    `${source.type}, every ${span(source.everySeconds * 1000)}`,
    objects === undefined ? '–' : count(objects),
    [
      lastSuccessMs === undefined ? 'never fetched' : `fetched ${span(nowMs - lastSuccessMs)} ago`,
      next,
      ...(failures > 1 ? [note(`failed ${plural(failures, 'time')}`, 'bad')] : []),
      ...(lastError === undefined ? [] : [note(lastError, 'bad')]),
    ],
  );
}

function sourceBlock(source: IntelligenceSource, nowMs: number): HTMLElement {
  const kinds = Object.entries(source.byKind).sort((a, b) => b[1] - a[1]);
  const age = source.lastSuccessMs === undefined ? 'never loaded' : `current ${span(nowMs - source.lastSuccessMs)} ago`;
  const skipped = Object.entries(source.skipped).map(([reason, skippedCount]) =>
    note(`${count(skippedCount)} left out: ${readableName(reason)}`, 'quiet'),
  );
  return block(source.name, source.sample ? `${source.format}, sample` : source.format, count(source.indicators), [
    age,
    kinds.map(([kind, kindCount]) => `${shortCount(kindCount)} ${kind}`).join(', '),
    ...skipped,
    ...(source.lastError === undefined ? [] : [note(source.lastError, 'bad')]),
  ]);
}

/** What the kernel dropped before the input saw it is lost all the same. */
function droppedOf(component: ComponentSnapshot): [reason: string, count: number][] {
  const byKernel = component.counts['kernel_dropped_datagrams'] ?? 0;
  return [...Object.entries(component.dropped), ['dropped by the kernel', byKernel]];
}

function losses(component: ComponentSnapshot): Node[] {
  const dropped = droppedOf(component).filter(([, value]) => value > 0);
  const errors = Object.entries(component.errors).filter(([, value]) => value > 0);
  return [
    ...dropped.map(([reason, value]) => note(`${count(value)} lost: ${readableName(reason)}`, 'bad')),
    ...errors.map(([code, value]) => note(`${count(value)} × ${code}`, 'warn')),
  ];
}

function block(name: string, detail: string, figure: string, facts: readonly (string | Node)[]): HTMLElement {
  return element(
    'li',
    { class: 'block' },
    element(
      'div',
      { class: 'block-head' },
      element('span', { class: 'block-name' }, name),
      element('span', { class: 'block-figure' }, figure),
    ),
    detail === '' ? undefined : element('p', { class: 'block-detail' }, detail),
    element(
      'p',
      { class: 'facts' },
      ...facts.map((fact) => (typeof fact === 'string' ? element('span', {}, fact) : fact)),
    ),
  );
}

/** `queue_full` and `other-object` in words. */
function readableName(name: string): string {
  return name.replaceAll(/[_-]/g, ' ');
}

function note(text: string, kind: 'bad' | 'warn' | 'quiet'): HTMLElement {
  return element('span', { class: kind }, text);
}

function quiet(text: string): HTMLElement {
  return element('p', { class: 'quiet' }, text);
}
