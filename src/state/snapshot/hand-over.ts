/**
 * State goes from parts to others of the same names, at a reload: what is the same object stays, what can be taken over as it is changes the
 * owner without a pause, and the rest (other options of the state itself) goes through a snapshot in memory.
 */
import { readSnapshot } from './chunk.ts';
import type { StatefulPart } from './stateful-part.ts';

/** Returns what starts empty and what is given up, in words for people. */
export function handOver(from: readonly StatefulPart[], to: readonly StatefulPart[], nowMs: number): readonly string[] {
  const gone = from.flatMap((part) => (to.some(({ name }) => name === part.name) ? [] : givenUp(part)));
  const fresh = to.flatMap((part) => {
    const former = from.find(({ name }) => name === part.name);
    if (former === part) return [];
    if (former === undefined) return part.restore(new Map(), nowMs);
    const taken = part.takeOver?.(former);
    if (taken !== undefined) return taken;
    const chunks = readSnapshot([...former.snapshot(true)].map(({ bytes }) => bytes));
    if ('severity' in chunks) throw new Error(chunks.message);
    return part.restore(chunks, nowMs);
  });
  return [...fresh, ...gone];
}

/** Of a part that nothing goes on with: the last of its rules is gone. */
function givenUp(part: StatefulPart): readonly string[] {
  return part
    .report()
    .flatMap(({ engine, rule, groups }) =>
      groups === 0 ? [] : [`${engine} "${rule}" (gone, ${groups} groups forgotten)`],
    );
}
