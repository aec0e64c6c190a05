import { describe, expect, it } from 'vitest';
import { Random } from '../testing/random.ts';
import { RecordLog } from './record-log.ts';
import { testSeed } from '../testing/test-runs.ts';

const SOURCES = ['a', 'b'].map((id) => ({ input: 'i', path: id, id, replayable: true, timezone: 'Z' }));

describe('the log of records', () => {
  it('gives each record back as it stood, until it is dropped, whatever its buffer holds by then', () => {
    const seed = testSeed();
    const random = new Random(seed);
    const log = new RecordLog();
    const kept: { readonly source: number; readonly position: number; readonly text: string }[] = [];
    const next = [0, 0];
    for (let chunk = 0; chunk < 24; chunk++) {
      const source = random.int(2);
      const texts = Array.from(
        { length: 500 },
        () => 'x'.repeat(random.int(3)) + random.int(1e9) + 'y'.repeat(random.int(30)),
      );
      if (chunk === 10) texts.push('z'.repeat(3 << 20));
      const bytes = Buffer.from(texts.join('\n'));
      let start = 0;
      for (const [i, text] of texts.entries()) {
        const end = start + text.length;
        if (random.chance(0.7)) {
          const position = (next[source] ?? 0) + start;
          const at = { source: SOURCES[source] ?? SOURCES[0], position, line: i, record: chunk, arrivalMs: chunk };
          log.put(source, { ...at, bytes, start, end, timeMs: i, timeOrigin: 'clamped' } as Parameters<
            RecordLog['put']
          >[1]);
          kept.push({ source, position, text });
        }
        start = end + 1;
      }
      next[source] = (next[source] ?? 0) + bytes.length + 1;
      if (random.chance(0.3)) expect(log.get(source, kept.at(-1)?.position ?? 0)?.timeOrigin).toBe('clamped');
      log.settle();
      bytes.fill(0);
      for (let drops = random.int(500); drops > 0 && kept.length > 1; drops--) {
        const gone = kept.shift();
        log.dropOldest();
        expect(log.get(gone?.source ?? 0, gone?.position ?? 0)).toBeUndefined();
      }
      for (let i = 0; i < 20; i++) {
        const { source: of, position, text } = random.pick(kept);
        const found = log.get(of, position);
        const read = found?.bytes.toString('latin1', found.start, found.end);
        expect({ seed, read, id: found?.origin.source.id }).toEqual({ seed, read: text, id: SOURCES[of]?.id });
      }
      expect(log.bytes).toBe(kept.reduce((sum, { text }) => sum + text.length + 72, 0));
    }
  });
});
