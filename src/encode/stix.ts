/**
 * A STIX 2.1 bundle: a sighting of the indicator, the observed data behind it, the observables, and this sensor as the one who saw it. What
 * matched is referred to by its STIX id; a value of a list stands in the bundle as an indicator, a rule that has no STIX id (Sigma, flux) as an
 * attack pattern with the rule's name and an external reference. All ids follow from the alert's id, so that an alert delivered twice is one object.
 */
import type { Alert, AlertEventReference } from '../core/alert.ts';
import type { Semantics } from '../core/indicator.ts';
import { TLP_LEVELS } from '../core/indicator-table.ts';
import type { Encoder } from './encoder.ts';
import { jsonLine } from '../core/json-text.ts';
import { indicatorObject, type IndicatorValue } from './stix-indicator.ts';
import { matchedObservables, observables } from './stix-objects.ts';
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
  const sensorObject = sensorIdentity(sensor);
  const sighted = sightedObject(alert);
  const count = sightings(alert);
  const isWithdrawn = alert.flint.withdrawn === true;
  const common = {
    spec_version: '2.1',
    created_by_ref: sensorObject.id,
    created: event.created,
    // A closing update is a later version of the same objects, and so is what takes them back, also in the same millisecond.
    modified: new Date(Date.parse(event.created) + count - 1 + (isWithdrawn ? 1 : 0)).toISOString(),
    ...markedAs(alert.threat?.indicator?.marking?.tlp),
  };
  const observations = observationsOf(alert, first, last);
  const observed = observations.map(({ key, from, to, number, seen }) => ({
    type: 'observed-data',
    ...common,
    id: ownId('observed-data', key),
    first_observed: from,
    last_observed: to,
    number_observed: number,
    object_refs: seen.map(({ id }) => id),
  }));
  const sighting: StixObject = {
    type: 'sighting',
    ...common,
    id: ownId('sighting', event.id),
    description: summary(alert),
    first_seen: first,
    last_seen: last,
    count,
    sighting_of_ref: sighted.id,
    ...(observed.length > 0 && { observed_data_refs: observed.map(({ id }) => id) }),
    where_sighted_refs: [sensorObject.id],
    ...(isWithdrawn && { revoked: true }),
    ...(alert.threat?.indicator?.confidence !== undefined && { confidence: alert.threat.indicator.confidence }),
  };
  const seen = new Map(observations.flatMap((one) => one.seen.map((object) => [object.id, object] as const)));
  const objects = [
    sensorObject,
    ...(sighted.object === undefined ? [] : [sighted.object]),
    ...seen.values(),
    ...observed,
    sighting,
  ];
  return { type: 'bundle', id: ownId('bundle', event.id), objects };
}

/**
 * How often it was sighted. What several events show together was sighted once, however many they are; a closing update, whose end lies
 * behind them, counts alerts.
 */
function sightings({ event, flint }: Alert): number {
  const ends = flint.events?.map((one) => one['@timestamp']) ?? [];
  const isOne =
    ends.length > 0 &&
    event.end !== undefined &&
    ends.every((end) => end <= (event.end ?? '')) &&
    ends.includes(event.end);
  return isOne ? 1 : counted(flint.count);
}

function counted(count: number | undefined): number {
  return Math.min(MAX_COUNT, Math.max(1, count ?? 1));
}

interface SeenTogether {
  /** The id follows from it. */
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly number: number;
  readonly seen: readonly StixObject[];
}

/**
 * One for each event of a pattern over several, where it is known what was seen in which: the pattern holds on them. Else one for all
 * events, with what the alert shows.
 */
function observationsOf(alert: Alert, first: string, last: string): readonly SeenTogether[] {
  const { event, flint } = alert;
  const events = flint.events ?? [];
  if (events.length < 2 || flint.matched.some((one) => one.event === undefined)) {
    const all = { key: event.id, from: first, to: last, number: counted(flint.count), seen: observables(alert) };
    return all.seen.length === 0 ? [] : [all];
  }
  // The event that the alert shows is the one that came last, not always the latest.
  const isShown = (one: AlertEventReference): boolean => one['@timestamp'] === alert['@timestamp'];
  const same = events.findIndex((one) => isShown(one) && one.original === event.original);
  const shown = same >= 0 ? same : events.findLastIndex(isShown);
  return events.flatMap((one, at) => {
    const matched = flint.matched.filter((field) => field.event === at);
    const key = `${event.id} ${at}`;
    const seen = at === shown ? observables(alert, matched) : matchedObservables(alert, matched, key);
    return seen.length === 0 ? [] : [{ key, from: one['@timestamp'], to: one['@timestamp'], number: 1, seen }];
  });
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
