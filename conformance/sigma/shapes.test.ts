/** Runs shapes.yaml: each record as a file of its own through the engine as `flint scan` runs it, with the rules of SigmaHQ that are named. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { buildGeneration } from '../../src/engine/build-generation.ts';
import { loadConfig } from '../../src/engine/config/load-config.ts';
import { listFiles } from '../../src/engine/files/list-files.ts';
import { scanFiles } from '../../src/engine/files/scan-files.ts';
import { hasSharedData, sharedDataMissing } from '../../src/testing/shared-data.ts';
import { activeRuleFiles } from '../../src/testing/sigma-corpus.ts';
import { SCAN_OPTIONS } from '../../src/testing/scan-options.ts';

interface Shape {
  readonly title: string;
  readonly rule: string;
  /** A line of text, or an object that is written as JSON. */
  readonly record: unknown;
}

const RULES = ['sigma', 'sigma-rules.tar.gz'] as const;
const shapes = parse(readFileSync(new URL('shapes.yaml', import.meta.url), 'utf8')) as readonly Shape[];
const folder = mkdtempSync(join(tmpdir(), 'flint-shapes-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!hasSharedData(...RULES))(`shapes of logs ${sharedDataMissing(...RULES)}`, () => {
  it('are each found by the rule for them, and by no other', async () => {
    const rules = join(folder, 'rules');
    const logs = join(folder, 'logs');
    mkdirSync(rules);
    mkdirSync(logs);
    const named = new Set<string>();
    for (const [i, { text }] of activeRuleFiles().entries()) {
      const title = /^title: (.*)$/m.exec(text)?.[1]?.replace(/^['"]|['"]$/g, '') ?? '';
      if (!shapes.some(({ rule }) => title === rule)) continue;
      named.add(title);
      writeFileSync(join(rules, `${i}.yml`), text);
    }
    for (const [i, { record }] of shapes.entries())
      writeFileSync(join(logs, `${i}.log`), `${typeof record === 'string' ? record : JSON.stringify(record)}\n`);
    const generation = await buildGeneration(loadConfig({ rules: [rules] }, {}), { mode: 'scan', report: () => {} });
    const found = shapes.map(() => new Set<string>());
    await scanFiles(listFiles([logs]), generation, {
      ...SCAN_OPTIONS,
      onFound: async (hits) => {
        for (const { alert } of hits)
          found[Number.parseInt(basename(alert.flint.input?.path ?? ''), 10)]?.add(alert.rule?.name ?? '');
      },
    });
    for (const [i, { title, rule }] of shapes.entries()) {
      const names = [...(found[i] ?? [])];
      expect({
        title,
        found: names,
        isRight: names.length > 0 && names.every((name) => name === rule),
      }).toEqual({
        title,
        found: names,
        isRight: true,
      });
    }
    expect([...named].filter((name) => !found.some((names) => names.has(name)))).toEqual([]);
  });
});
