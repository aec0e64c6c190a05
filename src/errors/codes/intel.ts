/** Errors in indicators, bundles, lists and feeds. */
export const INTEL_CODES = {
  INTEL_BAD_VALUE: {
    family: 'user',
    title: 'indicator value refused',
    why: 'the value is not of the kind that its column, list or pattern says',
    fix: 'correct the entry at the source; the rest of the feed is loaded',
  },
} as const;
