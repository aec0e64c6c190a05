/**
 * WatchedRules: rules that nobody but correlations hears of. Records for which only such rules hold need not be decoded: what correlations
 * want of them is read from the values that the event sieve lists.
 */
import { ruleOf } from '../../core/rule-candidate.ts';
import type { MatchedRecord } from '../../state/correlation/matched-record.ts';
import type { Watcher } from '../../state/correlation/plan.ts';
import { MatchedSlots } from '../state/matched-slots.ts';
import { MatchReader } from '../state/match-reader.ts';
import type { ProcessContext } from '../state/process-context.ts';
import type { StatefulRules } from '../state/stateful-rules.ts';
import type { OpenCandidates, SigmaEventRules } from './sigma-rules.ts';

const NO_WATCHERS: readonly Watcher[] = Object.freeze([]);

export class WatchedRules {
  readonly slots: MatchedSlots;
  readonly reader: MatchReader;
  readonly #stateful: StatefulRules;
  /** By position of the rule; undefined: its matches are for others as well, or for nobody. */
  readonly #watchers: readonly (readonly Watcher[] | undefined)[];

  private constructor(stateful: StatefulRules, rules: SigmaEventRules['rules']) {
    this.#stateful = stateful;
    const watchers = rules.map(({ alerts, details }) => {
      const list = alerts ? NO_WATCHERS : stateful.watchersOf(details.id);
      return list.length === 0 ? undefined : list;
    });
    this.#watchers = watchers;
    this.slots = new MatchedSlots(stateful.matchFields, (rule) => watchers[rule] !== undefined);
    this.reader = new MatchReader(this.slots);
  }

  /** Undefined where records must be decoded: flux specifications see every event; remembered processes may answer fields that a record lacks. */
  static of(
    stateful: StatefulRules | undefined,
    sigma: SigmaEventRules | undefined,
    processes: ProcessContext | undefined,
  ): WatchedRules | undefined {
    if (stateful === undefined || sigma === undefined || stateful.seesEveryEvent) return undefined;
    if (stateful.matchFields.some((name) => processes?.names.has(name) === true)) return undefined;
    return new WatchedRules(stateful, sigma.rules);
  }

  /** Whether these rules, as a scan of the raw record names them, are all of this kind. */
  areAll({ rules, firstRule, ruleCount }: OpenCandidates): boolean {
    for (let i = firstRule; i < firstRule + ruleCount; i++)
      if (this.#watchers[ruleOf(rules[i] as number)] === undefined) return false;
    return true;
  }

  /** Takes what the reader has read of a record that these rules hold for. True: something has fired. */
  take(record: MatchedRecord, rules: Uint32Array): boolean {
    // In the order in which events give them.
    for (const rule of rules.length === 1 ? rules : rules.slice().sort())
      this.#stateful.observeRecord(record, this.#watchers[ruleOf(rule)] ?? NO_WATCHERS);
    return this.#stateful.hasFired;
  }
}
