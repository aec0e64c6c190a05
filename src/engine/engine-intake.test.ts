import { describe, expect, it } from 'vitest';
import type { RecordBatch } from '../core/record.ts';
import { EngineIntake } from './engine-intake.ts';
import type { FoundAlert } from '../alerts/found-alert.ts';

const source = { input: 't', path: 't', id: 't', replayable: false, timezone: 'Z' };
const batch = (bytes: number): RecordBatch => ({
  source,
  bytes: new Uint8Array(bytes),
  count: 1,
  ranges: Uint32Array.of(0, bytes),
  basePosition: 0,
  baseRecord: 0,
  arrivalMs: 0,
});
const found = [{}] as unknown as readonly FoundAlert[];

describe('engine intake', () => {
  it('settles a batch only when its alerts are', async () => {
    let deliver = (): void => undefined;
    const intake = new EngineIntake({
      pendingBytes: 100,
      matcher: () => ({ match: () => found }),
      send: () => new Promise((resolve) => (deliver = resolve)),
      now: () => 0,
      onFailure: (error) => expect.fail(String(error)),
    });
    let settled = false;
    const pushed = intake.push(batch(60)).then(() => (settled = true));
    await Promise.resolve();
    expect([settled, intake.pressure]).toEqual([false, 0.6]);
    deliver();
    await pushed;
    expect([settled, intake.pressure]).toEqual([true, 0]);
  });

  it('goes on after a bug in matching, and says so', async () => {
    const failures: unknown[] = [];
    const intake = new EngineIntake({
      pendingBytes: 100,
      matcher: () => ({
        match: () => {
          throw new Error('bug');
        },
      }),
      send: async () => expect.fail('nothing was found'),
      now: () => 0,
      onFailure: (error) => failures.push(error),
    });
    await intake.push(batch(1));
    await intake.settled();
    expect(failures).toHaveLength(1);
  });
});

describe('a pause of the intake', () => {
  function open(send: () => Promise<void>): { intake: EngineIntake; matched: number[] } {
    const matched: number[] = [];
    const intake = new EngineIntake({
      pendingBytes: 100,
      matcher: () => ({
        match: ({ baseRecord }) => {
          matched.push(baseRecord);
          return found;
        },
      }),
      send,
      now: () => 0,
      onFailure: (error) => expect.fail(String(error)),
    });
    return { intake, matched };
  }
  const numbered = (baseRecord: number): RecordBatch => ({ ...batch(1), baseRecord });

  it('waits for what was taken, holds what comes back, and lets it go in its order', async () => {
    const waiting: (() => void)[] = [];
    const deliver = (): void => {
      for (const resolve of waiting.splice(0)) resolve();
    };
    const { intake, matched } = open(() => new Promise((resolve) => waiting.push(resolve)));
    const first = intake.push(numbered(1));
    const pausing = intake.pause(5_000);
    const second = intake.push(numbered(2));
    const third = intake.push(numbered(3));
    deliver();
    await first;
    const release = await pausing;
    expect([matched, release === undefined]).toEqual([[1], false]);
    release?.();
    const fourth = intake.push(numbered(4));
    const settled = intake.settled();
    for (let i = 0; i < 6; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      deliver();
    }
    await Promise.all([second, third, fourth, settled]);
    expect(matched).toEqual([1, 2, 3, 4]);
  });

  it('is given up when an output is slow, and nothing stays held back', async () => {
    const { intake, matched } = open(() => new Promise(() => undefined));
    void intake.push(numbered(1));
    const pausing = intake.pause(5);
    void intake.push(numbered(2));
    expect(await pausing).toBe(undefined);
    await new Promise((resolve) => setImmediate(resolve));
    expect(matched).toEqual([1, 2]);
  });
});
