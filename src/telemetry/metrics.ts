/**
 * The one list of metric names (style guide C6, J1): what is exported under which name, with its help text. `docs/metrics.md` has the same rows;
 * a test compares both ways. Components count under the short names of the middle column; a short name that is not listed here is
 * exported under `flint_<component>_other_total`, so that nothing is hidden and the missing row shows.
 */
import type { ComponentSnapshot } from './component-counters.ts';

export type MetricType = 'counter' | 'gauge' | 'histogram';

export interface Metric {
  readonly component: ComponentSnapshot['component'];
  /** Name under which the component counts. */
  readonly what: string;
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
}

export const METRICS: readonly Metric[] = [
  counter('input', 'received_records', 'records taken in'),
  counter('input', 'received_bytes', 'bytes taken in'),
  counter('input', 'received_datagrams', 'datagrams taken in'),
  counter('input', 'received_chunks', 'chunks of GELF messages taken in'),
  counter('input', 'received_requests', 'HTTP requests taken in'),
  counter('input', 'pushed_records', 'records handed to the matchers'),
  counter('input', 'pushed_batches', 'batches handed to the matchers'),
  counter('input', 'settled_records', 'records matched, with their alerts delivered, queued or counted as dropped'),
  counter('input', 'accepted_connections', 'connections accepted'),
  counter('input', 'refused_connections', 'connections refused because there were too many'),
  counter('input', 'broken_connections', 'connections ended by an error'),
  counter('input', 'held_back', 'pauses of a connection because the matchers were busy', 'held_back_reads'),
  counter('input', 'kernel_dropped_datagrams', 'datagrams that the kernel dropped for want of buffer'),
  counter('input', 'opened_files', 'files opened'),
  counter('input', 'rotated_files', 'files found replaced by a new one of the same name'),
  counter('input', 'truncated_files', 'files found cut back'),
  gauge('input', 'open_files', 'files being read'),
  gauge('input', 'connections', 'open connections'),
  gauge('input', 'buffer_bytes', 'bytes of unfinished records of all connections'),
  gauge('input', 'chunk_bytes', 'bytes of GELF messages being put together'),
  gauge('input', 'receive_buffer_bytes', 'receive buffer granted by the kernel'),
  gauge('input', 'kernel_queue_bytes', 'bytes waiting in the receive buffer of the kernel'),
  gauge(
    'input',
    'last_success_ms',
    'time of the latest record, milliseconds since the epoch',
    'last_success_milliseconds',
  ),
  gauge('input', 'watermark_lag_ms', 'arrival clock minus event time reached', 'watermark_lag_milliseconds'),
  counter('source', 'fetched', 'polls that brought something new'),
  counter('source', 'unchanged', 'polls that found nothing new'),
  gauge('source', 'failures', 'polls in a row that failed', 'failures'),
  gauge('source', 'objects', 'objects, events or entries that are here'),
  gauge(
    'source',
    'last_success_ms',
    'time of the latest successful poll, milliseconds since the epoch',
    'last_success_milliseconds',
  ),
  gauge('source', 'next_poll_ms', 'time of the next poll, milliseconds since the epoch', 'next_poll_milliseconds'),
  counter('feed', 'entries', 'entries of the content in use'),
  counter('feed', 'received_bytes', 'bytes of the content in use'),
  gauge('feed', 'indicators', 'indicators active'),
  gauge(
    'feed',
    'last_success_ms',
    'time of the latest successful fetch, milliseconds since the epoch',
    'last_success_milliseconds',
  ),
  counter('sink', 'enqueued', 'alerts given to the sink', 'enqueued_messages'),
  counter('sink', 'restored', 'alerts found in the disk queue at the start', 'restored_messages'),
  counter('sink', 'delivered', 'alerts taken by the destination', 'delivered_messages'),
  counter('sink', 'retries', 'waits for another attempt'),
  counter('sink', 'reduced', 'alerts made shorter to fit the transport', 'reduced_messages'),
  gauge('sink', 'queue_messages', 'alerts waiting'),
  gauge('sink', 'queue_bytes', 'bytes waiting'),
  gauge(
    'sink',
    'last_success_ms',
    'time of the latest delivery, milliseconds since the epoch',
    'last_success_milliseconds',
  ),
  gauge('engine', 'records', 'records looked at since the load', 'records_scanned'),
  gauge('engine', 'record_bytes', 'bytes of these records', 'scanned_bytes'),
  gauge('engine', 'candidates', 'records that the scanner let pass to the exact matchers'),
  gauge('engine', 'encoding_only', 'candidates for encoding reasons alone'),
  gauge('engine', 'records_sieved', 'records of which the bytes told the Sigma rules that may hold'),
  gauge(
    'engine',
    'records_unknown_kind',
    'records decoded for Sigma rules: fields of their kind are not found in bytes',
  ),
  gauge('engine', 'records_irregular', 'records decoded for Sigma rules: not one plain JSON object a record'),
  gauge('engine', 'records_left', 'records that workers gave to the main thread, which learns their kind'),
  gauge('engine', 'events', 'events decoded'),
  gauge('engine', 'indicators', 'indicators active'),
  gauge('engine', 'benign', 'hits suppressed by benign lists', 'benign_hits'),
  gauge('engine', 'expired', 'hits of indicators that are not valid', 'expired_hits'),
  gauge('engine', 'intel_delta', 'indicators that changed since the base was built'),
  gauge('engine', 'intel_pattern_delta', 'patterns that came since the ones loaded or joined last'),
  gauge('engine', 'intel_pattern_tombstones', 'patterns that were removed since'),
  gauge('engine', 'intel_pattern_merges', 'layers of patterns joined, since the rules were loaded'),
  gauge('engine', 'intel_tombstones', 'indicators of the base that count no more'),
  gauge('engine', 'intel_refreshes_unchanged', 'sources looked at that gave nothing new'),
  gauge('engine', 'intel_refreshes_delta', 'changes of intelligence that went live as a delta'),
  gauge('engine', 'intel_refreshes_partial', 'sources of which only the records that changed were read'),
  gauge('engine', 'intel_refreshes_rebuild', 'changes of intelligence for which all indicators were built anew'),
  gauge('engine', 'intel_merges', 'deltas merged into a new base'),
  gauge('engine', 'intel_expired', 'indicators removed because they had expired'),
  gauge('engine', 'intel_log_bytes', 'bytes of changes on disk since the base'),
  gauge('engine', 'alerts_sent', 'alerts and closing updates sent'),
  gauge('engine', 'alerts_held_back', 'alerts held back by suppression'),
  gauge('engine', 'alerts_withdrawn', 'alerts taken back because of what became known later'),
  gauge('engine', 'alerts_omitted', 'alerts beyond the limit of one event'),
  gauge('engine', 'time_from_arrival', 'events without a time of their own', 'events_without_time'),
  gauge('engine', 'unrecognised', 'events of no known log source: no Sigma rule was tried', 'events_of_unknown_source'),
  gauge('engine', 'time_clamped', 'events whose time lay in the future', 'events_from_future'),
  gauge('engine', 'processes', 'processes remembered'),
  gauge('engine', 'process_bytes', 'bytes of remembered processes'),
  gauge('engine', 'processes_forgotten', 'processes forgotten because memory was short'),
  gauge('engine', 'process_events_waiting', 'events that wait for the start of an ancestor'),
  gauge('engine', 'process_events_given_up', 'events given up waiting for an ancestor because too many waited'),
  gauge('engine', 'process_ancestors_cut', 'times that ancestors were asked for and there were more than 64'),
  gauge('engine', 'restarted_hosts', 'machines whose restarts are remembered'),
  gauge('engine', 'restarted_hosts_forgotten', 'machines whose restarts were forgotten because there were too many'),
  gauge('engine', 'pressure', 'share of the pending bytes in use, 0 to 1'),
  gauge('engine', 'evidence_events', 'events in the evidence log'),
  gauge('engine', 'evidence_bytes', 'bytes of the evidence log'),
  gauge(
    'engine',
    'evidence_dropped',
    'events dropped from the evidence log since the start, by size or age',
    'evidence_dropped_events',
  ),
  gauge('engine', 'evidence_failed', 'events that could not be written to the evidence log', 'evidence_failed_events'),
  counter('engine', 'state_replayed', 'events taken from the evidence log after a crash', 'state_replayed_events'),
  counter('engine', 'state_snapshots', 'snapshots of state saved'),
  counter('engine', 'state_snapshots_failed', 'snapshots that could not be saved'),
  counter('engine', 'state_writes_failed', 'files of positions and suppression that could not be written'),
  counter(
    'engine',
    'state_snapshots_postponed',
    'snapshots put off because what was taken was not settled in a short pause',
  ),
  gauge(
    'engine',
    'state_saved_ms',
    'time of the last snapshot of state, milliseconds since the epoch',
    'state_saved_milliseconds',
  ),
  gauge(
    'engine',
    'state_snapshot_ms',
    'how long the last snapshot took, beside the events',
    'state_snapshot_milliseconds',
  ),
  gauge(
    'engine',
    'state_snapshot_pause_ms',
    'how long the last snapshot held events up',
    'state_snapshot_pause_milliseconds',
  ),
  gauge(
    'engine',
    'state_snapshot_step_ms',
    'longest step of the last snapshot between two turns of events',
    'state_snapshot_step_milliseconds',
  ),
  gauge('engine', 'state_snapshot_bytes', 'bytes of the saved state'),
  gauge('engine', 'state_snapshot_written_bytes', 'bytes that the last snapshot wrote'),
  gauge('engine', 'state_restore_ms', 'how long the state took to restore at the start', 'state_restore_milliseconds'),
  gauge('state', 'groups', 'groups of a rule over several events, by its id'),
  gauge('state', 'entries', 'facts in windows, remembered tags, kept events, processes'),
  gauge('state', 'bytes', 'about the memory of them'),
  gauge('state', 'budget_bytes', 'memory that all rules of the same engine may take together'),
  gauge('state', 'group_limit', 'entries that one group may have', 'group_limit_entries'),
  gauge('state', 'waiting', 'events that wait for older ones', 'waiting_events'),
  gauge(
    'state',
    'late',
    'events that came later than allowed, left out or evaluated as state.late_events says',
    'late_events',
  ),
  gauge('state', 'early', 'events not waited with for older ones because too many waited', 'early_events'),
  gauge(
    'state',
    'ungrouped',
    'events with a flux tag but without a value in the group field, which nothing remembers',
    'ungrouped_events',
  ),
  gauge('state', 'evicted', 'groups and entries given up because a bound was reached', 'evicted_entries'),
  gauge(
    'state',
    'undecided',
    'searches of a STIX pattern over several events that were given up after too many steps',
    'undecided_searches',
  ),
  gauge('state', 'refuted', 'alerts of Bloom memory that earlier events disproved, since the start', 'refuted_alerts'),
  gauge(
    'state',
    'unconfirmed',
    'alerts of Bloom memory whose earlier events are gone, since the start',
    'unconfirmed_alerts',
  ),
  gauge(
    'state',
    'restored',
    'alerts that Bloom memory denied and earlier events proved, since the start',
    'restored_alerts',
  ),
  {
    component: 'sink',
    what: 'send',
    name: 'flint_sink_send_seconds',
    type: 'histogram',
    help: 'time of successful sends, per batch',
  },
];

/** What every component has beside its own metrics. */
export function commonMetrics(component: ComponentSnapshot['component']): {
  readonly dropped: string;
  readonly errors: string;
  readonly other: string;
} {
  return {
    dropped: `flint_${component}_dropped_total`,
    errors: `flint_${component}_errors_total`,
    other: `flint_${component}_other_total`,
  };
}

/** Help texts of the common metrics. */
export const COMMON_HELP = {
  dropped: 'what was given up, by reason',
  errors: 'errors, by code',
  other: 'counts and values without a metric of their own, by what they count',
} as const;

export const COMPONENTS: readonly ComponentSnapshot['component'][] = [
  'input',
  'source',
  'feed',
  'sink',
  'engine',
  'state',
];

function counter(component: Metric['component'], what: string, help: string, exported = what): Metric {
  return { component, what, name: `flint_${component}_${exported}_total`, type: 'counter', help };
}

function gauge(component: Metric['component'], what: string, help: string, exported = what): Metric {
  return { component, what, name: `flint_${component}_${exported}`, type: 'gauge', help };
}
