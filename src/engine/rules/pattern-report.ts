/** What patterns over several observations have kept, and which of their observations are missing: for people who ask why none matched. */
import type { RuleDetails } from '../../core/match.ts';
import type { PatternStream } from '../../state/pattern/pattern-stream.ts';
import type { GroupQuery, GroupReport, StateReport } from '../../state/snapshot/stateful-part.ts';
import type { KeptEvent } from './spanning-patterns.ts';

const MAX_REFERENCES = 20;

type DetailsOf = (plan: number) => RuleDetails | undefined;

export function reportPatterns(stream: PatternStream<KeptEvent>, detailsOf: DetailsOf): StateReport[] {
  const byPlan = new Map<number, { groups: number; entries: number }>();
  // Patterns with nothing but late events are told too, and those whose search was given up.
  for (const plan of stream.plansOf((one) => stream.lateOf(one) + stream.undecidedOf(one) > 0))
    byPlan.set(plan, { groups: 0, entries: 0 });
  for (const { pattern, kept } of stream.groups()) {
    const sum = byPlan.get(pattern) ?? { groups: 0, entries: 0 };
    byPlan.set(pattern, { groups: sum.groups + 1, entries: sum.entries + kept.length });
  }
  const { evictedEvents, evictedKeys } = stream.counts;
  const perEntry = stream.size === 0 ? 0 : stream.bytes / stream.size;
  return [...byPlan].map(([plan, { groups, entries }], index) => ({
    ...{ engine: 'pattern', rule: detailsOf(plan)?.id ?? '', name: detailsOf(plan)?.name ?? '', groups, entries },
    ...{ bytes: Math.round(entries * perEntry), waiting: 0, late: stream.lateOf(plan) },
    undecided: stream.undecidedOf(plan),
    // Counted over all patterns: told once.
    evicted: index === 0 ? evictedEvents + evictedKeys : 0,
  }));
}

export function reportPatternGroups(
  stream: PatternStream<KeptEvent>,
  detailsOf: DetailsOf,
  ruleId: string,
  { limit, filter }: GroupQuery,
): GroupReport[] | undefined {
  const plans = new Set(stream.plansOf((plan) => detailsOf(plan)?.id === ruleId));
  if (plans.size === 0) return undefined;
  const reports: GroupReport[] = [];
  for (const { pattern, key, kept } of stream.groups()) {
    if (reports.length >= limit) break;
    if (!plans.has(pattern) || (filter !== undefined && !key.includes(filter))) continue;
    reports.push(reportPatternGroup(stream, pattern, kept));
  }
  return reports;
}

export type KeptEvents = readonly {
  readonly timeMs: number;
  readonly brackets: readonly number[];
  readonly event: KeptEvent;
}[];

/** Observations of the pattern that no kept event satisfies. */
export function absentBrackets(stream: PatternStream<KeptEvent>, pattern: number, kept: KeptEvents): readonly number[] {
  const seen = new Set(kept.flatMap(({ brackets }) => brackets));
  return stream.bracketsOf(pattern).filter((bracket) => !seen.has(bracket));
}

export function reportPatternGroup(stream: PatternStream<KeptEvent>, pattern: number, kept: KeptEvents): GroupReport {
  const absent = absentBrackets(stream, pattern, kept);
  const all = stream.bracketsOf(pattern).length;
  return {
    group: kept[0]?.event.group ?? {},
    fromMs: kept[0]?.timeMs ?? Number.NaN,
    toMs: kept.at(-1)?.timeMs ?? Number.NaN,
    entries: kept.length,
    state: `${kept.length} events kept, ${all - absent.length} of ${all} observations seen`,
    missing:
      absent.length > 0
        ? absent.map((bracket) => `no event for observation ${bracket + 1} of the pattern`)
        : ['all observations seen, but not often enough, in order or near enough in time'],
    events: kept
      .slice(-MAX_REFERENCES)
      .toReversed()
      .map(({ timeMs, event: { event } }) => ({
        ...{ source: event.origin.source.id, position: event.origin.position, part: event.origin.part, timeMs },
        ...{ path: event.origin.source.path, ...(event.origin.line > 0 && { line: event.origin.line }) },
      })),
  };
}
