import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findRow } from './indicator-rows.ts';
import { INDICATOR_KINDS, SEMANTICS, TLP_LEVELS } from './indicator-table.ts';
import { IndicatorTableBuilder } from './indicator-table-builder.ts';

describe('indicator table', () => {
  it('finds every value that was added, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            kind: fc.constantFrom(...INDICATOR_KINDS),
            value: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }),
            semantics: fc.constantFrom(...SEMANTICS),
            source: fc.integer({ min: 0, max: 3 }),
          }),
          { maxLength: 400 },
        ),
        (entries) => {
          const builder = new IndicatorTableBuilder();
          const feed = builder.addFeed('feed');
          const sources = ['a', 'b', 'c', 'd'].map((provider) => builder.addDetails(feed, { provider }));
          for (const { kind, value, semantics, source } of entries)
            builder.add(kind, value, semantics, sources[source] as number);
          const table = builder.finish();
          const distinct = new Set(entries.map((entry) => `${entry.kind} ${entry.semantics} ${entry.value}`));
          expect(table.size).toBe(distinct.size);
          for (const { kind, value, semantics, source } of entries) {
            const row = findRow(table, kind, value, semantics);
            expect(table.get(row)).toMatchObject({ kind, value, semantics });
            expect(table.detailsAt(row).map((details) => details.provider)).toContain('abcd'[source]);
          }
          expect(findRow(table, 'domain', 'never.added.example', 'exact')).toBe(-1);
        },
      ),
    );
  });

  it('gives back what a source says, and derives id and name when it says nothing', () => {
    const builder = new IndicatorTableBuilder();
    const feed = builder.addFeed('feed');
    const said = {
      id: 'indicator--1',
      name: 'Bär',
      provider: 'maker',
      library: 'mine',
      confidence: 80,
      tlp: 'amber' as const,
      description: 'x',
      types: ['malicious-activity'],
      killChain: [{ chain: 'mitre-attack', phase: 'impact' }],
      references: ['https://example.com/r'],
      validFromMs: 1,
      validUntilMs: 2,
      modifiedMs: 3.5,
      ordinal: 7,
      pattern: '[x]',
    };
    const rich = builder.addDetails(feed, said);
    const plain = builder.addDetails(feed, { provider: 'list' });
    builder.add('domain', 'a.example', 'exact', plain);
    builder.add('domain', 'a.example', 'exact', rich);
    const table = builder.finish();
    const [first, second] = table.detailsAt(0);
    expect(first).toEqual(said);
    expect(second).toEqual({
      id: expect.stringMatching(/^indicator--[0-9a-f-]{36}$/),
      name: 'a.example',
      provider: 'list',
    });
  });

  it('leaves no row behind for dropped details and keeps rows that have another source', () => {
    const builder = new IndicatorTableBuilder();
    const feed = builder.addFeed('feed');
    const [old, present] = [
      builder.addDetails(feed, { provider: 'old' }),
      builder.addDetails(feed, { provider: 'new' }),
    ];
    builder.add('domain', 'gone.example', 'exact', old);
    builder.add('domain', 'both.example', 'exact', old);
    builder.add('domain', 'both.example', 'exact', present);
    builder.add('domain', 'kept.example', 'exact', present);
    builder.drop(old);
    const table = builder.finish();
    expect([...table].map((indicator) => indicator.value)).toEqual(['both.example', 'kept.example']);
    expect(findRow(table, 'domain', 'gone.example', 'exact')).toBe(-1);
    expect(table.detailsAt(findRow(table, 'domain', 'both.example', 'exact')).map((d) => d.provider)).toEqual(['new']);
  });

  it('raises markings and never lowers them', () => {
    const builder = new IndicatorTableBuilder();
    const details = builder.addDetails(builder.addFeed('feed'), { provider: 'p', tlp: 'amber' });
    builder.add('mutex', 'm', 'exact', details);
    for (const tlp of TLP_LEVELS) builder.restrict(details, tlp === 'red' ? 'green' : tlp);
    expect(builder.finish().get(0).details.tlp).toBe('amber+strict');
  });
});
