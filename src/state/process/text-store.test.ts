import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TextStore } from './text-store.ts';

const seed = { lo: 1, hi: 2 };

function idOfJson(store: TextStore, spelling: string): number {
  const bytes = Buffer.from(`"${spelling}"`);
  return store.idOfJson(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 1, bytes.length - 1);
}

/** The same text with every character as `\\uXXXX`. */
function escaped(text: string): string {
  return Array.from({ length: text.length }, (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`).join(
    '',
  );
}

describe('TextStore', () => {
  it('gives equal texts one number however they are spelled, and the text back', () => {
    const store = new TextStore(seed);
    const known = new Map<string, number>();
    fc.assert(
      fc.property(fc.string({ maxLength: 40, unit: 'binary' }), (text) => {
        const id = store.idOf(text);
        expect(known.get(text) ?? id).toBe(id);
        known.set(text, id);
        expect(idOfJson(store, JSON.stringify(text).slice(1, -1))).toBe(id);
        expect(idOfJson(store, escaped(text))).toBe(id);
        expect(store.find(text)).toBe(id);
        expect(store.textOf(id)).toBe(text);
        expect(store.textOf(store.lowerOf(id))).toBe(text.toLowerCase());
      }),
      { numRuns: 500 },
    );
    expect(new Set(known.values()).size).toBe(known.size);
  });

  it('reads invalid bytes as the decoder does', () => {
    const store = new TextStore(seed);
    const bytes = Buffer.from([0x61, 0xff, 0xc3, 0x62]);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    expect(store.textOf(store.idOfJson(bytes, view, 0, 4))).toBe('a\ufffd\ufffdb');
  });

  it('keeps what somebody holds, drops the rest, and stays within one and a half times of it', () => {
    const store = new TextStore(seed);
    const kept: [number, string][] = [];
    for (let i = 0; i < 200_000; i++) {
      store.sweep();
      const text = `C:\\Windows\\System32\\program-${i}.exe ${'x'.repeat(i % 97)}`;
      const id = store.idOf(text);
      if (i % 10 !== 0) continue;
      store.hold(id);
      kept.push([id, text]);
      if (kept.length > 5000) store.release((kept.shift() as [number, string])[0]);
    }
    for (const [id, text] of kept) expect(store.textOf(id)).toBe(text);
    expect(store.held).toBe(5000);
    expect(store.pageBytes).toBeLessThan(1.5 * store.heldBytes + (2 << 20));
    expect(store.find('C:\\Windows\\System32\\program-3.exe xxx')).toBe(0);
  });

  it('takes texts longer than a page', () => {
    const store = new TextStore(seed);
    const long = 'ab'.repeat(300_000);
    const id = store.idOf(long);
    store.hold(id);
    expect(store.idOf(long)).toBe(id);
    expect(store.textOf(id)).toBe(long);
    store.release(id);
    for (let i = 0; i < 3000; i++) store.idOf(`t${i}`);
    store.sweep();
    expect(store.find(long)).toBe(0);
    expect(store.pageBytes).toBeLessThan(600_000);
  });
});
