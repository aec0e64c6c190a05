/** `re`: an unanchored, case-sensitive search by a regular expression, taken verbatim (no Sigma escapes, no wildcards). */
import type { Modifier } from './modifier.ts';

export const re: Modifier = {
  name: 're',
  summary: 'regular expression, unanchored search, case-sensitive',
  accepts: ['text'],
  first: true,
  apply: (_value, written) => ({
    kind: 'regex',
    source: String(written),
    flags: { ignoreCase: false, multiline: false, dotAll: false },
  }),
};
