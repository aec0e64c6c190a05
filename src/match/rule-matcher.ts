/**
 * RuleMatcher: all Sigma rules against one event. Rules are compiled once. For each kind of event (log source and event id) the rules
 * that may fire on it form a group with an index over their required literals: an event walks the fields that the group's
 * literals are about, collects the rules that have one, adds those that have none, and evaluates only these. The result
 * equals evaluating every admitted rule with the interpreter; a random differential test holds it to that.
 */
import type { EventObject, EventValue } from '../core/event.ts';
import type { MatchedField } from '../core/match.ts';
import { isCertain, ruleOf } from '../core/rule-candidate.ts';
import type { RuleEvent } from '../core/rule-event.ts';
import type { EventSource } from '../core/event-source.ts';
import { admits } from '../core/event-source.ts';
import type { DetectionRule } from '../ir/detection-rule.ts';
import type { Predicate } from '../ir/predicate.ts';
import { compileEvidence, type Evidence } from './compiled-evidence.ts';
import { LiteralIndex } from './literal-index.ts';
import { requiredAtoms } from './rule-atoms.ts';
import type { Clause } from './rule-atoms.ts';
import { RuleCompiler } from './rule-compiler.ts';
import type { RuleTest } from './rule-compiler.ts';
import { textForm } from './rule-frame.ts';
import { TextUnits } from './text-units.ts';
import { eventIdsOf } from './rule-event-ids.ts';

export interface RuleMatcherCounters {
  /** Events given to the matcher. */
  events: number;
  /** Rules admitted by log source and event id, summed over events. */
  admitted: number;
  /** Rules evaluated: reached through a literal, or without one. */
  evaluated: number;
  /** Rules that a scan of the raw record had proved to hold. */
  certain: number;
  matched: number;
  groups: number;
}

/** Kinds of event that are remembered; names in them are log content. */
const MAX_GROUPS = 2048;
const MANY_CANDIDATES = 32;

interface Group {
  /** Indexes into `rules`. */
  readonly always: Int32Array;
  readonly indexes: readonly { readonly slot: number; readonly index: LiteralIndex }[];
  /** Keyword literals, over the text of all values. */
  readonly allText: LiteralIndex | undefined;
  readonly size: number;
}

export class RuleMatcher {
  readonly rules: readonly DetectionRule[];
  readonly counters: RuleMatcherCounters = {
    events: 0,
    admitted: 0,
    evaluated: 0,
    certain: 0,
    matched: 0,
    groups: 0,
  };
  readonly #units = new TextUnits();
  readonly #compiler = new RuleCompiler(this.#units);
  /** Compiled when first needed: most rules of a large set are for log sources that never come. */
  readonly #tests: (RuleTest | undefined)[];
  readonly #others = new WeakMap<Predicate, RuleTest>();
  /** Of rules that have matched. */
  readonly #evidence: (Evidence | undefined)[];
  readonly #clauses: (Clause | null | undefined)[];
  readonly #eventIds: (ReadonlySet<number> | null | undefined)[];
  readonly #frame = this.#compiler.createFrame();
  readonly #groups = new Map<string, Group>();
  readonly #seen: Int32Array;
  readonly #candidates: Int32Array;
  #candidateCount = 0;
  #stamp = 0;
  readonly #visit: (rule: number) => void;

  constructor(rules: readonly DetectionRule[]) {
    this.rules = rules;
    this.#tests = rules.map(() => undefined);
    this.#evidence = rules.map(() => undefined);
    this.#clauses = rules.map(() => undefined);
    this.#eventIds = rules.map(() => undefined);
    this.#seen = new Int32Array(rules.length);
    this.#candidates = new Int32Array(rules.length);
    this.#visit = (rule) => {
      if (this.#seen[rule] === this.#stamp) return;
      this.#seen[rule] = this.#stamp;
      this.#candidates[this.#candidateCount++] = rule;
    };
  }

  /** Indexes (into `rules`) of the rules that hold, ascending. The event bears Sigma's names, its own or as aliases. */
  match(event: RuleEvent, source: EventSource): readonly number[] {
    const group = this.#groupOf(event.base, source);
    this.counters.events++;
    this.counters.admitted += group.size;
    if (group.size === 0) return NONE;
    const frame = this.#frame;
    frame.load(event);
    this.#begin();
    for (let i = 0; i < group.always.length; i++) this.#visit(group.always[i] as number);
    for (const { slot, index } of group.indexes) {
      const text = frame.text(slot);
      if (text !== undefined) index.find(text, this.#visit, frame.folded(slot));
      else if (frame.isMany(slot))
        for (const value of frame.value(slot) as readonly EventValue[]) {
          const one = textForm(value);
          if (one !== undefined) index.find(one, this.#visit);
        }
    }
    group.allText?.find(frame.joinedText(), this.#visit);
    return this.#evaluateCandidates();
  }

  /**
   * As `match`, for rules that a scan of the raw record has reached already, each once; those that may not fire here are left out, and
   * those that are certain are not evaluated again.
   */
  matchCandidates(event: RuleEvent, source: EventSource, candidates: Iterable<number>): readonly number[] {
    // Characters beyond ASCII make some hundred rules possible; the index tells them apart faster than evaluating each.
    if ('length' in candidates && Number(candidates.length) > MANY_CANDIDATES) return this.match(event, source);
    const eventId = eventIdOf(event.base);
    this.counters.events++;
    this.#begin();
    const matched: number[] = [];
    for (const candidate of candidates) {
      const rule = ruleOf(candidate);
      if (!this.#isAdmitted(rule, source, eventId)) continue;
      if (isCertain(candidate)) matched.push(rule);
      else this.#visit(rule);
    }
    if (this.#candidateCount + matched.length === 0) return NONE;
    this.#frame.load(event);
    this.counters.certain += matched.length;
    return this.#evaluateCandidates(matched);
  }

  /** The places that made a rule hold, by its index, for the event that was given last. */
  evidence(rule: number): MatchedField[] {
    let evidence = this.#evidence[rule];
    if (evidence === undefined) {
      evidence = compileEvidence((this.rules[rule] as DetectionRule).predicate, this.#compiler, this.#units);
      this.#evidence[rule] = evidence;
      this.#compiler.fit(this.#frame);
    }
    const found: MatchedField[] = [];
    evidence(this.#frame, found);
    return found;
  }

  /** Whether what is no rule of the set holds for the event that was given last. */
  holds(predicate: Predicate): boolean {
    let test = this.#others.get(predicate);
    if (test === undefined) {
      test = this.#compiler.compile(predicate);
      this.#others.set(predicate, test);
      this.#compiler.fit(this.#frame);
    }
    return test(this.#frame);
  }

  /** Whether the rule is tried on events of this source at all. */
  admits(rule: DetectionRule, source: EventSource): boolean {
    return admits(rule.logsource, source);
  }

  #begin(): void {
    if (this.#stamp === 0x7fffffff) {
      this.#seen.fill(0);
      this.#stamp = 0;
    }
    this.#stamp++;
    this.#candidateCount = 0;
  }

  /** `matched`: rules that hold anyway. */
  #evaluateCandidates(matched?: number[]): readonly number[] {
    this.counters.evaluated += this.#candidateCount;
    let all = matched;
    for (let i = 0; i < this.#candidateCount; i++) {
      const rule = this.#candidates[i] as number;
      if (!this.#testOf(rule)(this.#frame)) continue;
      if (all === undefined) all = [rule];
      else all.push(rule);
    }
    if (all === undefined || all.length === 0) return NONE;
    this.counters.matched += all.length;
    return all.length === 1 ? all : all.sort((a, b) => a - b);
  }

  #testOf(rule: number): RuleTest {
    let test = this.#tests[rule];
    if (test === undefined) {
      test = this.#compiler.compile((this.rules[rule] as DetectionRule).predicate);
      this.#tests[rule] = test;
      this.#compiler.fit(this.#frame);
    }
    return test;
  }

  #clauseOf(rule: number): Clause | undefined {
    let clause = this.#clauses[rule];
    if (clause === undefined) {
      clause = requiredAtoms((this.rules[rule] as DetectionRule).predicate) ?? null;
      this.#clauses[rule] = clause;
    }
    return clause ?? undefined;
  }

  #isAdmitted(rule: number, source: EventSource, eventId: number | undefined): boolean {
    const { logsource } = this.rules[rule] as DetectionRule;
    return admits(logsource, source) && (eventId === undefined || this.#mayFire(rule, eventId));
  }

  #mayFire(rule: number, eventId: number): boolean {
    let ids = this.#eventIds[rule];
    if (ids === undefined) {
      ids = eventIdsOf((this.rules[rule] as DetectionRule).predicate) ?? null;
      this.#eventIds[rule] = ids;
    }
    return ids === null || ids.has(eventId);
  }

  #groupOf(fields: EventObject, source: EventSource): Group {
    const eventId = eventIdOf(fields);
    const key = eventId === undefined ? source.key : `${source.key}#${eventId}`;
    let group = this.#groups.get(key);
    if (group === undefined) {
      if (this.#groups.size >= MAX_GROUPS) this.#groups.clear();
      group = this.#buildGroup(source, eventId);
      this.#groups.set(key, group);
      this.counters.groups++;
    }
    return group;
  }

  #buildGroup(source: EventSource, eventId: number | undefined): Group {
    const always: number[] = [];
    const indexes = new Map<number, LiteralIndex>();
    let size = 0;
    for (let rule = 0; rule < this.rules.length; rule++) {
      if (!this.#isAdmitted(rule, source, eventId)) continue;
      size++;
      const clause = this.#clauseOf(rule);
      if (clause === undefined) {
        always.push(rule);
        continue;
      }
      for (const { field, relation, text } of clause.atoms) {
        const slot = field === undefined ? -1 : this.#compiler.slotOf(field);
        let index = indexes.get(slot);
        if (index === undefined) {
          index = new LiteralIndex(this.#units);
          indexes.set(slot, index);
        }
        index.add(relation, text, rule);
      }
    }
    this.#compiler.fit(this.#frame);
    for (const index of indexes.values()) index.finish();
    const allText = indexes.get(-1);
    indexes.delete(-1);
    return {
      always: Int32Array.from(always),
      indexes: [...indexes].map(([slot, index]) => ({ slot, index })),
      allText,
      size,
    };
  }
}

const NONE: readonly number[] = Object.freeze([]);

/** A plain decimal event id; undefined when absent, not scalar, or spelled otherwise: then nothing follows from it. */
function eventIdOf(fields: EventObject): number | undefined {
  if (!Object.hasOwn(fields, 'EventID')) return undefined;
  const value = fields['EventID'];
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 && value < 1e9 ? value : undefined;
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}
