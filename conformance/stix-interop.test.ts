/**
 * What the STIX 2.1 interoperability test document has producers share of indicators, sightings and versions, read as a consumer that
 * detects threats does: a bundle is loaded, records are searched. The rows stand in docs/interoperability.md.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildGeneration } from '../src/engine/build-generation.ts';
import { loadConfig } from '../src/engine/config/load-config.ts';
import { listFiles } from '../src/engine/files/list-files.ts';
import { scanFiles } from '../src/engine/files/scan-files.ts';
import { SCAN_OPTIONS } from '../src/testing/scan-options.ts';

const folder = mkdtempSync(join(tmpdir(), 'flint-interop-'));
afterAll(() => rmSync(folder, { recursive: true }));

const AT = '2024-01-01T00:00:00.000Z';
const SHA256 = 'ef537f25c895bfa782526529a9b63d97aa631564d5d789c2b765448c8635fb6c';
const MD5 = '79054025255fb1a26e4bc422aef54eb4';
const idOf = (number: number): string => `indicator--00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

function indicator(number: number, pattern: string, more: object = {}): object {
  const times = { created: AT, modified: AT, valid_from: AT };
  return { type: 'indicator', spec_version: '2.1', id: idOf(number), ...times, pattern, pattern_type: 'stix', ...more };
}

/** Values of the alerts, in the order of the records. */
async function found(objects: readonly object[], records: readonly object[]): Promise<string[]> {
  const [intel, log] = [join(folder, 'bundle.json'), join(folder, 'events.ndjson')];
  const id = 'bundle--00000000-0000-4000-8000-000000000000';
  writeFileSync(intel, JSON.stringify({ type: 'bundle', id, objects }));
  writeFileSync(log, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  const generation = await buildGeneration(loadConfig({ intel: [intel] }, {}), { mode: 'scan', report: () => {} });
  const values: string[] = [];
  await scanFiles(listFiles([log]), generation, {
    ...SCAN_OPTIONS,
    now: () => Date.UTC(2026, 2, 18),
    onFound: async (alerts) => {
      for (const { alert } of alerts) values.push(alert.flint.matched[0]?.value ?? '');
    },
  });
  await generation.close();
  return values;
}

/** Title, patterns, values of records that match, values that do not. */
const INDICATORS: readonly (readonly [string, readonly string[], readonly string[], readonly string[]])[] = [
  ['an IPv4 address', ["[ipv4-addr:value = '198.51.100.1']"], ['198.51.100.1'], ['198.51.100.2']],
  ['an IPv4 network', ["[ipv4-addr:value = '198.51.100.0/24']"], ['198.51.100.12'], ['198.51.101.12']],
  [
    'two IPv4 networks',
    ["[ipv4-addr:value = '196.45.200.0/24' OR ipv4-addr:value = '196.45.210.0/24']"],
    ['196.45.200.1', '196.45.210.1'],
    ['196.45.220.1'],
  ],
  ['an IPv6 address', ["[ipv6-addr:value = '2001:0db8:dead:beef::1']"], ['2001:db8:dead:beef:0::1'], ['2001:db8::1']],
  ['an IPv6 network', ["[ipv6-addr:value = '2001:0db8::/96']"], ['2001:db8::5'], ['2001:db9::5']],
  [
    'several indicators in one bundle',
    ["[ipv4-addr:value = '198.51.100.1']", "[domain-name:value = 'www.example.com']"],
    ['198.51.100.1', 'www.example.com'],
    ['198.51.100.2'],
  ],
  ['a domain name', ["[domain-name:value = 'www.5z8.info']"], ['www.5z8.info'], ['5z8.info']],
  ['a URL', ["[url:value = 'https://www.5z8.info/foo']"], ['https://www.5z8.info/foo'], ['https://5z8.info/']],
  [
    'a URL or a domain name',
    ["[url:value = 'https://www.5z8.info/foo' OR domain-name:value = 'www.example.com']"],
    ['https://www.5z8.info/foo', 'www.example.com'],
    ['www.example.org'],
  ],
  [
    'a file by SHA-256 or MD5',
    [`[file:hashes.'SHA-256' = '${SHA256}' OR file:hashes.MD5 = '${MD5}']`],
    [SHA256, MD5.toUpperCase()],
    [MD5.replace('7', '8')],
  ],
];

describe('STIX 2.1 interoperability, as a consumer', () => {
  it.each(INDICATORS)('finds what an indicator says: %s', async (_, patterns, hits, others) => {
    const objects = patterns.map((pattern, i) => indicator(i, pattern));
    const records = [...others, ...hits].map((value) => ({ seen: value }));
    expect((await found(objects, records)).map((value) => value.toLowerCase())).toHaveLength(hits.length);
    expect(await found(objects, records.slice(0, others.length))).toEqual([]);
  });

  it('takes a sighting beside its indicator for what it is', async () => {
    const sighting = {
      ...{ type: 'sighting', spec_version: '2.1', id: 'sighting--00000000-0000-4000-8000-000000000001' },
      ...{ created: AT, modified: AT, count: 5, sighting_of_ref: idOf(1) },
    };
    const objects = [indicator(1, "[ipv4-addr:value = '198.51.100.1']"), sighting];
    expect(await found(objects, [{ seen: '198.51.100.1' }])).toEqual(['198.51.100.1']);
  });

  it('uses the newest version of an object, in whatever order they come', async () => {
    const older = indicator(1, "[ipv4-addr:value = '198.51.100.1']");
    const newer = indicator(1, "[ipv4-addr:value = '198.51.100.9']", { modified: '2024-02-01T00:00:00.000Z' });
    const records = [{ seen: '198.51.100.1' }, { seen: '198.51.100.9' }];
    for (const objects of [
      [older, newer],
      [newer, older],
    ])
      expect(await found(objects, records)).toEqual(['198.51.100.9']);
  });

  it('uses nothing of a revoked object', async () => {
    const revoked = indicator(1, "[ipv4-addr:value = '198.51.100.1']", { revoked: true });
    expect(await found([revoked], [{ seen: '198.51.100.1' }])).toEqual([]);
  });
});
