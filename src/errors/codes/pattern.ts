/** Errors in STIX patterns. */
export const PATTERN_CODES = {
  PATTERN_SYNTAX: {
    family: 'user',
    title: 'STIX pattern does not parse',
    why: 'the text is not a pattern of STIX 2.0 or 2.1',
    fix: 'correct the pattern at the place that the message shows',
  },
  PATTERN_MISSING_BRACKETS: {
    family: 'user',
    title: 'STIX pattern without square brackets',
    why: 'a comparison stands outside square brackets, where only observation expressions may stand',
    fix: "put each observation between square brackets: [file:name = 'a.exe']",
  },
  PATTERN_BAD_HASH: {
    family: 'user',
    title: 'hash of the wrong length in a STIX pattern',
    why: 'the constant compared with a hash property is not a value of that algorithm, so it can never match',
    fix: 'give the whole value, or name the algorithm that it comes from',
  },
  PATTERN_DUPLICATE_QUALIFIER: {
    family: 'user',
    title: 'qualifier given twice in a STIX pattern',
    why: 'STIX 2.1 allows each kind of qualifier once directly on one expression',
    fix: 'remove one of the two, or put the qualified expression between parentheses',
  },
  PATTERN_LIMIT: {
    family: 'user',
    title: 'STIX pattern beyond a limit',
    why: 'the pattern is longer or nested more deeply than any pattern made for use',
    fix: 'split the pattern, or remove parentheses that change nothing',
  },
} as const;
