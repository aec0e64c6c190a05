/**
 * Complex STIX patterns for benchmarks: seeded, each unlike the others, of the kinds that threat reports contain: a process with its command line and
 * its parent, a connection to an address and a port, a file in a folder, a registry key, a path of a URL, a family of domains, expressions, and
 * sequences of two observations. None is decided by one value alone.
 */

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

export function complexPatterns(count: number, seed = 42): readonly string[] {
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
  return Array.from({ length: count }, (_, i) => (kinds[i % kinds.length] as () => string)());
}
