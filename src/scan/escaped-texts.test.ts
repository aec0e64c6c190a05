import { describe, expect, it } from 'vitest';
import { jsonText } from '../core/json-text.ts';
import { Random } from '../testing/random.ts';
import { testRounds, testSeed } from '../testing/test-runs.ts';
import type { EscapedText } from './escaped-texts.ts';
import { EventSieve } from './event-sieve.ts';
import { canRunKernel } from './indicator-scanner.ts';
import { ScanMemory } from './scan-memory.ts';

const PIECES = [
  '"',
  '\\',
  '\\\\"',
  'a',
  'plain text of some length',
  ' ',
  '~',
  '{"a":"b"}',
  '\\u0041',
  'x'.repeat(200),
];
const STRANGE = ['\u007f', '\u0000', '\u001f', '\t', '\u0080', 'caf\u00e9', '\u{1f600}'];

describe.skipIf(!canRunKernel())('texts escaped as bytes', () => {
  it('are what they are in JSON, or gone, or left to others', () => {
    const seed = testSeed(7);
    const random = new Random(seed);
    const sieve = new EventSieve(new ScanMemory(), {
      inputBytes: 1 << 16,
      maxDepth: 8,
      resolve: () => ({ kind: 'exact', questions: [], label: '' }),
    });
    const kept: { readonly text: string; readonly escaped: EscapedText }[] = [];
    let [direct, gone, refused] = [0, 0, 0];
    for (let round = 0; round < testRounds(1500, 50_000); round++) {
      const isStrange = random.chance(0.1);
      let text = '';
      for (let i = random.int(random.chance(0.4) ? 400 : 30); i > 0; i--) text += random.pick(PIECES);
      if (isStrange) text += random.pick(STRANGE) + 'b'.repeat(random.int(40));
      const bytes = Buffer.from(text);
      const start = random.int(100);
      // What stands behind a record is not read as a part of it.
      sieve.input.fill(random.pick([0, 0x22, 0xff]), start, start + bytes.length + 100);
      sieve.input.set(bytes, start);
      const escaped = sieve.escaped(start, start + bytes.length);
      expect(escaped === undefined, `round ${round}, seed ${seed}`).toBe(isStrange || bytes.length > 32 << 10);
      if (escaped === undefined) refused++;
      else kept.push({ text, escaped });
      for (let i = 0; i < 3 && kept.length > 0; i++) {
        const one = i === 0 ? kept.at(-1) : random.pick(kept);
        const found = one?.escaped.bytes;
        if (found === undefined) gone++;
        else {
          direct++;
          expect(Buffer.from(found).toString('latin1'), `round ${round}, seed ${seed}`).toBe(jsonText(one?.text ?? ''));
        }
      }
    }
    expect(Math.min(direct, gone, refused)).toBeGreaterThan(50);
  });
});
