/**
 * Memory layout shared by the kernel and its loader (`src/scan/memory-layout.ts` holds the same numbers for JavaScript).
 *
 * Two kinds of blocks, both given to the kernel by address: the tables (read-only while scanning, one for all scanners of a
 * memory) and the work area of one scanner (its mask arrays, its candidates, its input). The kernel keeps no data of its own.
 */

/** Bytes scanned at a time: the masks of one piece stay in the first-level cache. */
export const PIECE: usize = 16384;
/** A piece ends at a blank, quote or control character found within this many bytes of its end. */
export const CUT_BACK: usize = 4096;

// Tables: header (512 bytes), then filters, slots and network maps at the offsets it names.
export const TAB_FLAGS: usize = 8;
/** Five classes of 32 bytes: filter offset, filter words, slots offset, slot count, used, limit. */
export const TAB_CLASSES: usize = 64;
export const CLASS_BYTES: usize = 32;
/** Offset of 65,536 x u32: bit L of entry N says that a network of length L reaches into N.N.0.0/16; 0 when none. */
export const TAB_NET4: usize = 256;
/** Offset of 2^24 bits: something is listed in N.N.N.0/24. */
export const TAB_REACH4: usize = 280;
/** Offset of 2^20 bits, asked first: the same of the /20. */
export const TAB_NEAR_REACH4: usize = 296;
/** Offset of a power of two of bits: a name that ends like this is listed (`endings.ts`). */
export const TAB_ENDINGS: usize = 284;
/** 32 minus the binary logarithm of the number of those bits. */
export const TAB_ENDINGS_SHIFT: usize = 288;
/** Offset of a quarter as many bits, asked first. */
export const TAB_NEAR_ENDINGS: usize = 292;
/** Offset of 65,536 bits: networks reach into the first 16 bits of an IPv6 address; 0 when none. */
export const TAB_NET6: usize = 260;
/** Two u64: prefix lengths 0 to 127 that occur among IPv6 networks. */
export const TAB_NET6_LENGTHS: usize = 264;

export const CLASS_NAME: u32 = 0;
export const CLASS_ADDRESS: u32 = 1;
export const CLASS_HASH: u32 = 2;
export const CLASS_WORD: u32 = 3;
export const CLASS_PAIR: u32 = 4;

// What a key may be found as; a slot of a table holds 28 bits of the key and these four.
export const AS_WHOLE: u32 = 1;
export const AS_SUFFIX: u32 = 2;
/** Only together with a word of the same record. */
export const WITH_WORD: u32 = 4;

export const FLAG_NAMES: u32 = 1;
export const FLAG_ADDRESSES: u32 = 2;
export const FLAG_HASHES: u32 = 4;
export const FLAG_WORDS: u32 = 8;
/** A listed name holds a quote, dash or the like (IDNA 2003 allows it): those are no breaks then. */
export const FLAG_ODD_NAMES: u32 = 16;
/** Some indicator has no witness: every record is a candidate. */
export const FLAG_EVERY: u32 = 32;
/** Some name is listed together with all names below it. */
export const FLAG_SUFFIXES: u32 = 64;

// Work area of one scanner.
export const CTX_SEGMENT_START: usize = 0;
export const CTX_SEGMENT_END: usize = 4;
/** Where scanning goes on after the candidate list was full. */
export const CTX_POSITION: usize = 8;
/** First entry of the record list (start, end: u32 each), or 0 in line mode. */
export const CTX_RANGES: usize = 12;
export const CTX_RANGE_COUNT: usize = 16;
export const CTX_RANGE_INDEX: usize = 20;
/** Candidates: start, end, ordinal, u32 each. */
export const CTX_OUT: usize = 24;
export const CTX_OUT_CAPACITY: usize = 28;
export const CTX_OUT_COUNT: usize = 32;
export const CTX_ENCODING_ONLY: usize = 36;
export const CTX_RECORD_START: usize = 40;
export const CTX_RECORD_ORDINAL: usize = 44;
export const CTX_RECORD_FLAGS: usize = 48;
export const CTX_RECORD_PAIRS: usize = 52;
/** Not 0 when some line begins with a blank, a control character or its own end. */
export const CTX_BLANK_HINT: usize = 56;
/** Sixteen u64: hashes of names in the current record that count only with a word. */
export const CTX_PAIRS: usize = 64;
export const MAX_RECORD_PAIRS: u32 = 16;
/** Eight u16: groups of the address being parsed. */
export const CTX_GROUPS: usize = 192;
export const CTX_MASKS: usize = 256;
/** One mask array: a word in front, one per 64 bytes of the piece, three behind. */
export const MASK_BYTES: usize = (PIECE / 64 + 4) * 8;
export const MASK_ARRAYS: usize = 8;
export const CTX_PAIR_LIST: usize = CTX_MASKS + MASK_ARRAYS * MASK_BYTES;
/** Names of the piece that count only with a word: position u32, unused u32, hash u64. */
export const MAX_PIECE_PAIRS: u32 = 512;
/** Ends of the dotted tokens of a piece, u32 each: one per two bytes at most. */
export const CTX_ENDS: usize = CTX_PAIR_LIST + 512 * 16;
export const BATCH_TOKENS: usize = 128;
/** Names of 128 tokens, start and length: a token of 64 bytes has at most 32, and three more readings. */
export const CTX_NAMES: usize = CTX_ENDS + PIECE * 2 + 256;
/** Key of each name. */
export const CTX_KEYS: usize = CTX_NAMES + 128 * 36 * 8;
/** IPv4 addresses of a piece: the places of their third dots, and the numbers before those, u32 each. */
export const CTX_THIRD_DOTS: usize = CTX_KEYS + 128 * 36 * 8;
export const CTX_QUADS: usize = CTX_THIRD_DOTS + PIECE * 2 + 256;
/** Tokens of a batch: start, length, readings behind an escape, unused (u32 each), upper dots (u64). */
export const CTX_TOKENS: usize = CTX_QUADS + PIECE * 2 + 256;
export const TOKEN_BYTES: usize = 24;
/** Offsets of the line ends of a piece, u32 each. */
export const CTX_LINE_ENDS: usize = CTX_TOKENS + 129 * 24;
/** Addresses of the blocks of 64 bytes that may hold an escape, u32 each. */
export const CTX_SPECIAL_BLOCKS: usize = CTX_LINE_ENDS + PIECE * 4 + 256;
/** For each end, the hash of what the name ends with. */
export const CTX_ENDING_KEYS: usize = CTX_SPECIAL_BLOCKS + PIECE / 16 + 256;
export const CTX_BYTES: usize = CTX_ENDING_KEYS + PIECE * 2 + 256;

// Mask arrays, bit b of word w is byte 64 w + b of the piece.
/** Letters, digits, `_` and `-`. */
export const MASK_LABEL: usize = CTX_MASKS + 8;
/** Dots with such a byte behind them. */
export const MASK_DOT: usize = MASK_LABEL + MASK_BYTES;
export const MASK_DIGIT: usize = MASK_DOT + MASK_BYTES;
export const MASK_COLON: usize = MASK_DIGIT + MASK_BYTES;
export const MASK_LINE_END: usize = MASK_COLON + MASK_BYTES;
export const MASK_HIT: usize = MASK_LINE_END + MASK_BYTES;
export const MASK_ENCODED: usize = MASK_HIT + MASK_BYTES;
export const MASK_PAIR: usize = MASK_ENCODED + MASK_BYTES;

export const RECORD_HIT: u32 = 1;
export const RECORD_ENCODED: u32 = 2;
