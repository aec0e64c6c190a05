/** Runs vectors.yaml: records as a file, one rule that asks for ancestors, through the engine as `flint scan` runs it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { buildGeneration } from '../../src/engine/build-generation.ts';
import { loadConfig } from '../../src/engine/config/load-config.ts';
import { scanFiles } from '../../src/engine/files/scan-files.ts';
import { SCAN_OPTIONS } from '../../src/testing/scan-options.ts';
import { UNWITNESSED_BUNDLE } from '../../src/testing/unwitnessed-pattern.ts';

interface Short {
  readonly t?: number;
  readonly line?: string;
  readonly start?: number;
  readonly sysmon?: number;
  readonly of?: number;
  readonly guid?: string;
  readonly ofGuid?: string;
  readonly image?: string;
}

interface Vector {
  readonly id: string;
  readonly records: readonly Short[];
  readonly finds: readonly string[];
}

const { vectors } = parse(readFileSync(new URL('vectors.yaml', import.meta.url), 'utf8'), { merge: true }) as {
  vectors: Vector[];
};
const START_MS = Date.UTC(2026, 2, 1, 10);
const folder = mkdtempSync(join(tmpdir(), 'flint-process-vectors-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const RULES = ['windows', 'linux'].map(
  (product) => `title: Child on ${product}
logsource: { product: ${product}, category: process_creation }
detection:
  child: { Image|endswith: child.exe, AncestorImage|endswith: .exe }
  condition: child
`,
);
writeFileSync(join(folder, 'rules.yml'), RULES.join('---\n'));
writeFileSync(join(folder, 'all.json'), JSON.stringify(UNWITNESSED_BUNDLE));

describe('process vectors through the engine', () => {
  it('have different names', () => expect(new Set(vectors.map(({ id }) => id)).size).toBe(vectors.length));

  it.each(vectors)('$id', async ({ records, finds }) => {
    expect(await found(records, {})).toEqual(finds);
    expect(await found(records, { intel: [join(folder, 'all.json')] })).toEqual(finds);
  });
});

async function found(records: readonly Short[], more: { readonly intel?: readonly string[] }): Promise<string[]> {
  const path = join(folder, 'events.log');
  const text = records.map((one) => `${lineOf(one)}\n`).join('');
  writeFileSync(path, text);
  const config = loadConfig({ rules: [join(folder, 'rules.yml')], ...more }, {});
  const generation = await buildGeneration(config, { mode: 'scan', report: () => undefined });
  const alerts: string[] = [];
  await scanFiles([{ path, bytes: text.length }], generation, {
    ...SCAN_OPTIONS,
    onFound: async (all) => {
      for (const { alert } of all) {
        if (alert.flint.engine !== 'sigma') continue;
        const ancestors = alert.flint.process_tree?.ancestors ?? [];
        const names = ancestors.map(({ executable = '?' }) => executable.replace(/^.*[\\/]|\.exe$/g, '')).reverse();
        alerts.push(`${alert.process?.pid ?? '?'}: ${names.join(' ')}`);
      }
    },
  });
  return alerts;
}

function lineOf({ t = 0, line, start, sysmon, of, guid, ofGuid, image = '', ...record }: Short): string {
  if (line !== undefined) return line;
  const at = { '@timestamp': new Date(START_MS + 1000 * t).toISOString() };
  const path = `C:\\x\\${image}`;
  if (sysmon !== undefined)
    return JSON.stringify({
      ...{ ...at, Computer: 'w', Channel: 'Microsoft-Windows-Sysmon/Operational', EventID: 1, ProcessId: sysmon },
      ...{ Image: path, ProcessGuid: guid, ParentProcessId: of, ParentProcessGuid: ofGuid },
      ...record,
    });
  if (start === undefined) return JSON.stringify({ ...at, ...record });
  const ids = { NewProcessId: `0x${start.toString(16)}`, ProcessId: `0x${(of ?? 0).toString(16)}` };
  return JSON.stringify({ ...at, Computer: 'w', Channel: 'Security', EventID: 4688, ...ids, NewProcessName: path });
}
