/** The status page: polls the report, follows the alerts, and gives each part of the document what it shows. */
import { ENGINES, LEVELS } from '../../core/level.ts';
import type { StatusReport } from '../status-report.ts';
import { showDetail } from './alert-detail.ts';
import { AlertList } from './alert-list.ts';
import { type AlertItem, fetchAlerts, fetchStatus, followAlerts } from './api.ts';
import { inputsView, intelligenceView, lossesOf, serviceView, sinksView } from './components-view.ts';
import { button, byId, element, setText } from './element.ts';
import { count, plural, rate, shortCount, span } from './format.ts';
import { drawSparkline } from './sparkline.ts';
import { TestCommandsView } from './test-commands-view.ts';
import { initTheme } from './theme.ts';
import { stateView } from './state-view.ts';
import { readViewState, type ViewState, writeViewState } from './view-state.ts';

const POLL_MS = 2000;
const SLOTS = 120;
const ANNOUNCE_MS = 5000;
/** The most frequent kinds of indicators; the others are one figure. */
const SHOWN_KINDS = 6;
const GRAVEST_FIRST = [...LEVELS].reverse();

let view: ViewState = readViewState();
let report: StatusReport | undefined;
let previous: StatusReport | undefined;
let loaded = false;
let connected = false;
let statusError = '';
let missed = 0;
let paused = false;
/** Alerts that came while paused, or since the last frame. */
let waiting: AlertItem[] = [];
let framePending = false;
let unannounced = 0;

const detail = byId('detail') as HTMLDialogElement;
const list = new AlertList(byId('alert-list'), openAlert);
const testCommands = new TestCommandsView(byId('try-body'));

initTheme();
initFilter();
initKeys();
showAlerts();
void pollStatus();
void startAlerts();
setInterval(announce, ANNOUNCE_MS);

async function pollStatus(): Promise<void> {
  try {
    const next = await fetchStatus();
    previous = report;
    report = next;
    statusError = '';
    showReport(next);
  } catch (error) {
    // The service is down, restarting or unreachable: say so and keep trying.
    statusError = error instanceof Error ? error.message : 'no answer';
  }
  showState();
  setTimeout(() => void pollStatus(), POLL_MS);
}

async function startAlerts(): Promise<void> {
  try {
    const recent = await fetchAlerts();
    list.add([...recent.alerts].reverse());
    loaded = true;
    showAlerts();
    if (view.alert !== '') openAlert(view.alert);
    followAlerts(`${recent.instance}-${recent.alerts[0]?.sequence ?? recent.total}`, {
      onOpen: () => setConnected(true),
      onLost: () => setConnected(false),
      onAlert: receive,
      onGap: (gap) => {
        missed += gap;
        showNotices();
      },
    });
  } catch {
    // As above; the state line already says that there is no answer.
    setTimeout(() => void startAlerts(), POLL_MS);
  }
}

function receive(item: AlertItem): void {
  waiting.push(item);
  if (waiting.length > 1000) waiting.shift();
  unannounced++;
  if (paused) {
    showPause();
  } else if (!framePending) {
    framePending = true;
    requestAnimationFrame(() => {
      framePending = false;
      if (!paused) takeWaiting();
    });
  }
}

function takeWaiting(): void {
  list.add(waiting);
  waiting = [];
  showAlerts();
}

function setConnected(now: boolean): void {
  connected = now;
  showState();
}

function showReport(now: StatusReport): void {
  const { service, rates, alerts } = now;
  setText(byId('version'), service.version);
  setText(byId('uptime'), `up ${span(now.nowMs - service.startedMs)}`);
  byId('logout').hidden = !now.tokenNeeded;

  const events = now.components
    .filter((one) => one.component === 'input')
    .map((one) => one.counts['received_records'] ?? 0);
  setText(byId('events-rate'), rate(recentMean(rates.events, 3)));
  setText(byId('events-total'), `${shortCount(events.reduce((sum, one) => sum + one, 0))} since the start`);
  drawSparkline(byId('events-spark'), 'events', rates.events, SLOTS);
  setText(byId('alerts-rate'), rate(recentMean(rates.alerts, 10)));
  setText(byId('alerts-total'), `${count(alerts.total)} since the start`);
  drawSparkline(byId('alerts-spark'), 'alerts', rates.alerts, SLOTS);
  showIntelligence(now);
  showLosses(now);

  byId('inputs').replaceChildren(inputsView(now, previous));
  byId('sinks').replaceChildren(sinksView(now, previous));
  byId('intelligence').replaceChildren(intelligenceView(now));
  const memory = stateView(now.state);
  byId('memory-card').hidden = memory === undefined;
  byId('memory').replaceChildren(...(memory === undefined ? [] : [memory]));
  byId('service').replaceChildren(serviceView(now));
  testCommands.update(now.testCommands);
  showNotices();
  if (list.size === 0) showAlerts();
}

/** Mean of the last rates, so that the figure can be read while it changes. */
function recentMean(rates: readonly number[], samples: number): number {
  const recent = rates.slice(-samples);
  return recent.length === 0 ? 0 : recent.reduce((sum, one) => sum + one, 0) / recent.length;
}

function showIntelligence({ service }: StatusReport): void {
  setText(byId('intel-total'), shortCount(service.intelligence.reduce((sum, one) => sum + one.indicators, 0)));
  const rules = Object.entries(service.rules).filter(([, number]) => number > 0);
  const sources = plural(service.intelligence.length, 'source');
  setText(
    byId('rules-total'),
    [sources, ...rules.map(([engine, number]) => plural(number, `${engine} rule`))].join(' · '),
  );
  const byKind = new Map<string, number>();
  for (const source of service.intelligence) {
    for (const [kind, number] of Object.entries(source.byKind)) byKind.set(kind, (byKind.get(kind) ?? 0) + number);
  }
  const kinds = [...byKind].sort((a, b) => b[1] - a[1]);
  const rest = kinds.slice(SHOWN_KINDS).reduce((sum, [, number]) => sum + number, 0);
  const shown = rest === 0 ? kinds : [...kinds.slice(0, SHOWN_KINDS), ['others', rest] as const];
  byId('intel-kinds').replaceChildren(
    ...shown.map(([kind, number]) =>
      element('span', { class: 'kind' }, `${kind} `, element('b', {}, shortCount(number))),
    ),
  );
}

function showLosses(now: StatusReport): void {
  const losses = lossesOf(now);
  const total = losses.reduce((sum, loss) => sum + loss.count, 0);
  setText(byId('lost-total'), shortCount(total));
  byId('lost-total').classList.toggle('bad', total > 0);
  const reasons = losses
    .slice(0, 3)
    .map((loss) => `${loss.where}: ${count(loss.count)} ${loss.reason.replaceAll('_', ' ')}`);
  setText(byId('lost-text'), total === 0 ? 'everything received was looked at and delivered' : reasons.join(' · '));
}

function showState(): void {
  const state = byId('state');
  const [kind, text] = stateNow();
  state.className = `pill ${kind}`;
  setText(byId('state-text'), text);
  document.body.classList.toggle('stale', kind === 'lost');
}

function stateNow(): readonly [kind: string, text: string] {
  if (statusError !== '') return ['lost', 'No connection, trying again'];
  if (report === undefined) return ['wait', 'Connecting'];
  if (!report.readiness.ready) return ['wait', 'Not ready yet'];
  return connected ? ['good', 'Watching'] : ['wait', 'Watching, live view reconnecting'];
}

function showNotices(): void {
  const notices: HTMLElement[] = [];
  const add = (kind: string, ...text: (string | Node)[]) =>
    notices.push(element('p', { class: `notice ${kind}` }, ...text));
  for (const reason of report?.readiness.reasons ?? []) add('warn', `Not ready: ${reason}`);
  const sources = report?.service.intelligence ?? [];
  if (sources.length > 0 && sources.every((source) => source.sample)) {
    add(
      'info',
      'Only the sample intelligence is loaded: good to try things out, no protection. Add yours with ',
      element('code', {}, '--intel PATH|URL'),
      '.',
    );
  }
  if (missed > 0)
    add(
      'warn',
      `${plural(missed, 'alert')} came too fast for this view and are not listed here. Outputs got them all.`,
    );
  const place = byId('notices');
  if (place.textContent !== notices.map((notice) => notice.textContent).join('')) place.replaceChildren(...notices);
}

function showAlerts(): void {
  list.setFilter(view);
  list.render(nothingToShow);
  const { passing, byLevel } = list.counts();
  const isFiltered = view.levels.size > 0 || view.engine !== '' || view.text !== '';
  setText(
    byId('alerts-count'),
    isFiltered ? `${count(passing)} of ${count(list.size)}` : list.size === 0 ? '' : count(list.size),
  );
  for (const level of GRAVEST_FIRST) {
    const node = byId(`level-${level}`);
    node.setAttribute('aria-pressed', String(view.levels.has(level)));
    setText(node.lastElementChild ?? node, shortCount(byLevel.get(level) ?? 0));
  }
}

function nothingToShow(): Node {
  if (!loaded) {
    const rows = Array.from({ length: 6 }, () => element('div', { class: 'row ghost-row' }));
    return element('div', { 'aria-busy': 'true', 'aria-label': 'loading alerts' }, ...rows);
  }
  if (list.size > 0) {
    return element(
      'div',
      { class: 'empty' },
      element('p', {}, 'No alert fits this filter.'),
      button('Clear the filter', { class: 'primary' }, () => changeView({ levels: new Set(), engine: '', text: '' })),
    );
  }
  const inputs = report?.service.listeners.length ?? 0;
  return element(
    'div',
    { class: 'empty' },
    element('p', { class: 'empty-title' }, 'No alerts yet'),
    element(
      'p',
      { class: 'quiet' },
      inputs === 0
        ? 'No input is listening.'
        : `Flint listens on ${plural(inputs, 'input')} and looks at every record.`,
    ),
    element('p', { class: 'quiet' }, 'To see one, send the log line shown under “Send a log line”.'),
  );
}

function changeView(change: Partial<ViewState>): void {
  view = { ...view, ...change };
  writeViewState(view);
  const text = byId('filter-text') as HTMLInputElement;
  if (text.value !== view.text) text.value = view.text;
  (byId('filter-engine') as HTMLSelectElement).value = view.engine;
  showAlerts();
}

function openAlert(id: string): void {
  const item = list.get(id);
  if (item === undefined) {
    changeView({ alert: '' });
    return;
  }
  changeView({ alert: id });
  showDetail(detail, item, { close: () => detail.close(), move: moveAlert });
}

function moveAlert(step: 1 | -1): void {
  const ids = list.shownIds();
  const next = ids[ids.indexOf(view.alert) + step];
  if (next !== undefined) openAlert(next);
}

function initFilter(): void {
  const levels = GRAVEST_FIRST.map((level) => {
    const node = button('', { class: `chip ${level}`, id: `level-${level}`, 'aria-pressed': 'false' }, () => {
      const chosen = new Set(view.levels);
      if (!chosen.delete(level)) chosen.add(level);
      changeView({ levels: chosen });
    });
    node.append(level === 'informational' ? 'info' : level, element('b', {}, '0'));
    return node;
  });
  byId('filter-levels').append(...levels);
  const engine = byId('filter-engine') as HTMLSelectElement;
  engine.append(
    element('option', { value: '' }, 'All engines'),
    ...ENGINES.map((name) => element('option', { value: name }, name)),
  );
  engine.value = view.engine;
  engine.addEventListener('change', () => changeView({ engine: engine.value }));
  const text = byId('filter-text') as HTMLInputElement;
  text.value = view.text;
  text.addEventListener('input', () => changeView({ text: text.value }));
  byId('filter').addEventListener('submit', (event) => event.preventDefault());
  byId('pause').addEventListener('click', () => setPaused(!paused));
  byId('new-alerts').addEventListener('click', () => setPaused(false));
  detail.addEventListener('close', () => changeView({ alert: '' }));
  detail.addEventListener('click', (event) => {
    if (event.target === detail) detail.close();
  });
}

function initKeys(): void {
  document.addEventListener('keydown', (event) => {
    const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === '/' && !detail.open) {
      event.preventDefault();
      byId('filter-text').focus();
    } else if (detail.open && (event.key === 'j' || event.key === 'k')) {
      moveAlert(event.key === 'j' ? 1 : -1);
    } else if (event.key === 'j' && document.activeElement === document.body) {
      list.focusFirst();
    }
  });
}

function setPaused(now: boolean): void {
  paused = now;
  if (!paused) takeWaiting();
  showPause();
}

function showPause(): void {
  const toggle = byId('pause');
  toggle.setAttribute('aria-pressed', String(paused));
  setText(toggle, paused ? 'Resume' : 'Pause');
  const fresh = byId('new-alerts');
  fresh.hidden = !paused || waiting.length === 0;
  setText(fresh, `Show ${plural(waiting.length, 'new alert')}`);
}

/** Tells screen readers how many came, not each one. */
function announce(): void {
  if (unannounced > 0) setText(byId('announce'), plural(unannounced, 'new alert'));
  unannounced = 0;
}
