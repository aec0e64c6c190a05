/**
 * The alert record written as one line of JSON without building it: what `jsonLine(buildAlert(…))` gives, byte for byte, put together
 * from parts that are written once (of rules, indicators, sources, sets of ECS places) and a few texts of the event. A random differential
 * test holds it to that. Records of which some text must be cut, and those that stand for several events, are left to `buildAlert`.
 */
import type { Event } from '../core/event.ts';
import { jsonLine, jsonText } from '../core/json-text.ts';
import type { Match, MatchedField } from '../core/match.ts';
import type { ProcessTree } from '../core/process-tree.ts';
import type { RecordSource } from '../core/record.ts';
import { eventKey, singleAlertId } from './alert-id.ts';
import { type AlertOptions, ECS_VERSION, isShort, limitTexts, MAX_HITS, MAX_ORIGINAL_BYTES } from './build-alert.ts';
import { nested, type PlacedValues } from './ecs-fields.ts';
import { isOfOneEvent, matchJson } from './match-json.ts';
import { membersOf, type PlacedJson, placedJson } from './placed-json.ts';
import { processTreeFields, withParent } from './process-tree-fields.ts';
import { relatedFields, relatedValue } from './related.ts';
import { rfc3339 } from './rfc3339.ts';

const HEAD = `","ecs":{"version":"${ECS_VERSION}"},"event":{"kind":"alert","id":"`;

/** The line around what says where in its source the record stands: `numbersJson` goes between the two. */
export interface AlertParts {
  readonly head: string;
  readonly tail: string;
}

/** `line` is 0 where the source has none. */
export function numbersJson(line: number, record: number): string {
  return `${line > 0 ? `,"line":${line}` : ''},"record":${record}`;
}

/** Undefined: the record must be built. `placesOf` gives `placedValues` of the event's fields. */
export function alertParts(
  match: Match,
  event: Event,
  options: AlertOptions,
  placesOf: () => PlacedValues,
): AlertParts | undefined {
  if (!isOfOneEvent(match) || match.matched.length > MAX_HITS) return undefined;
  const constant = matchJson(match);
  const { original, origin } = event;
  if (!constant.isWhole || !isShort(original, MAX_ORIGINAL_BYTES)) return undefined;
  const matched = matchedJson(match.matched);
  const input = inputJson(origin.source);
  const placed =
    options.tree === undefined
      ? placedJson(placesOf(), relatedValue(match))
      : withTree(placesOf(), match, options.tree);
  if (matched === undefined || input === undefined || placed === undefined) return undefined;
  const id = singleAlertId(constant.ruleKey, eventKey(event));
  let json = `{"@timestamp":"${rfc3339(event.timeMs)}${HEAD}${id}","created":"${rfc3339(options.nowMs)}","severity":`;
  json += constant.severity + placed.event;
  if (options.keepOriginal) json += `,"original":${jsonText(original)}`;
  json += `},${constant.ruleAndThreat}${placed.others}${constant.tags}`;
  json += `,"flint":${constant.flintBefore}${matched}${constant.validity}`;
  json += `,"input":${input}`;
  let tail = `}${constant.flintAfter}`;
  if (options.tree !== undefined) tail += membersOf(jsonLine(processTreeFields(options.tree)));
  return { head: json, tail: `${tail}}}` };
}

function matchedJson(matched: readonly MatchedField[]): string | undefined {
  let json = '';
  for (let i = 0; i < matched.length; i++) {
    const { field, value, item, how } = matched[i] as MatchedField;
    if (!isShort(field) || !isShort(value) || !isShort(item) || !isShort(how)) return undefined;
    json += `${i === 0 ? '[' : ','}{"field":${jsonText(field)},"value":${jsonText(value)},"item":${jsonText(item)}`;
    json += `,"how":${jsonText(how)}}`;
  }
  return json === '' ? '[]' : `${json}]`;
}

/** `input` of `flint` up to its numbers, by source. */
const inputs = new WeakMap<RecordSource, string>();

function inputJson(source: RecordSource): string | undefined {
  const known = inputs.get(source);
  if (known !== undefined) return known;
  const { input, path } = source;
  if (!isShort(input) || !isShort(path)) return undefined;
  const json = `{"name":${jsonText(input)},"path":${jsonText(path)}`;
  inputs.set(source, json);
  return json;
}

/** What memory knows of the parent goes among the fields: they are built then. */
function withTree(values: PlacedValues, match: Match, tree: ProcessTree): PlacedJson | undefined {
  const cut: string[] = [];
  const { event: own, ...others } = limitTexts(withParent(nested(values), tree), '', cut);
  if (cut.length > 0) return undefined;
  const related = relatedFields(others, match);
  return {
    event: own === undefined ? '' : membersOf(jsonLine(own)),
    others: membersOf(jsonLine(related === undefined ? others : { ...others, related })),
  };
}
