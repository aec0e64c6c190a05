/** Events, matches and alerts for tests: plain, complete, with every part open to change. */
import type { Alert } from '../core/alert.ts';
import { buildAlert } from '../alerts/build-alert.ts';
import type { Event, EventObject } from '../core/event.ts';
import type { IndicatorDetails } from '../core/indicator.ts';
import type { IndicatorMatch, Match, RuleMatch } from '../core/match.ts';
import type { OutgoingAlert } from '../encode/encoder.ts';

/** The sample event of STIX Spark's README (stix-spark.md section 9). */
export const README_EVENT: EventObject = {
  BEGIN_TIME: '2024-06-12 15:00:00',
  SRC_IP: '192.168.1.12',
  DST_IP: '222.136.170.15',
  FORWARD: '32.23.65.32',
  RETCODE: '200',
  SRC_PORT: '20034',
  DST_PORT: '39361',
  REQ_HEADER: '/index.html',
  REQ_BODY: 'aaaaaaaaaaa',
  RSP_HEADER: 'HTTP 200 OK\r\n',
  RSP_BODY: 'HTTP 200 OK\r\n',
  URL: '111/vadosaj.getenjoyment.net/92034677522.pdf',
  METHOD: 'GET',
  L7_PROTOCOL: 'http',
  message: 'cccccccc',
  DOMAIN: 'ipswich.able-plumbing.co.uk',
};

export function sampleEvent(fields: EventObject = README_EVENT, position = 0): Event {
  return {
    fields,
    original: JSON.stringify(fields),
    format: 'json',
    timeMs: Date.UTC(2024, 5, 12, 15, 0, 0),
    timeOrigin: 'field',
    origin: {
      source: { input: 'web', path: 'access.ndjson', id: 'file-1', replayable: true, timezone: 'Z' },
      position,
      line: 1,
      record: 0,
      part: 0,
      arrivalMs: Date.UTC(2024, 5, 12, 15, 0, 1),
    },
  };
}

export function sampleSource(more: Partial<IndicatorDetails> = {}): IndicatorDetails {
  return {
    id: 'indicator--6f1c2f7e-5d0c-4d0f-9d6b-0a3d5a1d2b3c',
    name: 'Mozi zombie network event',
    provider: 'public',
    library: 'threat',
    ordinal: 16,
    ...more,
  };
}

export function sampleMatch(more: Partial<IndicatorMatch> = {}): IndicatorMatch {
  return {
    engine: 'indicator',
    kind: 'endpoint',
    value: '222.136.170.15:39361',
    semantics: 'exact',
    sources: [sampleSource()],
    matched: [{ field: 'DST_IP', value: '222.136.170.15', item: '222.136.170.15:39361', how: 'exact in composed' }],
    validity: 'within',
    ...more,
  };
}

export function sampleRuleMatch(more: Partial<RuleMatch> = {}): RuleMatch {
  return {
    engine: 'sigma',
    rule: { id: '5f1abf38-291b-4a2e-8b5c-1d9c7d7b5a10', name: 'Suspicious encoded command', level: 'high' },
    matched: [
      { field: 'CommandLine', value: 'powershell -enc AAAA', item: "CommandLine|contains: ' -enc '", how: 'contains' },
    ],
    ...more,
  };
}

export function sampleAlert(match: Match = sampleMatch(), event: Event = sampleEvent()): Alert {
  return buildAlert(match, event, { nowMs: event.origin.arrivalMs, keepOriginal: true });
}

export function sampleOutgoing(match: Match = sampleMatch(), event: Event = sampleEvent()): OutgoingAlert {
  return { alert: sampleAlert(match, event), event };
}
