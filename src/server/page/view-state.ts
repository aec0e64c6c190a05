/** View state: filter and open alert, kept in the address so that a view can be sent to a colleague. Pure but for the two last. */
import { ENGINES, LEVELS } from '../../core/level.ts';

export interface ViewState {
  /** Empty: all. */
  readonly levels: ReadonlySet<string>;
  /** Empty: all. */
  readonly engine: string;
  readonly text: string;
  /** `event.id` of the alert that is open; empty: none. */
  readonly alert: string;
}

export function parseViewState(search: string): ViewState {
  const query = new URLSearchParams(search);
  const levels = (query.get('level') ?? '').split(',').filter((name) => LEVELS.some((level) => level === name));
  const engine = ENGINES.find((name) => name === query.get('engine')) ?? '';
  return { levels: new Set(levels), engine, text: query.get('q') ?? '', alert: query.get('alert') ?? '' };
}

/** `?level=…`, or the empty text for the plain view. */
export function formatViewState(state: ViewState): string {
  const query = new URLSearchParams();
  if (state.levels.size > 0) query.set('level', [...state.levels].join(','));
  if (state.engine !== '') query.set('engine', state.engine);
  if (state.text !== '') query.set('q', state.text);
  if (state.alert !== '') query.set('alert', state.alert);
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

export function readViewState(): ViewState {
  return parseViewState(location.search);
}

export function writeViewState(state: ViewState): void {
  history.replaceState(null, '', `${location.pathname}${formatViewState(state)}`);
}
