/**
 * The ECS fields of an event as JSON, without building the objects: events that have values for the same places give texts that differ
 * in these values alone. What stands between the values is made once, by writing the objects with marks in place of values.
 */
import { jsonText, membersOf } from '../core/json-text.ts';
import { isShort } from '../core/text-limit.ts';
import { MAX_TEXT_BYTES } from './build-alert.ts';
import { nested } from './ecs-fields.ts';
import { PlacedValues } from './placed-values.ts';
import { RELATED_LISTS, type RelatedList, relatedPlaces, type RelatedValue } from './related.ts';

export interface PlacedJson {
  /** Members of `event`, each with a comma in front. */
  readonly event: string;
  /** Members of the record beside `event` and `related`, each with a comma in front. */
  readonly others: string;
  /** What `related` lists, whatever the match. */
  readonly related: RelatedTexts;
}

export type RelatedTexts = Readonly<Record<RelatedList, readonly string[]>>;

/** Texts around values: `texts[0]`, the value of number `values[0]`, `texts[1]`, … */
interface Template {
  readonly texts: readonly string[];
  readonly values: readonly number[];
}

interface Templates {
  readonly event: Template;
  readonly others: Template;
  /** Numbers of values. */
  readonly related: Readonly<Record<RelatedList, readonly number[]>>;
}

/** Places in their order, one after the other: looked up without putting their names together. */
interface PlaceStep {
  readonly next: Map<string, PlaceStep>;
  templates: Templates | undefined;
}

/** When there are more steps than this the memory begins anew. */
const MAX_STEPS = 16_384;
let first: PlaceStep = { next: new Map(), templates: undefined };
let steps = 0;
const MARK = /"\u0001([^\u0001]*)\u0001"/;

/** Undefined when a value may be too long for an alert and must be cut. */
export function placedJson({ places, values }: PlacedValues): PlacedJson | undefined {
  let step = first;
  for (let i = 0; i < places.length; i++) {
    const value = values[i];
    if (typeof value === 'string' && !isShort(value, MAX_TEXT_BYTES)) return undefined;
    const place = places[i] as string;
    step = step.next.get(place) ?? addStep(step, place);
  }
  step.templates ??= templatesOf(places);
  const { event, others, related } = step.templates;
  return {
    event: filled(event, values),
    others: filled(others, values),
    related: {
      ip: distinctTexts(related.ip, values),
      hosts: distinctTexts(related.hosts, values),
      hash: distinctTexts(related.hash, values),
      user: distinctTexts(related.user, values),
    },
  };
}

function addStep(step: PlaceStep, place: string): PlaceStep {
  const added: PlaceStep = { next: new Map(), templates: undefined };
  if (++steps > MAX_STEPS) {
    // What is being walked is left to itself.
    first = { next: new Map(), templates: undefined };
    steps = 0;
  }
  step.next.set(place, added);
  return added;
}

function filled(template: Template, all: readonly (string | number)[]): string {
  const { texts, values } = template;
  let json = texts[0] as string;
  for (let i = 0; i < values.length; i++) {
    const value = all[values[i] as number] as string | number;
    json += typeof value === 'string' ? jsonText(value) : String(value);
    json += texts[i + 1] as string;
  }
  return json;
}

/** `related` with a comma in front; nothing where it is empty. `own`: what the match adds. */
export function relatedJson(related: RelatedTexts, own: RelatedValue | undefined): string {
  let json = '';
  for (let i = 0; i < RELATED_LISTS.length; i++) {
    const list = RELATED_LISTS[i] as RelatedList;
    const known = related[list];
    const texts = own?.list === list && !known.includes(own.value) ? [...known, own.value] : known;
    if (texts.length === 0) continue;
    json += `${json === '' ? '' : ','}"${list}":[`;
    for (let k = 0; k < texts.length; k++) json += (k === 0 ? '' : ',') + jsonText(texts[k] as string);
    json += ']';
  }
  return json === '' ? '' : `,"related":{${json}}`;
}

/** `related` speaks of texts only. */
function distinctTexts(numbers: readonly number[], values: readonly (string | number)[]): readonly string[] {
  if (numbers.length === 0) return NO_TEXTS;
  const texts: string[] = [];
  for (let i = 0; i < numbers.length; i++) {
    const value = values[numbers[i] as number];
    if (typeof value === 'string' && !texts.includes(value)) texts.push(value);
  }
  return texts;
}

const NO_TEXTS: readonly string[] = Object.freeze([]);

function templatesOf(places: readonly string[]): Templates {
  const marked = new PlacedValues();
  for (const place of places) marked.add(place, `\u0001${place}\u0001`);
  const { event, ...others } = nested(marked);
  const numberOf = (place: string): number => places.indexOf(place);
  const { ip, hosts, hash, user } = relatedPlaces(places);
  return {
    event: templateOf(event ?? {}, numberOf),
    others: templateOf(others, numberOf),
    related: { ip: ip.map(numberOf), hosts: hosts.map(numberOf), hash: hash.map(numberOf), user: user.map(numberOf) },
  };
}

function templateOf(marked: object, numberOf: (place: string) => number): Template {
  // No place holds the mark: they are names of the table of ECS places.
  const parts = membersOf(JSON.stringify(marked).replaceAll('\\u0001', '\u0001')).split(MARK);
  return {
    texts: parts.filter((_, i) => i % 2 === 0),
    values: parts.filter((_, i) => i % 2 === 1).map(numberOf),
  };
}
