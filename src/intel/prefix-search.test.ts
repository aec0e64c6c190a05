import { describe, expect, it } from 'vitest';
import { LayeredTable } from '../core/layered-table.ts';
import { shapeOf } from '../core/indicator-table.ts';
import { IndicatorTableBuilder } from '../core/indicator-table-builder.ts';
import { searchPrefix } from './prefix-search.ts';

function table(): LayeredTable {
  const builder = new IndicatorTableBuilder();
  const details = builder.addDetails(builder.addFeed('f'), { provider: 'f' });
  for (const name of ['evil.example', 'evil.test', 'ev.example', 'gone.example', 'other.example'])
    builder.add('domain', name, 'exact', details);
  builder.add('url', 'https://evil.example/Path', 'exact', details);
  builder.add('mutex', 'Global\\Evil', 'exact', details);
  const layered = new LayeredTable(builder.finish());
  const shape = shapeOf('domain', 'exact');
  layered.apply({
    details: [{ feed: 'f', said: { provider: 'f' } }],
    rows: [
      [shape, 'evil.added', [0]],
      [shape, 'gone.example', []],
      [shape, 'evil.test', [0]],
    ],
  });
  return layered;
}

const found = (prefix: string, limit = 10): readonly string[] => {
  const layered = table();
  return searchPrefix(layered, prefix, limit).rows.map((row) => layered.valueAt(row));
};

describe('a search by prefix', () => {
  it('finds what begins so in base and delta, once each, by value, and nothing that was removed', () => {
    expect(found('evil')).toEqual(['evil.added', 'evil.example', 'evil.test']);
    expect(found('gone')).toEqual([]);
    expect(found('evil.example.more')).toEqual([]);
  });

  it('understands defanged text and other cases', () => {
    expect(found('EVIL[.]ex')).toEqual(['evil.example']);
    expect(found('hxxps://evil[.]example/P')).toEqual(['https://evil.example/Path']);
    expect(found('Global\\E')).toEqual(['Global\\Evil']);
  });

  it('gives as many as asked for and counts all', () => {
    const layered = table();
    expect(searchPrefix(layered, 'ev', 2)).toMatchObject({ total: 4, rows: { length: 2 } });
    expect(() => searchPrefix(layered, ' ', 2)).toThrow('at least one character');
  });
});
