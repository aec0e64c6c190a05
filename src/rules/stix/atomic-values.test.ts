import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { IndicatorKind } from '../../core/indicator.ts';
import { hasSharedData, sharedData, sharedDataMissing } from '../../testing/shared-data.ts';
import { parsePattern } from '../pattern/parse.ts';
import { atomicValues, DEFER_REASONS, type DeferReason, type Extraction } from './atomic-values.ts';

function extract(pattern: string): Extraction {
  const parsed = parsePattern(pattern);
  if (!parsed.ok) throw new Error(`${pattern}: ${parsed.diagnostic.message}`);
  return atomicValues(parsed.pattern.root);
}

const SHA256 = 'A'.repeat(64);
const MD5 = 'B'.repeat(32);

const ATOMIC: readonly (readonly [string, ...(readonly [IndicatorKind, string])[]])[] = [
  ["[file:hashes.SSDEEP = '3:abc:def' OR file:name = 'x.exe']", ['text', '3:abc:def'], ['file-name', 'x.exe']],
  [
    `[file:hashes.'SHA-256' = '${SHA256}' OR file:hashes.MD5 = '${MD5}']`,
    ['hash', SHA256.toLowerCase()],
    ['hash', MD5.toLowerCase()],
  ],
  [`[file:hashes.sha256 = '${SHA256}']`, ['hash', SHA256.toLowerCase()]],
  [`file:hashes.SHA-256 = '${SHA256}'`, ['hash', SHA256.toLowerCase()]],
  ["[ipv4-addr:value ISSUBSET '198.51.100.0/24']", ['network', '198.51.100.0/24']],
  ["[ipv4-addr:value = '198.51.100.0/24']", ['network', '198.51.100.0/24']],
  ["[ipv4-addr:value = '198.51.100.7/32']", ['ipv4', '198.51.100.7']],
  ["[ipv6-addr:value IN ('2001:db8::1', '2001:DB8::2')]", ['ipv6', '2001:db8::1'], ['ipv6', '2001:db8::2']],
  ["[domain:value = 'evil[.]example']", ['domain', 'evil.example']],
  ["[ipv4addr:value = '198.51.100.7']", ['ipv4', '198.51.100.7']],
  ["[email-message:from_ref.value = 'A@Evil.example']", ['email', 'a@evil.example']],
  ["[windows-registry-key:key = 'HKLM\\\\Software\\\\X']", ['registry-key', 'hkey_local_machine\\software\\x']],
  [`[x509-certificate:hashes.'SHA-256' = '${SHA256}']`, ['hash', SHA256.toLowerCase()]],
  [
    "[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '198.51.100.7']",
    ['ipv4', '198.51.100.7'],
  ],
  [
    "[network-traffic:dst_ref.value = '2001:db8::1' AND network-traffic:dst_ref.type = 'ipv6-addr' AND network-traffic:dst_port = '443']",
    ['endpoint', '[2001:db8::1]:443'],
  ],
  [
    "[(network-traffic:src_ref.value = '198.51.100.7' OR network-traffic:src_ref.value = 'a.example') AND network-traffic:src_port IN (1, 2)]",
    ['endpoint', '198.51.100.7:1'],
    ['endpoint', '198.51.100.7:2'],
    ['endpoint', 'a.example:1'],
    ['endpoint', 'a.example:2'],
  ],
  [
    "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'Evil/1.0']",
    ['user-agent', 'Evil/1.0'],
  ],
  [
    "[domain-name:value = 'a.example'] OR [url:value = 'http://a.example']",
    ['domain', 'a.example'],
    ['url', 'http://a.example/'],
  ],
  ["[process:command_line = 'evil --run']", ['text', 'evil --run']],
  ["[process:command_line LIKE 'evil --run']", ['text', 'evil --run']],
  ["[directory:path = 'C:\\\\Evil']", ['text', 'C:\\Evil']],
  ["[mutex:name = 'Global\\\\x']", ['mutex', 'Global\\x']],
];

const DEFERRED: readonly (readonly [string, DeferReason])[] = [
  [`[file:hashes.'SHA-256' = '${SHA256}' AND file:name = 'x.exe']`, 'several-values'],
  [`[file:hashes.'SHA-256' = '${SHA256}' AND file:hashes.MD5 = '${MD5}']`, 'several-values'],
  ["[network-traffic:dst_ref.value = '198.51.100.7' AND network-traffic:src_port = 1]", 'several-values'],
  ["[network-traffic:dst_ref.value = '198.51.100.0/24' AND network-traffic:dst_port = 1]", 'several-values'],
  ["[domain-name:value = 'a.example'] AND [domain-name:value = 'b.example']", 'several-observations'],
  ["[domain-name:value = 'a.example'] FOLLOWEDBY [domain-name:value = 'b.example']", 'several-observations'],
  ["[domain-name:value = 'a.example'] REPEATS 2 TIMES", 'qualifier'],
  ["[domain-name:value != 'a.example']", 'negation'],
  ["[domain-name:value NOT = 'a.example']", 'negation'],
  ["[domain-name:value = 'a.example' OR domain-name:value NOT IN ('b.example')]", 'negation'],
  ["[network-traffic:dst_ref.value != '198.51.100.7' AND network-traffic:dst_port = 1]", 'negation'],
  ["[file:size > 'a']", 'order'],
  ["[domain-name:value LIKE '%.example']", 'like'],
  ["[domain-name:value MATCHES 'evil']", 'regex'],
  ["[ipv4-addr:value ISSUPERSET '198.51.100.7']", 'superset'],
  ['[EXISTS file:name]', 'exists'],
  ['[network-traffic:dst_port = 81]', 'port-only'],
  ["[network-traffic:dst_ref.type = 'ipv4-addr']", 'type-only'],
  ["[network-traffic:protocols[*] = 'tcp']", 'vague-property'],
  ["[email-message:is_multipart = 'false']", 'vague-property'],
  ['[x-custom:score = 7]', 'no-text'],
  ["[domain-name:value = 'localhost']", 'odd-value'],
  ["[software:name = 'ab']", 'odd-value'],
  ["[network-traffic:dst_ref.type = 'domain-name' AND network-traffic:dst_ref.value = '198.51.100.7']", 'odd-value'],
];

describe('what one value decides', () => {
  for (const [pattern, ...values] of ATOMIC)
    it(`is ${values.map((value) => value.join(' ')).join(', ')} for ${pattern}`, () => {
      const extraction = extract(pattern);
      expect(extraction).toMatchObject({ ok: true, values: values.map(([kind, value]) => ({ kind, value })) });
    });

  for (const [pattern, reason] of DEFERRED)
    it(`is nothing (${reason}) for ${pattern}`, () => {
      expect(extract(pattern)).toEqual({ ok: false, reason });
    });

  it('has an example of every reason', () => {
    expect([...new Set(DEFERRED.map(([, reason]) => reason))].sort()).toEqual([...DEFER_REASONS].sort());
  });
});

describe.skipIf(!hasSharedData('stix'))(`real patterns ${sharedDataMissing('stix')}`, () => {
  it('are active, or on the list with their reason; at least 99 % are active', () => {
    const text = gunzipSync(readFileSync(sharedData('stix', 'real-patterns.jsonl.gz'))).toString('utf8');
    const patterns = text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { pattern: string }).pattern);
    const rest = new Map<string, string[]>();
    let active = 0;
    for (const pattern of patterns) {
      const parsed = parsePattern(pattern);
      const extraction = parsed.ok ? atomicValues(parsed.pattern.root) : undefined;
      if (extraction?.ok === true) active++;
      else {
        const reason = extraction?.reason ?? 'syntax';
        rest.set(reason, [...(rest.get(reason) ?? []), pattern]);
      }
    }
    for (const [reason, list] of rest)
      process.stdout.write(`${reason}: ${list.length}\n${list.map((p) => `  ${p.slice(0, 150)}\n`).join('')}`);
    expect(rest.has('syntax')).toBe(false);
    expect(active + [...rest.values()].flat().length).toBe(patterns.length);
    expect(active / patterns.length).toBeGreaterThanOrEqual(0.99);
  });
});
