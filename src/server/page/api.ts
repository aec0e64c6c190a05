/** The HTTP API as the page uses it: one report polled, alerts once and then live. */
import type { Alert } from '../../core/alert.ts';
import type { Level } from '../../core/level.ts';
import type { StatusReport } from '../status-report.ts';

export interface AlertItem {
  readonly sequence: number;
  readonly level: Level;
  readonly alert: Alert;
}

interface RecentAlerts {
  readonly instance: string;
  readonly total: number;
  readonly alerts: readonly AlertItem[];
}

export function fetchStatus(): Promise<StatusReport> {
  return getJson<StatusReport>('/api/status');
}

export function fetchAlerts(): Promise<RecentAlerts> {
  return getJson<RecentAlerts>('/api/alerts?limit=500');
}

/** Same origin and same version: the answer is what the server's types say. */
async function getJson<T>(path: string): Promise<T> {
  const response = await fetch(path, { headers: { accept: 'application/json' }, signal: AbortSignal.timeout(10_000) });
  if (response.status === 401) location.assign('/login');
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return (await response.json()) as T;
}

export interface StreamHandlers {
  readonly onOpen: () => void;
  readonly onAlert: (item: AlertItem) => void;
  /** So many alerts were left out. */
  readonly onGap: (missed: number) => void;
  readonly onLost: () => void;
}

const REOPEN_MS = 3000;

/** Live alerts after `after` for as long as the page is open; comes back by itself. */
export function followAlerts(after: string, handlers: StreamHandlers): void {
  let last = after;
  const source = new EventSource(`/api/alerts/stream?after=${encodeURIComponent(after)}`);
  source.addEventListener('open', handlers.onOpen);
  source.addEventListener('alert', (event: MessageEvent<string>) => {
    last = event.lastEventId;
    handlers.onAlert(JSON.parse(event.data) as AlertItem);
  });
  source.addEventListener('gap', (event: MessageEvent<string>) => {
    handlers.onGap((JSON.parse(event.data) as { missed: number }).missed);
  });
  source.addEventListener('error', () => {
    handlers.onLost();
    // The browser reconnects by itself after a broken connection, but not after an answer such as 503.
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(() => followAlerts(last, handlers), REOPEN_MS);
  });
}
