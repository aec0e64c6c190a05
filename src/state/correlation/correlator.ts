/**
 * Correlator: events with the rules they match in, matches of correlation rules out. Puts together the plan, the engine and the log of
 * events for whoever wires them; holds no logic of its own.
 */
import type { Event } from '../../core/event.ts';
import type { RuleMatch } from '../../core/match.ts';
import type { CorrelationRule } from '../../ir/correlation.ts';
import { type EventArchive, EventLog } from '../event-log.ts';
import { SourceClocks } from '../order/source-clock.ts';
import type { DecodedChunk, SnapshotChunk } from '../snapshot/chunk.ts';
import { CorrelationEngine, type CorrelationOptions } from './engine.ts';
import { collectFacts, type FactLoss, type FieldReader, fieldReader } from './fact.ts';
import { type CorrelationFiring, matchOfFiring } from './firing.ts';
import type { MatchedRecord } from './matched-record.ts';
import { type CorrelationPlan, planCorrelations, type Watcher } from './plan.ts';
import type { EventReference, GroupQuery, GroupReport, StatefulPart, StateReport } from '../snapshot/stateful-part.ts';
import type { WindowWatch } from '../window-watch.ts';
import { distanceOf, reportGroup, reportGroups } from './group-report.ts';
import { restoreCorrelations, snapshotCorrelations } from './snapshot.ts';

export interface CorrelatorOptions extends CorrelationOptions {
  /** Bound of the events kept to be shown in alerts. */
  readonly eventLogBytes: number;
  /** Where earlier events are found that are not kept in memory. */
  readonly archive?: EventArchive;
  readonly watch?: WindowWatch;
}

/** `event` is the one that completed the match: the alert is about it. */
export type CorrelationHandler = (event: Event, match: RuleMatch) => void;

export class Correlator implements StatefulPart {
  readonly name = 'correlation';
  readonly plan: CorrelationPlan;
  readonly engine: CorrelationEngine;
  readonly events: EventLog;
  readonly clocks: SourceClocks;
  readonly #options: string;
  /** Shares clocks and events with it, until its windows are taken over. */
  #former: Correlator | undefined;
  readonly #watch: WindowWatch | undefined;

  /** `former`: the one before a reload, which goes on until `takeOver`. */
  constructor(
    rules: readonly CorrelationRule[],
    options: CorrelatorOptions,
    onMatch: CorrelationHandler,
    former?: Correlator,
  ) {
    const { archive, watch, ...plain } = options;
    this.#options = JSON.stringify(plain);
    const fits = former !== undefined && former.#options === this.#options && watch === undefined;
    this.#former = fits ? former : undefined;
    this.plan = planCorrelations(rules, options.latenessMs);
    this.clocks = this.#former?.clocks ?? new SourceClocks();
    this.events = this.#former?.events ?? new EventLog(this.clocks, options.eventLogBytes, archive);
    this.engine = new CorrelationEngine(this.plan, this.clocks, options, (firing) => {
      if (this.#watch?.wants(firing.rule.details.id) === true) this.#tellFiring(this.#watch, firing);
      if (!firing.rule.alerts) return;
      const match = matchOfFiring(firing, (place) => this.events.get(place));
      const completing = match.events?.at(-1);
      if (completing !== undefined) onMatch(completing, match);
    });
    this.#watch = options.watch;
    if (options.watch !== undefined) this.#watchWindows(options.watch);
  }

  /** True when some correlation watches the rule: only then its matches need be handed in, also when it does not alert itself. */
  watches(ruleId: string): boolean {
    return this.plan.watchers.has(ruleId);
  }

  /** Who waits for the matches of a rule. */
  watchersOf(ruleId: string): readonly Watcher[] {
    return this.plan.watchers.get(ruleId) ?? [];
  }

  /** Takes a record that a rule holds for: what `observe` does with its event. */
  observeRecord(record: MatchedRecord, watchers: readonly Watcher[]): void {
    for (let i = 0; i < watchers.length; i++) {
      const watcher = watchers[i] as Watcher;
      const loss = this.engine.runners[watcher.correlation]?.readRecord(record, watcher);
      if (loss !== undefined) this.#count(loss, watcher.correlation);
      else this.engine.pushRecord(record, this.events.keep(record), watcher);
    }
  }

  #count(reason: FactLoss, correlation: number): void {
    this.engine.lost[reason]++;
    this.#watch?.lost(this.plan.correlations[correlation]?.rule.details.id ?? '', reason);
  }

  /** Takes an event and the ids of the rules it matches. `read` gives its fields as the rules see them. */
  observe(event: Event, ruleIds: Iterable<string>, nowMs: number, read: FieldReader = fieldReader(event.fields)): void {
    const count = (reason: FactLoss, correlation: number): void => this.#count(reason, correlation);
    let place: ReturnType<EventLog['placeOf']> | undefined;
    for (const id of ruleIds) {
      if (!this.watches(id)) continue;
      place ??= this.events.placeOf(event);
      const facts = collectFacts(this.plan, id, read, place, count);
      if (facts.length > 0) this.events.put(place, event);
      for (const fact of facts) this.engine.push(fact, nowMs);
    }
  }

  /** Arrival clock; call it every second or so on live inputs. */
  advance(nowMs: number): void {
    this.engine.advance(nowMs);
  }

  end(): void {
    this.engine.end();
  }

  snapshot(full: boolean): IterableIterator<SnapshotChunk, void> {
    return snapshotCorrelations(this.engine, this.clocks, full);
  }

  /** Before the first event. Returns the correlations that start empty. */
  restore(chunks: ReadonlyMap<string, DecodedChunk>, nowMs = 0): readonly string[] {
    return restoreCorrelations(this.engine, this.clocks, chunks, nowMs).map((id) => `correlation "${id}"`);
  }

  takeOver(former: StatefulPart): readonly string[] | undefined {
    const known = this.#former;
    this.#former = undefined;
    if (known === undefined || known !== former) return undefined;
    const { fresh, given } = this.engine.takeOver(known.engine);
    const ids = new Set(fresh.map(({ rule }) => rule.details.id));
    const forgotten = new Map(given.map((runner) => [runner.planned.rule.details.id, runner.counts.groups]));
    return [
      ...fresh.map(({ rule: { details } }) => {
        const groups = forgotten.get(details.id);
        return groups === undefined
          ? `correlation "${details.id}"`
          : `correlation "${details.id}" (changed, ${groups} groups forgotten)`;
      }),
      ...[...forgotten].flatMap(([id, groups]) =>
        ids.has(id) ? [] : [`correlation "${id}" (gone, ${groups} groups forgotten)`],
      ),
    ];
  }

  #watchWindows(watch: WindowWatch): void {
    for (const runner of this.engine.runners) {
      const { rule } = runner.planned;
      const { id } = rule.details;
      if (!watch.wants(id)) continue;
      runner.watch = {
        took: (member) => watch.took(id, rule.rules[member] ?? ''),
        fullest: (group) => {
          const values = runner.groupValues(group);
          const report = (): GroupReport => {
            const { events, ...rest } = reportGroup(runner, this.clocks, group, values, 'over');
            return { ...rest, events: events.map((event) => this.#withLine(event)) };
          };
          watch.window({ rule: id, group: values, distance: distanceOf(runner, group), report });
        },
      };
    }
  }

  #tellFiring(watch: WindowWatch, { rule, group, timeMs, value, events, eventsOmitted }: CorrelationFiring): void {
    watch.fired({
      ...{ rule: rule.details.id, group, timeMs, count: events.length + eventsOmitted },
      ...(rule.condition.kind === 'threshold' && { value }),
      events: events.map((place) => this.events.get(place)),
    });
  }

  /** The reference with the file and line of the event, while it is kept. */
  #withLine(reference: EventReference): EventReference {
    const source = this.clocks.register(reference.source, 'stream');
    const { source: from, line } = this.events.get({ ...reference, source }).origin;
    return { ...reference, path: from.path, ...(line > 0 && { line }) };
  }

  report(): readonly StateReport[] {
    const { budgetBytes, maxFactsPerGroup: groupLimit } = this.engine.options;
    return this.engine.runners.map(({ planned: { rule }, counts }) => ({
      ...{ budgetBytes, groupLimit },
      ...{ engine: 'correlation', rule: rule.details.id, name: rule.details.name, groups: counts.groups },
      ...{ entries: counts.facts, bytes: counts.bytes, waiting: counts.pending, late: counts.late },
      early: counts.early,
      evicted: counts.evicted + counts.trimmed,
    }));
  }

  groups(ruleId: string, query: GroupQuery): readonly GroupReport[] | undefined {
    const runner = this.engine.runners.find(({ planned }) => planned.rule.details.id === ruleId);
    return runner === undefined ? undefined : reportGroups(runner, this.clocks, query);
  }
}
