/**
 * WindowWatch: whoever wants to know what windows were like over a whole file, not only what stands in them at the end: windows are told
 * at their fullest, just before something leaves them. For people who ask why nothing fired; nobody watches while alerts are looked for.
 */
import type { Event } from '../core/event.ts';
import type { GroupReport } from './snapshot/stateful-part.ts';

export interface WatchedWindow {
  /** Id of the rule. */
  readonly rule: string;
  readonly group: Readonly<Record<string, string>>;
  /** How far the condition is from holding, in its own measure: 0 when it holds, never negative. */
  readonly distance: number;
  /** Callable until the call returns. */
  readonly report: () => GroupReport;
}

export interface WatchedFiring {
  readonly rule: string;
  readonly group: Readonly<Record<string, string>>;
  readonly timeMs: number;
  /** Contributing events, those that are not listed included. */
  readonly count: number;
  /** What the condition is about, where that is a number. */
  readonly value?: number;
  /** Oldest first. */
  readonly events: readonly Event[];
}

export interface WindowWatch {
  /** Whether anything about the rule is to be told. */
  wants(rule: string): boolean;
  /** Something of `what` (a rule, a tag, an observation) entered the state of the rule. */
  took(rule: string, what: string): void;
  /** Something was left out of it, for the reason given. */
  lost(rule: string, reason: string): void;
  window(window: WatchedWindow): void;
  fired(firing: WatchedFiring): void;
}
