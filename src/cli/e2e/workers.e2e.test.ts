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
