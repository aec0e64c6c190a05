/**
 * What each format of log says of each kind of observable, the way of `flint scan`: one record per format, written by hand after its schema, and the
 * patterns over it that must give an alert. With a mapping of the user's own the same holds.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildGeneration } from '../../src/engine/build-generation.ts';
import { loadConfig } from '../../src/engine/config/load-config.ts';
import { listFiles } from '../../src/engine/files/list-files.ts';
import { scanFiles } from '../../src/engine/files/scan-files.ts';
import { SCAN_OPTIONS } from '../../src/testing/scan-options.ts';

interface Case {
  readonly format: string;
  readonly record: object;
  readonly patterns: readonly string[];
}

const CASES = JSON.parse(readFileSync(new URL('mapping-records.json', import.meta.url), 'utf8')) as readonly Case[];
const AT = '2000-01-01T00:00:00.000Z';

/** Texts of the alerts by the path of the file they are in. */
async function scan(
  path: string,
  flags: { readonly intel: readonly string[]; readonly file?: string },
): Promise<ReadonlyMap<string, string>> {
  const generation = await buildGeneration(loadConfig(flags, {}), { mode: 'scan', report: () => undefined });
  expect(generation.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const found = new Map<string, string>();
  await scanFiles(listFiles([path]), generation, {
    ...SCAN_OPTIONS,
    now: () => Date.UTC(2026, 2, 18),
    onFound: async (alerts) => {
      for (const { alert, event } of alerts) {
        const { path: file } = event.origin.source;
        // Several indicators of one value give one alert, which names them all.
        found.set(file, (found.get(file) ?? '') + JSON.stringify({ ...alert, event: undefined }));
      }
    },
  });
  await generation.close();
  return found;
}

function bundleOf(patterns: readonly string[]): string {
  const objects = patterns.map((pattern, i) => ({
    ...{ type: 'indicator', spec_version: '2.1', id: idOf(i), created: AT, modified: AT, valid_from: AT },
    ...{ name: pattern, pattern, pattern_type: 'stix' },
  }));
  return JSON.stringify({ type: 'bundle', id: 'bundle--00000000-0000-4000-8000-000000000000', objects });
}

function idOf(number: number): string {
  return `indicator--00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}

describe('mappings of log formats', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flint-mapping-records-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('give an alert for every pattern over the record of the format', async () => {
    const patterns = [...new Set(CASES.flatMap((one) => one.patterns))];
    const [bundle, records] = [join(folder, 'intel.json'), join(folder, 'records')];
    writeFileSync(bundle, bundleOf(patterns));
    mkdirSync(records);
    for (const [i, { record }] of CASES.entries())
      writeFileSync(join(records, `${i}.ndjson`), `${JSON.stringify(record)}\n`);
    const found = await scan(records, { intel: [bundle] });
    const missed = CASES.flatMap(({ format, patterns: wanted }, i) => {
      const text = found.get(join(records, `${i}.ndjson`)) ?? '';
      return wanted.filter((one) => !text.includes(idOf(patterns.indexOf(one)))).map((one) => `${format}: ${one}`);
    });
    expect(missed).toEqual([]);
    expect(patterns.length).toBeGreaterThan(80);
  });

  it('can be added in the configuration, as docs/patterns.md shows', async () => {
    const page = readFileSync(new URL('../../docs/patterns.md', import.meta.url), 'utf8');
    const [, yaml = ''] = /```yaml\n(stix_mappings:[\s\S]*?)```/.exec(page) ?? [];
    const [config, bundle, log] = [
      join(folder, 'flint.yaml'),
      join(folder, 'doors.json'),
      join(folder, 'doors.ndjson'),
    ];
    writeFileSync(config, yaml);
    const patterns = [
      "[user-account:account_login LIKE 'badge-%' AND user-account:extensions.'door-ext'.lock = 'east-gate']",
      "[ipv4-addr:value LIKE '198.51.100.%']",
    ];
    writeFileSync(bundle, bundleOf(patterns));
    const record = { lock_id: 'east-gate', badge: 'badge-1234', panel_ip: '198.51.100.9' };
    writeFileSync(log, `${JSON.stringify(record)}\n`);
    const ids = async (file?: string): Promise<boolean[]> => {
      const found = await scan(log, { intel: [bundle], ...(file !== undefined && { file }) });
      return patterns.map((_, i) => (found.get(log) ?? '').includes(idOf(i)));
    };
    expect(await ids(config)).toEqual([true, true]);
    expect((await ids())[0]).toBe(false);
  });
});
