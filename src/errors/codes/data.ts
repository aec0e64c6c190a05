/** Errors in data that senders give us: counted and sampled, never thrown past the decoder. */
export const DATA_CODES = {
  DATA_BAD_JSON: {
    family: 'sender',
    title: 'record begins as JSON but is none',
    why: 'the record is cut off or not valid JSON; it is still searched as text',
    fix: 'look at the sample in the dead-letter file and mend the sender',
  },
  DATA_TOO_DEEP: {
    family: 'sender',
    title: 'record nested too deeply',
    why: 'objects and arrays are nested beyond the limit; the record is still searched as text',
    fix: 'flatten the record at the sender, or raise limits.json_depth',
  },
  DATA_TOO_LONG: {
    family: 'sender',
    title: 'record longer than the limit',
    why: 'one record exceeds limits.record_bytes',
    fix: 'raise the limit, or split the record at the sender',
  },
} as const;
