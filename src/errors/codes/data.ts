/** Errors in data that senders give us: counted and sampled, never thrown past the decoder. */
export const DATA_CODES = {
  DATA_BAD_JSON: {
    family: 'sender',
    title: 'record begins as JSON but is none',
    why: 'the record is cut off or not valid JSON; it is still searched as text',
    fix: 'look at the sample in the dead-letter file and mend the sender',
  },
  DATA_BAD_XML: {
    family: 'sender',
    title: 'record looks like an event in XML but is none',
    why: 'the record is cut off, not well-formed, nested beyond the limit, or has comments, sections or a document type; it is still searched as text',
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
  DATA_INCOMPLETE: {
    family: 'sender',
    title: 'frame cut off',
    why: 'the connection ended in the middle of a counted frame',
    fix: 'see why the sender closed the connection early',
  },
  DATA_BAD_COMPRESSION: {
    family: 'sender',
    title: 'compressed data is damaged',
    why: 'data that begins as gzip, zlib or zstd cannot be inflated, or is cut off',
    fix: 'send it again; for datagrams see that none are cut on the way',
  },
  DATA_INFLATES_TOO_FAR: {
    family: 'sender',
    title: 'compressed data inflates beyond the limit',
    why: 'a small message would become very large: a decompression bomb, or a limit that is too low for this sender',
    fix: 'send smaller pieces, or raise max_inflated_bytes of the input',
  },
  DATA_BAD_CHUNK: {
    family: 'sender',
    title: 'GELF chunk refused',
    why: 'its header is too short, says more than 128 chunks, contradicts chunks of the same message, or came twice',
    fix: 'use a GELF library that keeps the rules of GELF 1.1',
  },
  DATA_CHUNKS_LOST: {
    family: 'sender',
    title: 'GELF message never became whole',
    why: 'not all chunks came within five seconds, or too many messages were unfinished at once',
    fix: 'look for lost datagrams (kernel_dropped_datagrams), or send GELF over TCP',
  },
  DATA_EMPTY: {
    family: 'sender',
    title: 'message without content',
    why: 'a datagram or body has no bytes, or blanks only',
    fix: 'nothing is lost; look at the sender if there are many',
  },
} as const;
