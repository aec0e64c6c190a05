/**
 * Complex STIX patterns for benchmarks: seeded, each unlike the others, of the kinds that threat reports contain: a process with its command line and
 * its parent, a connection to an address and a port, a file in a folder, a registry key, a path of a URL, a family of domains, expressions, and
 * sequences of two observations. None is decided by one value alone.
 */
import { writeFileSync } from 'node:fs';
import { uuidV5 } from '../src/core/uuid.ts';

const WORDS =
  'invoke shadow ledger falcon cobalt ember quartz raven tunnel mirror orchid vector saturn walnut anchor breeze copper dagger eclipse fossil'.split(
    ' ',
  );

/** Numbers from a seed, the same on every machine. */
function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** `tokens`: those alone that a whole address, name, hash or file name decides in part, which is what feeds have. */
export function complexPatterns(count: number, which: 'all' | 'tokens' = 'all', seed = 42): readonly string[] {
  const below = numbers(seed);
  const word = (): string => `${WORDS[below(WORDS.length)]}${below(1e6).toString(36)}`;
  const address = (): string => `198.${18 + below(2)}.${below(256)}.${below(256)}`;
  const kinds: readonly (() => string)[] = [
    () => `[process:command_line LIKE '%-${word()} %' AND process:parent_ref.name = '${word()}.exe']`,
    () => `[process:command_line MATCHES '(?i)${word()}\\\\s+--${word()}(=|\\\\s)[0-9a-f]{4,}']`,
    () => `[network-traffic:dst_ref.value = '${address()}' AND network-traffic:dst_port > ${1024 + below(60_000)}]`,
    () => `[file:name = '${word()}.dll' AND file:parent_directory_ref.path LIKE '%\\\\${word()}%']`,
    () => `[windows-registry-key:key LIKE '%\\\\CurrentVersion\\\\Run\\\\${word()}%']`,
    () => `[url:value LIKE '%/${word()}/gate.php?id=%']`,
    () => `[url:value MATCHES '^https?://[^/]+/${word()}/[a-z]{3,}\\\\.(php|aspx)$']`,
    () =>
      `[domain-name:value LIKE '%.${word()}.example' OR domain-name:value MATCHES '^[a-z]{8}\\\\.${word()}\\\\.test$']`,
    () =>
      `[process:name = '${word()}.exe'] FOLLOWEDBY [network-traffic:dst_ref.value = '${address()}'] WITHIN 300 SECONDS`,
    () =>
      `([file:name = '${word()}.tmp'] AND [windows-registry-key:key LIKE '%\\\\Services\\\\${word()}']) WITHIN 600 SECONDS`,
  ];
  const hex = (digits: number): string => Array.from({ length: digits }, () => below(16).toString(16)).join('');
  const tokens: readonly (() => string)[] = [
    () => `[network-traffic:dst_ref.value = '${address()}' AND network-traffic:dst_port > ${1024 + below(60_000)}]`,
    () => `[network-traffic:dst_ref.value = 'x.${word()}.example' AND network-traffic:dst_port != 443]`,
    () => `[file:name = '${word()}.dll' AND file:parent_directory_ref.path LIKE '%\\\\${word()}%']`,
    () => `[file:hashes.'SHA-256' = '${hex(64)}' AND file:size < ${below(1e6)}]`,
    () => `[domain-name:value LIKE '%.${word()}.example']`,
    () =>
      `[process:name = '${word()}.exe'] FOLLOWEDBY [network-traffic:dst_ref.value = '${address()}'] WITHIN 300 SECONDS`,
  ];
  const chosen = which === 'tokens' ? tokens : kinds;
  return Array.from({ length: count }, (_, i) => (chosen[i % chosen.length] as () => string)());
}

/** A bundle of indicators with these patterns. */
export function writePatternBundle(path: string, patterns: readonly string[]): void {
  const time = '2020-01-01T00:00:00.000Z';
  const objects = patterns.map((pattern, i) => ({
    ...{ type: 'indicator', spec_version: '2.1', created: time, modified: time, valid_from: time },
    id: `indicator--${uuidV5('b8d9e7b4-6a0f-5d0c-9d0e-6f1f4c8a2c11', `bench ${i}`)}`,
    ...{ name: `pattern ${i}`, pattern, pattern_type: 'stix' },
  }));
  writeFileSync(path, JSON.stringify({ type: 'bundle', id: 'bundle--1', objects }));
}
