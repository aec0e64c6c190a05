/**
 * FluxTagger: events in, events with updated `sigma` maps and matches of flux rules out. Puts together plan, row reader and engine for
 * whoever wires them (`--flux`, `--flux-group`, `--flux-capacity`, `--emit events`).
 */
import type { Event, EventObject } from '../../core/event.ts';
import type { MatchedField, RuleMatch } from '../../core/match.ts';
import type { FluxSpec } from '../../ir/flux.ts';
import { type EventArchive, EventLog } from '../event-log.ts';
import type { EventPlace } from '../event-place.ts';
import { SourceClocks } from '../order/source-clock.ts';
import type { DecodedChunk, SnapshotChunk } from '../snapshot/chunk.ts';
import type { KeyedPicture } from '../snapshot/keyed-picture.ts';
import type { StatefulPart, StateReport } from '../snapshot/stateful-part.ts';
import { FluxEngine, type FluxEngineOptions, type FluxResult } from './engine.ts';
import { type FluxPlan, type PlannedRule, planFlux } from './plan.ts';
import { type FieldText, type FluxRow, hasTag, readFluxRow, type TagLookup, withSigma } from './row.ts';
import { type ItemCodec, plannedRules, type RowCollection, restoreFlux, rowPicture, snapshotFlux } from './snapshot.ts';

export interface FluxTaggerHandlers {
  /** Each event once, in the order of evaluation, with its updated fields; only called when given. */
  readonly onEvent?: (event: Event, fields: EventObject) => void;
  readonly onMatch: (event: Event, match: RuleMatch) => void;
  /** Where earlier events are found that are not kept in memory. */
  readonly archive?: EventArchive;
}

/** Earlier events kept in memory to be shown in alerts. */
const EVENT_LOG_BYTES = 64 << 20;

export class FluxTagger implements StatefulPart {
  readonly name: string;
  readonly plan: FluxPlan;
  readonly engine: FluxEngine<Event>;
  readonly clocks = new SourceClocks();
  readonly #groupField: string;
  readonly #events: EventLog;
  readonly #rows: KeyedPicture<RowCollection>;

  /** `groupField`: column of the group key (`--flux-group`), for example the host. `name`: see StatefulPart. */
  constructor(
    name: string,
    spec: FluxSpec,
    groupField: string,
    options: FluxEngineOptions,
    handlers: FluxTaggerHandlers,
  ) {
    this.name = name;
    this.plan = planFlux(spec);
    this.#groupField = groupField;
    this.#events = new EventLog(this.clocks, EVENT_LOG_BYTES, handlers.archive);
    const evidenceItems = false;
    this.engine = new FluxEngine<Event>(this.plan, this.clocks, { ...options, evidenceItems }, (row, result) => {
      if (result.noted) this.#events.put(row, row.item);
      if (handlers.onEvent !== undefined && !result.revised)
        handlers.onEvent(row.item, withSigma(this.plan, row.item.fields, result.tags, result.evaluated));
      for (const ordinal of result.fired) {
        const planned = this.plan.rules[ordinal];
        if (planned !== undefined)
          handlers.onMatch(
            row.item,
            matchOfFlux(planned, this.plan, row, result, groupField, (place) => this.#events.get(place)),
          );
      }
    });
    this.#rows = rowPicture(this.engine, EVENT_CODEC);
  }

  /** `tagOf` answers tags that the event's own map does not speak of; `fieldText` reads fields as rules see them. */
  observe(event: Event, nowMs: number, tagOf?: TagLookup, fieldText?: FieldText): void {
    const place = this.#events.placeOf(event);
    this.engine.push(readFluxRow(this.plan, event.fields, this.#groupField, place, event, tagOf, fieldText), nowMs);
  }

  /** Arrival clock; call it every second or so on live inputs. */
  advance(nowMs: number): void {
    this.engine.advance(nowMs);
  }

  end(): void {
    this.engine.end();
  }

  /** See `snapshotFlux`; waiting events are saved as JSON. */
  snapshot(full: boolean): IterableIterator<SnapshotChunk, void> {
    return snapshotFlux(this.engine, this.clocks, this.#rows, full);
  }

  /** Before the first event. Events that waited under another specification are evaluated under this one. */
  restore(chunks: ReadonlyMap<string, DecodedChunk>, nowMs: number): readonly string[] {
    const known = plannedRules(chunks);
    for (const event of restoreFlux(this.engine, this.clocks, EVENT_CODEC, chunks, nowMs)) this.observe(event, nowMs);
    return this.plan.rules.flatMap(({ rule, lo, hi }) =>
      known.has(`${lo} ${hi}`) ? [] : [`flux rule "${rule.name}"`],
    );
  }

  report(): readonly StateReport[] {
    const { facts, forgotten, bytes, pending, late } = this.engine.counts;
    const rules = this.plan.rules.map(({ rule }) => rule.name).join(', ');
    return [
      {
        ...{ engine: 'flux', rule: this.name.replace(/^flux\//, ''), name: rules, groups: this.engine.order.keys },
        ...{ entries: facts, bytes: bytes + pending * PENDING_ROW_BYTES, waiting: pending, late, evicted: forgotten },
      },
    ];
  }
}

/** A row that may be undone, with its event. */
const PENDING_ROW_BYTES = 1500;
const EVENT_CODEC: ItemCodec<Event> = { save: (event) => event, load: (saved) => saved as Event };

/** What an alert is made from: tags with where they came from, the earlier events, the group and context. */
export function matchOfFlux(
  planned: PlannedRule,
  plan: FluxPlan,
  row: FluxRow<Event>,
  result: FluxResult<Event>,
  groupField: string,
  eventAt: (place: EventPlace) => Event,
): RuleMatch {
  const { rule } = planned;
  const { contributors, complete } = result.evidence(planned);
  const matched = rule.tags.flatMap((tag, index): MatchedField[] => {
    if (!hasTag(result.tags, planned, index)) return [];
    const own = hasTag(row.own, planned, index);
    return [
      { field: `sigma.${rule.name}.${tag}`, value: 'true', item: tag, how: own ? 'self' : inheritedFrom(rule.action) },
    ];
  });
  const context = planned.context.flatMap((column) => {
    const value = row.columns[column];
    return value === undefined ? [] : [[plan.columns[column] ?? '', value] as const];
  });
  const group = row.group === undefined ? context : [[groupField, row.group] as const, ...context];
  return {
    engine: 'flux',
    rule: {
      id: rule.name,
      name: rule.name,
      ...(rule.level === undefined ? {} : { level: rule.level }),
      ...(rule.description === undefined ? {} : { description: rule.description }),
    },
    matched: complete
      ? matched
      : [...matched, { field: 'evidence', value: 'incomplete', item: rule.action, how: 'evidence' }],
    events: contributors.map((contributor) =>
      contributor.depth === 0 || isPlace(contributor.row, row) ? row.item : eventAt(contributor.row),
    ),
    group: Object.fromEntries(group),
    count: contributors.length,
  };
}

function isPlace(a: EventPlace, b: EventPlace): boolean {
  return a.source === b.source && a.position === b.position && a.part === b.part;
}

function inheritedFrom(action: string): string {
  return action === 'temporal' ? 'earlier' : action;
}
