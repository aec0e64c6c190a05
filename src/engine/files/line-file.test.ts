/**
 * The fast way through line files against the exact one: the same random bytes plain (ranges of any size, scanned in place) and
 * through the framers must give the same alerts with the same lines, records and positions.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Random } from '../../testing/random.ts';
import { scanExactly } from './exact-file.ts';
import { sourceOf } from './file-source.ts';
import { buildGeneration } from '../build-generation.ts';
import { scanLineFile, sniffLines } from './line-file.ts';
import { loadConfig } from '../config/load-config.ts';
import type { FoundAlert } from '../../alerts/found-alert.ts';
import { cutRanges, scanRange } from './scan-range.ts';
import { scanFiles } from './scan-files.ts';
import { examineLeft } from './waiting-records.ts';
import { testSeed } from '../../testing/test-runs.ts';

const SAMPLES = new URL('../../../samples/intel', import.meta.url).pathname;
const MAX_RECORD = 64 * 1024;
const INFLATE = { maxBytes: 1 << 26, maxRatio: 100, maxWindowBytes: 1 << 20 };
const folder = mkdtempSync(join(tmpdir(), 'flint-lines-'));

const generation = await buildGeneration(loadConfig({ intel: [SAMPLES] }, {}), {
  mode: 'scan',
  report: () => undefined,
});

const key = ({ event: { origin }, alert }: Pick<FoundAlert, 'event' | 'alert'>): string =>
  [origin.line, origin.record, origin.position, alert.threat?.indicator?.value ?? alert.threat?.indicator?.ip].join(
    ' ',
  );

async function exactly(path: string): Promise<string[]> {
  const found: string[] = [];
  const file = { path, bytes: 0 };
  await scanExactly(file, sourceOf(file, { timezone: 'Z' }), generation.processor, {
    maxRecordBytes: MAX_RECORD,
    inflate: INFLATE,
    now: () => 0,
    reportedThrough: -1,
    drop: () => undefined,
    onProgress: () => undefined,
    onFound: async (alerts) => void found.push(...alerts.map(key)),
  });
  return found;
}

function line(random: Random): string {
  const hit = random.int(4) === 0;
  const host = hit ? 'login.update-check.example' : `host${random.int(1000)}.example.org`;
  switch (random.int(8)) {
    case 0:
      return '';
    case 1:
      return ' \t';
    case 2:
      return `plain text about ${host} and more`;
    case 3:
      return JSON.stringify({ message: 'x'.repeat(random.int(3000)), host });
    default:
      return JSON.stringify({ dns: { question: { name: host } }, n: random.int(1e6) });
  }
}

describe('line files', () => {
  it('give the same alerts in ranges of any size as through the framers', async () => {
    const seed = testSeed();
    const random = new Random(seed);
    let alerts = 0;
    let examinedElsewhere = 0;
    for (let round = 0; round < 12; round++) {
      const ending = random.int(3) === 0 ? '\r\n' : '\n';
      // The first line settles the framing: text, so that JSON and other lines may be mixed.
      const lines = ['a first line of text', ...Array.from({ length: 200 }, () => line(random))];
      const text = lines.join(ending) + (random.int(2) === 0 ? ending : '');
      const path = join(folder, `mixed-${round}.log`);
      writeFileSync(path, text);
      expect(sniffLines(path, MAX_RECORD)).toBe('lines');
      const bytes = Buffer.byteLength(text);
      const step = 1 + random.int(bytes);
      const found: string[] = [];
      let records = 0;
      let lineCount = 0;
      for (let start = 0; start < bytes; start += step) {
        const source = sourceOf({ path, bytes }, { timezone: 'Z' });
        const part: FoundAlert[] = [];
        const { left, ...result } = await scanLineFile(path, 'lines', source, generation.processor, {
          maxRecordBytes: MAX_RECORD,
          arrivalMs: 0,
          range: { start, end: start + step },
          onProgress: () => undefined,
          onDrop: () => undefined,
          onFound: async (each) => void part.push(...each),
          leaves: random.int(2) === 0,
        });
        for (const one of part) {
          const origin = {
            ...one.event.origin,
            line: one.event.origin.line + lineCount,
            record: one.event.origin.record + records,
          };
          found.push(key({ alert: one.alert, event: { ...one.event, origin } }));
        }
        const before = { lines: lineCount, records };
        if (left !== undefined) {
          found.push(...examineLeft(generation.processor, left, source, before, 0).map(key));
          examinedElsewhere += left.ranges.length / 2;
        }
        records += result.records;
        lineCount += result.lines;
      }
      alerts += found.length;
      expect({ seed, round, found }).toEqual({ seed, round, found: await exactly(path) });
    }
    expect(alerts).toBeGreaterThan(100);
    expect(examinedElsewhere).toBeGreaterThan(10);
  });

  it('go over to the framers at JSON that is no single line, and report nothing twice', async () => {
    const hit = { dns: { question: { name: 'login.update-check.example' } } };
    const pretty = JSON.stringify(hit, null, 2);
    const wrapper = JSON.stringify({ Records: [hit, { a: 1 }, hit] });
    const text = [
      JSON.stringify(hit),
      '{"a":1}',
      pretty,
      JSON.stringify(hit) + JSON.stringify(hit),
      wrapper,
      JSON.stringify(hit),
    ].join('\n');
    const path = join(folder, 'irregular.ndjson');
    writeFileSync(path, text);
    expect(sniffLines(path, MAX_RECORD)).toBe('ndjson');
    const found: string[] = [];
    await scanFiles([{ path, bytes: Buffer.byteLength(text) }], generation, {
      maxRecordBytes: MAX_RECORD,
      timezone: 'Z',
      inflate: INFLATE,
      now: () => 0,
      onProgress: () => undefined,
      onDiagnostic: (problem) => expect.fail(problem.message),
      onFound: async (alerts) => void found.push(...alerts.map(key)),
    });
    expect(found).toHaveLength(7);
    expect(found).toEqual(await exactly(path));
  });

  it('drop lines beyond the limit and take what stands around them', async () => {
    const hit = 'seen login.update-check.example here';
    const path = join(folder, 'long.log');
    writeFileSync(path, ['text', hit, 'x'.repeat(3 << 20), hit, ''].join('\n'));
    const dropped: string[] = [];
    const [range] = [...cutRanges(1, false)];
    const found: FoundAlert[] = [];
    const task = {
      path,
      framing: 'lines' as const,
      source: sourceOf({ path, bytes: 1 }, { timezone: 'Z' }),
      start: range?.start ?? 0,
      end: range?.end ?? 0,
      arrivalMs: 0,
    };
    const { dropped: counted } = await scanRange(generation.processor, task, {
      maxRecordBytes: MAX_RECORD,
      onFound: async (each) => void found.push(...each),
      leaves: false,
    });
    dropped.push(...Object.keys(counted));
    expect([found.map(({ event }) => event.origin.line), dropped]).toEqual([[2, 4], ['too_long']]);
  });
});
