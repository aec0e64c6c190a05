/** Errors in STIX patterns. */
export const PATTERN_CODES = {
  PATTERN_SYNTAX: {
    family: 'user',
    title: 'STIX pattern does not parse',
    why: 'the text is not a pattern of STIX 2.0 or 2.1',
    fix: 'correct the pattern at the place that the message shows',
  },
} as const;
