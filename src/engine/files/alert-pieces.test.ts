/** Alerts of a scan written in pieces, the record as bytes where these are plain, are the lines that the alert records give. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { FoundAlert } from '../../alerts/found-alert.ts';
import { joinedPieces, jsonLine } from '../../core/json-text.ts';
import { canRunKernel } from '../../scan/indicator-scanner.ts';
import { SCAN_OPTIONS } from '../../testing/scan-options.ts';
import { Random } from '../../testing/random.ts';
import { testSeed } from '../../testing/test-runs.ts';
import { buildGeneration } from '../build-generation.ts';
import { loadConfig } from '../config/load-config.ts';
import { scanFiles } from './scan-files.ts';

const RULES = `title: shell
logsource: { category: process_creation, product: windows }
detection: { selection: { Image|endswith: cmd.exe }, condition: selection }
level: low
---
title: net
logsource: { category: process_creation, product: windows }
detection: { selection: { CommandLine|contains: 'net user' }, condition: selection }
level: high
`;

function record(random: Random, i: number): string {
  const fields = {
    EventID: 1,
    Channel: 'Microsoft-Windows-Sysmon/Operational',
    UtcTime: new Date(1_700_000_000_000 + i * 1000).toISOString(),
    Image: `C:\\Windows\\${random.pick(['cmd', 'notepad'])}.exe`,
    CommandLine: random.pick([
      'whoami',
      'net user "a" \\\\b',
      'net user caf\u00e9',
      'net user \t\u007f',
      'x'.repeat(3000),
    ]),
  };
  return `${JSON.stringify(fields)}\n`;
}

it.skipIf(!canRunKernel())('the record as bytes is the record as text', async () => {
  const seed = testSeed();
  const random = new Random(seed);
  const folder = mkdtempSync(join(tmpdir(), 'flint-pieces-'));
  const path = join(folder, 'events.ndjson');
  const text = Array.from({ length: 1500 }, (_, i) => record(random, i)).join('');
  writeFileSync(path, text);
  writeFileSync(join(folder, 'rules.yml'), RULES);
  const config = loadConfig({ rules: [join(folder, 'rules.yml')] }, {});
  const generation = await buildGeneration(config, { mode: 'scan', keepOriginal: true, report: () => undefined });
  const ways = { bytes: 0, texts: 0, gone: 0 };
  const compare = (found: FoundAlert, isLate: boolean): void => {
    const pieces = found.pieces?.() ?? [];
    expect(joinedPieces(pieces), `seed ${seed}`).toBe(jsonLine(found.alert));
    if (typeof pieces[1] !== 'string') ways.bytes++;
    else if (isLate) ways.gone++;
    else ways.texts++;
  };
  const all: FoundAlert[] = [];
  await scanFiles([{ path, bytes: text.length }], generation, {
    ...SCAN_OPTIONS,
    onFound: async (alerts) => {
      for (const one of alerts) if (random.chance(0.5)) compare(one, false);
      all.push(...alerts);
    },
  });
  const before = ways.bytes;
  for (const one of all) compare(one, true);
  await generation.close();
  expect(Math.min(before, ways.texts, ways.gone)).toBeGreaterThan(20);
});
