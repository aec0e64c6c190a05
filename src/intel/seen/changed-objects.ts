/**
 * What objects that were appended to a stored TAXII collection change: only they are read. The notes know of each id the newest version
 * so far and the values it gave, so that older, newer, revoked and unreadable versions come to what reading all would come to.
 */
import { type FeedStatistics, FeedReport, MAX_PROBLEM_SAMPLES } from '../../core/feed.ts';
import { detailsHandle } from '../../rules/stix/stix-loader.ts';
import { NO_DETAILS } from '../../rules/stix/version-index.ts';
import { createLoader } from '../feed-loaders.ts';
import { IntelBuilder } from '../intel-builder.ts';
import { policyOf } from '../intel-source.ts';
import { partBytes } from '../read-feed.ts';
import { type ChangedPart, type FeedBefore, MAX_HELD_BYTES } from './changed-part.ts';
import { EffectTree } from './effect-tree.ts';
import { RecordTap } from './record-tap.ts';
import { KeyFilter } from './seen-records.ts';
import { VersionRecorder } from './version-recorder.ts';

/** Undefined where the collection must be read as a whole: its file was rewritten, or a marking came that earlier objects may bear. */
export async function changedObjects(before: FeedBefore): Promise<ChangedPart | undefined> {
  const { source, name, provider, parts, state, seen, asOfMs, carried } = before;
  const [part] = parts;
  const { path, bytes = 0, lines = 0 } = seen.head;
  if (part?.bytes === undefined || part.lines === undefined || parts.length !== 1) return undefined;
  if (part.path !== path || part.bytes < bytes || part.bytes - bytes > MAX_HELD_BYTES) return undefined;
  if (part.bytes > source.maxBytes) return undefined;
  const builder = new IntelBuilder(undefined, carried);
  const feed = builder.addFeed(name);
  // Stands for what earlier objects gave; it has no values here.
  const standIn = detailsHandle(builder.indicators.addDetails(feed.indicatorsFeed, { provider }), false);
  builder.versions.earlier = ([a = 0, b = 0, c = 0, d = 0]) => {
    const record = seen.find(a, b, c, d);
    if (record < 0) return undefined;
    return { modified: seen.modifiedOf(record), details: seen.countOf(record) > 0 ? standIn : NO_DETAILS };
  };
  const keys = new KeyFilter();
  const ids = new Set<string>();
  const report = new FeedReport();
  const tap = new RecordTap(new EffectTree());
  const stop = tap.listen(report, builder);
  const recorder = new VersionRecorder(
    seen,
    tap,
    (id, given) => {
      ids.add(id);
      for (const key of given) keys.add(key);
    },
    (given) => {
      for (const key of given) keys.add(key);
    },
  );
  const policy = policyOf(source, provider, asOfMs);
  const target = { builder, ...feed, policy, report, file: name, tap: recorder, firstLine: lines + 1 };
  const loader = createLoader('stix', source, target);
  for await (const chunk of partBytes({ ...part, start: bytes })) loader.push(chunk);
  const broken = loader.end();
  stop();
  const set = builder.finish([], []);
  const known = new Map(carried.markings);
  if (broken !== undefined || set.markings.some(([id, level]) => level !== null && known.get(id) !== level))
    return undefined;
  seen.head = { ...seen.head, bytes: part.bytes, lines: part.lines };
  const problems = [...state.diagnostics, ...report.problems];
  return {
    set,
    keys,
    keeps: ({ id }) => id === undefined || !ids.has(id),
    ids,
    changes: {
      statistics: sum(state.statistics, report.statistics()),
      bytes: part.bytes,
      diagnostics: problems.slice(0, MAX_PROBLEM_SAMPLES),
      omittedDiagnostics:
        state.omittedDiagnostics + report.omittedProblems + Math.max(0, problems.length - MAX_PROBLEM_SAMPLES),
    },
    seen,
    recordsRead: part.lines - lines,
  };
}

type Counts = Readonly<Record<string, number>>;

function sum(a: FeedStatistics, b: FeedStatistics): FeedStatistics {
  const added = (left: Counts, right: Counts): Record<string, number> => {
    const all = new Map(Object.entries(left));
    for (const [name, count = 0] of Object.entries(right)) all.set(name, (all.get(name) ?? 0) + count);
    return Object.fromEntries(all);
  };
  return {
    entries: a.entries + b.entries,
    kinds: added(a.kinds, b.kinds),
    known: a.known,
    deferred: added(a.deferred, b.deferred),
    skipped: added(a.skipped, b.skipped),
    notes: added(a.notes, b.notes),
    bad: a.bad + b.bad,
  };
}
