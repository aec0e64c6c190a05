/**
 * Base, delta and tombstones against tables built afresh: random sequences of additions, changes, removals and merges, and after each
 * the same records give the same hits with the same details. A failure names the seed, which FLINT_SEED repeats.
 */
import { describe, expect, it } from 'vitest';
import { findRow, type Saying } from '../../core/indicator-rows.ts';
import { type IndicatorTable, kindOfShape, semanticsOfShape, shapeOf } from '../../core/indicator-table.ts';
import { IndicatorTableBuilder } from '../../core/indicator-table-builder.ts';
import type { ChangedRow, TableChange } from '../../core/table-change.ts';
import { NO_CHANGE } from '../../core/table-change.ts';
import { observe } from '../../fields/observables.ts';
import { BenignSet } from '../../intel/benign-set.ts';
import { IndicatorMatcher } from '../../match/indicator-matcher.ts';
import { allocateScanner, IndicatorScanner } from '../../scan/indicator-scanner.ts';
import { ScanMemory } from '../../scan/scan-memory.ts';
import { WitnessTables } from '../../scan/witness-tables.ts';
import { type PlainIndicator, plantedRecord, randomIndicators } from '../../testing/planted-records.ts';
import { decodedEvents } from '../../testing/decoded-events.ts';
import { Random } from '../../testing/random.ts';
import { LiveIndicators } from './live-indicators.ts';
import { testRounds, testSeed } from '../../testing/test-runs.ts';

const SEED = testSeed();
const ROUNDS = testRounds(4, 100);
const STEPS = 8;
const RECORDS = 150;
const FEEDS = ['a', 'b', 'c'];

type Model = Map<string, readonly Saying[]>;

const keyOf = (shape: number, value: string): string => `${shape} ${value}`;
const partsOf = (key: string): [number, string] => {
  const blank = key.indexOf(' ');
  return [Number(key.slice(0, blank)), key.slice(blank + 1)];
};

function tableOf(model: Model): IndicatorTable {
  const builder = new IndicatorTableBuilder();
  const feeds = new Map(FEEDS.map((feed) => [feed, builder.addFeed(feed)]));
  for (const [key, sayings] of model) {
    const [shape, value] = partsOf(key);
    for (const { feed, said } of sayings)
      builder.addShape(shape, value, builder.addDetails(feeds.get(feed) ?? 0, said));
  }
  return builder.finish();
}

function sayings(random: Random): Saying[] {
  return FEEDS.filter(() => random.chance(0.5)).map((feed) => ({
    feed,
    said: { provider: feed, name: `n${random.int(5)}`, confidence: random.int(3) * 40 },
  }));
}

/** Changes the model and says how. */
function step(random: Random, model: Model, pool: readonly PlainIndicator[]): TableChange {
  const details: Saying[] = [];
  const rows = new Map<string, ChangedRow>();
  for (let i = random.int(30); i > 0; i--) {
    const { kind, value, semantics } = random.pick(pool);
    const shape = shapeOf(kind, semantics);
    const now = random.chance(0.4) ? [] : sayings(random);
    const numbers = now.map((saying) => details.push(saying) - 1);
    rows.set(keyOf(shape, value), [shape, value, numbers]);
    if (now.length === 0) model.delete(keyOf(shape, value));
    else model.set(keyOf(shape, value), now);
  }
  return { details, rows: [...rows.values()] };
}

interface Rows {
  valueAt(row: number): string;
  shapeAt(row: number): number;
  detailsAt(row: number): readonly object[];
}

function lines(hits: readonly { row: number; field: string; seen: string; how: string }[], table: Rows): string[] {
  return hits
    .map(({ row, field, seen, how }) =>
      [table.shapeAt(row), table.valueAt(row), field, seen, how, JSON.stringify(table.detailsAt(row))].join(' | '),
    )
    .sort();
}

describe('a live set of indicators', () => {
  it(`matches as one built afresh after every change (seed ${SEED})`, { timeout: 600_000 }, () => {
    const random = new Random(SEED);
    const proof = { deltaHits: 0, buried: 0, merges: 0, benign: 0, unseen: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      const pool = randomIndicators(random, 6);
      const model: Model = new Map();
      for (const { kind, value, semantics } of pool)
        if (random.chance(0.5)) {
          const first = sayings(random);
          if (first.length > 0) model.set(keyOf(shapeOf(kind, semantics), value), first);
        }
      const benignModel: Model = new Map();
      const memory = new ScanMemory();
      let base = tableOf(model);
      let witnesses = WitnessTables.build(memory, base);
      const live = new LiveIndicators({ indicators: base, benign: tableOf(benignModel), witnesses });
      for (let at = 0; at < STEPS; at++) {
        const rows = {
          indicators: step(random, model, pool),
          benign: random.chance(0.3) ? step(random, benignModel, pool) : NO_CHANGE,
        };
        if (random.chance(0.25)) {
          // A merge: what came after it was begun is applied to the new base.
          base = tableOf(
            new Map(
              [...live.table.liveRows()].map((row) => [
                keyOf(live.table.shapeAt(row), live.table.valueAt(row)),
                live.table.sayingsAt(row),
              ]),
            ),
          );
          const benign = tableOf(
            new Map(
              [...live.benign.liveRows()].map((row) => [
                keyOf(live.benign.shapeAt(row), live.benign.valueAt(row)),
                live.benign.sayingsAt(row),
              ]),
            ),
          );
          witnesses = WitnessTables.build(memory, base);
          live.swap({ indicators: base, benign, witnesses }, [rows]);
          proof.merges++;
        } else {
          live.apply(rows);
        }
        const fresh = tableOf(model);
        const matcher = new IndicatorMatcher(fresh);
        const benign = new BenignSet(tableOf(benignModel));
        const scanner = new IndicatorScanner(allocateScanner(memory, witnesses.address, 200_000));
        expect(live.table.liveCount).toBe(fresh.size);
        proof.buried += live.table.tombstones;
        for (let i = 0; i < RECORDS; i++) {
          const text = plantedRecord({ random, indicators: pool, noise: 0 });
          const message = `seed ${SEED}, round ${round}, step ${at}: ${text}`;
          scanner.input.set(Buffer.from(text));
          const isCandidate = scanner.scanRecords(Uint32Array.of(0, Buffer.byteLength(text)), 1).candidateCount === 1;
          if (!isCandidate) proof.unseen++;
          for (const event of decodedEvents(Buffer.from(text))) {
            const observed = observe(event);
            const hits = live.match(observed);
            expect(lines(hits, live.table), message).toEqual(lines(matcher.match(observed), fresh));
            if (hits.length > 0) expect(isCandidate, `no candidate, ${message}`).toBe(true);
            for (const { row } of hits) {
              if (row >= live.table.base.size) proof.deltaHits++;
              const isBenign = benign.isBenign(live.table.kindAt(row), live.table.valueAt(row));
              expect(live.isBenign(row), message).toBe(isBenign);
              if (isBenign) proof.benign++;
            }
          }
        }
      }
    }
    console.info(`seed ${SEED}`, proof);
    for (const [name, count] of Object.entries(proof)) expect(count, name).toBeGreaterThan(0);
  });

  it('counts what a change adds, removes and changes', () => {
    const shape = shapeOf('domain', 'exact');
    const live = new LiveIndicators({
      indicators: tableOf(new Map([[keyOf(shape, 'a.example'), [{ feed: 'a', said: { provider: 'a' } }]]])),
      benign: tableOf(new Map()),
    });
    const say = (...feeds: string[]): Saying[] => feeds.map((feed) => ({ feed, said: { provider: feed } }));
    const change = (...rows: ChangedRow[]): TableChange => ({ details: say('a', 'b'), rows });
    const apply = (indicators: TableChange) => live.apply({ indicators, benign: NO_CHANGE }).indicators;
    expect(apply(change([shape, 'a.example', [0, 1]], [shape, 'b.example', [1]]))).toEqual({
      added: 1,
      removed: 0,
      changed: 1,
    });
    expect(apply(change([shape, 'a.example', []], [shape, 'never.example', []]))).toEqual({
      added: 0,
      removed: 1,
      changed: 0,
    });
    expect([live.table.liveCount, live.table.tombstones, live.table.delta.size]).toEqual([1, 1, 2]);
    expect(apply(change([shape, 'a.example', [0]]))).toEqual({ added: 1, removed: 0, changed: 0 });
    expect(kindOfShape(shape) + semanticsOfShape(shape)).toBe('domainexact');
    expect(findRow(live.table, 'domain', 'a.example', 'exact')).toBe(1);
  });
});
