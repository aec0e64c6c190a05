/**
 * The alert record written as one line of JSON without building it: what `jsonLine(buildAlert(…))` gives, byte for byte, put together
 * from parts that are written once (of rules, indicators, sources, sets of ECS places) and a few texts of the events. A random differential
 * test holds it to that. Records of which some text must be cut are left to `buildAlert`.
 */
import type { Event } from '../core/event.ts';
import { type JsonPiece, jsonText } from '../core/json-text.ts';
import type { Match, MatchedField } from '../core/match.ts';
import type { RecordSource } from '../core/record.ts';
import { isShort } from '../core/text-limit.ts';
import { singleAlertId } from './alert-id.ts';
import { type AlertOptions, ECS_VERSION, MAX_HITS, MAX_ORIGINAL_BYTES, MAX_TEXT_BYTES } from './build-alert.ts';
import type { EventTexts } from './event-texts.ts';
import { isWritten, matchJson } from './match-json.ts';
import { relatedValue } from './related.ts';
import { rfc3339 } from './rfc3339.ts';
import type { SeveralEvents } from './several-events.ts';

const HEAD = `","ecs":{"version":"${ECS_VERSION}"},"event":{"kind":"alert","id":"`;

/** The line around what says where in its source the record stands: `numbersJson` goes between the two. */
export interface AlertParts {
  readonly head: readonly JsonPiece[];
  readonly tail: string;
}

/** `line` is 0 where the source has none. */
export function numbersJson(line: number, record: number): string {
  return `${line > 0 ? `,"line":${line}` : ''},"record":${record}`;
}

/** Undefined: the record must be built. `several`: of a match that speaks of other events. */
export function alertParts(
  match: Match,
  event: Event,
  options: AlertOptions,
  texts: EventTexts,
  several?: SeveralEvents,
): AlertParts | undefined {
  if (!isWritten(match) || match.matched.length > MAX_HITS) return undefined;
  const constant = matchJson(match);
  const { original, origin } = event;
  if (!constant.isWhole || !isShort(original, MAX_ORIGINAL_BYTES)) return undefined;
  const matched = matchedJson(match.matched);
  const input = inputJson(origin.source);
  const { placed } = texts;
  if (matched === undefined || input === undefined || placed === undefined) return undefined;
  const others = several === undefined ? '' : several.json;
  if (others === undefined) return undefined;
  const id = several?.id(constant.ruleKey) ?? singleAlertId(constant.ruleKey, texts.key);
  const { nowMs, keepOriginal } = options;
  let first = `{"@timestamp":"${rfc3339(event.timeMs)}${HEAD}${id}","created":"${rfc3339(nowMs)}","severity":`;
  first += constant.severity + placed.event + (several?.span ?? '');
  let last = placed.others + texts.related(placed, relatedValue(match)) + constant.tags;
  last += `,"flint":${constant.flintBefore}${others},"matched":${matched}${constant.validity},"input":${input}`;
  const { ruleAndThreat } = constant;
  const head = keepOriginal
    ? [`${first},"original":`, texts.originalPiece, ruleAndThreat, last]
    : [first, ruleAndThreat, last];
  return { head, tail: `}${constant.flintAfter}${texts.tree}}}` };
}

function matchedJson(matched: readonly MatchedField[]): string | undefined {
  let json = '';
  for (let i = 0; i < matched.length; i++) {
    const { field, value, item, how } = matched[i] as MatchedField;
    if (!isWhole(field) || !isWhole(value) || !isWhole(item) || !isWhole(how)) return undefined;
    json += `${i === 0 ? '[' : ','}{"field":${constantJson(field)},"value":${jsonText(value)}`;
    json += `,"item":${constantJson(item)},"how":${constantJson(how)}}`;
  }
  return json === '' ? '[]' : `${json}]`;
}

/** Not cut in an alert. */
function isWhole(text: string): boolean {
  return isShort(text, MAX_TEXT_BYTES);
}

/** Texts of rules, which come again and again, and their JSON; when there are more than this the memory begins anew. */
const MAX_CONSTANTS = 16_384;
const MAX_CONSTANT = 256;
const constants = new Map<string, string>();

function constantJson(text: string): string {
  const known = constants.get(text);
  if (known !== undefined) return known;
  const json = jsonText(text);
  if (text.length > MAX_CONSTANT) return json;
  if (constants.size === MAX_CONSTANTS) constants.clear();
  constants.set(text, json);
  return json;
}

/** `input` of `flint` up to its numbers, by source. */
const inputs = new WeakMap<RecordSource, string>();

function inputJson(source: RecordSource): string | undefined {
  const known = inputs.get(source);
  if (known !== undefined) return known;
  const { input, path } = source;
  if (!isWhole(input) || !isWhole(path)) return undefined;
  const json = `{"name":${jsonText(input)},"path":${jsonText(path)}`;
  inputs.set(source, json);
  return json;
}
