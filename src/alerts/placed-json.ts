/**
 * The ECS fields of an event as JSON, without building the objects: events that have values for the same places give texts that differ
 * in these values alone. What stands between the values is made once, by writing the objects with marks in place of values.
 */
import { jsonText } from '../core/json-text.ts';
import { isShort } from './build-alert.ts';
import { nested, type PlacedValues } from './ecs-fields.ts';
import { RELATED_LISTS, type RelatedList, relatedPlaces, type RelatedValue } from './related.ts';

export interface PlacedJson {
  /** Members of `event`, each with a comma in front. */
  readonly event: string;
  /** Members of the record beside `event`, `related` the last, each with a comma in front. */
  readonly others: string;
}

/** Texts around values: `texts[0]`, the value of `places[0]`, `texts[1]`, … */
interface Template {
  readonly texts: readonly string[];
  readonly places: readonly string[];
}

interface Templates {
  readonly event: Template;
  readonly others: Template;
  readonly related: Readonly<Record<RelatedList, readonly string[]>>;
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

/** Undefined when a value may be too long for an alert and must be cut. `own`: what the match adds to `related`. */
export function placedJson(found: PlacedValues, own: RelatedValue | undefined): PlacedJson | undefined {
  let step = first;
  for (const [place, value] of found) {
    if (typeof value === 'string' && !isShort(value)) return undefined;
    step = step.next.get(place) ?? addStep(step, place);
  }
  step.templates ??= templatesOf(found);
  const { templates } = step;
  return {
    event: filled(templates.event, found),
    others: filled(templates.others, found) + relatedJson(templates, found, own),
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

function filled({ texts, places }: Template, found: PlacedValues): string {
  let json = texts[0] as string;
  for (let i = 0; i < places.length; i++) {
    const value = found.get(places[i] as string);
    json += typeof value === 'string' ? jsonText(value) : String(value);
    json += texts[i + 1] as string;
  }
  return json;
}

function relatedJson({ related }: Templates, found: PlacedValues, own: RelatedValue | undefined): string {
  let json = '';
  for (let i = 0; i < RELATED_LISTS.length; i++) {
    const list = RELATED_LISTS[i] as RelatedList;
    const texts = distinctTexts(related[list], found);
    if (own?.list === list && !texts.includes(own.value)) texts.push(own.value);
    if (texts.length === 0) continue;
    json += `${json === '' ? '' : ','}"${list}":[`;
    for (let k = 0; k < texts.length; k++) json += (k === 0 ? '' : ',') + jsonText(texts[k] as string);
    json += ']';
  }
  return json === '' ? '' : `,"related":{${json}}`;
}

/** `related` speaks of texts only. */
function distinctTexts(places: readonly string[], found: PlacedValues): string[] {
  const texts: string[] = [];
  for (let i = 0; i < places.length; i++) {
    const value = found.get(places[i] as string);
    if (typeof value === 'string' && !texts.includes(value)) texts.push(value);
  }
  return texts;
}

function templatesOf(found: PlacedValues): Templates {
  const places = [...found.keys()];
  const { event, ...others } = nested(new Map(places.map((place) => [place, `\u0001${place}\u0001`])));
  return { event: templateOf(event ?? {}), others: templateOf(others), related: relatedPlaces(places) };
}

function templateOf(marked: object): Template {
  // No place holds the mark: they are names of the table of ECS places.
  const parts = membersOf(JSON.stringify(marked).replaceAll('\\u0001', '\u0001')).split(MARK);
  return { texts: parts.filter((_, i) => i % 2 === 0), places: parts.filter((_, i) => i % 2 === 1) };
}

/** The members of an object's text, each with a comma in front. */
export function membersOf(json: string): string {
  return json === '{}' ? '' : `,${json.slice(1, -1)}`;
}
