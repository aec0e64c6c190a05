/** The engine itself, with its scanner, over the sample logs: the same lines and values as `samples/expectations.json` says. */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { buildGeneration } from '../src/engine/build-generation.ts';
import { listFiles } from '../src/engine/files/list-files.ts';
import { loadConfig } from '../src/engine/config/load-config.ts';
import { scanFiles } from '../src/engine/files/scan-files.ts';
import { SCAN_OPTIONS } from '../src/testing/scan-options.ts';

const SAMPLES = fileURLToPath(new URL('../samples/', import.meta.url));

interface Expectation {
  readonly file: string;
  readonly line: number;
  readonly expects: readonly { readonly value: string }[];
}

it('the engine raises for each sample line what is expected, and nothing else', async () => {
  const loaded = loadConfig({ intel: [`${SAMPLES}intel`] }, {});
  const generation = await buildGeneration(loaded, { mode: 'scan', report: () => {} });
  const found: string[] = [];
  const summary = await scanFiles(listFiles([`${SAMPLES}logs`, `${SAMPLES}stix-spark/test-stix.json`]), generation, {
    ...SCAN_OPTIONS,
    now: () => Date.UTC(2026, 2, 18),
    onFound: async (alerts) => {
      for (const { alert } of alerts) {
        const { path, line } = alert.flint.input;
        found.push(`${relative(SAMPLES, path)}:${line} ${alert.threat?.indicator?.value?.toLowerCase()}`);
      }
    },
  });
  const { records } = JSON.parse(readFileSync(`${SAMPLES}expectations.json`, 'utf8')) as { records: Expectation[] };
  const expected = records.flatMap(({ file, line, expects }) =>
    expects.map(({ value }) => `${file}:${line} ${value.toLowerCase()}`),
  );
  expect(found.sort()).toEqual(expected.sort());
  expect(summary.records).toBe(363);
});
