/**
 * Exports of MISP and OpenCTI as their public documentation describes them (misp-stix "MISP Attributes to STIX 2.1", the STIX converter of
 * OpenCTI); the values are our own.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readIntelSource } from './intel-source.ts';
import { loadIntel } from './load-intel.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flint-exports-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function load(content: object | Readonly<Record<string, object>>, isFolder = false) {
  const path = join(folder, isFolder ? 'feed' : 'export.json');
  if (isFolder) {
    mkdirSync(path);
    for (const [name, file] of Object.entries(content)) writeFileSync(join(path, name), JSON.stringify(file));
  } else writeFileSync(path, JSON.stringify(content));
  const read = readIntelSource(path);
  if (!read.ok) throw new Error('refused');
  return await loadIntel([read.source], { now: () => 0 });
}

const values = (set: Awaited<ReturnType<typeof load>>): string[] =>
  [...set.indicators].map(({ kind, value }) => `${kind} ${value}`).sort();

const id = (type: string, i: number): string =>
  `${type}--5e384ae7-672c-4250-9cda-3b4d00000${String(i).padStart(3, '0')}`;
const TIMES = { created: '2024-03-01T10:00:00.000Z', modified: '2024-03-02T10:00:00.000Z' };
const SHA1 = '0123456789abcdef0123456789abcdef01234567';

describe('a STIX 2.1 export of MISP', () => {
  const PATTERNS: readonly (readonly [type: string, pattern: string, loaded: string])[] = [
    ['domain', "[domain-name:value = 'evil.example']", 'domain evil.example'],
    ['hostname', "[domain-name:value = 'www.evil.example']", 'domain www.evil.example'],
    ['url', "[url:value = 'https://evil.example/a']", 'url https://evil.example/a'],
    [
      'ip-dst',
      "[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '198.51.100.7']",
      'ipv4 198.51.100.7',
    ],
    [
      'ip-src|port',
      "[network-traffic:src_ref.type = 'ipv4-addr' AND network-traffic:src_ref.value = '198.51.100.8' AND network-traffic:src_port = '8080']",
      'endpoint 198.51.100.8:8080',
    ],
    ['email-src', "[email-message:from_ref.value = 'a@evil.example']", 'email a@evil.example'],
    ['sha1', `[file:hashes.SHA1 = '${SHA1}']`, `hash ${SHA1}`],
    ['x509-fingerprint-sha1', `[x509-certificate:hashes.SHA1 = '${SHA1}']`, `hash ${SHA1}`],
    ['mutex', "[mutex:name = 'Global_Evil']", 'mutex Global_Evil'],
    ['regkey', "[windows-registry-key:key = 'HKEY_LOCAL_MACHINE\\\\\\\\Software\\\\\\\\Evil']", 'registry-key'],
    [
      'user-agent',
      "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'evil agent/1.0']",
      'user-agent evil agent/1.0',
    ],
    [
      'domain|ip',
      "[domain-name:value = 'both.example' AND domain-name:resolves_to_refs[*].value = '198.51.100.9']",
      'several-values',
    ],
    ['filename|sha1', `[file:name = 'evil.exe' AND file:hashes.SHA1 = '${SHA1}']`, 'several-values'],
  ];

  it.each(PATTERNS)('gives what its attribute of type %s means', async (type, pattern, loaded) => {
    const set = await load({
      type: 'bundle',
      id: id('bundle', 1),
      objects: [
        {
          ...{ type: 'identity', spec_version: '2.1', id: id('identity', 1), ...TIMES, name: 'ORG' },
          identity_class: 'organization',
        },
        {
          ...{ type: 'indicator', spec_version: '2.1', id: id('indicator', 1), created_by_ref: id('identity', 1) },
          ...{ ...TIMES, pattern, pattern_type: 'stix', pattern_version: '2.1', valid_from: TIMES.created },
          kill_chain_phases: [{ kill_chain_name: 'misp-category', phase_name: 'Network activity' }],
          labels: [`misp:type="${type}"`, 'misp:category="Network activity"', 'misp:to_ids="True"'],
          object_marking_refs: ['marking-definition--f88d31f6-486f-44da-b317-01333bde0b82'],
        },
      ],
    });
    const [deferred] = set.deferred;
    expect(set.diagnostics).toEqual([]);
    if (deferred === undefined) expect(values(set)).toEqual([expect.stringContaining(loaded)]);
    else expect(deferred.reason).toBe(loaded);
    const details = deferred === undefined ? [...set.indicators][0]?.details : set.indicators.details(deferred.details);
    expect(details).toMatchObject({
      tlp: 'amber',
      killChain: [{ chain: 'misp-category', phase: 'Network activity' }],
    });
  });
});

describe('a STIX 2.1 export of OpenCTI', () => {
  const OCTI = 'extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba';
  const indicator = (i: number, more: object): object => ({
    ...{ type: 'indicator', spec_version: '2.1', id: id('indicator', i), ...TIMES, revoked: false, lang: 'en' },
    ...{ pattern_type: 'stix', valid_from: '2024-03-01T10:00:00.000Z', valid_until: '2025-03-01T10:00:00.000Z' },
    ...more,
  });
  const extension = (score: number): object => ({
    [OCTI]: { extension_type: 'property-extension', type: 'Indicator', score, detection: true },
    'extension-definition--322b8f77-262a-4cb8-a915-1e441e00329b': { extension_type: 'property-extension' },
  });

  it('is loaded with its scores and markings; rules of other kinds are told apart', async () => {
    const [strict, own] = [id('marking-definition', 1), id('marking-definition', 2)];
    const set = await load({
      type: 'bundle',
      id: id('bundle', 2),
      objects: [
        indicator(1, {
          pattern: "[domain-name:value = 'scored.example']",
          ...{ extensions: extension(80), object_marking_refs: [strict] },
        }),
        indicator(2, {
          pattern: "[ipv4-addr:value = '203.0.113.9'] OR [ipv4-addr:value = '203.0.113.10']",
          ...{ x_opencti_score: 35, x_opencti_detection: false, object_marking_refs: [own] },
        }),
        indicator(3, {
          pattern: "[file:hashes.'SHA-256' = 'aec070645fe53ee3b3763059376134f058cc337247c978add178b6ccdfb0019f']",
          ...{ confidence: 60, extensions: extension(10) },
        }),
        indicator(4, { pattern_type: 'yara', pattern: 'rule evil { condition: true }' }),
        indicator(5, { pattern_type: 'suricata', pattern: 'alert tcp any any -> any any (sid:1;)' }),
        indicator(6, { pattern_type: 'sigma', pattern: 'title: Evil\nlogsource: {}\ndetection: {}' }),
        { type: 'domain-name', spec_version: '2.1', id: id('domain-name', 1), value: 'observed.example' },
        {
          type: 'relationship',
          spec_version: '2.1',
          id: id('relationship', 1),
          ...TIMES,
          relationship_type: 'based-on',
        },
        {
          type: 'marking-definition',
          spec_version: '2.1',
          id: strict,
          name: 'TLP:AMBER+STRICT',
          definition_type: 'TLP',
        },
        {
          ...{ type: 'marking-definition', spec_version: '2.1', id: own, definition_type: 'statement' },
          ...{
            definition: { statement: 'custom' },
            x_opencti_definition_type: 'TLP',
            x_opencti_definition: 'TLP:CLEAR',
          },
        },
      ],
    });
    expect(set.diagnostics).toEqual([]);
    expect([...set.indicators].map(({ value, details }) => [value, details.confidence, details.tlp])).toEqual([
      ['scored.example', 80, 'amber+strict'],
      ['203.0.113.9', 35, 'clear'],
      ['203.0.113.10', 35, 'clear'],
      ['aec070645fe53ee3b3763059376134f058cc337247c978add178b6ccdfb0019f', 60, undefined],
    ]);
    expect(set.feeds[0]?.statistics.skipped).toMatchObject({
      ...{ 'pattern-type-yara': 1, 'pattern-type-suricata': 1, 'pattern-type-sigma': 1 },
      'other-object': 4,
    });
    expect(set.sigma).toHaveLength(1);
  });
});

describe('a MISP feed folder on disk', () => {
  const uuid = (i: number): string => `5e384ae7-672c-4250-9cda-3b4d00000${String(i).padStart(3, '0')}`;
  const attribute = (type: string, value: string, more: object = {}): object => ({
    ...{ type, value, uuid: uuid(100), category: 'Network activity', to_ids: true, timestamp: '1709373600' },
    ...more,
  });

  it('is one feed; to_ids decides, composite types give both halves or the hash', async () => {
    const event = {
      Event: {
        ...{ uuid: uuid(1), info: 'Evil campaign', date: '2024-03-02', threat_level_id: '2', analysis: '2' },
        ...{ Orgc: { name: 'CERT', uuid: uuid(9) }, Tag: [{ name: 'tlp:amber', colour: '#ffc000' }] },
        Attribute: [
          attribute('domain|ip', 'both.example|198.51.100.1'),
          attribute('filename|sha256', `evil.exe|${'ab'.repeat(32)}`),
          attribute('malware-sample', `evil.exe|${'cd'.repeat(16)}`),
          attribute('ip-dst|port', '198.51.100.2|443'),
          attribute('hostname|port', 'named.example|8443'),
          attribute('url', 'https://evil.example/only-context', { to_ids: false }),
          attribute('comment', 'evil.example'),
        ],
        Object: [{ name: 'file', Attribute: [attribute('md5', 'd41d8cd98f00b204e9800998ecf8427e')] }],
      },
    };
    const set = await load(
      {
        'manifest.json': { [uuid(1)]: { info: 'Evil campaign', timestamp: '1709373600', Orgc: { name: 'CERT' } } },
        [`${uuid(1)}.json`]: event,
        'hashes.csv': {},
      },
      true,
    );
    expect(values(set)).toEqual([
      'domain both.example',
      'endpoint 198.51.100.2:443',
      'endpoint named.example:8443',
      `hash ${'ab'.repeat(32)}`,
      `hash ${'cd'.repeat(16)}`,
      'hash d41d8cd98f00b204e9800998ecf8427e',
      'ipv4 198.51.100.1',
    ]);
    expect(set.feeds).toMatchObject([
      { name: join(folder, 'feed'), provider: 'feed', format: 'misp', status: 'loaded' },
    ]);
    expect(set.feeds[0]?.statistics.skipped).toEqual({ 'not-for-detection': 1, 'other-type': 1 });
  });

  it('gives nothing of what was deleted, however the flag is written', async () => {
    const found = [
      attribute('domain', 'kept.example', { deleted: false }),
      attribute('domain', 'old.example', { deleted: '0', to_ids: '1' }),
      ...[true, 1, '1'].map((deleted, i) => attribute('domain', `gone${i}.example`, { deleted })),
    ];
    const md5 = attribute('md5', 'd41d8cd98f00b204e9800998ecf8427e');
    const objects = [{ name: 'file', deleted: true, Attribute: [md5] }];
    const set = await load({ Event: { uuid: uuid(1), info: 'x', Attribute: found, Object: objects } });
    expect(values(set)).toEqual(['domain kept.example', 'domain old.example']);
    expect(set.feeds[0]?.statistics.skipped).toEqual({ deleted: 4 });
  });

  it('is read as well where a search for attributes or objects gave it', async () => {
    const event = { id: '7', info: 'Evil campaign', uuid: uuid(1), org_id: '1', orgc_id: '1' };
    const found = [
      attribute('domain', 'searched.example', { Event: event, Tag: [{ name: 'tlp:green' }] }),
      attribute('AS', 'AS174', { to_ids: false }),
    ];
    const set = await load({ response: { Attribute: found } });
    expect(values(set)).toEqual(['domain searched.example']);
    expect([...set.indicators][0]?.details).toMatchObject({ name: 'Evil campaign', tlp: 'green' });
    const object = { name: 'file', uuid: uuid(2), Event: event, Attribute: [attribute('filename', 'searched.exe')] };
    expect(values(await load({ response: [{ Object: object }] }))).toEqual(['file-name searched.exe']);
  });
});
