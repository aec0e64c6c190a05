import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { MemoryTexts } from '../core/text-pool.ts';
import { privateCopy, SpillingTexts } from './disk-texts.ts';

const folder = mkdtempSync(join(tmpdir(), 'flint-texts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('texts on disk', () => {
  it('come back as they were put in, whether they spilled or not, and leave no file behind', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 50 }),
        fc.integer({ min: 0, max: 300 }),
        (texts, limit) => {
          const builder = new SpillingTexts(folder, limit);
          const ends = texts.map((text) => {
            builder.append(text);
            return builder.byteLength;
          });
          const pool = builder.finish();
          for (const original of [pool, privateCopy(pool, folder, limit)]) {
            expect(texts.map((_, i) => original.read(ends[i - 1] ?? 0, ends[i] ?? 0))).toEqual(texts);
            expect(Buffer.concat([...original.chunks()]).toString()).toBe(texts.join(''));
          }
          expect(readdirSync(folder)).toEqual([]);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('take no memory once they spilled', () => {
    const builder = new SpillingTexts(folder, 10);
    builder.append('a text longer than the limit');
    expect(builder.finish().memoryBytes).toBe(0);
    expect(privateCopy(new MemoryTexts(Buffer.from('short')), folder, 10).memoryBytes).toBe(5);
  });
});
