/**
 * What changed in a MISP feed folder: only events whose files are new or changed are read, with those that give the same values as
 * events that came, changed or went.
 */
import { statSync } from 'node:fs';
import { IntelBuilder } from '../intel-builder.ts';
import { type FeedAttempt, type FeedPart, readParts } from '../read-feed.ts';
import { type ChangedPart, type FeedBefore, MAX_CHANGED_RECORDS } from './changed-part.ts';
import { type PartDigest, partDigest } from './feed-recorder.ts';
import { KeyFilter } from './seen-records.ts';

interface Event {
  readonly part: FeedPart;
  readonly id: PartDigest;
  /** Number of its record; -1 when it is new. */
  readonly record: number;
}

/** Undefined where the folder must be read as a whole. */
export async function changedEvents(before: FeedBefore): Promise<ChangedPart | undefined> {
  const { source, name, provider, parts, state, seen, asOfMs, carried } = before;
  const keys = new KeyFilter();
  const effects = new Map<number, number>();
  const count = (effect: number, times: number): void => void effects.set(effect, (effects.get(effect) ?? 0) + times);
  const events = parts.map((part): Event => {
    const id = partDigest(part);
    const record = seen.find(...id);
    return { part, id, record: record >= 0 && seen.countOf(record) > 0 ? record : -1 };
  });
  const there = new Set(events.map(({ record }) => record));
  for (let record = 0; record < seen.size; record++) {
    if (seen.countOf(record) === 0 || there.has(record)) continue;
    for (const key of seen.keysOf(record)) keys.add(key);
    count(seen.effectOf(record), -1);
    seen.setCount(record, 0);
  }
  const read = async (chosen: readonly Event[]): Promise<{ builder: IntelBuilder; attempt: FeedAttempt }> => {
    const builder = new IntelBuilder(undefined, carried);
    const content = chosen.map(({ part }) => part);
    const time = asOfMs === undefined ? {} : { asOfMs };
    return { builder, attempt: await readParts(builder, source, { name, provider, content, ...time }) };
  };
  const came = events.filter(({ record }) => record < 0);
  if (came.length > MAX_CHANGED_RECORDS) return undefined;
  const { attempt: own } = await read(came);
  for (const { id } of came) {
    const found = own.seen?.find(...id) ?? -1;
    // Not recorded: none of it is MISP, or it was written while it was read.
    if (own.seen === undefined || found < 0) return undefined;
    const record = seen.put(...id);
    const effect = seen.effects.along([...own.seen.effects.parts(own.seen.effectOf(found))].reverse());
    const given = [...own.seen.keysOf(found)];
    for (const key of given) keys.add(key);
    seen.describe(record, effect, given);
    seen.setCount(record, 1);
    count(effect, 1);
  }
  const chosen = events.filter(
    ({ record }) => record < 0 || seen.hasKey(record, keys) || seen.effects.hasProblem(seen.effectOf(record)),
  );
  const { builder, attempt } = await read(chosen);
  // What else was written meanwhile is found at the next look.
  if (chosen.some(({ part, id }) => partDigest(part).join() !== id.join())) return undefined;
  const statistics = seen.effects.added(state.statistics, effects);
  const isNothing = Object.keys(statistics.kinds).length === 0;
  if (seen.effects.isFull || (isNothing && statistics.bad > 0)) return undefined;
  return {
    set: builder.finish([], []),
    keys,
    keeps: () => false,
    ids: new Set(),
    changes: {
      statistics,
      bytes: parts.reduce((sum, { path }) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0),
      diagnostics: attempt.report.problems,
      omittedDiagnostics: attempt.report.omittedProblems,
    },
    seen,
    recordsRead: chosen.length,
  };
}
