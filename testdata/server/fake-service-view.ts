/** A service view for tests of the HTTP server and the status page: fixed figures, alerts pushed by the test. */
import type { Alert } from '../../src/core/alert.ts';
import type { Level } from '../../src/core/level.ts';
import { AlertFeed, type AlertFeedOptions, type FedAlert } from '../../src/server/alert-feed.ts';
import type { ServiceInfo, ServiceView } from '../../src/server/service-view.ts';
import type { StateReport } from '../../src/state/snapshot/stateful-part.ts';
import type { ComponentSnapshot } from '../../src/telemetry/component-counters.ts';

export interface FakeView extends ServiceView {
  /** Replaceable by the test. */
  ready: boolean;
  snapshots: ComponentSnapshot[];
  service: ServiceInfo;
  stateReports: readonly StateReport[];
}

const FAKE_STATE: StateReport = {
  ...{ engine: 'correlation', rule: 'many-failed', name: 'Many failed logons', groups: 3, entries: 7, bytes: 1000 },
  ...{ waiting: 0, late: 1, evicted: 0 },
};

export function fakeServiceView(startedMs: number, feed: AlertFeedOptions = {}): FakeView {
  const alerts = new AlertFeed(feed);
  const view: FakeView = {
    ready: true,
    snapshots: fakeComponents(startedMs),
    service: fakeInfo(startedMs),
    stateReports: [FAKE_STATE],
    alerts,
    info: () => view.service,
    components: () => view.snapshots,
    state: () => ({ rules: view.stateReports }),
    groups: (rule) => (rule === FAKE_STATE.rule ? [] : undefined),
    lookup: (value) => ({ value, indicators: [] }),
    search: (prefix, limit) => ({ prefix, total: limit, indicators: [] }),
    readiness: () => ({ ready: view.ready, reasons: view.ready ? [] : ['feed "urlhaus" has not loaded yet'] }),
  };
  return view;
}

export interface FakeAlertOptions {
  readonly id?: string;
  readonly name?: string;
  readonly level?: Level;
  readonly original?: string;
  readonly value?: string;
  readonly atMs?: number;
}

/** An indicator hit on a proxy record. */
/** As the engine shows an alert to the feed. */
export function shown(alert: Alert): FedAlert {
  return { alert, textLength: alert.event.original?.length ?? 0 };
}

export function fakeAlert(options: FakeAlertOptions = {}): Alert {
  const value = options.value ?? 'login.update-check.example';
  const at = new Date(options.atMs ?? Date.UTC(2026, 2, 17, 9, 5)).toISOString();
  return {
    '@timestamp': at,
    ecs: { version: '8.17.0' },
    event: {
      kind: 'alert',
      id: options.id ?? 'a'.repeat(32),
      created: at,
      severity: 80,
      original: options.original ?? `{"host":"ws-042","dns_query":"${value}"}`,
    },
    rule: {
      id: 'indicator--00000000-0000-4000-8000-000000000001',
      name: options.name ?? 'Sample: update-check loader',
    },
    threat: {
      indicator: { type: 'domain-name', value, confidence: 80, provider: 'flint-samples', marking: { tlp: 'clear' } },
    },
    source: { ip: '192.0.2.42' },
    destination: { ip: '203.0.113.66', port: 8443 },
    host: { name: 'ws-042' },
    flint: {
      engine: 'indicator',
      ...(options.level === undefined ? {} : { level: options.level }),
      matched: [{ field: 'dns_query', value, item: value, how: 'exact' }],
      input: { name: 'gelf', path: 'udp://192.0.2.42:40001', record: 12 },
    },
  };
}

function fakeInfo(startedMs: number): ServiceInfo {
  return {
    version: '0.1.0',
    startedMs,
    mode: 'run',
    workers: 2,
    dataDir: './flint-data',
    configuration: [
      { key: 'suppression.window', value: '5 m per rule and host' },
      { key: 'limits.record_bytes', value: '1,048,576' },
    ],
    intelligence: [
      {
        name: 'samples/threat.stix.json',
        format: 'stix',
        indicators: 24,
        byKind: { domain: 6, url: 4, hash: 6, ipv4: 3, ipv6: 1, network: 2, endpoint: 2 },
        skipped: { 'needs the pattern engine': 1 },
        lastSuccessMs: startedMs,
        sample: true,
        example: { kind: 'domain', value: 'login.update-check.example' },
      },
      {
        name: 'urlhaus',
        format: 'csv',
        indicators: 128_431,
        byKind: { url: 128_431 },
        skipped: {},
        lastSuccessMs: startedMs - 7_200_000,
        lastError: 'HTTP 503 from the server; trying again in 40 s',
      },
    ],
    sources: [
      {
        name: 'partner',
        type: 'taxii',
        everySeconds: 900,
        running: false,
        objects: 1200,
        failures: 2,
        lastSuccessMs: startedMs - 3_600_000,
        nextPollMs: startedMs + 60_000,
        lastError: '"https://taxii.example/" answers 503',
      },
    ],
    rules: { sigma: 2342, pattern: 17 },
    listeners: [
      { name: 'gelf', protocol: 'gelf', transport: 'udp', address: '127.0.0.1:12201', path: '' },
      { name: 'syslog', protocol: 'syslog', transport: 'tcp', address: '0.0.0.0:6514', path: '' },
      { name: 'http', protocol: 'http', transport: 'http', address: '127.0.0.1:8088', path: '/ingest' },
    ],
  };
}

function fakeComponents(startedMs: number): ComponentSnapshot[] {
  return [
    {
      component: 'input',
      name: 'gelf',
      counts: { received_records: 1_204_332, received_bytes: 668_404_260 },
      dropped: { queue_full: 0 },
      errors: { DATA_BAD_JSON: 3 },
      gauges: { receive_buffer_bytes: 8_388_608 },
    },
    {
      component: 'input',
      name: 'syslog',
      counts: { received_records: 88_100, received_bytes: 21_450_000 },
      dropped: {},
      errors: {},
      gauges: { connections: 12 },
    },
    {
      component: 'feed',
      name: 'urlhaus',
      counts: { fetched: 41 },
      dropped: {},
      errors: { fetch_failed: 2 },
      gauges: { last_success_ms: startedMs },
    },
    {
      component: 'sink',
      name: 'siem',
      counts: { delivered: 412 },
      dropped: { queue_full: 0 },
      errors: {},
      gauges: { queue_messages: 0 },
    },
  ];
}
