/**
 * WindowHistory: what became of the windows of chosen rules over a whole input: for each group how often the rule fired, with what,
 * and the window that came nearest to it. Bounded: beyond the greatest number of groups new ones are only counted.
 */
import type { Event } from '../../core/event.ts';
import type { EventReference, GroupReport } from '../../state/snapshot/stateful-part.ts';
import type { WatchedFiring, WatchedWindow, WindowWatch } from '../../state/window-watch.ts';

export interface GroupFiring {
  readonly timeMs: number;
  readonly count: number;
  readonly value?: number;
  /** The newest contributing events, oldest first. */
  readonly events: readonly EventReference[];
}

export interface GroupHistory {
  readonly rule: string;
  readonly group: Readonly<Record<string, string>>;
  readonly fired: number;
  /** The first ones. */
  readonly firings: readonly GroupFiring[];
  /** The window nearest to what the condition asks for; absent when no window was told. */
  readonly closest?: GroupReport;
  /** How far that was from it; 0: the condition held. */
  readonly distance: number;
}

export interface RuleHistory {
  readonly rule: string;
  /** Matches taken, by rule, tag or observation that gave them; what gave none is listed with 0 when it was announced. */
  readonly took: ReadonlyMap<string, number>;
  /** Matches left out, by reason. */
  readonly lost: ReadonlyMap<string, number>;
  readonly groups: number;
  readonly fired: number;
}

interface OpenGroup {
  readonly rule: string;
  readonly group: Readonly<Record<string, string>>;
  fired: number;
  readonly firings: GroupFiring[];
  closest: GroupReport | undefined;
  distance: number;
}

interface OpenRule {
  readonly took: Map<string, number>;
  readonly lost: Map<string, number>;
  groups: number;
  fired: number;
}

const MAX_GROUPS = 100_000;
const MAX_FIRINGS = 10;
const MAX_REFERENCES = 20;

export class WindowHistory implements WindowWatch {
  readonly #wants: (rule: string) => boolean;
  readonly #maxGroups: number;
  readonly #groups = new Map<string, OpenGroup>();
  readonly #rules = new Map<string, OpenRule>();
  /** Windows and firings of groups beyond the bound. */
  untold = 0;

  constructor(wants: (rule: string) => boolean, maxGroups = MAX_GROUPS) {
    this.#wants = wants;
    this.#maxGroups = maxGroups;
  }

  /** A rule, and what its matches come from: told even when nothing of it is seen. */
  announce(rule: string, sources: readonly string[]): void {
    const { took } = this.#ruleOf(rule);
    for (const source of sources) took.set(source, took.get(source) ?? 0);
  }

  wants(rule: string): boolean {
    return this.#wants(rule);
  }

  took(rule: string, what: string): void {
    const { took } = this.#ruleOf(rule);
    took.set(what, (took.get(what) ?? 0) + 1);
  }

  lost(rule: string, reason: string): void {
    if (!this.#wants(rule)) return;
    const { lost } = this.#ruleOf(rule);
    lost.set(reason, (lost.get(reason) ?? 0) + 1);
  }

  window({ rule, group, distance, report }: WatchedWindow): void {
    const open = this.#groupOf(rule, group);
    if (open === undefined || (open.closest !== undefined && distance >= open.distance)) return;
    open.closest = report();
    open.distance = distance;
  }

  fired({ rule, group, timeMs, count, value, events }: WatchedFiring): void {
    this.#ruleOf(rule).fired++;
    const open = this.#groupOf(rule, group);
    if (open === undefined) return;
    open.fired++;
    if (open.firings.length === MAX_FIRINGS) return;
    const shown = events.slice(-MAX_REFERENCES).map(referenceOf);
    open.firings.push({ timeMs, count, ...(value !== undefined && { value }), events: shown });
  }

  rules(): readonly RuleHistory[] {
    return [...this.#rules].map(([rule, open]) => ({ rule, ...open }));
  }

  /** Of one rule: groups that fired first, then those that came nearest. */
  groupsOf(rule: string): readonly GroupHistory[] {
    return [...this.#groups.values()]
      .filter((open) => open.rule === rule)
      .sort((a, b) => b.fired - a.fired || a.distance - b.distance)
      .map(({ closest, ...open }) => ({ ...open, ...(closest !== undefined && { closest }) }));
  }

  #ruleOf(rule: string): OpenRule {
    let open = this.#rules.get(rule);
    if (open === undefined) {
      open = { took: new Map(), lost: new Map(), groups: 0, fired: 0 };
      this.#rules.set(rule, open);
    }
    return open;
  }

  #groupOf(rule: string, group: Readonly<Record<string, string>>): OpenGroup | undefined {
    const key = JSON.stringify([rule, group]);
    let open = this.#groups.get(key);
    if (open !== undefined) return open;
    if (this.#groups.size === this.#maxGroups) {
      this.untold++;
      return undefined;
    }
    open = { rule, group, fired: 0, firings: [], closest: undefined, distance: Number.POSITIVE_INFINITY };
    this.#groups.set(key, open);
    this.#ruleOf(rule).groups++;
    return open;
  }
}

function referenceOf({ timeMs, origin: { source, position, part, line } }: Event): EventReference {
  return { source: source.id, position, part, timeMs, path: source.path, ...(line > 0 && { line }) };
}
