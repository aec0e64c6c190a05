import { afterEach, expect, it, vi } from 'vitest';
import { GrowingBuffer } from './growing-buffer.ts';

const LARGE = 4 << 20;

afterEach(() => void vi.unstubAllGlobals());

/** Grows by what a table adds at once, each word written with its place. */
function filled(bytes: number): { readonly buffer: GrowingBuffer; readonly buffers: number } {
  const buffer = new GrowingBuffer(64);
  let words = new Int32Array(buffer.buffer);
  let buffers = 1;
  for (let i = 0; i < bytes / 4; i++) {
    if (i === words.length) {
      words = new Int32Array(buffer.grow(4 * i + 64));
      buffers++;
    }
    words[i] = i;
  }
  return { buffer, buffers };
}

function isWhole(buffer: ArrayBuffer | SharedArrayBuffer, bytes: number): boolean {
  const words = new Int32Array(buffer);
  return words.every((word, i) => word === (i < bytes / 4 ? i : 0));
}

it('keeps what was there, and is zero beyond it', () => {
  for (const bytes of [64, 100_000, LARGE, 2 * LARGE]) expect(isWhole(filled(bytes).buffer.buffer, bytes)).toBe(true);
});

it('leaves little room when it is large, and grows where it stands', () => {
  const { buffer } = filled(2 * LARGE);
  const before = new Int32Array(buffer.buffer);
  const after = buffer.grow(before.byteLength + 8);
  expect(after.byteLength / before.byteLength).toBeLessThan(1.08);
  new Int32Array(after)[0] = 42;
  expect(before[0]).toBe(42);
});

it.each([
  [
    'no addresses are left',
    {
      Memory: class {
        constructor() {
          throw new RangeError('could not allocate memory');
        }
      },
    },
  ],
  [
    'the memory cannot grow',
    {
      Memory: class {
        buffer = new ArrayBuffer(1.25 * LARGE);
        grow(): void {
          throw new RangeError('maximum');
        }
      },
    },
  ],
])('is copied where %s', (_, stub) => {
  vi.stubGlobal('WebAssembly', stub);
  const bytes = 2 * LARGE;
  expect(isWhole(filled(bytes).buffer.buffer, bytes)).toBe(true);
});
