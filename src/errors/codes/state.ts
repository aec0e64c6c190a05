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
} as const;
