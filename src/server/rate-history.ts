/**
 * RateHistory: events and alerts per second over the last minutes, for the sparklines. Fed with running totals at a steady pace;
 * a total that falls (a restarted worker) counts as zero, never as a negative rate.
 */
export interface RateTotals {
  readonly events: number;
  readonly alerts: number;
}

/** Rates per second, oldest first. */
export interface RateSeries {
  readonly intervalMs: number;
  readonly events: readonly number[];
  readonly alerts: readonly number[];
}

export class RateHistory {
  readonly intervalMs: number;
  readonly #limit: number;
  readonly #events: number[] = [];
  readonly #alerts: number[] = [];
  #previous: (RateTotals & { readonly atMs: number }) | undefined;

  constructor(intervalMs: number, limit: number) {
    this.intervalMs = intervalMs;
    this.#limit = limit;
  }

  sample(atMs: number, totals: RateTotals): void {
    const previous = this.#previous;
    this.#previous = { atMs, ...totals };
    if (previous === undefined || atMs <= previous.atMs) return;
    const seconds = (atMs - previous.atMs) / 1000;
    this.#add(this.#events, (totals.events - previous.events) / seconds);
    this.#add(this.#alerts, (totals.alerts - previous.alerts) / seconds);
  }

  series(): RateSeries {
    return { intervalMs: this.intervalMs, events: [...this.#events], alerts: [...this.#alerts] };
  }

  #add(rates: number[], rate: number): void {
    rates.push(Math.max(0, rate));
    if (rates.length > this.#limit) rates.shift();
  }
}
