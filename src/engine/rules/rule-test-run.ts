/**
 * Runs unit tests of rules the way `scan` would: records decoded, recognised, matched, and put in order for correlations. Only what the
 * test is judged by differs: rules that feed others count as matching too.
 */
import { dirname, join } from 'node:path';
import type { Event } from '../../core/event.ts';
import type { RuleMatch } from '../../core/match.ts';
import type { Diagnostic } from '../../errors/diagnostic.ts';
import { FlintError } from '../../errors/diagnostic.ts';
import type { CorrelationRule } from '../../ir/correlation.ts';
import type { DetectionRule } from '../../ir/detection-rule.ts';
import {
  type JudgedRule,
  judgeRuleTest,
  type RuleTestCase,
  type RuleTestFailure,
} from '../../rules/sigma/rule-tests.ts';
import { decodeSamples, readSampleEvents, type SampleOptions } from './sample-events.ts';
import { type SigmaExplanation, SigmaEventRules } from './sigma-rules.ts';
import { StatefulRules } from '../state/stateful-rules.ts';

export interface RuleTestOutcome {
  readonly test: RuleTestCase;
  readonly events: readonly Event[];
  readonly failures: readonly RuleTestFailure[];
  /** Rules that match, with the number of their matches. */
  readonly matched: readonly JudgedRule[];
  /** The test's file of events could not be read. */
  readonly problems: readonly Diagnostic[];
}

export type RuleTestLimits = Pick<SampleOptions, 'maxRecordBytes' | 'maxDepth'>;

/** Events without a time of their own are a second apart, from the first moment of this. */
const FIRST_ARRIVAL_MS = Date.UTC(2024, 0, 1);
const SEED = { lo: 1, hi: 2 };

export class RuleTestRun {
  readonly #sigma: SigmaEventRules;
  readonly #detections: readonly DetectionRule[];
  readonly #correlations: readonly CorrelationRule[];
  readonly #limits: RuleTestLimits;

  constructor(
    rules: { readonly detections: readonly DetectionRule[]; readonly correlations: readonly CorrelationRule[] },
    limits: RuleTestLimits,
  ) {
    this.#sigma = new SigmaEventRules(rules.detections);
    this.#detections = rules.detections;
    this.#correlations = rules.correlations.map((rule) => ({ ...rule, alerts: true }));
    this.#limits = limits;
  }

  run(test: RuleTestCase): RuleTestOutcome {
    let events: readonly Event[];
    try {
      events = this.#eventsOf(test);
    } catch (error) {
      if (!(error instanceof FlintError)) throw error;
      return { test, events: [], failures: [], matched: [], problems: error.diagnostics };
    }
    const counts = this.#count(events);
    const judged = [...this.#detections, ...this.#correlations].map(
      ({ details: { id, name } }): JudgedRule => ({ id, name, matches: counts.get(id) ?? 0 }),
    );
    const matched = judged.filter(({ matches }) => matches > 0);
    return { test, events, failures: judgeRuleTest(test, judged), matched, problems: [] };
  }

  /** Why a rule does or does not hold for each of the events; empty for correlations. */
  explain(
    rule: string,
    events: readonly Event[],
  ): readonly { readonly event: Event; readonly why: SigmaExplanation }[] {
    const ids = this.#detections.filter(({ details }) => details.id === rule || details.name === rule);
    return ids.flatMap(({ details }) =>
      events.flatMap((event) => {
        const why = this.#sigma.explain(details.id, event);
        return why === undefined ? [] : [{ event, why }];
      }),
    );
  }

  /** Title of a rule by its id. */
  titleOf(id: string): string {
    const all = [...this.#detections, ...this.#correlations];
    return all.find(({ details }) => details.id === id)?.details.name ?? id;
  }

  /** The correlation that a test names, if it is one. */
  correlation(rule: string): CorrelationRule | undefined {
    return this.#correlations.find(({ details }) => details.id === rule || details.name === rule);
  }

  #eventsOf(test: RuleTestCase): readonly Event[] {
    const options: SampleOptions = {
      ...this.#limits,
      arrivalMs: (index) => FIRST_ARRIVAL_MS + 1000 * index,
      ...(test.logsource !== undefined && { logsource: test.logsource }),
    };
    if (test.eventsFile !== undefined) return readSampleEvents(join(dirname(test.file), test.eventsFile), options);
    const records = test.events.map((event, index) => ({
      bytes: Buffer.from(typeof event === 'string' ? event : JSON.stringify(event)),
      position: index,
      line: index + 1,
    }));
    return decodeSamples(records, test.file, options);
  }

  #count(events: readonly Event[]): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    const count = (id: string): void => void counts.set(id, (counts.get(id) ?? 0) + 1);
    const stateful =
      this.#correlations.length === 0
        ? undefined
        : new StatefulRules(this.#correlations, [], { mode: 'ordered', seed: SEED });
    for (const event of events) {
      const { held, view } = this.#sigma.examine(event);
      for (const { details } of held) count(details.id);
      stateful?.observe(event, held, view.fields, event.origin.arrivalMs);
    }
    stateful?.end();
    for (const { match } of stateful?.drain() ?? []) count((match satisfies RuleMatch).rule.id);
    return counts;
  }
}
