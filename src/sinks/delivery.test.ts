import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ComponentCounters } from '../telemetry/component-counters.ts';
import { SILENT } from '../telemetry/logger.ts';
import { Delivery, type DeliveryOptions } from './delivery.ts';
import { type OutgoingMessage, type Sink, SinkError } from './sink.ts';

const message = (n: number): OutgoingMessage => ({ id: `id-${n}`, body: Buffer.from(`body ${n}`) });
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => message(from + i));

/** mulberry32: small seeded generator. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The files as a kill leaves them: a file that was being removed is there or it is not, so a copy it vanished from is made again. */
function copyAsKilled(from: string, to: string): void {
  for (;;)
    try {
      cpSync(from, to, { recursive: true });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      rmSync(to, { recursive: true, force: true });
    }
}

/** A sink whose sends do what `act` says. */
function fakeSink(
  act: (messages: readonly OutgoingMessage[]) => void | Promise<void>,
): Sink & { readonly got: string[] } {
  const got: string[] = [];
  return {
    got,
    send: async (messages) => {
      try {
        await act(messages);
      } catch (error) {
        if (error instanceof SinkError) got.push(...messages.slice(0, error.delivered).map(({ id }) => id));
        throw error;
      }
      got.push(...messages.map(({ id }) => id));
    },
    close: async () => {},
  };
}

describe('delivery', () => {
  let directory: string;
  let waits: number[];
  let counters: ComponentCounters;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'flint-delivery-'));
    waits = [];
    counters = new ComponentCounters('sink', 'out');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const options = (sink: Sink, more: Partial<DeliveryOptions> = {}): DeliveryOptions => ({
    sink,
    counters,
    logger: SILENT,
    now: () => 0,
    random: () => 0.5,
    sleep: (ms, signal) => {
      if (ms !== Number.POSITIVE_INFINITY) waits.push(ms);
      return ms === Number.POSITIVE_INFINITY
        ? new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
        : new Promise((resolve) => setImmediate(resolve));
    },
    attempts: Number.POSITIVE_INFINITY,
    ...more,
  });
  const spool = (maxBytes = 1_000_000) => ({ directory: join(directory, 'spool'), maxBytes, sync: 'never' as const });
  const FOREVER = Number.POSITIVE_INFINITY;

  function conserved(pending: number): void {
    const { counts, dropped } = counters.snapshot();
    const lost = Object.values(dropped).reduce((a, b) => a + b, 0);
    expect((counts.enqueued ?? 0) + (counts.restored ?? 0)).toBe((counts.delivered ?? 0) + lost + pending);
  }

  it('without a disk queue, resolves when delivered', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const sink = fakeSink(() => gate);
    const delivery = await Delivery.open(options(sink));
    let done = false;
    const enqueued = delivery.enqueue(range(0, 3)).then(() => {
      done = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).toBe(false);
    release();
    await enqueued;
    expect(sink.got).toEqual(['id-0', 'id-1', 'id-2']);
    await delivery.close(FOREVER);
    conserved(0);
  });

  it('with a disk queue, resolves while the destination is away, and a new process delivers', async () => {
    const away = fakeSink(() => {
      throw new SinkError('away', { retryable: true });
    });
    const first = await Delivery.open(options(away, { spool: spool() }));
    await first.enqueue(range(0, 10));
    expect(await first.close(0)).toBe(10);
    conserved(10);
    counters = new ComponentCounters('sink', 'out');
    const back = fakeSink(() => {});
    const second = await Delivery.open(options(back, { spool: spool() }));
    expect(await second.close(FOREVER)).toBe(0);
    expect(back.got).toEqual(range(0, 10).map(({ id }) => id));
    expect(counters.snapshot().counts).toMatchObject({ restored: 10, delivered: 10 });
    conserved(0);
  });

  it.each([1, 2, 3, 4, 5])('conserves every message over a sink that fails at random (seed %i)', async (seed) => {
    const random = seeded(seed);
    const poison = new Set(['id-7', 'id-100', 'id-101', 'id-299']);
    const sink = fakeSink((messages) => {
      const bad = messages.findIndex(({ id }) => poison.has(id));
      const dice = random();
      if (dice < 0.3)
        throw new SinkError('down', {
          retryable: true,
          delivered: Math.floor(random() * (bad < 0 ? messages.length : bad)),
        });
      if (dice < 0.4) throw new Error('not foreseen');
      // Half of the refusals do not say which message it was.
      if (bad >= 0) throw new SinkError('malformed', { retryable: false, delivered: dice < 0.7 ? bad : 0 });
    });
    const delivery = await Delivery.open(
      options(sink, {
        random,
        spool: seed % 2 === 0 ? spool() : undefined,
        batchMessages: 16,
      } as Partial<DeliveryOptions>),
    );
    const pending: Promise<void>[] = [];
    for (let n = 0; n < 300; n += 10) {
      pending.push(delivery.enqueue(range(n, n + 10)));
      if (random() < 0.5) await new Promise((resolve) => setImmediate(resolve));
    }
    await delivery.close(FOREVER);
    await Promise.all(pending);
    const expected = range(0, 300)
      .map(({ id }) => id)
      .filter((id) => !poison.has(id));
    expect(sink.got).toEqual(expected);
    expect(counters.snapshot().dropped).toEqual({ refused: poison.size });
    conserved(0);
  });

  it('sends again after a kill only what was under way', async () => {
    const random = seeded(11);
    const got: string[] = [];
    const acknowledged: string[] = [];
    let generation = 0;
    for (let n = 0; n < 200; n += 20) {
      const work = { ...spool(), directory: join(directory, String(generation)) };
      counters = new ComponentCounters('sink', 'out');
      let alive = true;
      let end = () => {};
      const sink: Sink = {
        // After the kill nothing of the old process happens any more.
        send: async (messages) => {
          if (!alive)
            return new Promise((_resolve, reject) => {
              end = () => reject(new SinkError('killed', { retryable: true }));
            });
          const taken = random() < 0.5 ? messages.length : Math.floor(random() * messages.length);
          got.push(...messages.slice(0, taken).map(({ id }) => id));
          if (taken < messages.length) throw new SinkError('down', { retryable: true, delivered: taken });
        },
        close: async () => end(),
      };
      const delivery = await Delivery.open(options(sink, { spool: work, batchMessages: 4 }));
      await delivery.enqueue(range(n, n + 20));
      acknowledged.push(...range(n, n + 20).map(({ id }) => id));
      for (let turn = Math.floor(random() * 30); turn > 0; turn--)
        await new Promise((resolve) => setImmediate(resolve));
      alive = false;
      copyAsKilled(work.directory, join(directory, String(++generation)));
      await delivery.close(0);
    }
    counters = new ComponentCounters('sink', 'out');
    const last = fakeSink(() => {});
    const delivery = await Delivery.open(
      options(last, { spool: { ...spool(), directory: join(directory, String(generation)) } }),
    );
    await delivery.close(FOREVER);
    const all = [...got, ...last.got];
    expect(new Set(all)).toEqual(new Set(acknowledged));
    // At most one batch of four per kill comes twice.
    expect(all.length - acknowledged.length).toBeLessThanOrEqual(4 * generation);
  });

  it('backs off exponentially up to the cap, from the beginning again after a success', async () => {
    let failures = 10;
    const sink = fakeSink(() => {
      if (failures-- > 0) throw new SinkError('down', { retryable: true });
    });
    const delivery = await Delivery.open(options(sink, { backoff: { initialMs: 100, maxMs: 1000 } }));
    await delivery.enqueue([message(0)]);
    expect(waits).toEqual([75, 150, 300, 600, 750, 750, 750, 750, 750, 750]);
    failures = 1;
    await delivery.enqueue([message(1)]);
    expect(waits.at(-1)).toBe(75);
    await delivery.close(FOREVER);
  });

  it('waits as long as the destination asks, within an hour', async () => {
    const asked = [5_000, 86_400_000];
    const sink = fakeSink(() => {
      const retryAfterMs = asked.shift();
      if (retryAfterMs !== undefined) throw new SinkError('busy', { retryable: true, retryAfterMs });
    });
    const delivery = await Delivery.open(options(sink));
    await delivery.enqueue([message(0)]);
    expect(waits).toEqual([5_000, 3_600_000]);
    await delivery.close(FOREVER);
  });

  it('gives up after the stated number of attempts', async () => {
    let sends = 0;
    const sink = fakeSink(() => {
      sends++;
      throw new SinkError('nobody there', { retryable: true });
    });
    const delivery = await Delivery.open(options(sink, { attempts: 3 }));
    await delivery.enqueue(range(0, 5));
    expect(sends).toBe(3);
    expect(counters.snapshot().dropped).toEqual({ undeliverable: 5 });
    await delivery.close(FOREVER);
    conserved(0);
  });

  it('drops and counts what a full disk queue cannot take', async () => {
    const sink = fakeSink(() => {
      throw new SinkError('away', { retryable: true });
    });
    const delivery = await Delivery.open(options(sink, { spool: spool(2000) }));
    await delivery.enqueue(range(0, 200));
    const dropped = counters.snapshot().dropped.queue_full ?? 0;
    expect(dropped).toBeGreaterThan(100);
    const left = await delivery.close(0);
    expect(left).toBe(200 - dropped);
    conserved(left);
  });

  it('waits for room in a full memory queue, or drops when told so', async () => {
    const sink = fakeSink(() => {});
    const memory = { maxMessages: 2, maxBytes: 1000 };
    const waiting = await Delivery.open(options(sink, { memory }));
    await waiting.enqueue(range(0, 50));
    expect(sink.got).toHaveLength(50);
    await waiting.close(FOREVER);
    conserved(0);
    counters = new ComponentCounters('sink', 'out');
    const dropping = await Delivery.open(options(sink, { memory, whenFull: 'drop' }));
    await dropping.enqueue(range(0, 50));
    expect(counters.snapshot().dropped).toEqual({ queue_full: 48 });
    await dropping.close(FOREVER);
    conserved(0);
  });

  it('at the end drops what memory holds, counts it, and lets all callers go', async () => {
    const sink = fakeSink(() => {
      throw new SinkError('away', { retryable: true });
    });
    const delivery = await Delivery.open(options(sink, { memory: { maxMessages: 5, maxBytes: 1000 } }));
    const callers = [delivery.enqueue(range(0, 4)), delivery.enqueue(range(4, 20))];
    await delivery.close(0);
    await Promise.all(callers);
    await delivery.enqueue([message(99)]);
    expect(counters.snapshot().dropped.closed).toBe(1);
    conserved(0);
    await delivery.close(0);
  });

  it('falls back on memory when the disk queue cannot be written', async () => {
    const sink = fakeSink(() => {});
    const delivery = await Delivery.open(options(sink, { spool: spool() }));
    rmSync(join(directory, 'spool'), { recursive: true });
    await delivery.enqueue(range(0, 3));
    expect(sink.got).toHaveLength(3);
    expect(counters.snapshot().errors.spool_failed).toBe(1);
    await delivery.close(FOREVER);
    conserved(0);
  });

  it('moves what memory took to disk when that can be written again, although the destination stays away', async () => {
    const sink = fakeSink(() => {
      throw new SinkError('away', { retryable: true });
    });
    const delivery = await Delivery.open(options(sink, { spool: spool() }));
    rmSync(join(directory, 'spool'), { recursive: true });
    const waiting = delivery.enqueue(range(0, 3));
    while (counters.snapshot().errors.spool_failed === undefined) await new Promise(setImmediate);
    mkdirSync(join(directory, 'spool'));
    await waiting;
    expect(delivery.pendingMessages).toBe(3);
    expect(await delivery.close(0)).toBe(3);
    expect(counters.snapshot().dropped).toEqual({});
    conserved(3);
  });
});
