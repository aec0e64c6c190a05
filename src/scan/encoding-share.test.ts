/**
 * How many records of real logs go to the exact path for their encoding alone: escapes, percent signs and other letters where a name
 * stands. The design allows two in a hundred of each file (design.md 2). Captures and flow packets are no logs of lines.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { hasSharedData, sharedData, sharedDataMissing } from '../testing/shared-data.ts';
import { allocateScanner, IndicatorScanner } from './indicator-scanner.ts';
import { ScanMemory } from './scan-memory.ts';
import { WitnessTables } from './witness-tables.ts';

const CHUNK = 1 << 20;

function logFiles(): string[] {
  const no = /(^|\/)(netflow|pcap)\/|README|reference-matches|scenarios|utmp$/;
  return ['events', 'logs']
    .filter((folder) => hasSharedData(folder))
    .flatMap((folder) =>
      readdirSync(sharedData(folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => `${entry.parentPath}/${entry.name}`)
        .filter((path) => !no.test(path.slice(sharedData().length)))
        .sort(),
    );
}

describe.skipIf(!hasSharedData('logs'))(`records of real logs ${sharedDataMissing('logs')}`, () => {
  const tables = WitnessTables.build(new ScanMemory(), {
    size: 2,
    kindAt: (row) => (row === 0 ? 'domain' : 'hash'),
    valueAt: (row) => (row === 0 ? 'not-there.example' : 'd41d8cd98f00b204e9800998ecf8427e'),
    semanticsAt: () => 'subdomain',
  });
  const scanner = new IndicatorScanner(allocateScanner(tables.memory, tables.address, CHUNK));

  it('less than two in a hundred of each file go to the exact path for their encoding', () => {
    const over: string[] = [];
    const files = logFiles();
    for (const path of files) {
      const raw = readFileSync(path);
      const bytes = path.endsWith('.gz') ? gunzipSync(raw) : raw;
      let records = 0;
      let encodingOnly = 0;
      for (let at = 0; at < bytes.length; ) {
        const length = bytes.copy(scanner.input, 0, at, at + CHUNK);
        const result = scanner.scanLines(length, at + length === bytes.length);
        records += result.records;
        encodingOnly += result.encodingOnly;
        at += Math.max(1, result.consumedBytes);
      }
      if (encodingOnly >= records * 0.02 && encodingOnly > 0) over.push(`${path}: ${encodingOnly} of ${records}`);
    }
    expect(files.length).toBeGreaterThan(50);
    expect(over).toEqual([]);
  });
});
