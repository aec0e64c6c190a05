/** Names of hash algorithms as the STIX vocabulary spells them (2.1 section 10.7; IMPHASH is what feeds add). */
const ALGORITHMS: ReadonlyMap<string, string> = new Map(
  ['MD5', 'SSDEEP', 'TLSH', 'IMPHASH', 'SHA-1', 'SHA-224', 'SHA-256', 'SHA-384', 'SHA-512', 'SHA3-256', 'SHA3-512'].map(
    (name) => [name.replaceAll('-', ''), name],
  ),
);

/** `MD5`, `SHA-256`, … for any usual spelling; undefined for other names. */
export function hashAlgorithm(name: string): string | undefined {
  return ALGORITHMS.get(name.replaceAll(/[-_]/g, '').toUpperCase());
}
