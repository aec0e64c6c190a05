import { expect, it } from 'vitest';
import { ScanMemory } from './scan-memory.ts';

it('blocks taken behind a memory by others are given to nobody else', () => {
  const owner = new ScanMemory();
  const [one, other] = [ScanMemory.behind(owner.memory), ScanMemory.behind(owner.memory)];
  const blocks: [number, number][] = [];
  for (let i = 0; i < 60; i++) {
    const bytes = 1000 * ((i * 37) % 90) + 1;
    blocks.push([([owner, one, other][i % 3] as ScanMemory).allocate(bytes), bytes]);
  }
  blocks.sort(([a], [b]) => a - b);
  for (const [i, [start, bytes]] of blocks.entries()) {
    expect(start % 64).toBe(0);
    expect(start + bytes + 64).toBeLessThanOrEqual(blocks[i + 1]?.[0] ?? owner.memory.buffer.byteLength);
  }
});

it('a block that was given back is the next of its size, and zeros again', () => {
  const memory = new ScanMemory();
  const first = memory.allocate(1000);
  new Uint8Array(memory.memory.buffer, first, 1000).fill(7);
  memory.release(first, 1000);
  expect(memory.allocate(999)).not.toBe(first);
  expect(memory.allocate(1000)).toBe(first);
  expect(new Uint8Array(memory.memory.buffer, first, 1000).every((byte) => byte === 0)).toBe(true);
  expect(memory.allocate(1000)).not.toBe(first);
});
