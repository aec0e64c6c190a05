/** What a correlation is run with, and what it counts. */
import type { LateEvents } from '../order/late-events.ts';
import type { OrderCounts, OrderMode } from '../order/order-target.ts';

export interface RunnerOptions {
  /** For crossing correlations; closing ones always wait for their lateness. */
  readonly mode: OrderMode;
  readonly latenessMs: number;
  /** Default: late facts are left out. */
  readonly lateEvents?: LateEvents;
  readonly maxPending: number;
  /** Facts kept in one group's window; beyond it the oldest go, counted, so a greater threshold can never be reached. */
  readonly maxFactsPerGroup: number;
  /** Events listed in a firing. */
  readonly maxEvents: number;
  /** `crossing`: once, until the condition was false again. `each`: with every match while it holds. */
  readonly alert: 'crossing' | 'each';
  readonly seed: { readonly lo: number; readonly hi: number };
}

export interface RunnerCounts extends OrderCounts {
  groups: number;
  facts: number;
  pending: number;
  /** Facts dropped from a window that was full. */
  trimmed: number;
  /** Groups given up for memory. */
  evicted: number;
  /** Alerts that a late event would have undone. */
  retracted: number;
  bytes: number;
}
