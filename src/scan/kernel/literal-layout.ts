/** Memory layout of literal search; `src/scan/literal-plan.ts` writes it. Offsets are relative to the block they stand in. */

/** Bytes of a record that are looked at before their hits are checked. */
export const LITERAL_PIECE: usize = 16384;

// Plan, read-only while scanning. Table of 2^(32 - shift) words of 32 bits: one for the first three bytes of a gram, in it one for the fourth.
export const LIT_TABLE: usize = 0;
export const LIT_TABLE_SHIFT: usize = 4;
/** What is found by the keys, ascending by them; and for each value of a key's upper bits where those of it begin, u32, with one more behind. */
export const LIT_LINKS: usize = 8;
export const LIT_STARTS: usize = 12;
/** 32 minus the number of these upper bits. */
export const LIT_START_SHIFT: usize = 16;
/**
 * Eight bytes from two before the gram on, as far as they lie in the literal; the literal, u32; the offset of the gram in it, i16; eight times the
 * number of bytes behind the literal, and behind it and before it, u8.
 */
export const LINK_BYTES: usize = 16;
/** Text, length, other fragments, their number. */
export const LIT_LITERALS: usize = 20;
export const LITERAL_BYTES: usize = 16;
/** Bit table of the keys, 2^(32 - shift) bits. */
export const LIT_KEY_TABLE: usize = 24;
export const LIT_KEY_SHIFT: usize = 28;
/** 2 or 4: distance of the places that are looked at. */
export const LIT_STRIDE: usize = 32;
/** Length of the shortest fragment. */
export const LIT_SHORTEST: usize = 36;
/** 1 when some literals are found by a gram alone. */
export const LIT_SHORT_KEYS: usize = 40;

// Work area of one scanner.
export const WORK_POSITION: usize = 0;
export const WORK_RECORD: usize = 4;
/** Hits: number of the record, literal, start of the record, u32 each. */
export const WORK_HITS: usize = 8;
export const HIT_BYTES: usize = 12;
export const WORK_CAPACITY: usize = 12;
export const WORK_COUNT: usize = 16;
/** One number for each record that is entered. */
export const WORK_STAMP: usize = 20;
/** Positions that passed the bit table of grams; positions and keys that passed that of the keys. */
export const WORK_LIST: usize = 24;
export const WORK_KEY_LIST: usize = 32;
/** The record at hand: start and end. Lines are entered when something is found in them. */
export const WORK_START: usize = 36;
export const WORK_END: usize = 40;
/** Start of the text. */
export const WORK_BEGIN: usize = 44;
/** Last stamp of each literal. */
export const LIT_STAMPS: usize = 28;
