import { expect, it } from 'vitest';
import { compileLayer, type PortableLayer } from './pattern-layer.ts';
import type { PatternInput } from './compiled-pattern.ts';

const INPUTS: readonly PatternInput[] = [
  "[process:command_line LIKE '%-falcon%' AND process:pid > 4]",
  "[process:command_line LIKE '%quartz%'] FOLLOWEDBY [domain-name:value LIKE '%.anchor.example']",
].map((pattern, i) => ({ pattern, details: { id: `${i}`, name: '' }, key: `key ${i}` }));

/** Bytes of the arrays in a value, by whether other threads get them as they stand. */
function bytesIn(value: unknown, found = { shared: 0, copied: 0 }): typeof found {
  if (ArrayBuffer.isView(value))
    found[value.buffer instanceof SharedArrayBuffer ? 'shared' : 'copied'] += value.byteLength;
  else if (typeof value === 'object' && value !== null && !(value instanceof WebAssembly.Memory))
    for (const part of Object.values(value)) bytesIn(part, found);
  return found;
}

it('a layer of patterns is shared memory, of which a thread gets no copy', () => {
  const { layer } = compileLayer(INPUTS);
  const { shared, copied } = bytesIn(layer);
  expect(shared).toBeGreaterThan(1000);
  expect(copied).toBe(0);
  const posted: PortableLayer = structuredClone(layer);
  expect(posted.records.bytes.buffer).toBeInstanceOf(SharedArrayBuffer);
  layer.records.bytes[0] = 0x20;
  expect(posted.records.bytes[0]).toBe(0x20);
});
