/**
 * SpanningPatterns: the patterns of a set that take several events, and what they remember. Events that satisfy one of their
 * observations come here as facts, go on to a PatternStream by their group, and make a match with those before. What is remembered
 * goes on over reloads, restarts and changes of the set as long as id, text and group key of a pattern stay the same.
 */
import type { Event } from '../../core/event.ts';
import type { MatchedField, RuleDetails, RuleMatch } from '../../core/match.ts';
import type { EventArchive } from '../../state/event-log.ts';
import { Fingerprint } from '../../state/memory/fingerprint.ts';
import type { EventCodec, PatternFact, PatternStreamOptions } from '../../state/pattern/pattern-fact.ts';
import { PatternStream } from '../../state/pattern/pattern-stream.ts';
import type { StatefulPart } from '../../state/snapshot/stateful-part.ts';
import type { WindowWatch } from '../../state/window-watch.ts';
import { streamKey } from '../state/stream-key.ts';
import { type CompiledPattern, patternMatch } from './compiled-pattern.ts';
import {
  absentBrackets,
  type KeptEvents,
  reportPatternGroup,
  reportPatternGroups,
  reportPatterns,
} from './pattern-report.ts';

export interface SpanningOptions {
  /** Fields whose values together are the group key. Default: the host. */
  readonly groupBy?: readonly string[];
  readonly stream?: PatternStreamOptions;
  /** Takes the events that are kept. */
  readonly archive?: EventArchive;
  readonly watch?: WindowWatch;
}

export interface KeptEvent {
  readonly event: Event;
  readonly matched: readonly MatchedField[];
  /** The values of the group key, for the alert. */
  readonly group: Readonly<Record<string, string>>;
}

export type EventFact = PatternFact<KeptEvent>;

/** An event beside its original text, which its fields repeat. */
const EVENT_BYTES = 900;
const KEPT_CODEC: EventCodec<KeptEvent> = {
  save: (kept) => kept,
  load: (saved) => saved as KeptEvent,
  size: ({ event }) => EVENT_BYTES + 4 * event.original.length,
};

/** That an event satisfies brackets of a pattern, as plain data. `plan`: position of the pattern among those of `SpanningPatterns`. */
export function factOf(
  plan: number,
  event: Event,
  brackets: readonly number[],
  matched: readonly MatchedField[],
  groupBy: SpanningOptions['groupBy'],
): EventFact {
  const { key, group } = streamKey(event.fields, groupBy);
  const isReplay = event.origin.source.replayable;
  return { pattern: plan, key, timeMs: event.timeMs, brackets, event: { event, matched, group }, isReplay };
}

export class SpanningPatterns {
  /** By number; undefined: it is gone, its number is not given again. */
  readonly #patterns: (CompiledPattern | undefined)[];
  /** By number of a pattern that is gone, the number of the version that goes on with what it has seen. */
  readonly #successors = new Map<number, number>();
  readonly #archive: EventArchive | undefined;
  readonly #watch: WindowWatch | undefined;
  readonly #streamOptions: string;
  readonly #keys: StreamKeys;
  readonly #stream: PatternStream<KeptEvent>;
  #part: StatefulPart | undefined;

  /** `previous`: of the generation before, whose memory is taken over with its part. */
  constructor(patterns: readonly CompiledPattern[], options: SpanningOptions, previous?: SpanningPatterns) {
    this.#patterns = [...patterns];
    this.#archive = options.archive;
    this.#watch = options.watch;
    this.#streamOptions = JSON.stringify(options.stream ?? {});
    this.#keys = new StreamKeys(options.groupBy);
    const plans = patterns.map(({ plan }) => plan);
    this.#stream = new PatternStream(
      plans,
      patterns.map((pattern) => this.#keys.take(pattern)),
      KEPT_CODEC,
      options.stream,
    );
    if (options.watch !== undefined) this.#stream.fullest = ({ pattern, kept }) => this.#tellWindow(pattern, kept);
    if (patterns.length > 0) this.#part = this.#createPart(previous);
  }

  /** What must survive a restart; undefined when there were no such patterns yet. */
  get part(): StatefulPart | undefined {
    return this.#part;
  }

  /** Other patterns, while events go on: those that stay, or come with the same key, keep their memory. Returns the number of the first that comes. */
  change(removed: readonly number[], added: readonly CompiledPattern[]): number {
    const former = new Map<string, number>();
    for (const plan of removed) {
      if (this.#patterns[plan] === undefined) continue;
      former.set(this.#keys.give(plan), plan);
      this.#patterns[plan] = undefined;
    }
    const keyed = added.map((pattern) => ({ plan: pattern.plan, key: this.#keys.take(pattern) }));
    const first = this.#stream.change(removed, keyed);
    for (const [i, { key }] of keyed.entries()) {
      const plan = former.get(key);
      if (plan !== undefined) this.#successors.set(plan, first + i);
    }
    this.#patterns.push(...added);
    if (this.#patterns.length > 0) this.#part ??= this.#createPart(undefined);
    return first;
  }

  /** The same pattern, with other things said of it. */
  restate(plan: number, pattern: CompiledPattern): void {
    this.#patterns[plan] = pattern;
  }

  /**
   * Takes a fact, in the order of events; the match that it completes. A worker may have found it for a version that is gone since: it is for
   * the one that goes on in its place.
   */
  advance(found: EventFact): RuleMatch | undefined {
    const heir = this.#heirOf(found.pattern);
    return this.#advance(heir === found.pattern ? found : { ...found, pattern: heir });
  }

  #heirOf(plan: number): number {
    let heir = plan;
    for (let next = this.#successors.get(heir); next !== undefined; next = this.#successors.get(heir)) heir = next;
    return heir;
  }

  #advance(fact: EventFact): RuleMatch | undefined {
    this.#archive?.put(fact.event.event);
    this.#tellFact(fact);
    const found = this.#stream.push(fact);
    const pattern = this.#patterns[fact.pattern];
    if (found === undefined || pattern === undefined) return undefined;
    const { event, group } = fact.event;
    const matched = found.events.flatMap((kept, at) => kept.matched.map((one) => ({ ...one, event: at })));
    const events = found.events.map((kept) => kept.event);
    const rule = pattern.input.details.id;
    if (this.#watch?.wants(rule) === true)
      this.#watch.fired({ rule, group, timeMs: event.timeMs, count: events.length, events });
    return { ...patternMatch(pattern, event, matched), events, group, count: events.length };
  }

  /** The patterns, with the names of their observations. */
  list(): readonly { readonly id: string; readonly name: string; readonly observations: readonly string[] }[] {
    return this.#patterns.flatMap((pattern) => {
      if (pattern === undefined) return [];
      const { id, name } = pattern.input.details;
      return [{ id, name, observations: pattern.brackets.map(({ bracket }) => observationName(bracket)) }];
    });
  }

  /** Tells the watch what is kept at the end of the input. */
  tellWindows(): void {
    if (this.#watch === undefined) return;
    for (const { pattern, kept } of this.#stream.groups()) if (kept.length > 0) this.#tellWindow(pattern, kept);
  }

  #detailsOf(plan: number): RuleDetails | undefined {
    return this.#patterns[plan]?.input.details;
  }

  #tellWindow(plan: number, kept: KeptEvents): void {
    const rule = this.#detailsOf(plan)?.id ?? '';
    if (this.#watch?.wants(rule) !== true) return;
    const absent = absentBrackets(this.#stream, plan, kept).length;
    this.#watch.window({
      ...{ rule, group: kept[0]?.event.group ?? {} },
      // Whether what is seen suffices only the search knows: a match is told as such.
      distance: Math.max(1, absent),
      report: () => reportPatternGroup(this.#stream, plan, kept),
    });
  }

  #tellFact(fact: EventFact): void {
    const rule = this.#detailsOf(fact.pattern)?.id ?? '';
    if (this.#watch?.wants(rule) !== true) return;
    for (const bracket of fact.brackets) this.#watch.took(rule, observationName(bracket));
  }

  #createPart(previous: SpanningPatterns | undefined): StatefulPart {
    const stream = this.#stream;
    const detailsOf = (plan: number): RuleDetails | undefined => this.#detailsOf(plan);
    const fits = previous !== undefined && previous.#streamOptions === this.#streamOptions && this.#watch === undefined;
    let former = fits ? previous : undefined;
    const said = (list: readonly string[]): string[] => {
      const fresh = new Set(list);
      return this.#keys.list.flatMap((key, plan) => (fresh.has(key) ? [`pattern "${detailsOf(plan)?.id}"`] : []));
    };
    return {
      name: 'pattern',
      takeOver: (part) => {
        const known = former;
        former = undefined;
        return known === undefined || known.part !== part ? undefined : said(stream.takeOver(known.#stream));
      },
      snapshot: (full) => stream.snapshot(full),
      restore: (chunks) => said(stream.restore(chunks)),
      report: () => reportPatterns(stream, detailsOf),
      groups: (ruleId, query) => reportPatternGroups(stream, detailsOf, ruleId, query),
    };
  }
}

/** What names patterns over restarts: id, text and group key as a fingerprint; equal ones are numbered. */
class StreamKeys {
  /** By number of the pattern; of one that is gone empty. */
  readonly list: string[] = [];
  readonly #used = new Set<string>();
  readonly #groupBy: readonly string[];

  constructor(groupBy: readonly string[] = []) {
    this.#groupBy = groupBy;
  }

  /** The key of the next pattern. */
  take({ input }: CompiledPattern): string {
    const text = JSON.stringify([input.details.id, input.pattern, this.#groupBy]);
    const { lo, hi } = new Fingerprint().set(1, 2).add(text);
    const key = `${(hi >>> 0).toString(16)}.${(lo >>> 0).toString(16)}`;
    let free = key;
    for (let number = 1; this.#used.has(free); number++) free = `${key}.${number}`;
    this.#used.add(free);
    this.list.push(free);
    return free;
  }

  /** The pattern is gone: its key is free again. */
  give(plan: number): string {
    const key = this.list[plan] ?? '';
    this.#used.delete(key);
    this.list[plan] = '';
    return key;
  }
}

function observationName(bracket: number): string {
  return `observation ${bracket + 1}`;
}
