/** `scan` with 1, 2 and 4 workers: the same alerts in the same order, ids, lines and records included. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../testing/flint-process.ts';
import { scanOnThreads } from '../../testing/scan-on-threads.ts';

const root = new URL('../../../', import.meta.url).pathname;
const folder = temporaryFolder();
afterAll(() => folder.remove());

interface Found {
  readonly ids: readonly string[];
  readonly engines: readonly string[];
}

/** Alerts without the times they were written and read at. */
async function found(args: readonly string[], workers: number): Promise<Found> {
  const run = await scanOnThreads(args, workers, root);
  expect(run.status, run.stderr).toBe(0);
  const alerts = run.stdout.split('\n').filter(Boolean);
  const engines: string[] = [];
  const ids = alerts.map((line) => {
    const alert = JSON.parse(line) as { event: Record<string, unknown>; flint: { engine: string; input: unknown } };
    engines.push(alert.flint.engine);
    // Records of most tests have no time of their own.
    const untimed = { ...alert, '@timestamp': '', event: { ...alert.event, created: '' } };
    return `${createHash('sha256').update(JSON.stringify(untimed)).digest('hex')} ${JSON.stringify([alert.event['id'], alert.flint.input])}`;
  });
  return { ids, engines };
}

/** Resolves with what one worker finds. */
async function compare(args: readonly string[], threads: readonly number[] = [2, 4]): Promise<Found> {
  const one = await found(args, 1);
  for (const workers of threads) expect((await found(args, workers)).ids).toEqual(one.ids);
  return one;
}

// Nine scans and more: a busy machine takes its time.
describe('the number of workers changes nothing but the time', { timeout: 240_000 }, () => {
  it('over ranges of a large file and small files', async () => {
    const filler = 'y'.repeat(700);
    // Many in the first range, few in the others: these the threads leave to one, unless they are many themselves.
    const isHit = (i: number): boolean => i % (i < 20_000 ? 50 : 997) === 0;
    const lines = Array.from({ length: 60_000 }, (_, i) =>
      JSON.stringify({ n: i, filler, host: isHit(i) ? 'login.update-check.example' : `h${i}.example.org` }),
    );
    const hits = lines.filter((_, i) => isHit(i)).length;
    // Larger than two ranges, so that several workers share one file.
    const file = join(folder.path, 'large.ndjson');
    writeFileSync(file, `${lines.join('\n')}\n`);
    const { ids } = await compare([file, 'samples/logs', '--intel', 'samples/intel'], [2, 4, 6]);
    expect(ids.length).toBe(hits + 29);
  });

  it('over compressed files, which threads take side by side', async () => {
    const files = Array.from({ length: 6 }, (_, file) => {
      const lines = Array.from({ length: 3000 }, (_, i) =>
        JSON.stringify({ n: i, host: i % (7 + file) === 0 ? 'login.update-check.example' : `h${i}.example.org` }),
      );
      const path = join(folder.path, `packed-${file}.ndjson.gz`);
      writeFileSync(path, gzipSync(`${lines.join('\n')}\n`));
      return path;
    });
    const { ids } = await compare([...files, '--intel', 'samples/intel']);
    expect(ids.length).toBe(files.reduce((sum, _, file) => sum + Math.ceil(3000 / (7 + file)), 0));
  });

  it('over a file of lines that turns out to be none', async () => {
    const lines = Array.from({ length: 60_000 }, (_, i) => {
      const host = i % 997 === 0 ? 'login.update-check.example' : `h${i}.example.org`;
      const one = JSON.stringify({ n: i, filler: 'x'.repeat(700), host });
      return i === 40_877 ? `${one} ${one}` : one;
    });
    const file = join(folder.path, 'broken.ndjson');
    writeFileSync(file, `${lines.join('\n')}\n`);
    const { ids } = await compare([file, 'samples/logs', '--intel', 'samples/intel']);
    expect(ids.length).toBe(61 + 1 + 29);
  });

  it('with rules that count over the whole file', async () => {
    const filler = 'z'.repeat(700);
    const lines = Array.from({ length: 50_000 }, (_, i) =>
      JSON.stringify({
        EventID: 1,
        Channel: 'Microsoft-Windows-Sysmon/Operational',
        UtcTime: new Date(1_700_000_000_000 + i * 10).toISOString(),
        Image: i % 1999 === 0 ? 'C:\\Tools\\whoami.exe' : 'C:\\Windows\\notepad.exe',
        User: `u${(i / 1999) % 3}`,
        filler,
      }),
    );
    const file = join(folder.path, 'counted.ndjson');
    writeFileSync(file, `${lines.join('\n')}\n`);
    const rules = join(folder.path, 'rules.yml');
    writeFileSync(
      rules,
      `title: asks who it is
name: who_am_i
id: 5f7c1d3a-0000-4000-8000-000000000001
status: test
logsource: { category: process_creation, product: windows }
detection:
  selection: { Image|endswith: whoami.exe }
  condition: selection
level: low
---
title: asks again and again
id: 5f7c1d3a-0000-4000-8000-000000000002
status: test
correlation:
  type: event_count
  rules: [who_am_i]
  group-by: [User]
  timespan: 10m
  condition: { gte: 4 }
level: high
`,
    );
    const { engines } = await compare([file, '--rules', rules, '--intel', 'samples/intel']);
    expect(engines.filter((engine) => engine === 'correlation').length).toBeGreaterThan(1);
  });
});
