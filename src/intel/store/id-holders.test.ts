import { describe, expect, it } from 'vitest';
import { IndicatorTable } from '../../core/indicator-table.ts';
import { keyHash, idKey, NO_ID } from '../../core/stix-id.ts';
import { IndicatorTableBuilder } from '../../core/indicator-table-builder.ts';
import { BenignSet } from '../benign-set.ts';
import type { IntelSet } from '../intel-set.ts';
import { idHashes } from './detail-texts.ts';
import { heldByOthers } from './id-holders.ts';
import { StoreState } from './store-state.ts';

const COUNT = 5000;

function idOf(number: number): string {
  return `indicator--00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}

function tableOf(): IndicatorTable {
  const builder = new IndicatorTableBuilder();
  const feeds = [builder.addFeed('one'), builder.addFeed('other')];
  for (let i = 0; i < COUNT; i++) {
    const feed = feeds[i % 2] as number;
    const said = { provider: 'p', id: idOf(i), pattern: `[x${i}]`, description: 'd'.repeat(i % 700), modifiedMs: i };
    builder.add('domain', `n${i}.example`, 'exact', builder.addDetails(feed, said));
  }
  builder.add('domain', 'plain.example', 'exact', builder.addDetails(feeds[1] as number, { provider: 'p' }));
  return builder.finish();
}

function stateOf(table: IndicatorTable): StoreState {
  const empty = new Uint32Array(0);
  const benign = new BenignSet(new IndicatorTableBuilder().finish());
  const carried = { revoked: empty, contested: empty, ordinals: empty, markings: [] };
  const nothing = { deferred: [], sigma: [], feeds: [], diagnostics: [], extra: new Map() };
  return new StoreState({ indicators: table, benign, ...carried, ...nothing } satisfies IntelSet, []);
}

describe('ids that other feeds hold', () => {
  const table = tableOf();
  const { idHash: _idHash, ...columns } = table.columns;
  // As compiled files of earlier versions are.
  const former = new IndicatorTable(columns);

  it('has a hash for each id, read from the texts where the column is missing', () => {
    const hashes = idHashes(table);
    expect(hashes[1234]).toBe(keyHash(idKey(idOf(1234))));
    expect(hashes[COUNT]).toBe(NO_ID);
    expect(idHashes(former)).toEqual(hashes);
  });

  it.each([
    ['with', table],
    ['without', former],
  ])('finds them in a table %s the column', (_, indicators) => {
    const asked = new Set([idOf(10), idOf(11), idOf(4999), idOf(COUNT + 1)]);
    const { held, ofKeys } = heldByOthers(stateOf(indicators), new Set(['one']), asked, new Uint32Array(0));
    expect([...held]).toEqual([
      [idOf(11), { modifiedMs: 11, feed: 'other' }],
      [idOf(4999), { modifiedMs: 4999, feed: 'other' }],
    ]);
    expect(ofKeys.size).toBe(0);
    const none = new Set<string>();
    expect(heldByOthers(stateOf(indicators), new Set(['one']), none, idKey(idOf(11))).ofKeys).toEqual(
      new Set([idOf(11)]),
    );
    expect(heldByOthers(stateOf(indicators), new Set(['one']), none, idKey(idOf(10))).ofKeys.size).toBe(0);
  });
});
