import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BloomGenerations } from './bloom-generations.ts';
import { Fingerprint } from './fingerprint.ts';
import { closing, readSnapshot } from '../snapshot/chunk.ts';
import { testRounds } from '../../testing/test-runs.ts';
import { TagTable } from './tag-table.ts';
import { restoreTable, snapshotTable, tableKeys } from './tag-table-snapshot.ts';

describe('Fingerprint', () => {
  it('keeps tuples apart that joined texts would not', () => {
    const of = (...texts: string[]): number =>
      texts.reduce((print, text) => print.add(text), new Fingerprint().set(1, 2)).key;
    expect(
      new Set([of('ab', 'c'), of('a', 'bc'), of('abc'), of('abc', ''), of('', 'abc'), of('a\0'), of('a')]).size,
    ).toBe(7);
  });

  it('has no collision among 300,000 similar texts and depends on the key', () => {
    const seen = new Set<number>();
    for (let i = 0; i < 300_000; i++)
      seen.add(
        new Fingerprint()
          .set(7, 9)
          .add(`host-${i % 10}`)
          .add(String(i)).key,
      );
    expect(seen.size).toBe(300_000);
    expect(new Fingerprint().set(7, 9).add('x').key).not.toBe(new Fingerprint().set(7, 8).add('x').key);
  });

  it('mixes without collision for a fixed second value', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 100_000; i++) {
      const print = new Fingerprint().set(i % 300, Math.floor(i / 300)).mix(12345, -999);
      seen.add(`${print.lo}:${print.hi}`);
    }
    expect(seen.size).toBe(100_000);
  });
});

describe('TagTable', () => {
  it('agrees with a Map under random puts, deletions and undone journals', () => {
    const operation = fc.record({
      group: fc.integer({ min: 0, max: 3 }),
      key: fc.integer({ min: 0, max: 400 }),
      mask: fc.integer({ min: 0, max: 3 }),
      undo: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 800 }), (operations) => {
        const table = new TagTable({ budgetBytes: 1 << 20, maxPerGroup: 1e6, timed: true });
        const model = new Map<string, { mask: number; time: number }>();
        const print = new Fingerprint();
        operations.forEach(({ group, key, mask, undo }, time) => {
          table.enter(group, group * 31);
          print.set(group, key).add(String(key));
          const name = `${group}/${key}`;
          const journal: number[] = [];
          // Asked now and then, so that the filter is built at any size.
          if (time % 7 === 0) table.mayHold(print.hi);
          table.write(print.lo, print.hi, mask, time, journal);
          if (undo) table.undo(journal);
          else if (mask === 0) model.delete(name);
          else model.set(name, { mask, time });
        });
        for (let group = 0; group < 4; group++) {
          table.enter(group, group * 31);
          for (let key = 0; key <= 400; key++) {
            print.set(group, key).add(String(key));
            const expected = model.get(`${group}/${key}`);
            expect(table.read(print.lo, print.hi)).toBe(expected?.mask ?? 0);
            expect(table.readTime(print.lo, print.hi)).toBe(expected?.time ?? Number.NaN);
            if (expected !== undefined) expect(table.mayHold(print.hi)).toBe(true);
          }
        }
        expect(table.facts).toBe(model.size);
        expect(table.forgotten).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  function fill(table: TagTable, group: number, from: number, count: number): void {
    const print = new Fingerprint();
    table.enter(group, group);
    for (let i = from; i < from + count; i++) {
      print.set(group, i).add('k');
      table.write(print.lo, print.hi, 1, 0);
    }
  }

  function remembered(table: TagTable, group: number, from: number, count: number): number {
    const print = new Fingerprint();
    table.enter(group, group);
    let hits = 0;
    for (let i = from; i < from + count; i++) {
      print.set(group, i).add('k');
      if (table.read(print.lo, print.hi) !== 0) hits++;
    }
    return hits;
  }

  it('forgets the oldest tenth of a group that is over its bound, and nothing of another', () => {
    const table = new TagTable({ budgetBytes: 1 << 24, maxPerGroup: 1000, timed: false });
    fill(table, 1, 0, 500);
    fill(table, 2, 0, 1050);
    expect(remembered(table, 2, 0, 100)).toBe(0);
    expect(remembered(table, 2, 100, 950)).toBe(950);
    expect(remembered(table, 1, 0, 500)).toBe(500);
  });

  it('grows its segments one after the other, although they fill alike', () => {
    const table = new TagTable({ budgetBytes: 1 << 28, maxPerGroup: 1e9, timed: false });
    table.enter(1, 1);
    const print = new Fingerprint();
    const COUNT = 400_000;
    const WINDOW = COUNT / 100;
    let most = 0;
    let all = 0;
    for (let i = 0; i < COUNT; ) {
      const before = table.segments.map(({ capacity }) => capacity);
      for (const end = i + WINDOW; i < end; i++) {
        print.set(1, 2).mix(i, i);
        table.write(print.lo, print.hi, 1, 0);
      }
      const grown = table.segments.filter(({ capacity }, index) => capacity !== before[index]).length;
      if (2 * i > COUNT) most = Math.max(most, grown);
      all += grown;
    }
    expect(all).toBeGreaterThan(1_000);
    // While the table grows by two in a hundred, a third of that of all grow: some 20 of 256.
    expect(most).toBeLessThan(35);
  });

  it('is drawn as it was when the snapshot began, whatever is put, forgotten and rebuilt meanwhile', () => {
    const put = fc.tuple(fc.nat(400), fc.nat(3), fc.nat(5));
    const seen = { changed: 0, forgotten: 0, grown: 0 };
    fc.assert(
      fc.property(
        fc.array(put, { minLength: 200, maxLength: 2_000, size: 'max' }),
        fc.integer({ min: 1, max: 60 }),
        fc.boolean(),
        (puts, perStep, timed) => {
          const options = { budgetBytes: 30_000, maxPerGroup: 150, timed };
          const table = new TagTable(options);
          const print = new Fingerprint();
          const write = ([id, group, mask]: readonly [number, number, number]): void => {
            table.enter(group, 9);
            // Few segments, so that they are full of slots.
            print.set(7, group).mix(id, 3);
            table.write(print.lo, print.hi & ~0xfc, mask, id);
          };
          const all = (of: TagTable): string[] =>
            Array.from({ length: 401 * 4 }, (_, i) => {
              of.enter(i % 4, 9);
              print.set(7, i % 4).mix(Math.floor(i / 4), 3);
              return `${of.read(print.lo, print.hi & ~0xfc)} ${timed ? of.readTime(print.lo, print.hi & ~0xfc) : ''}`;
            });
          const half = Math.floor(puts.length / 2);
          puts.slice(0, half).forEach(write);
          const expected = all(table);
          const capacities = table.segments.map(({ capacity }) => capacity);
          const forgotten = table.forgotten;
          const stored: Uint8Array[] = [];
          let at = half;
          for (const { bytes } of snapshotTable(table, 't', true)) {
            stored.push(bytes);
            for (const end = at + perStep; at < end && at < puts.length; at++) write(puts[at] ?? [0, 0, 0]);
          }
          if (all(table).join() !== expected.join()) seen.changed++;
          seen.forgotten += table.forgotten - forgotten;
          seen.grown += table.segments.filter(({ capacity }, index) => capacity !== capacities[index]).length;
          const read = readSnapshot([...stored, closing(tableKeys('t')).bytes]);
          if ('severity' in read) throw new Error(read.message);
          const restored = new TagTable(options);
          restoreTable(restored, 't', read);
          expect(all(restored)).toEqual(expected);
        },
      ),
      { numRuns: testRounds(12, 500) },
    );
    expect(seen.changed).toBeGreaterThan(5);
    expect(seen.forgotten).toBeGreaterThan(30);
    expect(seen.grown).toBeGreaterThan(1);
  });

  it('stays inside its budget, forgets the oldest first and counts them', () => {
    const budgetBytes = 1 << 20;
    const table = new TagTable({ budgetBytes, maxPerGroup: 1e9, timed: false });
    fill(table, 1, 0, 400_000);
    expect(table.byteLength).toBeLessThan(budgetBytes * 1.35);
    expect(table.facts + table.forgotten).toBe(400_000);
    const kept = remembered(table, 1, 0, 400_000);
    expect(kept).toBeGreaterThan(25_000);
    // What is kept is exactly the newest.
    expect(remembered(table, 1, 400_000 - kept, kept)).toBe(kept);
  });

  it('gives the number of an emptied group away again', () => {
    const table = new TagTable({ budgetBytes: 40_000, maxPerGroup: 1e9, timed: false });
    for (let group = 0; group < 20_000; group++) fill(table, group, 0, 1);
    expect(table.groups.count).toBeLessThan(4_000);
    expect(remembered(table, 19_999, 0, 1)).toBe(1);
    expect(remembered(table, 3, 0, 1)).toBe(0);
  });
});

describe('BloomGenerations', () => {
  it('has the size of the original', () => {
    const bloom = new BloomGenerations({ capacity: 200_000, falsePositiveRate: 1e-4 });
    bloom.put(1, 2);
    // 48,398 bytes serialised in the original, 383,413 bits rounded up to 64.
    expect(bloom.byteLength).toBe(Math.ceil((20_000 * 19.1701) / 64) * 8);
    expect(bloom.hashes).toBe(13);
  });

  it('keeps between nine and ten tenths of its capacity and is wrong about once in a thousand when full', () => {
    const bloom = new BloomGenerations({ capacity: 20_000, falsePositiveRate: 1e-4 });
    const print = new Fingerprint();
    const has = (i: number): boolean => bloom.has(print.set(3, 4).add(String(i)).lo, print.hi);
    for (let i = 0; i < 60_000; i++) bloom.put(print.set(3, 4).add(String(i)).lo, print.hi);
    expect(bloom.filters.length).toBe(10);
    for (let i = 60_000 - 17_900; i < 60_000; i++) expect(has(i)).toBe(true);
    let wrong = 0;
    for (let i = 1_000_000; i < 1_200_000; i++) if (has(i)) wrong++;
    expect(wrong / 200_000).toBeLessThan(1.3e-3);
    expect(wrong / 200_000).toBeGreaterThan(1e-4);
  });
});
