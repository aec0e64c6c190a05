import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { recordFile } from './bench.ts';

it('results go to the file that is named, or under their date into a folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flint-bench-'));
  const date = '2026-03-01T10:00:00.000Z';
  expect(recordFile('today.json', date)).toBe('today.json');
  expect(recordFile('not-there/', date)).toBe(join('not-there', '2026-03-01-bench.json'));
  expect(recordFile(folder, date)).toBe(join(folder, '2026-03-01-bench.json'));
  rmSync(folder, { recursive: true });
});
