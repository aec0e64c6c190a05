/**
 * SigmaRules on events: recognises the event's shape and log source, matches the rules that may fire on it, and says which
 * fields made them fire. With a process context, parent fields that the event lacks are answered from remembered processes.
 * One object per worker; its rules never change (a reload builds another).
 */
import type { Event } from '../../core/event.ts';
import { isOpenToParent } from '../../core/rule-candidate.ts';
import type { MatchedField, RuleMatch } from '../../core/match.ts';
import { plainEvent, type RuleEvent } from '../../core/rule-event.ts';
import { createEventRecogniser, type EventRecogniser } from '../../fields/mapping/recognise.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import { type Explanation, explain } from '../../match/rule-evidence.ts';
import { RuleMatcher, type RuleMatcherCounters } from '../../match/rule-matcher.ts';
import { fieldNamesOf } from '../../match/rule-fields.ts';
import { ParentFields, ParentVerdicts } from '../state/parent-verdicts.ts';
import type { FedValues } from '../state/process-feeder.ts';
import { OpenRules } from './open-rules.ts';
import { WorstCases } from './worst-cases.ts';
import type { HostRestart } from '../../state/process/host-restart.ts';
import type { ProcessEvent } from '../../state/process/process-event.ts';
import { DERIVED_PROCESS_FIELDS } from '../../state/process/process-fields.ts';
import type { ProcessFact } from '../../state/process/process-fact.ts';
import type { LateEvent, ProcessContext, ShownEvent } from '../state/process-context.ts';

export interface SigmaOutcome {
  /** Matches of rules that alert on their own. */
  readonly matches: readonly RuleMatch[];
  /** All rules that hold, silent ones included: what correlations and flux tags are fed with. */
  readonly held: readonly DetectionRule[];
  /** The event's fields under the names that rules use (when some rule held): group-by and condition fields are read here. */
  readonly view: Pick<RuleEvent, 'fields'>;
  /** What holds for earlier events now that this one has told of an ancestor of theirs; only what did not hold before. */
  readonly late?: readonly LateOutcome[];
}

export interface LateOutcome extends SigmaOutcome {
  readonly event: Event;
}

/** Rules as the sieve names them: `ruleCount` of them from `rules[firstRule]` on. */
export type OpenCandidates = Pick<FedValues, 'rules' | 'firstRule' | 'ruleCount'>;

/** What can be said of an event without any memory; plain data, finished by the thread that keeps the memory. */
export interface SigmaPart {
  readonly isRecognised: boolean;
  /** Positions of the rules that hold whatever other processes are like, ascending. */
  readonly held: readonly number[];
  /** Evidence of each of these; empty for rules that do not alert. */
  readonly matched: readonly (readonly MatchedField[])[];
  /** Positions of the rules that fields of other processes decide. */
  readonly open: readonly number[];
  /** What the event says of a process or its machine; `audit`: only the records of its audit event together say that. */
  readonly process?: ProcessEvent | HostRestart | 'audit';
}

export interface SigmaCounts {
  events: number;
  /** Events of no known shape: no rule was tried. */
  unrecognised: number;
  /** Events by shape; names come from the table of shapes. */
  readonly byShape: Map<string, number>;
}

export class SigmaEventRules {
  readonly rules: readonly DetectionRule[];
  readonly counts: SigmaCounts = { events: 0, unrecognised: 0, byShape: new Map() };
  readonly #matcher: RuleMatcher;
  readonly #recogniser: EventRecogniser = createEventRecogniser();
  readonly #processes: ProcessContext | undefined;
  readonly #openRules: OpenRules | undefined;
  readonly #verdicts: ParentVerdicts;
  /** Fields of each rule that parents answer, as the event sieve finds them. */
  readonly parentFields = new ParentFields();
  /** False: kinds of records are learnt elsewhere, so parents are asked nothing before a record is decoded. */
  knowsParentFields = true;
  readonly #worstCases: WorstCases;
  readonly #holdsBack: boolean;
  /** Positions of the rules of an id; filled when alerts that were held back are judged. */
  readonly #byId = new Map<string, readonly number[]>();

  /** `isEnding`: the input has an end, so alerts that a late parent may speak against wait for it, until then at the latest. */
  constructor(rules: readonly DetectionRule[], processes?: ProcessContext, isEnding = false) {
    this.rules = rules;
    this.#holdsBack = isEnding && processes !== undefined;
    this.#worstCases = new WorstCases(rules);
    this.#matcher = new RuleMatcher(rules);
    this.#verdicts = new ParentVerdicts(rules, this.parentFields);
    this.#processes = processes;
    this.#openRules = processes === undefined ? undefined : new OpenRules(rules, processes);
  }

  get matcherCounters(): Readonly<RuleMatcherCounters> {
    return this.#matcher.counters;
  }

  match(event: Event): readonly RuleMatch[] {
    return this.examine(event).matches;
  }

  /** `candidates`: rules that alone may hold, by position, when something has told before; absent: any may. */
  examine(event: Event, candidates?: Iterable<number>): SigmaOutcome {
    this.counts.events++;
    const recognised = this.#recogniser.recognise(event.fields, event.origin.source.logsource);
    const processes = this.#processes;
    const shown = processes?.show(event, recognised?.event ?? plainEvent(event.fields));
    const late = this.#lateOf(shown);
    if (recognised === undefined) {
      this.counts.unrecognised++;
      return { matches: NO_MATCHES, held: NO_RULES, view: event, ...inTime(late) };
    }
    const { shape, source } = recognised;
    const view = shown?.view ?? recognised.event;
    this.counts.byShape.set(shape, (this.counts.byShape.get(shape) ?? 0) + 1);
    const all =
      candidates === undefined
        ? this.#matcher.match(view, source)
        : this.#matcher.matchCandidates(view, source, this.#leftByParent(candidates, shown));
    const indexes = this.#onceEach(all, shown);
    const { withheld, givenUp } = this.#wait(shown, event, indexes);
    const outcome = this.#outcome(indexes, withheld, view, event);
    return { ...outcome, ...inTime(late, this.#judgeAll(givenUp)) };
  }

  /** The first half of `examine`, for a thread that remembers nothing. */
  prepare(event: Event, candidates?: Iterable<number>): SigmaPart {
    this.counts.events++;
    const recognised = this.#recogniser.recognise(event.fields, event.origin.source.logsource);
    const process = this.#processes?.told(recognised?.event.base ?? event.fields, event);
    const about = process === undefined ? NOTHING_TOLD : { process };
    if (recognised === undefined) {
      this.counts.unrecognised++;
      return { isRecognised: false, held: NO_INDEXES, matched: NO_INDEXES, open: NO_INDEXES, ...about };
    }
    const { shape, source, event: view } = recognised;
    this.counts.byShape.set(shape, (this.counts.byShape.get(shape) ?? 0) + 1);
    const open = process === undefined ? NO_INDEXES : (this.#openRules?.of(view, source, process, candidates) ?? []);
    const all =
      candidates === undefined
        ? this.#matcher.match(view, source)
        : this.#matcher.matchCandidates(view, source, candidates);
    const held = open.length === 0 ? all : all.filter((index) => !open.includes(index));
    const matched = held.map((index) => {
      const { alerts } = this.#matcher.rules[index] as DetectionRule;
      return alerts ? this.#matcher.evidence(index) : NO_EVIDENCE;
    });
    return { isRecognised: true, held, matched, open, ...about };
  }

  /** The second half: what `examine` gives, from what `prepare` said on another thread. Events are to be given in order. */
  complete(event: Event, part: SigmaPart): SigmaOutcome {
    const { held, matched, open, process } = part;
    const isNeeded = held.length > 0 || open.length > 0 || process === 'audit';
    const recognised = isNeeded ? this.#recogniser.recognise(event.fields, event.origin.source.logsource) : undefined;
    const plain = recognised?.event ?? plainEvent(event.fields);
    const processes = process === undefined ? undefined : this.#processes;
    const shown = processes?.show(event, plain, process === 'audit' ? undefined : process);
    const late = this.#lateOf(shown);
    if (recognised === undefined) return { matches: NO_MATCHES, held: NO_RULES, view: event, ...inTime(late) };
    const view = shown?.view ?? recognised.event;
    const opened = open.length === 0 ? [] : this.#matcher.matchCandidates(view, recognised.source, open);
    const both = opened.length === 0 ? held : [...held, ...opened].sort((a, b) => a - b);
    const all = this.#onceEach(both, shown);
    const { withheld, givenUp } = this.#wait(shown, event, all);
    const matches = all.flatMap((index): RuleMatch[] => {
      const rule = this.#matcher.rules[index] as DetectionRule;
      if (!rule.alerts || withheld.includes(index)) return [];
      const place = held.indexOf(index);
      if (place < 0) return [this.#matchOf(index)];
      return [{ engine: 'sigma', rule: rule.details, matched: matched[place] ?? [] }];
    });
    const more = inTime(late, this.#judgeAll(givenUp));
    if (all.length === 0) return { matches: NO_MATCHES, held: NO_RULES, view: event, ...more };
    return { matches, held: all.map((index) => this.#matcher.rules[index] as DetectionRule), view, ...more };
  }

  /** A process told of by a record that is for no rule: what holds for earlier events now. */
  told(fact: ProcessFact): readonly LateOutcome[] {
    const late = this.#processes?.observe(fact) ?? NO_EVENTS;
    return late.length === 0 ? NOT_LATE : late.flatMap((one) => this.#retry(one));
  }

  /** Whether one of these rules, which only the parent of the process decides, may hold; the fact was told. */
  mayHoldByParent(fact: ProcessFact, { rules, firstRule, ruleCount }: OpenCandidates): boolean {
    const memory = this.#processes?.memory;
    if (memory === undefined || !this.knowsParentFields) return true;
    return this.#verdicts.mayHold(rules, firstRule, ruleCount, memory, memory.parentRowOf(fact));
  }

  /** The event of a fact for which no rule holds yet: it waits where an ancestor is not known. Returns what others that are given up for it come to. */
  waitFor(fact: ProcessFact, eventOf: () => Event, bytes: number): readonly LateOutcome[] {
    return this.#judgeAll(this.#processes?.waitFor(fact, eventOf, bytes) ?? NO_EVENTS);
  }

  /** At the end of a finite input: alerts that were held back for a parent that did not come. */
  end(): readonly LateOutcome[] {
    return this.#judgeAll(this.#processes?.endWaiting() ?? NO_EVENTS);
  }

  #lateOf(shown: ShownEvent | undefined): readonly LateOutcome[] {
    return shown === undefined || shown.late.length === 0 ? NOT_LATE : shown.late.flatMap((one) => this.#retry(one));
  }

  /** Without those that only the parent of the process decides, and whose comparisons of it do not hold. */
  #leftByParent(candidates: Iterable<number>, shown: ShownEvent | undefined): Iterable<number> {
    const memory = this.#processes?.memory;
    const list = [...candidates];
    const canAsk = memory !== undefined && shown !== undefined && this.knowsParentFields;
    if (!canAsk || !list.some(isOpenToParent)) return list;
    const row = shown.derived.parentRow;
    return list.filter((one) => !isOpenToParent(one) || this.#verdicts.mayHold([one], 0, 1, memory, row));
  }

  /** Right after the rules were tried: the event waits where an ancestor is not known yet, and some alerts with it; others are given up for it. */
  #wait(shown: ShownEvent | undefined, event: Event, indexes: readonly number[], held = NO_IDS): Wait {
    if (shown?.derived.isMissing !== true) return NO_WAIT;
    const withheld = this.#doubtful(indexes, shown);
    const ids = held.length === 0 ? this.#idsOf(indexes) : [...new Set([...held, ...this.#idsOf(indexes)])];
    const givenUp = this.#processes?.wait(shown, event, ids, this.#idsOf(withheld));
    return givenUp === undefined ? NO_WAIT : { withheld, givenUp };
  }

  /** Those of the rules that what is not known yet may take back. */
  #doubtful(indexes: readonly number[], { derived }: ShownEvent): readonly number[] {
    if (!this.#holdsBack) return NO_INDEXES;
    return indexes.filter((index) => {
      const worst = this.#worstCases.of(index);
      if (worst === undefined || !worst.names.some((name) => derived.isUnknown(name))) return false;
      return !this.#matcher.holds(worst.predicate);
    });
  }

  #outcome(
    indexes: readonly number[],
    withheld: readonly number[],
    view: RuleEvent,
    event: Event,
  ): Omit<SigmaOutcome, 'late'> {
    if (indexes.length === 0) return { matches: NO_MATCHES, held: NO_RULES, view: event };
    const told = withheld.length === 0 ? indexes : indexes.filter((index) => !withheld.includes(index));
    return { matches: this.#matchesOf(told), held: this.#rulesAt(indexes), view };
  }

  #rulesAt(indexes: readonly number[]): readonly DetectionRule[] {
    return indexes.map((index) => this.#matcher.rules[index] as DetectionRule);
  }

  #matchesOf(indexes: readonly number[]): readonly RuleMatch[] {
    return indexes.flatMap((index) => (this.#matcher.rules[index]?.alerts === true ? [this.#matchOf(index)] : []));
  }

  /** Right after the rules were tried on the event: the matcher still knows it. */
  #matchOf(index: number): RuleMatch {
    const { details } = this.#matcher.rules[index] as DetectionRule;
    return { engine: 'sigma', rule: details, matched: this.#matcher.evidence(index) };
  }

  /** The event once more, now that more is known of its ancestors. */
  #retry(waited: LateEvent): readonly LateOutcome[] {
    const { event, held, withheld = NO_IDS } = waited;
    const tried = this.#tryAgain(waited);
    if (tried === undefined) return NOT_LATE;
    const { indexes, shown } = tried;
    const news = this.#onceEach(
      indexes.filter((index) => !held.includes(this.#idOf(index))),
      shown,
    );
    const open = indexes.filter((index) => news.includes(index) || withheld.includes(this.#idOf(index)));
    const refuted = this.#refuted(held, indexes);
    const refutedIds = this.#idsOf(refuted);
    const stillHeld = refuted.length === 0 ? held : held.filter((id) => !refutedIds.includes(id));
    const wait = this.#wait(shown, event, open, stillHeld);
    const outcome = this.#outcome(open, wait.withheld, shown.view, event);
    const matches = [...outcome.matches, ...refuted.map((index) => this.#withdrawal(index, shown))];
    const isNews = open.length > 0 || matches.length > 0;
    const late = isNews ? [{ ...outcome, matches, event, held: this.#rulesAt(news) }] : NOT_LATE;
    return wait.givenUp.length === 0 ? late : [...late, ...this.#judgeAll(wait.givenUp)];
  }

  /** Rules that held and alerted before a parent was known, and hold no longer. Where alerts are held back none was given. */
  #refuted(held: readonly string[], indexes: readonly number[]): readonly number[] {
    if (this.#holdsBack || held.length === 0) return NO_INDEXES;
    return this.#positionsOf(held).filter(
      (index) => !indexes.includes(index) && this.#worstCases.of(index) !== undefined,
    );
  }

  /** Says what is known by now of the processes that the rule asks for. */
  #withdrawal(index: number, { derived }: ShownEvent): RuleMatch {
    const rule = this.#matcher.rules[index] as DetectionRule;
    const matched = fieldNamesOf(rule).flatMap((field): MatchedField[] => {
      const value = derived.value(field);
      if (value === undefined || !DERIVED_PROCESS_FIELDS.has(field)) return [];
      return [
        {
          field,
          value: Array.isArray(value) ? value.join(', ') : String(value),
          item: KNOWN_BY_NOW,
          how: 'remembered',
        },
      ];
    });
    return { engine: 'sigma', rule: rule.details, matched, withdrawn: true };
  }

  /** What was held back is judged by what is known: it waits no longer. */
  #judgeAll(waited: readonly LateEvent[]): readonly LateOutcome[] {
    return waited.flatMap((one): readonly LateOutcome[] => {
      const { event, withheld = NO_IDS } = one;
      const tried = withheld.length === 0 ? undefined : this.#tryAgain(one, this.#positionsOf(withheld));
      const indexes = tried?.indexes.filter((index) => withheld.includes(this.#idOf(index))) ?? NO_INDEXES;
      if (tried === undefined || indexes.length === 0) return NOT_LATE;
      return [{ ...this.#outcome(indexes, NO_INDEXES, tried.shown.view, event), event, held: NO_RULES }];
    });
  }

  /** `candidates`: rules that alone are asked about, by position; absent: all. */
  #tryAgain(
    { event, told }: LateEvent,
    candidates?: readonly number[],
  ): { readonly indexes: readonly number[]; readonly shown: ShownEvent } | undefined {
    const recognised = this.#recogniser.recognise(event.fields, event.origin.source.logsource);
    const shown = recognised === undefined ? undefined : this.#processes?.again(event, recognised.event, told);
    if (recognised === undefined || shown === undefined) return undefined;
    const { source } = recognised;
    const indexes =
      candidates === undefined
        ? this.#matcher.match(shown.view, source)
        : this.#matcher.matchCandidates(shown.view, source, candidates);
    return { indexes, shown };
  }

  #positionsOf(ids: readonly string[]): readonly number[] {
    const byId = this.#byId;
    if (byId.size === 0)
      for (const [index, { details }] of this.rules.entries())
        byId.set(details.id, [...(byId.get(details.id) ?? []), index]);
    return ids.flatMap((id) => byId.get(id) ?? NO_INDEXES);
  }

  /** Without the rules that held for another record of the same program start. */
  #onceEach(indexes: readonly number[], shown: ShownEvent | undefined): readonly number[] {
    const before = shown?.heldBefore;
    if (before === undefined || indexes.length === 0) return indexes;
    const news = indexes.filter((index) => !before.includes(this.#idOf(index)));
    before.push(...this.#idsOf(news));
    return news;
  }

  #idsOf(indexes: readonly number[]): string[] {
    return indexes.map((index) => this.#idOf(index));
  }

  #idOf(index: number): string {
    return this.#matcher.rules[index]?.details.id ?? '';
  }

  /** The event under the names of rules; as it came when its shape is not known. */
  viewOf(event: Event): RuleEvent {
    return this.#recogniser.recognise(event.fields, event.origin.source.logsource)?.event ?? plainEvent(event.fields);
  }

  /** Why the rule does or does not hold for the event; undefined when no loaded rule has the id. */
  explain(ruleId: string, event: Event): SigmaExplanation | undefined {
    const rule = this.#matcher.rules.find(({ details }) => details.id === ruleId);
    if (rule === undefined) return undefined;
    const recognised = this.#recogniser.recognise(event.fields, event.origin.source.logsource);
    if (recognised === undefined) return { rule, admitted: false, tree: explain(rule.predicate, event.fields) };
    const { shape, source } = recognised;
    const shown = this.#processes?.again(event, recognised.event);
    const view = shown?.view ?? recognised.event;
    const admitted = this.#matcher.admits(rule, source);
    const described = { shape, product: source.product, categories: source.categories, services: source.services };
    return {
      rule,
      admitted,
      source: described,
      tree: explain(rule.predicate, view.fields, (name) => shown?.derived.fromOf(name)),
    };
  }
}

export interface SigmaExplanation {
  readonly rule: DetectionRule;
  /** False: the event is of another log source, so the rule is not tried whatever the tree says. */
  readonly admitted: boolean;
  /** What the event was recognised as; absent when it was not. */
  readonly source?: {
    readonly shape: string;
    readonly product: string | undefined;
    readonly categories: readonly string[];
    readonly services: readonly string[];
  };
  readonly tree: Explanation;
}

/** What became of an event that asked for an ancestor. */
interface Wait {
  /** Rules whose alerts wait with it. */
  readonly withheld: readonly number[];
  readonly givenUp: readonly LateEvent[];
}

function inTime(
  late: readonly LateOutcome[],
  more: readonly LateOutcome[] = NOT_LATE,
): { readonly late?: readonly LateOutcome[] } {
  if (late.length + more.length === 0) return NOTHING_LATE;
  return { late: more.length === 0 ? late : [...late, ...more] };
}

const KNOWN_BY_NOW = 'not known when the alert was given';
const NO_EVENTS: readonly LateEvent[] = Object.freeze([]);
const NOT_LATE: readonly LateOutcome[] = Object.freeze([]);
const NOTHING_LATE: { readonly late?: never } = Object.freeze({});
const NO_IDS: readonly string[] = Object.freeze([]);
const NOTHING_TOLD: { readonly process?: never } = Object.freeze({});
const NO_INDEXES: readonly never[] = Object.freeze([]);
const NO_EVIDENCE: readonly MatchedField[] = Object.freeze([]);
const NO_WAIT: Wait = Object.freeze({ withheld: NO_INDEXES, givenUp: NO_EVENTS });
const NO_MATCHES: readonly RuleMatch[] = Object.freeze([]);
const NO_RULES: readonly DetectionRule[] = Object.freeze([]);
