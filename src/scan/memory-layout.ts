/**
 * Numbers shared with the kernel (`kernel/layout.ts` explains each): offsets in the tables' header and in a scanner's work area.
 * A test reads both files and compares them.
 */

export const PIECE = 16384;

export const TAB_FLAGS = 8;
export const TAB_CLASSES = 64;
export const CLASS_BYTES = 32;
export const TAB_NET4 = 256;
export const TAB_NET6 = 260;
export const TAB_REACH4 = 280;
export const TAB_ENDINGS = 284;
export const TAB_ENDINGS_SHIFT = 288;
export const TAB_NEAR_ENDINGS = 292;
export const TAB_NEAR_REACH4 = 296;
/** Bytes of the header; filters, slots and maps follow. */
export const TAB_HEADER_BYTES = 512;

export const CLASS_NAME = 0;
export const CLASS_ADDRESS = 1;
export const CLASS_HASH = 2;
export const CLASS_WORD = 3;
export const CLASS_PAIR = 4;

export const AS_WHOLE = 1;
export const AS_SUFFIX = 2;
export const WITH_WORD = 4;

export const FLAG_NAMES = 1;
export const FLAG_ADDRESSES = 2;
export const FLAG_HASHES = 4;
export const FLAG_WORDS = 8;
export const FLAG_ODD_NAMES = 16;
export const FLAG_EVERY = 32;
export const FLAG_SUFFIXES = 64;

export const CTX_SEGMENT_START = 0;
export const CTX_SEGMENT_END = 4;
export const CTX_POSITION = 8;
export const CTX_RANGES = 12;
export const CTX_RANGE_COUNT = 16;
export const CTX_RANGE_INDEX = 20;
export const CTX_OUT = 24;
export const CTX_OUT_CAPACITY = 28;
export const CTX_OUT_COUNT = 32;
export const CTX_ENCODING_ONLY = 36;
export const CTX_RECORD_START = 40;
export const CTX_RECORD_ORDINAL = 44;
export const CTX_RECORD_FLAGS = 48;
export const CTX_RECORD_PAIRS = 52;
export const CTX_BLANK_HINT = 56;
export const CTX_MASKS = 256;
export const MASK_BYTES = (PIECE / 64 + 4) * 8;
export const MASK_ARRAYS = 8;
export const CTX_PAIR_LIST = CTX_MASKS + MASK_ARRAYS * MASK_BYTES;
export const CTX_ENDS = CTX_PAIR_LIST + 512 * 16;
export const CTX_NAMES = CTX_ENDS + PIECE * 2 + 256;
export const CTX_KEYS = CTX_NAMES + 128 * 36 * 8;
export const CTX_THIRD_DOTS = CTX_KEYS + 128 * 36 * 8;
export const CTX_QUADS = CTX_THIRD_DOTS + PIECE * 2 + 256;
export const CTX_TOKENS = CTX_QUADS + PIECE * 2 + 256;
export const CTX_LINE_ENDS = CTX_TOKENS + 129 * 24;
export const CTX_SPECIAL_BLOCKS = CTX_LINE_ENDS + PIECE * 4 + 256;
export const CTX_ENDING_KEYS = CTX_SPECIAL_BLOCKS + PIECE / 16 + 256;
export const CTX_BYTES = CTX_ENDING_KEYS + PIECE * 2 + 256;
