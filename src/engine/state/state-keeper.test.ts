import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closing, encodeChunk, type SnapshotChunk } from '../../state/snapshot/chunk.ts';
import type { StatefulPart } from '../../state/snapshot/stateful-part.ts';
import { ComponentCounters } from '../../telemetry/component-counters.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { StateKeeper } from './state-keeper.ts';

let folder = '';
let wallMs = 0;
let steadyMs = 0;
/** Steady time that each chunk takes to draw, and what the clock is set to meanwhile. */
let drawMs = 0;
let jumpMs = 0;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flint-keeper-'));
  wallMs = 1e12;
  steadyMs = 0;
  drawMs = 0;
  jumpMs = 0;
  logged = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

let logged: string[] = [];

const part: StatefulPart = {
  name: 'p',
  *snapshot(): Generator<SnapshotChunk, void> {
    steadyMs += drawMs;
    wallMs += drawMs + jumpMs;
    yield encodeChunk('k', {});
    yield closing(['k']);
  },
  restore: () => [],
  report: () => [],
};

function open(pause: (maxMs: number) => Promise<(() => void) | undefined> = async () => () => {}): {
  readonly keeper: StateKeeper;
  readonly saved: () => number;
} {
  const counters = new ComponentCounters('engine', 'e');
  const keeper = new StateKeeper({
    ...{ folder, intervalMs: 60_000, maxBytes: 1 << 20, parts: () => [part], more: () => [], counters },
    intake: { pause },
    moment: () => ({ version: 1, positions: {} }),
    now: () => wallMs,
    steadyMs: () => steadyMs,
    logger: createLogger({ level: 'error', now: () => wallMs, write: (line) => logged.push(line) }),
  });
  return { keeper, saved: () => counters.snapshot().counts['state_snapshots'] ?? 0 };
}

/** Both clocks go on by so much, and the keeper is told. */
async function passing(keeper: StateKeeper, ms: number): Promise<void> {
  steadyMs += ms;
  wallMs += ms;
  await keeper.tick();
}

describe('the keeper of state', () => {
  it('saves each interval', async () => {
    const { keeper, saved } = open();
    await passing(keeper, 59_000);
    expect(saved()).toBe(0);
    await passing(keeper, 1_000);
    await passing(keeper, 59_000);
    expect(saved()).toBe(1);
    await passing(keeper, 1_000);
    expect(saved()).toBe(2);
  });

  it('goes on saving when the clock is set back by a day', async () => {
    const { keeper, saved } = open();
    wallMs -= 86_400_000;
    await passing(keeper, 60_000);
    await passing(keeper, 60_000);
    expect(saved()).toBe(2);
  });

  it('does not take a jump of the clock during a snapshot for a slow one', async () => {
    const { keeper, saved } = open();
    jumpMs = 3_600_000;
    await passing(keeper, 60_000);
    await passing(keeper, 60_000);
    expect(saved()).toBe(2);
  });

  it('saves a state that takes long less often', async () => {
    const { keeper, saved } = open();
    drawMs = 12_000;
    await passing(keeper, 60_000);
    expect(saved()).toBe(1);
    await passing(keeper, 100_000);
    expect(saved()).toBe(1);
    await passing(keeper, 20_000);
    expect(saved()).toBe(2);
  });

  it('pauses longer, and less often, while what was taken is not settled in time', async () => {
    const asked: { readonly maxMs: number; readonly atMs: number }[] = [];
    let neededMs = 1000;
    const { keeper, saved } = open(async (maxMs) => {
      asked.push({ maxMs, atMs: steadyMs });
      if (maxMs < neededMs) return undefined;
      steadyMs += neededMs;
      return () => {};
    });
    const began = steadyMs;
    for (let second = 0; second < 82; second++) await passing(keeper, 1000);
    expect(saved()).toBe(1);
    // A pause in vain is followed by a rest of four times its length.
    expect(asked).toEqual([0, 1000, 2000, 6000].map((ms, i) => ({ maxMs: 50 * 4 ** i, atMs: began + 60_000 + ms })));
    neededMs = 1;
    await passing(keeper, 60_000);
    await passing(keeper, 60_000);
    // As long as the one before needed, twice; then short again.
    expect(asked.slice(4).map(({ maxMs }) => maxMs)).toEqual([2000, 50]);
  });

  it('names the part that is damaged on disk, and why it begins anew', async () => {
    const { keeper } = open();
    expect(await keeper.save()).toBe(true);
    for (const name of readdirSync(folder)) if (name !== 'manifest') writeFileSync(join(folder, name), '');
    expect(open().keeper.restore()?.fresh).toEqual(['all of p']);
    expect(logged.map((line) => JSON.parse(line) as object)).toMatchObject([
      { message: 'a part of the saved state cannot be used', part: 'p', reason: 'a snapshot chunk is cut off' },
    ]);
  });
});
