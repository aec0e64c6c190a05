/**
 * The parts of an alert record that follow from its rule or indicator alone, as JSON: written when a match is first met, then taken as
 * they are. Rules are the same objects for as long as they are loaded, and so are the sources of an indicator that is found again.
 */
import type { IndicatorDetails } from '../core/indicator.ts';
import { asciiPiece, type JsonPiece, jsonLine, membersOf } from '../core/json-text.ts';
import type { EngineName } from '../core/level.ts';
import type { IndicatorMatch, Match, RuleDetails } from '../core/match.ts';
import { ruleKey } from './alert-id.ts';
import { flintAfter, flintBefore, limitTexts, ruleOf, tagsOf, threatOf } from './build-alert.ts';
import { severityOf } from './severity.ts';

export interface MatchJson {
  readonly engine: EngineName;
  /** Names the rule in the alert's id. */
  readonly ruleKey: string;
  readonly severity: string;
  /** The end of `event`, `"rule":…`, and `"threat":…` where there is one. */
  readonly ruleAndThreat: JsonPiece;
  /** `,"tags":…`, or nothing. */
  readonly tags: string;
  /** Beginning of `flint`, up to what is said of other events. */
  readonly flintBefore: string;
  /** What follows `matched` and what follows `input` in `flint`, each member with a comma in front. */
  readonly validity: string;
  readonly flintAfter: string;
  /** False when a text of the rule is too long for an alert: such alerts are built and cut as a whole. */
  readonly isWhole: boolean;
}

interface OfIndicator {
  readonly match: IndicatorMatch;
  readonly json: MatchJson;
}

const byRule = new WeakMap<RuleDetails, MatchJson>();
const bySources = new WeakMap<readonly IndicatorDetails[], OfIndicator>();

/** Whatever is said of other events left out. */
export function matchJson(match: Match): MatchJson {
  if (match.engine === 'indicator') {
    const known = bySources.get(match.sources);
    if (known !== undefined && isSame(known.match, match)) return known.json;
    const json = written(match);
    bySources.set(match.sources, { match, json });
    return json;
  }
  // What is said of a rule beside its details may change from event to event.
  if (match.indicator !== undefined || match.validity !== undefined) return written(match);
  let json = byRule.get(match.rule);
  if (json === undefined || json.engine !== match.engine) {
    json = written(match);
    byRule.set(match.rule, json);
  }
  return json;
}

/** True when the match says nothing of other events, and takes nothing back. */
export function isOfOneEvent(match: Match): boolean {
  if (match.engine === 'indicator') return true;
  const { events, group, count, unconfirmed, withdrawn } = match;
  const isAlone = events === undefined && group === undefined && count === undefined;
  return isAlone && unconfirmed === undefined && withdrawn === undefined;
}

/** The match without what it says of other events. */
function alone(match: Match): Match {
  if (isOfOneEvent(match) || match.engine === 'indicator') return match;
  const { events: _events, group: _group, count: _count, unconfirmed: _unconfirmed, ...own } = match;
  return own;
}

/** True when the line is put together from parts, also where it speaks of several events. */
export function isWritten(match: Match): boolean {
  return (match.engine === 'correlation' && match.withdrawn === undefined) || isOfOneEvent(match);
}

function isSame(a: IndicatorMatch, b: IndicatorMatch): boolean {
  return a.value === b.value && a.kind === b.kind && a.semantics === b.semantics && a.validity === b.validity;
}

function written(given: Match): MatchJson {
  const match = alone(given);
  const cut: string[] = [];
  const rule = limitTexts(ruleOf(match), '', cut);
  const threat = limitTexts(threatOf(match), '', cut);
  const before = limitTexts(flintBefore(match), '', cut);
  const after = limitTexts(flintAfter(match), '', cut);
  const tags = tagsOf(match);
  const { validity } = match;
  const ruleAndThreat = `},"rule":${jsonLine(rule)}${Object.keys(threat).length > 0 ? `,"threat":${jsonLine(threat)}` : ''}`;
  return {
    engine: match.engine,
    ruleKey: ruleKey(match),
    severity: String(severityOf(match)),
    // An indicator is seldom found again, a rule often.
    ruleAndThreat: match.engine === 'indicator' ? ruleAndThreat : asciiPiece(ruleAndThreat),
    tags: tags.length > 0 ? `,"tags":${jsonLine(tags)}` : '',
    flintBefore: jsonLine(before).slice(0, -1),
    validity: validity === undefined ? '' : `,"validity":"${validity}"`,
    flintAfter: membersOf(jsonLine(after)),
    isWhole: cut.length === 0,
  };
}
