/** Errors in correlation rules, flux specifications and their state. */
export const STATE_CODES = {
  STATE_BAD_SPEC: {
    family: 'user',
    title: 'flux specification refused',
    why: 'a key is missing, unknown or has the wrong type',
    fix: 'correct the specification; docs/flux.md describes each key',
  },
  STATE_BLOOM_LIMIT: {
    family: 'user',
    title: 'Bloom memory cannot do what a flux rule asks',
    why: 'a Bloom filter keeps no times and forgets no single tag, so timespan and reset need exact memory',
    fix: 'use exact memory (no capacity), or take the key out of the rule',
  },
  STATE_BAD_SNAPSHOT: {
    family: 'environment',
    title: 'state snapshot refused',
    why: 'a chunk is cut off, does not match its checksum, is of another version, or is missing',
    fix: 'restore the files from a copy, or remove the snapshot: Flint then starts with empty state',
  },
} as const;
