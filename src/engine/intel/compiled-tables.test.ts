import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { compileIntel, readCompiledIntel } from '../../intel/compiled-intel.ts';
import { readIntelSource } from '../../intel/intel-source.ts';
import { loadIntel } from '../../intel/load-intel.ts';
import { IndicatorMatcher } from '../../match/indicator-matcher.ts';
import { ScanMemory } from '../../scan/scan-memory.ts';
import { WitnessTables } from '../../scan/witness-tables.ts';
import { compileTables, urlColumnsOf, witnessTables } from './compiled-tables.ts';

it('tables of a compiled file equal those built from its indicators', async () => {
  const read = readIntelSource(new URL('../../../samples/intel', import.meta.url).pathname);
  if (!read.ok) throw new Error('the samples are a source');
  const set = await loadIntel([read.source], { now: () => Date.UTC(2026, 2, 17) });
  const file = join(mkdtempSync(join(tmpdir(), 'flint-compiled-')), 'samples.flint');
  compileIntel(set, file, compileTables(set.indicators, 0));
  const back = readCompiledIntel(file);
  if (!back.ok) throw new Error(back.diagnostic.message);
  const { indicators, extra } = back.set;
  expect(extra.size).toBe(2);
  expect(urlColumnsOf(extra)).toEqual(new IndicatorMatcher(indicators).urlColumns);
  const restored = witnessTables(new ScanMemory(), indicators, extra, 0).bytesView();
  expect(Buffer.compare(restored, WitnessTables.build(new ScanMemory(), indicators).bytesView())).toBe(0);
  expect(urlColumnsOf(new Map())).toBeUndefined();
});
