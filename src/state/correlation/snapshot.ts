/**
 * The state of all correlations as snapshot chunks: groups in buckets, each written when one of its groups changed, in steps while facts
 * go on coming. State is kept by rule id and definition: after a reload or restart a correlation that reads the same goes on where
 * it was, a changed one starts empty.
 */
import type { SourceClocks } from '../order/source-clock.ts';
import { closing, type DecodedChunk, encodeChunk, type SnapshotChunk } from '../snapshot/chunk.ts';
import { endable } from '../snapshot/endable.ts';
import type { CorrelationEngine } from './engine.ts';
import { keyOf } from './plan.ts';
import type { CorrelationRunner } from './runner.ts';

const CLOCKS = 'clocks';

/**
 * Chunks of what changed since the last call; of everything when `full`. The picture is taken by the call. To be drained, or ended with
 * `return`, before the next one.
 */
export function snapshotCorrelations(
  engine: CorrelationEngine,
  clocks: SourceClocks,
  full: boolean,
): IterableIterator<SnapshotChunk, void> {
  const first = encodeChunk(CLOCKS, { clocks: clocks.snapshot(), rules: engine.runners.map(keyOfRunner) });
  const begun = engine.runners.map((runner) => runner.picture.begin(full));
  return endable(drain(engine.runners, first, begun), (drawn) => {
    if (!drawn) for (const steps of begun) steps.return?.();
  });
}

function* drain(
  runners: readonly CorrelationRunner[],
  first: SnapshotChunk,
  begun: readonly Iterable<SnapshotChunk | undefined>[],
): Generator<SnapshotChunk, void> {
  yield first;
  for (const steps of begun) for (const chunk of steps) if (chunk !== undefined) yield chunk;
  yield closing([CLOCKS, ...runners.flatMap((runner) => runner.picture.chunkKeys())]);
}

/** Into an engine and clocks that have taken nothing yet. Returns the ids of the correlations that start empty. */
export function restoreCorrelations(
  engine: CorrelationEngine,
  clocks: SourceClocks,
  chunks: ReadonlyMap<string, DecodedChunk>,
  nowMs = 0,
): readonly string[] {
  const saved = chunks.get(CLOCKS)?.head as
    | { readonly clocks: ReturnType<SourceClocks['snapshot']>; readonly rules: readonly string[] }
    | undefined;
  if (saved === undefined) return engine.runners.map(({ planned }) => planned.rule.details.id);
  clocks.restore(saved.clocks, nowMs);
  const fresh = engine.runners.flatMap((runner) => {
    const key = keyOfRunner(runner);
    if (!saved.rules.includes(key)) return [runner.planned.rule.details.id];
    for (const [name, chunk] of chunks) if (name.startsWith(`${key}/`)) runner.restoreGroups(chunk, nowMs);
    return [];
  });
  engine.releaseSources();
  return fresh;
}

function keyOfRunner({ planned }: CorrelationRunner): string {
  return keyOf(planned);
}
