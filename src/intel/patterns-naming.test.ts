import { describe, expect, it } from 'vitest';
import { IntelBuilder } from './intel-builder.ts';
import { patternsNaming } from './patterns-naming.ts';

describe('patterns that name a value', () => {
  const builder = new IntelBuilder();
  const { indicatorsFeed } = builder.addFeed('a.json');
  const patterns = [
    "[network-traffic:dst_ref.value = '198.51.100.7' AND network-traffic:dst_port > 1]",
    "[file:name = 'Evil.exe' AND file:parent_directory_ref.path = 'C:\\\\Temp']",
    "[file:name = 'notevil.exe' AND file:size > 1]",
  ];
  for (const [i, pattern] of patterns.entries()) {
    const details = builder.indicators.addDetails(indicatorsFeed, { provider: 'a', name: `p${i}`, pattern });
    builder.deferred.push({ pattern, reason: 'several-values', details });
  }
  const set = builder.finish([], []);
  const named = (...values: string[]) => patternsNaming(set, values, 10).patterns.map(({ name }) => name);

  it('are found by whole values in any letter case, escapes undone', () => {
    expect(named('198.51.100.7')).toEqual(['p0']);
    expect(named('evil.EXE')).toEqual(['p1']);
    expect(named('c:\\temp')).toEqual(['p1']);
    expect(named('198.51.100', '98.51.100.7', 'ab')).toEqual(['p0']);
    expect(named('98.51.100.7', 'xe')).toEqual([]);
    expect(patternsNaming(set, ['file'], 1)).toMatchObject({ total: 2, patterns: [{ name: 'p1' }] });
  });
});
