/**
 * What every component counts (style guide J2): received, delivered, dropped by reason, errors by code. Plain numbers counted per
 * batch; a snapshot is plain data, so that worker threads can send theirs and totals are sums.
 */

import { Histogram, type HistogramSnapshot } from './histogram.ts';

export interface ComponentSnapshot {
  readonly component: 'input' | 'source' | 'feed' | 'sink' | 'engine' | 'state';
  readonly name: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly dropped: Readonly<Record<string, number>>;
  readonly errors: Readonly<Record<string, number>>;
  readonly gauges: Readonly<Record<string, number>>;
  /** Durations in seconds by name (`send`), absent when there are none. */
  readonly histograms?: Readonly<Record<string, HistogramSnapshot>>;
}

/** Counters of one component. Names come from closed sets in code, never from event contents. */
export class ComponentCounters {
  readonly component: ComponentSnapshot['component'];
  readonly name: string;
  readonly #counts: Record<string, number> = {};
  readonly #dropped: Record<string, number> = {};
  readonly #errors: Record<string, number> = {};
  readonly #gauges: Record<string, number> = {};
  readonly #histograms = new Map<string, Histogram>();

  constructor(component: ComponentSnapshot['component'], name: string) {
    this.component = component;
    this.name = name;
  }

  /** `received_records`, `received_bytes`, `received_datagrams`, `delivered`, … */
  add(what: string, by = 1): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + by;
  }

  drop(reason: string, by = 1): void {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + by;
  }

  error(code: string, by = 1): void {
    this.#errors[code] = (this.#errors[code] ?? 0) + by;
  }

  /** Last known value: `queue_depth`, `last_success_ms`, `buffer_bytes`. */
  set(what: string, value: number): void {
    this.#gauges[what] = value;
  }

  /** One duration in seconds: `send`. */
  observe(what: string, seconds: number): void {
    let histogram = this.#histograms.get(what);
    if (histogram === undefined) {
      histogram = new Histogram();
      this.#histograms.set(what, histogram);
    }
    histogram.record(seconds);
  }

  snapshot(): ComponentSnapshot {
    return {
      component: this.component,
      name: this.name,
      counts: { ...this.#counts },
      dropped: { ...this.#dropped },
      errors: { ...this.#errors },
      gauges: { ...this.#gauges },
      ...(this.#histograms.size > 0 && {
        histograms: Object.fromEntries([...this.#histograms].map(([what, each]) => [what, each.snapshot()])),
      }),
    };
  }
}

export type InputCounters = ComponentCounters;
export type SinkCounters = ComponentCounters;
