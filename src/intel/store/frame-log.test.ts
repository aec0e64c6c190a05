import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Random } from '../../testing/random.ts';
import { FrameLog, MAX_ENTRY_BYTES, readFrameLog } from './frame-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'flint-log-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ENTRIES = ['first', '', 'third, a little longer', 'x'.repeat(300)];

async function written(name: string): Promise<{ path: string; ends: number[] }> {
  const path = join(folder, name);
  const log = await FrameLog.create(path, [Buffer.from(ENTRIES[0] as string)]);
  const ends = [log.bytes];
  for (const entry of ENTRIES.slice(1)) {
    await log.append(Buffer.from(entry));
    ends.push(log.bytes);
  }
  expect([log.entries, statSync(path).size]).toEqual([ENTRIES.length, log.bytes]);
  await log.close();
  return { path, ends };
}

function texts(path: string): string[] {
  return readFrameLog(path).entries.map(String);
}

describe('the log of entries', () => {
  it('gives back what was appended, and goes on after it', async () => {
    const { path } = await written('whole');
    const content = readFrameLog(path);
    expect(content.entries.map(String)).toEqual(ENTRIES);
    const log = await FrameLog.resume(path, content);
    await log.append(Buffer.from('later'));
    await log.close();
    expect(texts(path)).toEqual([...ENTRIES, 'later']);
  });

  it('loses nothing but the torn entry wherever it is cut off, and can be appended to again', async () => {
    const { path, ends } = await written('torn');
    const whole = readFileSync(path);
    for (let length = 0; length <= whole.length; length++) {
      writeFileSync(path, whole);
      truncateSync(path, length);
      const expected = ENTRIES.filter((_, i) => (ends[i] ?? 0) <= length);
      const content = readFrameLog(path);
      expect(content.entries.map(String), `cut to ${length}`).toEqual(expected);
      if (content.end === 0) continue;
      const log = await FrameLog.resume(path, content);
      await log.append(Buffer.from('after the crash'));
      await log.close();
      expect(texts(path), `cut to ${length}`).toEqual([...expected, 'after the crash']);
    }
  });

  it('stops at the first damaged byte', async () => {
    const { path, ends } = await written('damaged');
    const whole = readFileSync(path);
    const random = new Random(11);
    for (let i = 0; i < 300; i++) {
      const at = random.int(whole.length);
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.int(8));
      writeFileSync(path, bytes);
      const expected = at < 16 ? [] : ENTRIES.filter((_, j) => (ends[j] ?? 0) <= at);
      expect(texts(path), `bit of byte ${at}`).toEqual(expected);
    }
  });

  it('is read up to a limit, and takes no entry beyond its own', async () => {
    const { path, ends } = await written('limit');
    expect(readFrameLog(path, ends[1]).entries).toHaveLength(2);
    const log = await FrameLog.create(path);
    await expect(log.append({ length: MAX_ENTRY_BYTES + 1 } as Uint8Array)).rejects.toThrow('too long');
    await log.close();
    expect(texts(path)).toEqual([]);
  });
});
