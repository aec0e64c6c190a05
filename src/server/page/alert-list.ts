/**
 * AlertList: the rows, newest first. Holds a bounded number of alerts, shows those that pass the filter, and keeps the rest out of
 * the document. An alert that comes again with the same id (the closing update of a suppression) replaces its row.
 */
import { type AlertSummary, searchText, summarize } from './alert-summary.ts';
import type { AlertItem } from './api.ts';
import { element } from './element.ts';
import { rowTime, utcTime } from './format.ts';
import type { ViewState } from './view-state.ts';

const KEPT = 1000;
const SHOWN = 250;

interface Entry {
  readonly item: AlertItem;
  readonly search: string;
  row: HTMLButtonElement | undefined;
}

export class AlertList {
  readonly #place: HTMLElement;
  readonly #open: (id: string) => void;
  /** By alert id, oldest first. */
  readonly #entries = new Map<string, Entry>();
  #filter: ViewState | undefined;

  constructor(place: HTMLElement, open: (id: string) => void) {
    this.#place = place;
    this.#open = open;
    place.addEventListener('keydown', (event) => this.#moveFocus(event));
  }

  get size(): number {
    return this.#entries.size;
  }

  get(id: string): AlertItem | undefined {
    return this.#entries.get(id)?.item;
  }

  /** Ids of the rows shown, newest first: the way of "next" and "previous". */
  shownIds(): string[] {
    return this.#shown().map((entry) => entry.item.alert.event.id);
  }

  /** How many alerts pass the filter, and how many of each level there are whatever the level filter says. */
  counts(): { readonly passing: number; readonly byLevel: ReadonlyMap<string, number> } {
    const byLevel = new Map<string, number>();
    let passing = 0;
    for (const entry of this.#entries.values()) {
      if (this.#passes(entry)) passing++;
      if (this.#passes(entry, true)) byLevel.set(entry.item.level, (byLevel.get(entry.item.level) ?? 0) + 1);
    }
    return { passing, byLevel };
  }

  /** Adds alerts, oldest first, without showing them yet. */
  add(items: readonly AlertItem[]): void {
    for (const item of items) {
      const id = item.alert.event.id;
      this.#entries.delete(id);
      this.#entries.set(id, { item, search: searchText(item.alert), row: undefined });
      const oldest = this.#entries.keys().next().value;
      if (this.#entries.size > KEPT && oldest !== undefined) this.#entries.delete(oldest);
    }
  }

  setFilter(filter: ViewState): void {
    this.#filter = filter;
  }

  /** Brings the rows up to date; rows that stay are not touched. `empty` is shown when there is nothing to show. */
  render(empty: () => Node): void {
    const rows = this.#shown().map((entry) => {
      entry.row ??= row(entry.item, summarize(entry.item.alert), this.#open);
      entry.row.classList.toggle('selected', entry.item.alert.event.id === this.#filter?.alert);
      return entry.row;
    });
    if (rows.length === 0) {
      this.#place.replaceChildren(empty());
      return;
    }
    const wanted = new Set<Node>(rows);
    for (const child of [...this.#place.childNodes]) if (!wanted.has(child)) child.remove();
    for (const [i, node] of rows.entries()) {
      const present = this.#place.childNodes[i];
      if (present !== node) this.#place.insertBefore(node, present ?? null);
    }
  }

  #shown(): Entry[] {
    const shown: Entry[] = [];
    const newestFirst = [...this.#entries.values()].reverse();
    for (const entry of newestFirst) {
      if (shown.length === SHOWN) break;
      if (this.#passes(entry)) shown.push(entry);
    }
    return shown;
  }

  #passes(entry: Entry, anyLevel = false): boolean {
    const filter = this.#filter;
    if (filter === undefined) return true;
    if (!anyLevel && filter.levels.size > 0 && !filter.levels.has(entry.item.level)) return false;
    if (filter.engine !== '' && entry.item.alert.flint.engine !== filter.engine) return false;
    return filter.text === '' || entry.search.includes(filter.text.toLowerCase());
  }

  /** The newest alert: where the way through the list begins. */
  focusFirst(): void {
    this.#place.querySelector('button')?.focus();
  }

  #moveFocus(event: KeyboardEvent): void {
    const step =
      event.key === 'ArrowDown' || event.key === 'j' ? 1 : event.key === 'ArrowUp' || event.key === 'k' ? -1 : 0;
    if (step === 0 || !(document.activeElement instanceof HTMLButtonElement)) return;
    const rows = [...this.#place.querySelectorAll('button')];
    const next = rows[rows.indexOf(document.activeElement) + step];
    if (next === undefined) return;
    event.preventDefault();
    next.focus();
  }
}

function row(item: AlertItem, summary: AlertSummary, open: (id: string) => void): HTMLButtonElement {
  const { alert, level } = item;
  const time = utcTime(alert['@timestamp']);
  const matched = summary.matched;
  const node = element(
    'button',
    { type: 'button', class: `row ${level}` },
    element('span', { class: 'row-time', title: `${time} UTC` }, rowTime(alert['@timestamp'], Date.now())),
    element('span', { class: `level ${level}` }, level === 'informational' ? 'info' : level),
    element(
      'span',
      { class: 'row-main' },
      element(
        'span',
        { class: 'row-head' },
        element('span', { class: 'row-title' }, summary.title),
        times(summary.times),
      ),
      matched === undefined
        ? undefined
        : element(
            'span',
            { class: 'row-match' },
            element('span', { class: 'quiet' }, `${matched.field} `),
            element('code', {}, matched.value),
            summary.moreMatches === 0
              ? undefined
              : element('span', { class: 'quiet' }, ` +${summary.moreMatches} more`),
          ),
    ),
    element(
      'span',
      { class: 'row-where quiet' },
      summary.where === '' ? undefined : element('span', {}, summary.where),
      summary.peers === '' ? undefined : element('span', {}, summary.peers),
    ),
  );
  node.addEventListener('click', () => open(alert.event.id));
  return node;
}

function times(value: number): Node | undefined {
  return value > 1 ? element('span', { class: 'times' }, `×${value}`) : undefined;
}
