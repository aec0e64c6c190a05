/**
 * SourcePoller: when the sources that are fetched are asked again. Each has a schedule of its own, with jitter; one that fails is tried
 * again sooner, with growing waits, unless its server asks for another time or refuses the credentials. When something is new it is
 * taken in by `refresh`; what could not be taken in is tried again. One request at a time for each server.
 *
 * When a source is asked next stands on disk: a restart neither forgets nor asks a server that was asked a moment ago.
 */
import type { Diagnostic } from '../../errors/diagnostic.ts';
import { ERROR_TABLE } from '../../errors/table.ts';
import { type IntelSource, isRemote } from '../../intel/intel-source.ts';
import type { PullOutcome } from '../../intel/pull-source.ts';
import { feedNameOf } from '../../intel/shown-source.ts';
import { readHealth, type SourceHealth, writeHealth } from '../../intel/source-health.ts';
import { sourceKey, storedFeeds } from '../../intel/stored-feeds.ts';
import { ComponentCounters, type ComponentSnapshot } from '../../telemetry/component-counters.ts';
import type { Logger } from '../../telemetry/logger.ts';

export interface PollerOptions {
  /** The part of the data directory that holds feeds. */
  readonly folder: string;
  /** `progress`: now and then during a long pull, when there is something new on disk. */
  readonly pull: (source: IntelSource, signal: AbortSignal, progress: () => void) => Promise<PullOutcome>;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
}

/** Takes in what is new of the sources, by their `source`; true when it is live. */
export type TakeIn = (sources: readonly string[]) => Promise<boolean>;

export interface PolledSource {
  readonly source: IntelSource;
  readonly name: string;
  readonly running: boolean;
  readonly health: SourceHealth | undefined;
}

interface Polled {
  readonly source: IntelSource;
  readonly key: string;
  health: SourceHealth | undefined;
  nextMs: number;
  running: Promise<void> | undefined;
  readonly errors: Map<string, number>;
}

const MAX_PULLS = 4;
const TICK_MS = 1_000;
const FIRST_BACKOFF_MS = 60_000;
const MAX_RETRY_AFTER_MS = 86_400_000;
/** What could not be taken in is tried again this often. */
const TAKE_IN_AGAIN_MS = 60_000;

export class SourcePoller {
  readonly #options: PollerOptions;
  readonly #stop = new AbortController();
  #polled: Polled[] = [];
  /** Removed from the configuration while they were being asked. */
  readonly #leaving = new Set<Promise<void>>();
  /** Pulled, and not live yet. */
  readonly #pending = new Set<string>();
  /** When the content of a source was last taken in, by its key. */
  readonly #takenMs = new Map<string, number>();
  #takeIn: TakeIn | undefined;
  #takingIn: Promise<void> | undefined;
  #takeInAgainMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PollerOptions) {
    this.#options = options;
  }

  get sources(): readonly PolledSource[] {
    return this.#polled.map(({ source, health, running }) => ({
      source,
      name: nameOf(source),
      running: running !== undefined,
      health,
    }));
  }

  /** The sources from now on; those that stay keep their schedule. */
  async update(sources: readonly IntelSource[]): Promise<void> {
    const { folder } = this.#options;
    const polled: Polled[] = [];
    for (const source of sources.filter(isRemote)) {
      const key = sourceKey(source);
      if (polled.some((one) => one.key === key)) continue;
      const before = this.#polled.find((one) => one.key === key);
      const isStored = (await storedFeeds(source, folder)) !== undefined;
      const health = before?.health ?? (await readHealth(source, folder));
      // Somebody who corrects credentials or a schedule need not wait for the old one.
      const isSame = before !== undefined && JSON.stringify(before.source) === JSON.stringify(source);
      const nextMs = isSame ? before.nextMs : isStored && before === undefined ? dueMs(source, health) : 0;
      polled.push({
        source,
        key,
        health,
        nextMs,
        running: before?.running,
        errors: before?.errors ?? new Map(),
      });
    }
    for (const { key, running } of this.#polled)
      if (running !== undefined && !polled.some((one) => one.key === key)) this.#leave(running);
    this.#polled = polled;
    for (const key of this.#takenMs.keys()) if (!polled.some((one) => one.key === key)) this.#takenMs.delete(key);
  }

  /** Asks for what has never been fetched, for at most `waitMs`; what takes longer comes later. */
  async pullMissing(waitMs: number): Promise<void> {
    const { folder } = this.#options;
    const missing: Polled[] = [];
    for (const one of this.#polled) if ((await storedFeeds(one.source, folder)) === undefined) missing.push(one);
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), waitMs);
    const enough = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()));
    while (!stop.signal.aborted && missing.some((one) => one.nextMs === 0 || one.running !== undefined)) {
      for (const one of missing) if (one.nextMs === 0 && this.#mayBegin(one)) this.#begin(one);
      const running = this.#running();
      if (running.length === 0) break;
      await Promise.race([...running, enough]);
    }
    clearTimeout(timer);
  }

  /** All that lies on disk now is being loaded: it need not be taken in. */
  loaded(): void {
    this.#pending.clear();
  }

  /** From here on sources are asked when they are due, and what is new is taken in. */
  start(takeIn: TakeIn): void {
    this.#takeIn = takeIn;
    // What was pulled before has been loaded by whoever starts now, or is taken in at once.
    this.#takeInPending();
    this.#timer = setInterval(() => this.tick(), TICK_MS);
    this.#timer.unref();
  }

  /** Begins what is due. */
  tick(): void {
    const nowMs = this.#options.now();
    for (const one of this.#polled) if (one.nextMs <= nowMs && this.#mayBegin(one)) this.#begin(one);
    if (this.#pending.size > 0 && nowMs >= this.#takeInAgainMs) this.#takeInPending();
  }

  /** Asks all of them as soon as possible, whatever their schedule. */
  pullAll(): void {
    for (const one of this.#polled) one.nextMs = 0;
    this.tick();
  }

  snapshots(): readonly ComponentSnapshot[] {
    return this.#polled.map(({ source, health, nextMs, errors }) => {
      const counters = new ComponentCounters('source', nameOf(source));
      counters.add('fetched', health?.fetches ?? 0);
      counters.add('unchanged', health?.unchanged ?? 0);
      counters.set('failures', health?.failures ?? 0);
      if (health?.objects !== undefined) counters.set('objects', health.objects);
      if (health?.lastSuccessMs !== undefined) counters.set('last_success_ms', health.lastSuccessMs);
      if (nextMs > 0) counters.set('next_poll_ms', nextMs);
      for (const [code, count] of errors) counters.error(code, count);
      return counters.snapshot();
    });
  }

  /** Resolves when nothing is being asked or taken in any more. */
  async settled(): Promise<void> {
    await Promise.all([...this.#running(), ...this.#leaving]);
    await this.#takingIn;
  }

  /** Ends what is under way; what was fetched is kept, the next start goes on there. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort();
    await this.settled();
  }

  #running(): Promise<void>[] {
    return this.#polled.flatMap(({ running }) => (running === undefined ? [] : [running]));
  }

  #leave(running: Promise<void>): void {
    this.#leaving.add(running);
    void running.finally(() => this.#leaving.delete(running));
  }

  #mayBegin(one: Polled): boolean {
    if (this.#stop.signal.aborted || one.running !== undefined || this.#running().length >= MAX_PULLS) return false;
    const { origin } = new URL(one.source.source);
    return !this.#polled.some((other) => other.running !== undefined && new URL(other.source.source).origin === origin);
  }

  #begin(one: Polled): void {
    const { source } = one;
    const pulling = this.#pull(source)
      .then((after) => this.#finished(source, after))
      .catch((error: unknown) => {
        // The disk does not take what is known of the source: it is asked again at its time all the same.
        one.nextMs = this.#options.now() + source.everyMs;
        this.#options.logger.error('the state of a source cannot be kept', {
          source: nameOf(source),
          reason: String(error),
        });
      })
      .finally(() => {
        // The source may have been configured anew meanwhile.
        for (const current of this.#polled) if (current.running === pulling) current.running = undefined;
      });
    one.running = pulling;
  }

  /** Undefined when stopped. */
  async #pull(source: IntelSource): Promise<PullOutcome | undefined> {
    try {
      return await this.#options.pull(source, this.#stop.signal, () => {
        this.#pending.add(source.source);
        this.#takeInPending();
      });
    } catch (error) {
      if (this.#stop.signal.aborted) return undefined;
      // A full disk, or a bug in the thread: the schedule goes on.
      this.#options.logger.error('a source could not be pulled', { source: nameOf(source), reason: String(error) });
      return { ok: false, changed: false, added: 0, damaged: 0, objects: 0, diagnostics: [] };
    }
  }

  async #finished(source: IntelSource, outcome: PullOutcome | undefined): Promise<void> {
    if (outcome === undefined) return;
    const { folder, now, logger } = this.#options;
    const nowMs = now();
    const before = await readHealth(source, folder);
    const failures = before?.failures ?? 0;
    const nextPollMs = Math.round(nowMs + pollDelayMs(source, outcome, failures, this.#options.random()));
    const health: SourceHealth = {
      ...(before ?? { version: 1, lastTryMs: nowMs, failures, fetches: 0, unchanged: 0 }),
      nextPollMs,
    };
    await writeHealth(source, folder, health);
    const key = sourceKey(source);
    for (const one of this.#polled) {
      if (one.key !== key) continue;
      one.health = health;
      one.nextMs = nextPollMs;
      for (const { code, severity } of outcome.diagnostics)
        if (severity === 'error') one.errors.set(code, (one.errors.get(code) ?? 0) + 1);
    }
    const fields = { source: nameOf(source), added: outcome.added, objects: outcome.objects, damaged: outcome.damaged };
    if (outcome.ok) logger[outcome.changed ? 'info' : 'debug']('source pulled', fields);
    else logger.warn('source cannot be brought up to date', { ...fields, ...problemOf(outcome.diagnostics) });
    // What a list still names must not expire: its entries count from the latest fetch that is loaded.
    const staleMs = (source.expiresAfterMs ?? 0) / 4;
    const isStale =
      outcome.ok &&
      source.expiresAfterMs !== undefined &&
      nowMs - (this.#takenMs.get(key) ?? Number.NEGATIVE_INFINITY) >= staleMs;
    if (!outcome.changed && !isStale) return;
    this.#takenMs.set(key, nowMs);
    this.#pending.add(source.source);
    this.#takeInPending();
  }

  #takeInPending(): void {
    const takeIn = this.#takeIn;
    if (takeIn === undefined || this.#takingIn !== undefined || this.#pending.size === 0) return;
    const sources = [...this.#pending];
    this.#pending.clear();
    this.#takingIn = takeIn(sources)
      .then((isLive) => {
        if (isLive) return;
        for (const source of sources) this.#pending.add(source);
        this.#takeInAgainMs = this.#options.now() + TAKE_IN_AGAIN_MS;
      })
      .finally(() => {
        this.#takingIn = undefined;
        // What came meanwhile.
        if (this.#options.now() >= this.#takeInAgainMs) this.#takeInPending();
      });
  }
}

/** Up to a tenth earlier or later, so that clients do not come in step. */
export function pollDelayMs(source: IntelSource, outcome: PullOutcome, failures: number, random: number): number {
  const jitter = 0.9 + random * 0.2;
  if (outcome.ok) return source.everyMs * jitter;
  // Wrong credentials do not get better by asking sooner, nor does a wrong address.
  const errors = outcome.diagnostics.filter(({ severity }) => severity === 'error');
  const isOurs = errors.length > 0 && errors.every(({ code }) => ERROR_TABLE[code].family === 'user');
  const backoffMs = isOurs
    ? source.everyMs
    : Math.min(source.everyMs, FIRST_BACKOFF_MS * 2 ** Math.min(20, Math.max(0, failures - 1)));
  return Math.max(backoffMs * jitter, Math.min(outcome.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS));
}

/** As it was planned, or earlier when the schedule has become shorter since. */
function dueMs({ everyMs }: IntelSource, health: SourceHealth | undefined): number {
  if (health === undefined) return 0;
  const planned = health.nextPollMs ?? 0;
  return health.failures > 0 ? planned : Math.min(planned, health.lastTryMs + everyMs * 1.1);
}

function nameOf(source: IntelSource): string {
  return source.name ?? feedNameOf(source.source);
}

function problemOf(diagnostics: readonly Diagnostic[]): { readonly code?: string; readonly reason?: string } {
  const problem = diagnostics.find(({ severity }) => severity === 'error');
  return problem === undefined ? {} : { code: problem.code, reason: problem.message };
}
