/** `scan` with 1, 2 and 4 workers: the same alerts in the same order, ids, lines and records included. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = new URL('../../../', import.meta.url).pathname;

it('the number of workers changes nothing but the time', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flint-workers-'));
  const filler = 'y'.repeat(700);
  const lines = Array.from({ length: 60_000 }, (_, i) =>
    JSON.stringify({ n: i, filler, host: i % 997 === 0 ? 'login.update-check.example' : `h${i}.example.org` }),
  );
  // Larger than two ranges, so that several workers share one file.
  writeFileSync(join(folder, 'large.ndjson'), `${lines.join('\n')}\n`);
  const [one, ...others] = [1, 2, 4].map((workers) => {
    const args = [
      'dist/cli/main.js',
      'scan',
      folder,
      'samples/logs',
      '--intel',
      'samples/intel',
      '--json',
      '-q',
      '--workers',
      String(workers),
    ];
    const run = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
    expect(run.stderr).toBe('');
    return run.stdout
      .trimEnd()
      .split('\n')
      .map((line) => {
        const { event, flint } = JSON.parse(line) as { event: { id: string }; flint: { input: unknown } };
        return JSON.stringify([event.id, flint.input]);
      });
  });
  expect(one?.length).toBe(61 + 29);
  for (const other of others) expect(other).toEqual(one);
});

it('nor with rules that count over the whole file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flint-workers-'));
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
  const file = join(folder, 'large.ndjson');
  writeFileSync(file, `${lines.join('\n')}\n`);
  writeFileSync(
    join(folder, 'rules.yml'),
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
  const [one, ...others] = [1, 2, 4].map((workers) => {
    const args = ['scan', file, '--rules', join(folder, 'rules.yml'), '--intel', 'samples/intel', '--json', '-q'];
    const run = spawnSync(process.execPath, ['dist/cli/main.js', ...args, '--workers', String(workers)], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    return run.stdout
      .trimEnd()
      .split('\n')
      .map((line) => {
        const { event, flint } = JSON.parse(line) as { event: { id: string }; flint: { engine: string } };
        return `${flint.engine} ${event.id}`;
      });
  });
  expect(one?.filter((alert) => alert.startsWith('correlation')).length).toBeGreaterThan(1);
  for (const other of others) expect(other).toEqual(one);
});
