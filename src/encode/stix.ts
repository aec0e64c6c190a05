/**
 * A STIX 2.1 bundle: a sighting of the indicator, the observed data behind it, the observables, and this sensor as the one who saw it. What
 * matched is referred to by its STIX id; a value of a list stands in the bundle as an indicator, a rule that has no STIX id (Sigma, flux) as an
 * attack pattern with the rule's name and an external reference. All ids follow from the alert's id, so that an alert delivered twice is one object.
 */
import type { Alert } from '../core/alert.ts';
import type { Semantics } from '../core/indicator.ts';
import { TLP_LEVELS } from '../core/indicator-table.ts';
import type { Encoder } from './encoder.ts';
import { jsonLine } from '../core/json-text.ts';
import { indicatorObject, type IndicatorValue } from './stix-indicator.ts';
import { observables } from './stix-objects.ts';
import { markedAs, ownId, sensorIdentity, type StixObject, UNDATED } from './stix-own-ids.ts';
import { summary } from './summary.ts';

const STIX_ID = /^[a-z][a-z0-9-]*--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Largest value of `count` and `number_observed` (sections 4.14 and 5.2). */
const MAX_COUNT = 999_999_999;

export const stix: Encoder = {
  name: 'stix',
  summary: 'STIX 2.1 bundle: sighting, observed data, observables',
  contentType: 'application/json',
  encode: ({ alert }, { sensor }) => jsonLine(stixBundle(alert, sensor)),
};

export interface StixBundle extends StixObject {
  readonly objects: readonly StixObject[];
}

/** `sensor`: name of this sensor. Never throws for any alert. */
export function stixBundle(alert: Alert, sensor: string): StixBundle {
  const { event } = alert;
  const [first, last] = inOrder(event.start ?? alert['@timestamp'], event.end ?? alert['@timestamp']);
  const seen = observables(alert);
  const sensorObject = sensorIdentity(sensor);
  const sighted = sightedObject(alert);
  const count = Math.min(MAX_COUNT, Math.max(1, alert.flint.count ?? 1));
  // A closing update is a later version of the same objects.
  const modified = new Date(Date.parse(event.created) + count - 1).toISOString();
  const marked = markedAs(alert.threat?.indicator?.marking?.tlp);
  const common = {
    spec_version: '2.1',
    created_by_ref: sensorObject.id,
    created: event.created,
    modified,
    ...marked,
  };
  const observed: StixObject = {
    type: 'observed-data',
    ...common,
    id: ownId('observed-data', event.id),
    first_observed: first,
    last_observed: last,
    number_observed: count,
    object_refs: seen.map(({ id }) => id),
  };
  const sighting: StixObject = {
    type: 'sighting',
    ...common,
    id: ownId('sighting', event.id),
    description: summary(alert),
    first_seen: first,
    last_seen: last,
    count,
    sighting_of_ref: sighted.id,
    ...(seen.length > 0 && { observed_data_refs: [observed.id] }),
    where_sighted_refs: [sensorObject.id],
    ...(alert.threat?.indicator?.confidence !== undefined && { confidence: alert.threat.indicator.confidence }),
  };
  const objects = [
    sensorObject,
    ...(sighted.object === undefined ? [] : [sighted.object]),
    ...(seen.length > 0 ? [...seen, observed] : []),
    sighting,
  ];
  return { type: 'bundle', id: ownId('bundle', event.id), objects };
}

/** What the sighting is of, and its object where nobody else publishes it. */
function sightedObject(alert: Alert): { readonly id: string; readonly object?: StixObject } {
  const { rule, flint } = alert;
  if (STIX_ID.test(rule.id) && (flint.engine !== 'indicator' || flint.pattern !== undefined)) return { id: rule.id };
  const listed = STIX_ID.test(rule.id) ? listedIndicator(alert) : undefined;
  if (listed !== undefined) return { id: listed.id, object: listed };
  const id = ownId('attack-pattern', `${flint.engine} ${rule.id}`);
  return { id, object: rulePattern(alert, id) };
}

/** The indicator of a list's value: the same object as in the collection that Flint serves. */
function listedIndicator({ rule, flint, threat }: Alert): StixObject | undefined {
  const { indicator } = threat ?? {};
  if (indicator === undefined) return undefined;
  const of = listedValue(indicator, (flint.semantics ?? 'exact') as Semantics);
  if (of === undefined) return undefined;
  const { confidence, description, provider = '', reference, first_seen: from, modified_at: modified } = indicator;
  const tlp = TLP_LEVELS.find((level) => level === indicator.marking?.tlp.toLowerCase());
  const details = {
    id: rule.id,
    name: rule.name,
    provider,
    ...(confidence !== undefined && { confidence }),
    ...(description !== undefined && { description }),
    ...(reference !== undefined && { references: [reference] }),
    ...(from !== undefined && { validFromMs: Date.parse(from) }),
    ...(modified !== undefined && { modifiedMs: Date.parse(modified) }),
    ...(tlp !== undefined && { tlp }),
  };
  return indicatorObject(details, of);
}

type Threat = NonNullable<NonNullable<Alert['threat']>['indicator']>;

/** Kind and value as they were loaded, from their ECS form. */
function listedValue({ type, value, port, file, ip }: Threat, semantics: Semantics): IndicatorValue | undefined {
  if (value === undefined) return undefined;
  if (port !== undefined) return { kind: 'endpoint', value, semantics };
  if (type === 'ipv4-addr' || type === 'ipv6-addr') {
    const single = type === 'ipv4-addr' ? 'ipv4' : 'ipv6';
    return { kind: ip === undefined ? 'network' : single, value, semantics };
  }
  if (type === 'file') return { kind: file?.hash === undefined ? 'file-name' : 'hash', value, semantics };
  const kind = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
  return kind === undefined ? undefined : { kind, value, semantics };
}

const KINDS: Readonly<Record<string, IndicatorValue['kind']>> = {
  'domain-name': 'domain',
  url: 'url',
  'email-addr': 'email',
  'windows-registry-key': 'registry-key',
  mutex: 'mutex',
  'user-agent': 'user-agent',
};

function rulePattern({ rule, flint, threat }: Alert, id: string): StixObject {
  const techniques = threat?.technique?.id ?? [];
  return {
    type: 'attack-pattern',
    spec_version: '2.1',
    id,
    created: UNDATED,
    modified: UNDATED,
    name: rule.name,
    ...(rule.description !== undefined && { description: rule.description }),
    external_references: [
      { source_name: `flint ${flint.engine}`, external_id: rule.id },
      ...techniques.map((technique) => ({ source_name: 'mitre-attack', external_id: technique })),
      ...(rule.reference === undefined ? [] : [{ source_name: 'reference', url: rule.reference }]),
    ],
  };
}

/** Clocks of contributing records may disagree; STIX refuses an end before the start. */
function inOrder(a: string, b: string): readonly [string, string] {
  return Date.parse(a) <= Date.parse(b) ? [a, b] : [b, a];
}
