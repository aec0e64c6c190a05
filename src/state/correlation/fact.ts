/**
 * CorrelationFact: what a match of a watched rule means to one correlation, as compact plain data that can be sent to the worker that
 * owns the group. Made from the matching event by `collectFacts`, or from the firing of an inner correlation.
 *
 * Decisions of sigma.md section 8: an absent or null group field takes no part (counted); arrays and objects stand for their JSON
 * text; group values are compared as text; an absent value field is ignored, a value that is no number too (both counted).
 */
import { type EventObject, type EventValue, isEventObject } from '../../core/event.ts';
import { valuesOf } from '../../core/field-path.ts';
import type { EventPlace } from '../event-place.ts';
import type { CorrelationPlan, Watcher } from './plan.ts';

export interface CorrelationFact extends EventPlace {
  /** Ordinal in the plan. */
  readonly correlation: number;
  /** Position of the matched rule in the correlation's `rules`. */
  readonly member: number;
  readonly group: readonly string[];
  /** What the correlation counts or computes on. */
  readonly value?: number | string | undefined;
  /** Values of the plan's `carried` fields. */
  readonly carried?: readonly (string | undefined)[] | undefined;
  /** The events behind the firing of an inner correlation, oldest first. */
  readonly inner?: readonly EventPlace[] | undefined;
  /** Of such a firing: it may come long after the event it is about, and says nothing of the source's time. */
  readonly epoch?: number | undefined;
}

/** Why a match took no part, counted. */
export type FactLoss = 'missing-group-field' | 'missing-value' | 'not-numeric';

/** Value of a field of the matching event; undefined when absent. */
export type FieldReader = (name: string) => EventValue | undefined;

/**
 * The plain reader of an event's own fields. What stands at the end of a dotted path is given as it is, an array of one as an array of
 * one; several values of one name, below an array of objects, as an array.
 */
export function fieldReader(fields: EventObject): FieldReader {
  return (name) => {
    if (Object.hasOwn(fields, name)) return fields[name];
    if (!name.includes('.')) return undefined;
    let value: EventValue | undefined = fields;
    for (const segment of name.split('.')) {
      if (!isEventObject(value) || !Object.hasOwn(value, segment)) return gathered(valuesOf(fields, name));
      value = value[segment];
    }
    return value;
  };
}

function gathered(values: readonly EventValue[]): EventValue | undefined {
  return values.length > 1 ? values : values[0];
}

/** The facts that a match of rule `ruleId` at `place` is to the plan's correlations. */
export function collectFacts(
  plan: CorrelationPlan,
  ruleId: string,
  read: FieldReader,
  place: EventPlace,
  lost: (reason: FactLoss, correlation: number) => void,
  inner?: readonly EventPlace[],
): CorrelationFact[] {
  const facts: CorrelationFact[] = [];
  for (const watcher of plan.watchers.get(ruleId) ?? []) {
    const fact = factFor(plan, watcher, read, place, inner);
    if (typeof fact === 'string') lost(fact, watcher.correlation);
    else facts.push(fact);
  }
  return facts;
}

function factFor(
  plan: CorrelationPlan,
  watcher: Watcher,
  read: FieldReader,
  place: EventPlace,
  inner: readonly EventPlace[] | undefined,
): CorrelationFact | FactLoss {
  const planned = plan.correlations[watcher.correlation];
  const group = textsOf(watcher.groupFields, read);
  if (group === undefined || planned === undefined) return 'missing-group-field';
  const value = planned.value === 'none' ? undefined : readValue(planned.value, watcher, read);
  if (value === 'absent') return 'missing-value';
  if (value === 'not-numeric') return 'not-numeric';
  // One literal with all keys: flux rows put together by spreading took the engine three times as long (bench/state.bench.ts).
  return {
    timeMs: place.timeMs,
    source: place.source,
    position: place.position,
    part: place.part,
    correlation: watcher.correlation,
    member: watcher.member,
    group,
    value: value?.value,
    carried: planned.carried.length === 0 ? undefined : planned.carried.map((name) => textForm(read(name))),
    inner,
  };
}

function readValue(
  kind: 'number' | 'text',
  watcher: Watcher,
  read: FieldReader,
): { readonly value: number | string } | 'absent' | 'not-numeric' {
  const texts = textsOf(watcher.valueFields, read);
  if (texts === undefined) return 'absent';
  if (kind === 'text') return { value: texts.length === 1 ? (texts[0] as string) : JSON.stringify(texts) };
  const value = numberOf(texts[0] ?? '');
  return value === undefined ? 'not-numeric' : { value };
}

/** Of a decimal number that is not too great for one; undefined for any other text. */
export function numberOf(text: string): number | undefined {
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

function textsOf(names: readonly string[], read: FieldReader): string[] | undefined {
  const texts: string[] = [];
  for (const name of names) {
    const text = textForm(read(name));
    if (text === undefined) return undefined;
    texts.push(text);
  }
  return texts;
}

function textForm(value: EventValue | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'object' ? JSON.stringify(value, inOrder) : String(value);
}

/** Objects with their keys in order: what means the same reads the same. */
function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
