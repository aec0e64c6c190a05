import { describe, expect, it } from 'vitest';
import type { RecordBatch } from '../core/record.ts';
import { EngineIntake } from './engine-intake.ts';
import type { FoundAlert } from './processor.ts';

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
