/**
 * Each built-in mapping with a real record of its format and a pattern over it, the way of `flint scan`: the pattern must be reached by its witness in
 * the raw bytes and hold on the objects that the mapping makes. Records come from the shared data; what is not in there is written by hand and says so.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { uuidV5 } from '../../core/uuid.ts';
import { hasSharedData, sharedData, sharedDataMissing } from '../../testing/shared-data.ts';
import { buildGeneration } from '../build-generation.ts';
import { listFiles } from '../files/list-files.ts';
import { loadConfig } from '../config/load-config.ts';
import { scanFiles } from '../files/scan-files.ts';

interface Case {
  readonly format: string;
  /** Below the shared data, and a text of the wanted line; or the record itself. */
  readonly from: readonly [string, string] | { readonly record: Readonly<Record<string, unknown>> };
  readonly patterns: readonly string[];
}

const OCSF_NETWORK = {
  ...{ class_uid: 4001, category_uid: 4, activity_id: 6, metadata: { version: '1.1.0', product: { name: 'vpc' } } },
  time: 1_700_000_000_000,
  src_endpoint: { ip: '10.1.2.3', port: 55_000 },
  dst_endpoint: { ip: '198.51.100.7', port: 8443, hostname: 'c2.example.net' },
  connection_info: { protocol_name: 'tcp', protocol_num: 6 },
};
const OCSF_PROCESS = {
  ...{ class_uid: 1007, category_uid: 1, activity_id: 1, metadata: { version: '1.1.0', product: { name: 'edr' } } },
  time: 1_700_000_000_000,
  process: {
    ...{ pid: 77, cmd_line: 'loader.exe -quiet', name: 'loader.exe' },
    file: { name: 'loader.exe', path: 'C:\\Temp\\loader.exe' },
    parent_process: { pid: 7, file: { name: 'winword.exe', path: 'C:\\Office\\winword.exe' } },
  },
};
/** A line of nfdump's JSON, which is one array over many lines. */
const NFDUMP = {
  ...{ type: 'FLOW', sampled: 0, first: '2014-01-14T17:04:01.819', last: '2014-01-14T17:04:10.123', in_packets: 45 },
  ...{ in_bytes: 3752, proto: 6, tcp_flags: '...AP.SF', src_port: 55_079, dst_port: 80 },
  ...{ src4_addr: '10.0.2.15', dst4_addr: '192.150.187.43' },
};

const CASES: readonly Case[] = [
  {
    format: 'Sysmon network connection',
    from: [
      'events/attack-mix.ndjson.gz',
      '"EventID":3,"Message":"Network connection detected:\\r\\nRuleName: -\\r\\nUtcTime: 2022-08-03 06:28:01.754',
    ],
    patterns: [
      "[network-traffic:dst_ref.value = '192.168.56.40' AND network-traffic:dst_port > 8000]",
      "[process:image_ref.name = 'payload.exe' AND process:opened_connection_refs[*].dst_port = 8443]",
      "[file:name = 'payload.exe' AND file:parent_directory_ref.path LIKE '%\\\\Downloads']",
    ],
  },
  {
    format: 'Sysmon registry value',
    from: ['events/attack-mix.ndjson.gz', 'ApplicationViewManagement'],
    patterns: ["[windows-registry-key:key LIKE 'HKEY_USERS\\\\%\\\\ApplicationViewManagement%']"],
  },
  {
    format: 'Windows Security process start',
    from: ['events/attack-mix.ndjson.gz', '\\\\Windows\\\\System32\\\\smartscreen.exe -Embedding'],
    patterns: [
      "[process:name = 'smartscreen.exe' AND process:parent_ref.name = 'svchost.exe']",
      "[process:command_line MATCHES 'smartscreen[.]exe\\\\s+-Embedding']",
    ],
  },
  {
    format: 'Zeek conn',
    from: ['events/zeek-apt29-day1.ndjson.gz', 'Cvf4XX17hSAgXDdGEd'],
    patterns: [
      "[network-traffic:dst_ref.value = '10.0.0.4' AND network-traffic:dst_port = 53 AND network-traffic:src_byte_count > 30]",
    ],
  },
  {
    format: 'Zeek http',
    from: ['events/zeek-apt29-day1.ndjson.gz', '"user_agent":"DavClnt"'],
    patterns: [
      "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'DavClnt' AND network-traffic:dst_port = 80]",
    ],
  },
  {
    format: 'Zeek dns',
    from: ['logs/zeek-json/dns.json', 'CE6cwJ3oJOsTAZPq66'],
    patterns: [
      "[domain-name:value LIKE 'ise.wrccdc.%' AND domain-name:resolves_to_refs[*].value = 'ise.wrccdc.cpp.edu']",
    ],
  },
  {
    format: 'Suricata dns',
    from: ['logs/suricata/eve-malware-a.json', '_ldap._tcp.Default-First-Site-Name'],
    patterns: [
      "[domain-name:value LIKE '%.sunnystation.com']",
      "[network-traffic:src_ref.value = '172.16.0.131' AND network-traffic:dst_port = 53]",
    ],
  },
  {
    format: 'Suricata http',
    from: ['logs/suricata/eve-lab2.json', '/latest/api/token'],
    patterns: [
      "[url:value LIKE '%/latest/api/token']",
      "[network-traffic:extensions.'http-request-ext'.request_value = '/latest/api/token' AND network-traffic:dst_ref.value = '169.254.169.254']",
    ],
  },
  {
    format: 'Suricata tls',
    from: ['logs/suricata/eve-home.json', '"sni":"cv.mathming.ltd"'],
    patterns: [
      "[x509-certificate:subject LIKE '%cv.mathming.ltd%']",
      "[network-traffic:dst_ref.value = 'cv.mathming.ltd' AND network-traffic:dst_port < 444]",
    ],
  },
  {
    format: 'NetFlow (nfdump JSON)',
    from: { record: NFDUMP },
    patterns: [
      "[network-traffic:dst_ref.value = '192.150.187.43' AND network-traffic:src_byte_count > 3000 AND network-traffic:protocols[*] = 'tcp']",
    ],
  },
  {
    format: 'IPFIX (pmacct JSON)',
    from: ['logs/netflow/pcap/100-IPFIXv10-CISCO/output-flow-00.json', '10.192.12.213'],
    patterns: [
      "[network-traffic:dst_ref.value = '10.192.12.213' AND network-traffic:dst_port = 17000 AND network-traffic:protocols[*] = 'udp']",
    ],
  },
  {
    format: 'Squid',
    from: ['logs/proxy/squid-access-real.log', 'GET http://yahoo.co.jp/'],
    patterns: ["[url:value MATCHES '^http://yahoo[.]co[.]jp/']"],
  },
  {
    format: 'Apache combined',
    from: ['logs/web/apache-combined.log', 'kibana-search.png'],
    patterns: [
      "[url:value LIKE '%/kibana-search.png' OR network-traffic:extensions.'http-request-ext'.request_value LIKE '%/kibana-search.png']",
    ],
  },
  {
    format: 'OCSF network activity (written by hand)',
    from: { record: OCSF_NETWORK },
    patterns: ["[network-traffic:dst_ref.value = 'c2.example.net' AND network-traffic:dst_port = 8443]"],
  },
  {
    format: 'OCSF process activity (written by hand)',
    from: { record: OCSF_PROCESS },
    patterns: ["[process:command_line LIKE 'loader.exe %' AND process:parent_ref.image_ref.name = 'winword.exe']"],
  },
  {
    format: 'GELF of STIX Spark (its sample)',
    from: {
      record: {
        ...{ BEGIN_TIME: '2024-06-12 15:00:00', SRC_IP: '192.168.1.12', DST_IP: '222.136.170.15', DST_PORT: '39361' },
        ...{
          URL: '111/vadosaj.getenjoyment.net/92034677522.pdf',
          DOMAIN: 'ipswich.able-plumbing.co.uk',
          METHOD: 'GET',
        },
      },
    },
    patterns: [
      "[network-traffic:dst_ref.value = '222.136.170.15' AND network-traffic:dst_port > 39000]",
      "[domain-name:value LIKE '%.able-plumbing.co.uk']",
    ],
  },
  {
    format: 'Azure activity log in snake case',
    from: ['logs/misc/azure_activity_log.jsonl', 'Microsoft.Compute/disks/delete'],
    patterns: [
      "[network-traffic:src_ref.value = '1.2.3.4' AND network-traffic:extensions.'http-request-ext'.request_method = 'delete']",
    ],
  },
  {
    format: 'Google Cloud audit log',
    from: ['logs/misc/gcp_logging.jsonl', 'iv9wx9d16l2'],
    patterns: ["[user-account:account_login = 'fakeemailxyz@gmail.com']"],
  },
];

function lineOf([path, text]: readonly [string, string]): string {
  const bytes = readFileSync(sharedData(...path.split('/')));
  const content = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const line = content.split('\n').find((one) => one.includes(text));
  if (line === undefined) throw new Error(`no line of ${path} holds ${text}`);
  return line;
}

const missing = ['events', 'logs'].map((folder) => sharedDataMissing(folder)).find((reason) => reason !== '') ?? '';

describe.skipIf(!hasSharedData('events') || !hasSharedData('logs'))(`mappings and real records ${missing}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'flint-mappings-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const idOf = (pattern: string): string => `indicator--${uuidV5('b8d9e7b4-6a0f-5d0c-9d0e-6f1f4c8a2c11', pattern)}`;
  const all = CASES.flatMap(({ patterns }) => patterns);
  const time = '2000-01-01T00:00:00.000Z';
  const objects = all.map((pattern) => ({
    ...{ type: 'indicator', spec_version: '2.1', id: idOf(pattern), created: time, modified: time, valid_from: time },
    ...{ name: pattern, pattern, pattern_type: 'stix' },
  }));
  const bundle = join(folder, 'patterns.json');
  writeFileSync(bundle, JSON.stringify({ type: 'bundle', id: 'bundle--1', objects }));
  const generation = buildGeneration(loadConfig({ intel: [bundle] }, {}), { mode: 'scan', report: () => undefined });

  it('loads all patterns', async () => {
    const { diagnostics, rules, intel } = await generation;
    expect(diagnostics).toEqual([]);
    expect(rules.patternSet.layers.size + new Set(intel.indicators.columns.sources).size).toBe(all.length);
  });

  it.each(CASES)('$format', async ({ from, patterns }) => {
    const file = join(folder, 'record.log');
    const line = 'record' in from ? JSON.stringify(from.record) : lineOf(from);
    writeFileSync(file, `${line}\n`);
    const found = new Set<string>();
    await scanFiles(listFiles([file]), await generation, {
      ...{ maxRecordBytes: 1 << 24, timezone: 'UTC', now: Date.now },
      inflate: { maxBytes: 1 << 24, maxRatio: 100, maxWindowBytes: 1 << 24 },
      onFound: async (alerts) => {
        for (const { alert } of alerts) found.add(alert.rule.id);
      },
      onProgress: () => undefined,
      onDiagnostic: () => undefined,
    });
    expect(patterns.filter((pattern) => !found.has(idOf(pattern)))).toEqual([]);
  });
});
