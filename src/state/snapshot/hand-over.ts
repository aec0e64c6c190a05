/**
 * State goes from parts to others of the same names, at a reload: what is the same object stays, what can be taken over as it is changes the
 * owner without a pause, and the rest (other options of the state itself) goes through a snapshot in memory.
 */
import { readSnapshot } from './chunk.ts';
import type { StatefulPart } from './stateful-part.ts';

/** Returns what starts empty, in words for people. */
export function handOver(from: readonly StatefulPart[], to: readonly StatefulPart[], nowMs: number): readonly string[] {
  return to.flatMap((part) => {
    const former = from.find(({ name }) => name === part.name);
    if (former === part) return [];
    if (former === undefined) return part.restore(new Map(), nowMs);
    const taken = part.takeOver?.(former);
    if (taken !== undefined) return taken;
    const chunks = readSnapshot([...former.snapshot(true)].map(({ bytes }) => bytes));
    if ('severity' in chunks) throw new Error(chunks.message);
    return part.restore(chunks, nowMs);
  });
}
