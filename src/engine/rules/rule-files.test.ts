import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readRuleFiles } from './rule-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'flint-rule-files-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('reads each file once, by whatever paths it is named, and says nothing of the others', () => {
  const below = join(folder, 'below');
  mkdirSync(below);
  const files = [join(below, 'a.yml'), join(below, 'b.yml'), join(folder, 'c.yaml')];
  for (const file of files) writeFileSync(file, `title: ${file}`);
  const named = [folder, below, `${below}/../below/b.yml`, join(folder, 'c.yaml')];
  const { files: read, diagnostics } = readRuleFiles(named);
  expect(read.map(({ path }) => path)).toEqual(files);
  expect(diagnostics).toEqual([]);
});
