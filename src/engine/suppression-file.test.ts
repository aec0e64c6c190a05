/** Windows that were written, change by change, are read again as they were; whatever happens to the file. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Finding } from '../alerts/finding.ts';
import { Suppressor } from '../alerts/suppressor.ts';
import { Random } from '../testing/random.ts';
import { sampleEvent, sampleMatch } from '../testing/sample-alert.ts';
import { SuppressionFile } from './suppression-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'flint-suppression-'));
afterAll(() => rmSync(folder, { recursive: true }));
const WINDOW_MS = 60_000;
const match = sampleMatch();

function finding(position: number, host: string, note = ''): Finding {
  const event = { ...sampleEvent({ Hostname: host, note }, position), timeMs: position * 1000 };
  return new Finding(match, event, { nowMs: 0, keepOriginal: true });
}

function never(path: string): void {
  throw new Error(`${path} is damaged`);
}

describe('suppression on disk', () => {
  it('is what it was, after any changes', async () => {
    const random = new Random(20_261_122);
    const path = join(folder, 'random.ndjson');
    const suppressor = new Suppressor({ windowMs: WINDOW_MS, maxEntries: 40 });
    const file = new SuppressionFile(path);
    let nowMs = 0;
    let appended = 0;
    for (let round = 0; round < 120; round++) {
      for (let i = random.int(12); i > 0; i--) {
        nowMs += random.int(2500);
        suppressor.offer(finding(nowMs, `h${random.int(60)}`, 'x'.repeat(random.int(3000))), nowMs);
      }
      const bytes = round === 0 ? 0 : statSync(path).size;
      await file.save(suppressor.takeChanges(), () => suppressor.snapshot());
      if (bytes > 0 && statSync(path).size > bytes) appended++;
      expect(new SuppressionFile(path).load(never), `seed ${random.seed}, round ${round}`).toEqual(
        suppressor.snapshot(),
      );
    }
    expect(appended).toBeGreaterThan(50);
    await file.close();
  });

  it('is written anew when it is twice as long as it need be', async () => {
    const path = join(folder, 'long.ndjson');
    const suppressor = new Suppressor({ windowMs: WINDOW_MS });
    const file = new SuppressionFile(path);
    let longest = 0;
    for (let i = 0; i < 200; i++) {
      suppressor.offer(finding(i, `h${i}`, 'x'.repeat(8000)), i * WINDOW_MS);
      await file.save(suppressor.takeChanges(), () => suppressor.snapshot());
      longest = Math.max(longest, statSync(path).size);
    }
    expect(longest).toBeGreaterThan(1 << 20);
    expect(longest).toBeLessThan(1.2 * (1 << 20));
    expect(new SuppressionFile(path).load(never)?.windows.length).toBe(1);
    await file.close();
  });

  it('loses a torn last line alone, and is set aside when it is damaged', async () => {
    const path = join(folder, 'torn.ndjson');
    const suppressor = new Suppressor({ windowMs: WINDOW_MS });
    const file = new SuppressionFile(path);
    for (const host of ['a', 'b']) suppressor.offer(finding(1, host), 0);
    await file.save(suppressor.takeChanges(), () => suppressor.snapshot());
    await file.close();
    appendFileSync(path, '{"begin":{"key":"to');
    expect(new SuppressionFile(path).load(never)).toEqual(suppressor.snapshot());
    const whole = readFileSync(path, 'utf8');
    writeFileSync(path, whole.replace('{"begin"', '{"begin'));
    const damaged: string[] = [];
    expect(new SuppressionFile(path).load((which) => damaged.push(which))).toBeUndefined();
    expect([damaged, existsSync(`${path}.damaged`)]).toEqual([[path], true]);
    expect(new SuppressionFile(path).load(never)).toBeUndefined();
  });

  it('is written as a whole after a failure', async () => {
    const path = join(folder, 'gone', 'file.ndjson');
    const suppressor = new Suppressor({ windowMs: WINDOW_MS });
    suppressor.offer(finding(1, 'a'), 0);
    const file = new SuppressionFile(path);
    await expect(file.save(suppressor.takeChanges(), () => suppressor.snapshot())).rejects.toThrow(/ENOENT/);
    suppressor.forgetChanges();
    expect(suppressor.takeChanges()).toBeUndefined();
  });
});
