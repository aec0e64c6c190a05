/**
 * Prometheus text about the service as a whole: what is loaded, whether it is ready, what the process uses. Components have
 * `telemetry/prometheus.ts`; these few values stand nowhere else. The source of an indicator is the name in the configuration.
 */
import type { ServiceView } from './service-view.ts';
import type { TaxiiCounts } from './taxii/taxii-server.ts';

/** What the HTTP server counts itself. */
export interface HttpCounts {
  readonly failedLogins: number;
  /** Absent when no TAXII clients are served. */
  readonly taxii?: TaxiiCounts;
}

interface ServiceMetric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly samples: (view: ServiceView, http: HttpCounts) => readonly (readonly [labels: string, value: number])[];
}

/** `docs/metrics.md` has the same rows. */
export const SERVICE_METRICS: readonly ServiceMetric[] = [
  {
    name: 'flint_info',
    type: 'gauge',
    help: 'always 1; the version is a label',
    samples: (view) => [[`{version="${escapeLabel(view.info().version)}"}`, 1]],
  },
  {
    name: 'flint_start_time_seconds',
    type: 'gauge',
    help: 'when the service started, seconds since the epoch',
    samples: (view) => [['', view.info().startedMs / 1000]],
  },
  {
    name: 'flint_ready',
    type: 'gauge',
    help: '1 when ready, else 0',
    samples: (view) => [['', view.readiness().ready ? 1 : 0]],
  },
  {
    name: 'flint_alerts_total',
    type: 'counter',
    help: 'alerts raised',
    samples: (view) => [['', view.alerts.total]],
  },
  {
    name: 'flint_intelligence_indicators',
    type: 'gauge',
    help: 'indicators loaded, by source and kind',
    samples: (view) =>
      view
        .info()
        .intelligence.flatMap((source) =>
          Object.entries(source.byKind).map(
            ([kind, count]) => [`{source="${escapeLabel(source.name)}",kind="${kind}"}`, count] as const,
          ),
        ),
  },
  {
    name: 'flint_intelligence_last_success_seconds',
    type: 'gauge',
    help: 'when the content of a source was last known to be current, seconds since the epoch',
    samples: (view) =>
      view
        .info()
        .intelligence.flatMap((source) =>
          source.lastSuccessMs === undefined
            ? []
            : [[`{source="${escapeLabel(source.name)}"}`, source.lastSuccessMs / 1000] as const],
        ),
  },
  {
    name: 'flint_rules',
    type: 'gauge',
    help: 'rules loaded, by engine',
    samples: (view) => Object.entries(view.info().rules).map(([engine, count]) => [`{engine="${engine}"}`, count]),
  },
  {
    name: 'flint_http_failed_logins_total',
    type: 'counter',
    help: 'requests with a wrong token',
    samples: (_view, { failedLogins }) => [['', failedLogins]],
  },
  {
    name: 'flint_taxii_server_requests_total',
    type: 'counter',
    help: 'requests of TAXII clients, by the status of the answer',
    samples: (_view, { taxii }) =>
      [...(taxii?.requests ?? [])].map(([status, count]) => [`{status="${status}"}`, count] as const),
  },
  {
    name: 'flint_taxii_server_characters_total',
    type: 'counter',
    help: 'characters of all answers to TAXII clients',
    samples: (_view, { taxii }) => (taxii === undefined ? [] : [['', taxii.characters]]),
  },
  {
    name: 'process_resident_memory_bytes',
    type: 'gauge',
    help: 'memory of the process',
    samples: () => [['', process.memoryUsage.rss()]],
  },
  {
    name: 'process_cpu_seconds_total',
    type: 'counter',
    help: 'processor time of the process, user and system',
    samples: () => {
      const { user, system } = process.cpuUsage();
      return [['', (user + system) / 1e6]];
    },
  },
];

export function serviceMetrics(view: ServiceView, http: HttpCounts): string {
  return SERVICE_METRICS.map((metric) => {
    const samples = metric.samples(view, http).map(([labels, value]) => `${metric.name}${labels} ${value}\n`);
    const head = `# HELP ${metric.name} ${metric.help}\n# TYPE ${metric.name} ${metric.type}\n`;
    return samples.length === 0 ? '' : head + samples.join('');
  }).join('');
}

function escapeLabel(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
