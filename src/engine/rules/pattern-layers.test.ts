/** Patterns keep their numbers while layers come, go and become one. */
import { expect, it } from 'vitest';
import { compileLayer, joinLayers, type PortableLayer } from './pattern-layer.ts';
import { PatternLayers } from './pattern-layers.ts';

const layerOf = (...names: readonly string[]): PortableLayer =>
  compileLayer(
    names.map((name) => ({
      pattern: `[process:command_line LIKE '%${name}%' AND process:pid > 4]`,
      ...{ details: { id: name, name }, key: name },
    })),
  ).layer;

it('layers of patterns are found, removed and joined under the numbers that they came with', () => {
  const layers = new PatternLayers(layerOf('falcon', 'quartz'));
  expect(layers.add(layerOf('harbour', 'lantern')).first).toBe(2);
  expect([layers.remove('quartz'), layers.remove('harbour'), layers.remove('quartz')]).toEqual([1, 2, undefined]);
  expect(layers.size).toBe(2);
  expect(layers.changes).toEqual({ layers: 1, added: 2, tombstones: 2, merges: 0 });
  const found = (): readonly number[] => {
    const all = new Set<number>();
    for (const text of ['a falcon', 'QUARTZ', 'harbour', 'the lantern']) layers.find(text, all);
    return [...all].filter((number) => layers.counts(number)).sort();
  };
  expect(found()).toEqual([0, 3]);
  const { parts, ...merge } = layers.mergeOf(true);
  // Comes while the layers are joined elsewhere.
  layers.add(layerOf('quartz'));
  layers.merge({ ...merge, layer: joinLayers(parts) });
  expect(layers.changes).toEqual({ layers: 1, added: 1, tombstones: 0, merges: 1 });
  expect([layers.isInBase(3), layers.isInBase(4)]).toEqual([true, false]);
  expect(found()).toEqual([0, 3, 4]);
  expect([0, 3, 4].map((number) => layers.open(number).input.key)).toEqual(['falcon', 'lantern', 'quartz']);
});
