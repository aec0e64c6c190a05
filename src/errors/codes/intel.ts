/** Errors in indicators, bundles, lists and feeds. */
export const INTEL_CODES = {
  INTEL_BAD_VALUE: {
    family: 'user',
    title: 'indicator value refused',
    why: 'the value is not of the kind that its column, list or pattern says',
    fix: 'correct the entry at the source; the rest of the feed is loaded',
  },
  INTEL_BAD_OBJECT: {
    family: 'user',
    title: 'STIX or MISP object refused',
    why: 'an object of the feed is no valid JSON, is too long, or lacks a property that an indicator must have',
    fix: 'correct the object at the source; the other objects are loaded',
  },
  INTEL_BAD_TIME: {
    family: 'user',
    title: 'time of an indicator not understood',
    why: 'a time is not in the form 2024-01-31T12:00:00Z, or the validity ends before it begins; the indicator is loaded without it',
    fix: 'correct the time at the source',
  },
  INTEL_BROKEN_FEED: {
    family: 'user',
    title: 'feed is broken',
    why: 'the content ends early, its brackets do not pair, or nothing in it could be loaded',
    fix: 'fetch the feed again, or correct it; the last good content stays in use if there was one',
  },
  INTEL_UNKNOWN_FORMAT: {
    family: 'user',
    title: 'format of the feed not recognised',
    why: 'the content is no STIX bundle, list, CSV, hosts file, MISP event or compiled file',
    fix: 'check that the address gives the feed itself and no web page, or name the format of the source',
  },
  INTEL_BAD_COLUMNS: {
    family: 'user',
    title: 'columns of the feed not recognised',
    why: 'no column of the table holds values that can be indicators, or a named column is missing',
    fix: 'give the source a column mapping, for example columns: { value: 2, type: 1 }',
  },
  INTEL_UNREADABLE: {
    family: 'environment',
    title: 'intelligence source cannot be read',
    why: 'the file or folder is missing or not readable, or its compression is damaged',
    fix: 'check the path and its permissions, or fetch the file again',
  },
  INTEL_FETCH_FAILED: {
    family: 'environment',
    title: 'feed cannot be fetched',
    why: 'the server cannot be reached, answers with an error, or is too slow',
    fix: 'check the address and the network; the last good content stays in use until the next try',
  },
  INTEL_TAXII_FAILED: {
    family: 'environment',
    title: 'TAXII server cannot be used',
    why: 'the server cannot be reached, refuses the request, or answers with something that is no TAXII',
    fix: 'check the address and the collection; what was fetched stays in use, and the next try goes on where this one stopped',
  },
  INTEL_TAXII_AUTH: {
    family: 'user',
    title: 'TAXII server refuses the credentials',
    why: 'the server answers 401 or 403: the credentials are wrong, expired, or not meant for the collection',
    fix: 'check user and password, token or key of the source, and whether they may read the collection',
  },
  INTEL_TAXII_NO_PROGRESS: {
    family: 'environment',
    title: 'TAXII server does not move on',
    why: 'the server repeats a page, or says that there is more without saying how to get it',
    fix: 'raise page_size when one time stamp covers more objects than a page; else report it to the provider',
  },
  INTEL_ADDRESS_REFUSED: {
    family: 'user',
    title: 'feed address refused',
    why: 'the address, or one that it redirects to, is not public; a feed could be used to reach into the own network',
    fix: 'set allow_private_addresses on the source when the feed server is yours',
  },
  INTEL_TOO_LARGE: {
    family: 'user',
    title: 'feed larger than the limit',
    why: 'the content, unpacked, exceeds the size limit of the source, or the table of indicators is full',
    fix: 'raise max_bytes of the source, or split the feed',
  },
  INTEL_COMPILED_VERSION: {
    family: 'user',
    title: 'compiled file of another version',
    why: 'the file was written by a version of flint with another format',
    fix: 'compile it again with this version: flint intel compile',
  },
  INTEL_COMPILED_DAMAGED: {
    family: 'user',
    title: 'compiled file is damaged',
    why: 'the file is cut off, or a checksum does not fit its bytes',
    fix: 'copy or compile the file again: flint intel compile',
  },
  INTEL_SAMPLES_IN_USE: {
    family: 'user',
    title: 'only the bundled samples are loaded',
    why: 'no intelligence is configured, so the indicators of the invented sample attack stand in for it and protect nobody',
    fix: 'give --intel, or put bundles and lists into the folder intel of the data directory',
  },
} as const;
