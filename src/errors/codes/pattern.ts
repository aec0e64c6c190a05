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
    why: 'STIX 2.1 allows each kind of qualifier once directly on one bracket',
    fix: 'remove one of the two, or put the qualified expression between parentheses',
  },
  PATTERN_NEWER_OPERATOR: {
    family: 'user',
    title: 'operator of STIX 2.1 in a pattern for 2.0',
    why: 'EXISTS came with STIX 2.1; consumers of 2.0 refuse the pattern',
    fix: 'give the indicator spec_version 2.1, or write the pattern without EXISTS',
  },
  PATTERN_MIXED_SET: {
    family: 'user',
    title: 'set of different types in a STIX pattern',
    why: 'the members of an IN set must be of one type; only integers and floats may mix',
    fix: 'write constants of one type, or one IN for each type joined by OR',
  },
  PATTERN_BAD_QUALIFIER: {
    family: 'user',
    title: 'qualifier value refused in a STIX pattern',
    why: 'WITHIN and REPEATS need a number above zero, START and STOP need timestamps',
    fix: "write WITHIN 1 SECONDS or more, REPEATS 1 TIMES or more, START t'2024-01-31T00:00:00Z'",
  },
  PATTERN_BAD_TIMESTAMP: {
    family: 'user',
    title: 'timestamp of a STIX pattern is not in the calendar',
    why: 'the month of the constant does not have that day',
    fix: 'correct the date',
  },
  PATTERN_BAD_REGEX: {
    family: 'user',
    title: 'regular expression refused in a STIX pattern',
    why: 'the expression after MATCHES is wrong, or needs a feature that cannot run in linear time',
    fix: 'write it without look-around, back-references and possessive quantifiers, or as several comparisons',
  },
  PATTERN_BAD_NETWORK: {
    family: 'user',
    title: 'address or network refused in a STIX pattern',
    why: 'the constant after ISSUBSET or ISSUPERSET is neither an IPv4 or IPv6 address nor a CIDR block',
    fix: "write an address or address/prefix length: '198.51.100.0/24'",
  },
  PATTERN_LIMIT: {
    family: 'user',
    title: 'STIX pattern beyond a limit',
    why: 'the pattern is longer or nested more deeply than any pattern made for use',
    fix: 'split the pattern, or remove parentheses that change nothing',
  },
} as const;
