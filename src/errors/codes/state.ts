/** Errors in correlation rules, flux specifications and their state. */
export const STATE_CODES = {
  STATE_BAD_SPEC: {
    family: 'user',
    title: 'flux specification refused',
    why: 'a key is missing, unknown or has the wrong type',
    fix: 'correct the specification; docs/flux.md describes each key',
  },
} as const;
