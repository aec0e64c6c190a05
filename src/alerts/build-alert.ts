/**
 * Builds the alert record of design section 6.3 from a match and its event. Pure but for the given clock value. Every text that comes from
 * the log is cut to a stated length and named in `flint.cut`; the whole record stays within some hundred kilobytes whatever the event holds.
 */
import type { Alert, AlertEventReference, AlertFlint, ThreatIndicator } from '../core/alert.ts';
import type { Event } from '../core/event.ts';
import type { IndicatorDetails } from '../core/indicator.ts';
import type { Match, MatchedField } from '../core/match.ts';
import type { ProcessTree } from '../core/process-tree.ts';
import { cutUtf8, isWithin, wellFormed } from '../core/text-limit.ts';
import { alertId, eventKey } from './alert-id.ts';
import { attackFields } from './attack-tags.ts';
import { nested, placedValues } from './ecs-fields.ts';
import { processTreeFields, withProcesses } from './process-tree-fields.ts';
import { relatedFields } from './related.ts';
import { rfc3339 } from './rfc3339.ts';
import { severityOf } from './severity.ts';
import { describeSource, sourcesOf, threatIndicator } from './threat-indicator.ts';

export const ECS_VERSION = '8.17.0';

/** Longest `event.original`, in bytes of UTF-8. */
export const MAX_ORIGINAL_BYTES = 32 * 1024;
/** Longest other text taken from an event or a feed, in bytes of UTF-8. */
export const MAX_TEXT_BYTES = 8 * 1024;
/** Longest key of a group, in bytes of UTF-8. */
export const MAX_KEY_BYTES = 256;
/** Most alerts of one event, most matched fields, sources and contributing events of one alert; the rest is counted. */
export const MAX_HITS = 100;

export interface AlertOptions {
  /** Arrival clock, milliseconds since the epoch: `event.created`. */
  readonly nowMs: number;
  /** False leaves `event.original` out. */
  readonly keepOriginal: boolean;
  /** Remembered ancestors of the event's process. */
  readonly tree?: ProcessTree;
}

export function buildAlert(match: Match, event: Event, options: AlertOptions): Alert {
  const cut: string[] = [];
  const places = placedValues(event.fields);
  const { event: ecsEvent, ...observables } = limitTexts(
    nested(options.tree === undefined ? places : withProcesses(places, options.tree)),
    '',
    cut,
  );
  const original = options.keepOriginal ? wellFormed(cutUtf8(event.original, MAX_ORIGINAL_BYTES)) : undefined;
  const truncated = original !== undefined && original.length < event.original.length;
  const threat = limitTexts(threatOf(match), 'threat.', cut);
  const rule = limitTexts(ruleOf(match), 'rule.', cut);
  const flint = limitTexts({ ...flintOf(match, event), ...processTreeFields(options.tree) }, 'flint.', cut);
  const tags = tagsOf(match);
  const related = relatedFields(observables, match);
  return {
    '@timestamp': rfc3339(event.timeMs),
    ecs: { version: ECS_VERSION },
    event: {
      kind: 'alert',
      id: alertId(match, event),
      created: rfc3339(options.nowMs),
      severity: severityOf(match),
      ...(ecsEvent as Pick<Alert['event'], 'code' | 'provider'> | undefined),
      ...spanOf(match),
      ...(original !== undefined && { original }),
      ...(truncated && { original_truncated: true as const }),
    },
    rule,
    ...(Object.keys(threat).length > 0 && { threat }),
    ...observables,
    ...(related !== undefined && { related }),
    ...(tags.length > 0 && { tags }),
    flint: cut.length === 0 ? flint : { ...flint, cut },
  };
}

export function ruleOf(match: Match): Alert['rule'] {
  if (match.engine === 'indicator') {
    const best = sourcesOf(match)[0];
    return {
      id: best?.id ?? match.value,
      name: best?.name ?? match.value,
      ...(best?.description !== undefined && { description: best.description }),
      ...firstReference(best?.references),
    };
  }
  const { id, name, author, license, description, references } = match.rule;
  return {
    id,
    name,
    ...(author !== undefined && { author: [author] }),
    ...(license !== undefined && { license }),
    ...(description !== undefined && { description }),
    ...firstReference(references),
  };
}

function firstReference(references: readonly string[] | undefined): { readonly reference?: string } {
  const reference = references?.[0];
  return reference === undefined ? {} : { reference };
}

export function threatOf(match: Match): NonNullable<Alert['threat']> {
  const sources = sourcesOf(match);
  const phases = sources.flatMap((source) => source.killChain ?? []);
  const attack = attackFields(match.engine === 'indicator' ? [] : (match.rule.tags ?? []), phases);
  const indicators = sources.slice(0, MAX_HITS).map((source) => indicatorOf(match, source));
  const [best] = indicators;
  return {
    ...(best !== undefined && { indicator: best, enrichments: indicators.map((indicator) => ({ indicator })) }),
    ...attack,
  };
}

function indicatorOf(match: Match, source: IndicatorDetails): ThreatIndicator {
  return match.engine === 'indicator'
    ? threatIndicator(match.kind, match.value, source)
    : { ...describeSource(source), type: 'pattern' };
}

export function tagsOf(match: Match): string[] {
  const tags =
    match.engine === 'indicator' ? match.sources.flatMap((source) => source.types ?? []) : (match.rule.tags ?? []);
  return [...new Set(tags)].slice(0, MAX_HITS).map((tag) => wellFormed(cutUtf8(tag, MAX_TEXT_BYTES)));
}

function flintOf(match: Match, event: Event): AlertFlint {
  const { source, line, record } = event.origin;
  const omitted = Math.max(0, match.matched.length - MAX_HITS);
  const left = match.engine === 'indicator' ? 0 : Math.max(0, (match.events?.length ?? 0) - MAX_HITS);
  return {
    ...flintBefore(match),
    matched: match.matched.slice(0, MAX_HITS).map((one) => plainField(one, left)),
    ...(omitted > 0 && { matched_omitted: omitted }),
    ...(match.validity !== undefined && { validity: match.validity }),
    input: { name: source.input, path: source.path, ...(line > 0 && { line }), record },
    ...flintAfter(match),
  };
}

/** Members of `flint` in front of `matched`. */
export function flintBefore(match: Match): Omit<AlertFlint, 'matched' | 'input'> {
  return {
    engine: match.engine,
    ...(match.engine === 'indicator'
      ? { semantics: match.semantics }
      : {
          ...(match.rule.level !== undefined && { level: match.rule.level }),
          ...(match.events !== undefined && match.events.length > 0 && { events: references(match.events) }),
          ...(match.group !== undefined && { group: match.group }),
          ...(match.count !== undefined && { count: match.count }),
          ...(match.unconfirmed === true && { unconfirmed: true as const }),
          ...(match.withdrawn === true && { withdrawn: true as const }),
        }),
  };
}

/** Members of `flint` behind `input`. */
export function flintAfter(match: Match): Pick<AlertFlint, 'library' | 'ordinal' | 'pattern'> {
  const best = sourcesOf(match)[0];
  return {
    ...(best?.library !== undefined && { library: best.library }),
    ...(best?.ordinal !== undefined && { ordinal: best.ordinal }),
    ...(best?.pattern !== undefined && { pattern: best.pattern }),
  };
}

/** `left`: so many of the oldest events are not in the alert. */
function plainField({ field, value, item, how, event }: MatchedField, left: number): MatchedField {
  return { field, value, item, how, ...(event !== undefined && event >= left && { event: event - left }) };
}

/** The newest of a correlation's events, oldest first; `event.id` covers all of them. */
function references(events: readonly Event[]): AlertEventReference[] {
  return events.slice(-MAX_HITS).map((event) => ({
    '@timestamp': rfc3339(event.timeMs),
    id: eventKey(event),
    ...(event.original !== '' && { original: event.original }),
  }));
}

function spanOf(match: Match): { readonly start?: string; readonly end?: string } {
  const events = match.engine === 'indicator' ? undefined : match.events;
  if (events === undefined || events.length === 0) return {};
  const times = events.map((event) => event.timeMs);
  return {
    start: rfc3339(times.reduce((a, b) => Math.min(a, b))),
    end: rfc3339(times.reduce((a, b) => Math.max(a, b))),
  };
}

/** Every text cut to MAX_TEXT_BYTES and well-formed; the paths of cut texts are added to `cut`. The same value when nothing is to do. */
export function limitTexts<T>(value: T, path: string, cut: string[]): T {
  return isLimited(value) ? value : (limitValue(value, path, cut) as T);
}

/** Almost every alert: told without a copy. */
function isLimited(value: unknown): boolean {
  if (typeof value === 'string') return isWithin(value, MAX_TEXT_BYTES);
  if (Array.isArray(value)) return value.every(isLimited);
  if (typeof value !== 'object' || value === null) return true;
  for (const key of Object.keys(value))
    if (!isWithin(key, MAX_KEY_BYTES) || !isLimited((value as Record<string, unknown>)[key])) return false;
  return true;
}

function limitValue(value: unknown, path: string, cut: string[]): unknown {
  if (typeof value === 'string') {
    const kept = cutUtf8(value, MAX_TEXT_BYTES);
    if (kept.length < value.length && cut.length < MAX_HITS) cut.push(path.replace(/\.$/, ''));
    return wellFormed(kept);
  }
  if (Array.isArray(value)) return value.map((item, i) => limitValue(item, `${path.replace(/\.$/, '')}[${i}].`, cut));
  if (typeof value !== 'object' || value === null) return value;
  // fromEntries defines own keys, so that a group named "__proto__" stays an ordinary key.
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      wellFormed(cutUtf8(key, MAX_KEY_BYTES)),
      limitValue(item, `${path}${key}.`, cut),
    ]),
  );
}
