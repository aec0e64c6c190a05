/**
 * FluxTagger: events in, events with updated `sigma` maps and matches of flux rules out. Puts together plan, row reader and engine for
 * whoever wires them (`--flux`, `--flux-group`, `--flux-capacity`, `--emit events`).
 */
import type { Event, EventObject } from '../../core/event.ts';
import type { MatchedField, RuleMatch } from '../../core/match.ts';
import type { FluxSpec } from '../../ir/flux.ts';
import { type EventArchive, EventLog, eventBytes } from '../event-log.ts';
import type { EventPlace } from '../event-place.ts';
import { SourceClocks } from '../order/source-clock.ts';
import type { DecodedChunk, SnapshotChunk } from '../snapshot/chunk.ts';
import type { KeyedPicture } from '../snapshot/keyed-picture.ts';
import type { EventReference, StatefulPart, StateReport } from '../snapshot/stateful-part.ts';
import type { WindowWatch } from '../window-watch.ts';
import { FluxEngine, type FluxEngineOptions, type FluxResult } from './engine.ts';
import { type FluxPlan, type PlannedRule, planFlux } from './plan.ts';
import type { ItemSizes } from './row-table.ts';
import { type FieldText, hasTag, readFluxRow, type TagLookup, type TakenRow, withSigma } from './row.ts';
import { missingTags, reportRow } from './row-report.ts';
import { type ItemCodec, plannedRules, type RowCollection, restoreFlux, rowPicture, snapshotFlux } from './snapshot.ts';

/** What is kept of a row beside its numbers: the event, and the texts that its alert shows. */
export interface TaggedEvent {
  readonly event: Event;
  readonly group: string | undefined;
  readonly columns: readonly (string | undefined)[];
}

export interface FluxTaggerHandlers {
  /** Each event once, in the order of evaluation, with its updated fields; only called when given. */
  readonly onEvent?: (event: Event, fields: EventObject) => void;
  readonly onMatch: (event: Event, match: RuleMatch) => void;
  /** Where earlier events are found that are not kept in memory. */
  readonly archive?: EventArchive;
  /** Told of each row on which a tag of a rule stands. */
  readonly watch?: WindowWatch;
}

/** Earlier events kept in memory to be shown in alerts. */
const EVENT_LOG_BYTES = 64 << 20;

export class FluxTagger implements StatefulPart {
  readonly name: string;
  readonly plan: FluxPlan;
  readonly engine: FluxEngine<TaggedEvent>;
  readonly clocks: SourceClocks;
  readonly #options: string;
  /** Shares what it remembers until it is taken over. */
  #former: FluxTagger | undefined;
  readonly #groupField: string;
  readonly events: EventLog;
  /** Events with a tag that no group remembers. */
  #ungrouped = 0;
  readonly #rows: KeyedPicture<RowCollection>;

  /**
   * `groupField`: column of the group key (`--flux-group`), for example the host. `name`: see StatefulPart. `former`: the one before a
   * reload, which goes on until `takeOver`.
   */
  constructor(
    name: string,
    spec: FluxSpec,
    groupField: string,
    options: FluxEngineOptions,
    handlers: FluxTaggerHandlers,
    former?: FluxTagger,
  ) {
    this.name = name;
    this.plan = planFlux(spec);
    this.#groupField = groupField;
    this.#options = JSON.stringify([options, groupField]);
    const fits = former !== undefined && former.#options === this.#options && former.engine.canShareWith(this.plan);
    this.#former = fits ? former : undefined;
    this.clocks = this.#former?.clocks ?? new SourceClocks();
    this.events = this.#former?.events ?? new EventLog(this.clocks, EVENT_LOG_BYTES, handlers.archive);
    const evidenceItems = false;
    const onRow = (row: TakenRow<TaggedEvent>, result: FluxResult<TaggedEvent>): void => {
      if (result.noted) this.events.put(row, row.item.event);
      if (handlers.watch !== undefined) this.#tellRow(handlers.watch, row, result);
      if (handlers.onEvent !== undefined && !result.revised)
        handlers.onEvent(row.item.event, withSigma(this.plan, row.item.event.fields, result.tags, result.evaluated));
      for (const ordinal of result.fired) {
        const planned = this.plan.rules[ordinal];
        if (planned !== undefined)
          handlers.onMatch(
            row.item.event,
            matchOfFlux(planned, this.plan, row, result, groupField, (place) => this.events.get(place)),
          );
      }
    };
    const settings = { ...options, evidenceItems };
    const sizes: ItemSizes<TaggedEvent> = { bytesOf: ({ event }) => eventBytes(event) };
    this.engine = new FluxEngine<TaggedEvent>(this.plan, this.clocks, settings, onRow, this.#former?.engine, sizes);
    this.#rows = rowPicture(this.engine, EVENT_CODEC);
  }

  /** The event may be held back until `flush`. `tagOf` answers tags that the event's own map does not speak of; `fieldText` reads fields as rules see them. */
  observe(event: Event, nowMs: number, tagOf?: TagLookup, fieldText?: FieldText): void {
    const place = this.events.placeOf(event);
    const row = readFluxRow(this.plan, event.fields, this.#groupField, place, event, tagOf, fieldText);
    const { timeMs, source, position, part, group, columns, own } = row;
    if (group === undefined && own.some((word) => word !== 0)) this.#ungrouped++;
    const taken = { timeMs, source, position, part, group, columns, own, item: { event, group, columns } };
    this.engine.enqueue(taken, nowMs);
  }

  /** To be called when nothing more is to be observed for now. */
  flush(): void {
    this.engine.flush();
  }

  #tellRow(watch: WindowWatch, row: TakenRow<TaggedEvent>, result: FluxResult<TaggedEvent>): void {
    for (const planned of this.plan.rules) {
      const { rule, ordinal } = planned;
      const tags = rule.tags.filter((_, tag) => hasTag(row.own, planned, tag));
      for (const tag of watch.wants(rule.name) ? tags : []) watch.took(rule.name, tag);
      const any = rule.tags.some((_, tag) => hasTag(result.tags, planned, tag));
      if (!any || result.evaluated[ordinal] !== true || !watch.wants(rule.name)) continue;
      if (row.item.group === undefined) watch.lost(rule.name, 'missing-group-field');
      const fired = result.fired.includes(ordinal);
      if (row.item.group === undefined && !fired) continue;
      const group = groupOfRow(planned, this.plan, row, this.#groupField);
      const missing = fired ? [] : missingTags(planned, row, result);
      const events = (): Event[] => this.#contributors(planned, row, result);
      watch.window({
        ...{ rule: rule.name, group, distance: missing.length },
        report: () => reportRow(planned, row, result, group, missing, events().toReversed().map(referenceOf)),
      });
      if (fired) {
        const behind = events();
        watch.fired({ rule: rule.name, group, timeMs: row.timeMs, count: behind.length, events: behind });
      }
    }
  }

  /** The events behind the row's tags, the row's own last. */
  #contributors(planned: PlannedRule, row: TakenRow<TaggedEvent>, result: FluxResult<TaggedEvent>): Event[] {
    const { contributors } = result.evidence(planned);
    if (contributors.length === 0) return [row.item.event];
    return contributors.map(({ depth, row: other }) =>
      depth === 0 || isPlace(other, row) ? row.item.event : this.events.get(other),
    );
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
    for (const { event } of restoreFlux(this.engine, this.clocks, EVENT_CODEC, chunks, nowMs))
      this.observe(event, nowMs);
    this.flush();
    return this.plan.rules.flatMap(({ rule, lo, hi }) =>
      known.has(`${lo} ${hi}`) ? [] : [`flux rule "${rule.name}"`],
    );
  }

  takeOver(former: StatefulPart): readonly string[] | undefined {
    const known = this.#former;
    this.#former = undefined;
    if (known === undefined || known !== former) return undefined;
    const before = new Set(known.plan.rules.map(({ lo, hi }) => `${lo} ${hi}`));
    return this.plan.rules.flatMap(({ rule, lo, hi }) => {
      if (before.has(`${lo} ${hi}`)) return [];
      const changed = known.plan.rules.some((one) => one.rule.name === rule.name);
      return [changed ? `flux rule "${rule.name}" (changed)` : `flux rule "${rule.name}"`];
    });
  }

  report(): readonly StateReport[] {
    const { facts, forgotten, bytes, itemBytes, orderBytes, pending, late, early } = this.engine.counts;
    const rules = this.plan.rules.map(({ rule }) => rule.name);
    const { memoryOptions } = this.engine;
    const bounds =
      memoryOptions.kind === 'exact'
        ? { budgetBytes: memoryOptions.budgetBytes, groupLimit: memoryOptions.maxPerGroup }
        : { groupLimit: memoryOptions.capacity };
    const proofs = this.engine.memory.kind === 'bloom' ? { ...this.engine.proofs } : {};
    return [
      {
        ...bounds,
        ...{ engine: 'flux', rule: this.name.replace(/^flux\//, ''), name: rules.join(', '), sharedBy: rules },
        groups: this.engine.memory.groupCount,
        ...{ entries: facts, bytes: bytes + itemBytes + orderBytes + pending * ROW_BYTES, waiting: pending },
        ...{ late, early, evicted: forgotten, ungrouped: this.#ungrouped },
        ...proofs,
      },
    ];
  }
}

/** A row that waits or may be undone, beside its event. */
const ROW_BYTES = 150;
const EVENT_CODEC: ItemCodec<TaggedEvent> = {
  save: ({ event, group, columns }) => ({
    ...{ event, group: group ?? null, columns: columns.map((text) => text ?? null) },
  }),
  load: (saved) => {
    const { event, group, columns } = saved as SavedEvent;
    // Earlier versions saved the event alone; such rows are read from it anew.
    if (event === undefined) return { event: saved as Event, group: undefined, columns: [] };
    return { event, group: group ?? undefined, columns: columns.map((text) => text ?? undefined) };
  },
};

interface SavedEvent {
  readonly event: Event | undefined;
  readonly group: string | null;
  readonly columns: readonly (string | null)[];
}

/** What an alert is made from: tags with where they came from, the earlier events, the group and context. */
function matchOfFlux(
  planned: PlannedRule,
  plan: FluxPlan,
  row: TakenRow<TaggedEvent>,
  result: FluxResult<TaggedEvent>,
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
      contributor.depth === 0 || isPlace(contributor.row, row) ? row.item.event : eventAt(contributor.row),
    ),
    group: groupOfRow(planned, plan, row, groupField),
    count: contributors.length,
    ...(result.unconfirmed.includes(planned.ordinal) && { unconfirmed: true as const }),
  };
}

function groupOfRow(
  planned: PlannedRule,
  plan: FluxPlan,
  row: TakenRow<TaggedEvent>,
  groupField: string,
): Readonly<Record<string, string>> {
  const context = planned.context.flatMap((column) => {
    const value = row.item.columns[column];
    return value === undefined ? [] : [[plan.columns[column] ?? '', value] as const];
  });
  return Object.fromEntries(
    row.item.group === undefined ? context : [[groupField, row.item.group] as const, ...context],
  );
}

function referenceOf({ timeMs, origin: { source, position, part, line } }: Event): EventReference {
  return { source: source.id, position, part, timeMs, path: source.path, ...(line > 0 && { line }) };
}

function isPlace(a: EventPlace, b: EventPlace): boolean {
  return a.source === b.source && a.position === b.position && a.part === b.part;
}

function inheritedFrom(action: string): string {
  return action === 'temporal' ? 'earlier' : action;
}
