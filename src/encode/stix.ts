/**
 * A STIX 2.1 bundle: a sighting of the indicator, the observed data behind it, and the observables. What matched is referred to by its STIX id; a
 * rule that has none (Sigma, flux, a list) stands in the bundle as an attack pattern with the rule's name and an external reference. All ids
 * follow from the alert's id, so that an alert delivered twice is one object.
 */
import type { Alert } from '../core/alert.ts';
import { uuidV5 } from '../core/uuid.ts';
import type { Encoder } from './encoder.ts';
import { jsonLine } from './json-text.ts';
import { observables, type StixObject } from './stix-objects.ts';
import { summary } from './summary.ts';

/** Namespace of ids that Flint makes. */
const NAMESPACE = 'b8d9e7b4-6a0f-5d0c-9d0e-6f1f4c8a2c11';
/** One rule is one object, whatever alert it comes with: its times must not follow the alert's. */
const RULE_TIME = '2024-01-01T00:00:00.000Z';
const STIX_ID = /^[a-z][a-z0-9-]*--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export const stix: Encoder = {
  name: 'stix',
  summary: 'STIX 2.1 bundle: sighting, observed data, observables',
  contentType: 'application/json',
  encode: ({ alert }) => jsonLine(bundle(alert)),
};

function bundle(alert: Alert): StixObject {
  const named = (type: string, key: string): string => `${type}--${uuidV5(NAMESPACE, `${type} ${key}`)}`;
  const { event, rule } = alert;
  const first = event.start ?? alert['@timestamp'];
  const last = event.end ?? alert['@timestamp'];
  const seen = observables(alert);
  const known = STIX_ID.test(rule.id);
  const sighted = known ? rule.id : named('attack-pattern', `${alert.flint.engine} ${rule.id}`);
  const count = Math.max(1, alert.flint.count ?? 1);
  // A closing update is a later version of the same objects.
  const modified = new Date(Date.parse(event.created) + count - 1).toISOString();
  const common = { spec_version: '2.1', created: event.created, modified };
  const observed: StixObject = {
    type: 'observed-data',
    ...common,
    id: named('observed-data', event.id),
    first_observed: first,
    last_observed: last,
    number_observed: count,
    object_refs: seen.map(({ id }) => id),
  };
  const sighting: StixObject = {
    type: 'sighting',
    ...common,
    id: named('sighting', event.id),
    description: summary(alert),
    first_seen: first,
    last_seen: last,
    count,
    sighting_of_ref: sighted,
    ...(seen.length > 0 && { observed_data_refs: [observed.id] }),
    ...(alert.threat?.indicator?.confidence !== undefined && { confidence: event.severity }),
  };
  const objects = [
    ...(known ? [] : [rulePattern(alert, sighted)]),
    sighting,
    ...(seen.length > 0 ? [observed, ...seen] : []),
  ];
  return { type: 'bundle', id: named('bundle', event.id), objects };
}

function rulePattern({ rule, flint }: Alert, id: string): StixObject {
  return {
    type: 'attack-pattern',
    spec_version: '2.1',
    id,
    created: RULE_TIME,
    modified: RULE_TIME,
    name: rule.name,
    ...(rule.description !== undefined && { description: rule.description }),
    external_references: [
      { source_name: `flint ${flint.engine}`, external_id: rule.id },
      ...(rule.reference === undefined ? [] : [{ source_name: 'reference', url: rule.reference }]),
    ],
  };
}
