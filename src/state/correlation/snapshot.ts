/**
 * The state of all correlations as snapshot chunks, one for each correlation, written when it has changed. State is kept by rule id and
 * definition: after a reload or restart a correlation that reads the same goes on where it was, a changed one starts empty.
 */
import { closing, type DecodedChunk, encodeChunk, type SnapshotChunk } from '../snapshot/chunk.ts';
import type { EventPlace } from '../event-place.ts';
import type { SavedQueue } from '../order/keyed-order.ts';
import type { SourceClocks } from '../order/source-clock.ts';
import type { CorrelationEngine } from './engine.ts';
import type { PlannedCorrelation } from './plan.ts';
import type { CorrelationRunner } from './runner.ts';
import type { WindowStore } from './window-store.ts';

/** Chunks of what changed since the last call; of everything when `full`. The closing chunk comes last. */
export function snapshotCorrelations(engine: CorrelationEngine, clocks: SourceClocks, full: boolean): SnapshotChunk[] {
  const chunks = [encodeChunk('correlation/clocks', clocks.snapshot())];
  for (const runner of engine.runners) {
    if (full || runner.changed) chunks.push(runnerChunk(runner));
    runner.changed = false;
  }
  chunks.push(closing([...engine.runners.map((runner) => keyOf(runner.planned)), 'correlation/clocks']));
  return chunks;
}

/** Into an engine and clocks that have taken nothing yet. Returns the ids of the correlations that start empty. */
export function restoreCorrelations(
  engine: CorrelationEngine,
  clocks: SourceClocks,
  chunks: ReadonlyMap<string, DecodedChunk>,
): readonly string[] {
  const saved = chunks.get('correlation/clocks');
  if (saved !== undefined) clocks.restore(saved.head as ReturnType<SourceClocks['snapshot']>);
  return engine.runners.flatMap((runner) => {
    const chunk = chunks.get(keyOf(runner.planned));
    if (chunk === undefined) return [runner.planned.rule.details.id];
    const { store, order, extras } = chunk.head as RunnerHead;
    runner.store.restore(store, chunk.columns);
    runner.order.restore(order, (fact) => fact);
    for (const [fact, extra] of extras)
      runner.extras.set(fact, {
        carried: extra.carried.map((text) => text ?? undefined),
        inner: extra.inner ?? undefined,
      });
    runner.rebuildAll();
    return [];
  });
}

interface RunnerHead {
  readonly store: ReturnType<WindowStore['head']>;
  readonly order: readonly SavedQueue<number>[];
  readonly extras: readonly (readonly [number, SavedExtra])[];
}

/** JSON has no undefined. */
interface SavedExtra {
  readonly carried: readonly (string | null)[];
  readonly inner: readonly EventPlace[] | null;
}

function runnerChunk(runner: CorrelationRunner): SnapshotChunk {
  const extras = [...runner.extras].map(([fact, { carried, inner }]) => [
    fact,
    { carried: carried.map((text) => text ?? null), inner: inner ?? null },
  ]);
  const head = { store: runner.store.head(), order: runner.order.snapshot((fact) => fact), extras };
  return encodeChunk(keyOf(runner.planned), head, runner.store.columns());
}

/** Id and definition: everything the state depends on. */
function keyOf({ rule }: PlannedCorrelation): string {
  const definition = [rule.type, rule.rules, rule.groupBy, rule.timespanMs, rule.condition];
  return `correlation/${rule.details.id}/${JSON.stringify(definition)}`;
}
