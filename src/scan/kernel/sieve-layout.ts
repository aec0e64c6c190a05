/** Memory layout of the event sieve; `src/scan/sieve-memory.ts` holds the same numbers for the loader, and a test compares them. */

// Work area of one sieve.
export const SIEVE_POSITION: usize = 0;
/** Number of the record that comes next. */
export const SIEVE_RECORD: usize = 4;
/** Candidates: start, end, record number, number of rules (or EVERY_RULE), number of fields, 1 for a fact; rules; the fact; fields. */
export const SIEVE_OUT: usize = 8;
/** Words that must be free for one more record. */
export const SIEVE_OUT_CAPACITY: usize = 12;
export const SIEVE_OUT_COUNT: usize = 16;
export const SIEVE_STAMP: usize = 20;
/** Positions of the quotes that begin and end texts. */
export const SIEVE_QUOTES: usize = 24;
/** Scalar values of the record: key, start, end, kind. */
export const SIEVE_VALUES: usize = 28;
export const SIEVE_DICTIONARY: usize = 32;
export const SIEVE_DICTIONARY_MASK: usize = 36;
/** Texts that lead from one question about a record to the next: hash table of their addresses. */
export const SIEVE_EDGES: usize = 40;
export const SIEVE_EDGES_MASK: usize = 44;
/** Folded text of one value. */
export const SIEVE_TEXT: usize = 48;
/** Last stamp of each atom, slot (with what is known of it) and rule. */
export const SIEVE_ATOMS: usize = 52;
export const SIEVE_SLOTS: usize = 56;
export const SIEVE_RULES: usize = 60;
/** Rules to be evaluated. */
export const SIEVE_QUEUE: usize = 64;
export const SIEVE_MAX_DEPTH: usize = 68;
/** The record's values that tell its kind: stamp, start, end, kind; the first place is nobody's. */
export const SIEVE_TELLS: usize = 72;
/** Keys of the record itself, nested ones excluded. */
export const SIEVE_ROOT_KEYS: usize = 76;
/** 1: no further kinds are learnt, records of unknown kinds are for the exact path. */
export const SIEVE_FULL: usize = 80;
/** Last stamp of each key. */
export const SIEVE_KEYS: usize = 84;
/** Positions of grams that may be those of a literal. */
export const SIEVE_LIST: usize = 88;
/** Records that were sent to the exact path as a whole. */
export const SIEVE_EXACT: usize = 92;
/** 1: the next record's kind stays unknown, it is for the exact path. */
export const SIEVE_FORCED: usize = 96;
/** Address of the word that holds the first question. */
export const SIEVE_FIRST: usize = 100;
/** Rules evaluated, for the counters. */
export const SIEVE_EVALUATED: usize = 104;
/** Records of white space only. */
export const SIEVE_BLANKS: usize = 108;
/** Sixteen bytes of ones, as many in front and 32 zeros behind: loaded from 16 - n on they keep n bytes, and 32 - n on those beyond 16. */
export const SIEVE_MASKS: usize = 112;
/** Texts of unknown keys that are remembered, LEARNT_BYTES each, and how many. */
export const SIEVE_LEARNT: usize = 116;
export const SIEVE_LEARNT_COUNT: usize = 120;
/** Addresses of values that rules of the record's kind look at. */
export const SIEVE_WANTED: usize = 124;
/** Number of the last nested object whose keys were looked up. */
export const SIEVE_SERIAL: usize = 128;
/** Bytes of the stamps of keys. */
export const SIEVE_KEYS_BYTES: usize = 132;
/** What is known of each key, INFO_BYTES each. */
export const SIEVE_INFO: usize = 136;
/** Texts that were met, and how many values had one of them. */
export const SIEVE_REPEATS: usize = 140;
export const SIEVE_REPEATED: usize = 144;
/** Cell of the automaton that the next record asks for. */
export const SIEVE_MISSING: usize = 148;
/** Texts that have numbers: number and length (with a bit) of each, KNOWN_HEAD_BYTES, the long ones last; their bytes, KNOWN_BYTES each. */
export const SIEVE_KNOWN_HEADS: usize = 152;
export const SIEVE_KNOWN_TEXTS: usize = 156;
/** Lists of values that facts are read from: words (0: none), their number, program. */
export const SIEVE_LAYOUTS: usize = 160;
/** 1: times without a zone are not read. */
export const SIEVE_ZONED: usize = 164;
/** Orders of keys that records had, by their number of quotes. */
export const SIEVE_ORDERS: usize = 168;
/** Texts of this scan that have no number yet: start, end, kind, and the head that stands for them (0: none); and how many. */
export const SIEVE_OPEN: usize = 172;
export const SIEVE_OPEN_COUNT: usize = 176;
/** Addresses of the listed values of a record. */
export const SIEVE_LISTED: usize = 180;
/** Records whose keys came as those of one before. */
export const SIEVE_FORESEEN: usize = 184;
/** Where what holds is counted for groups that count no more: nobody reads it. */
export const SIEVE_HITS: usize = 188;
/** Bytes of the long texts that have numbers, LONG_BYTES each. */
export const SIEVE_LONG_TEXTS: usize = 192;
/** Bytes that structure is told by: quote, backslash, the last control character. */
export const SIEVE_MARKS: usize = 196;
/** Keys that came letter by letter as those of a record before. */
export const SIEVE_FORESEEN_KEYS: usize = 200;
export const SIEVE_WORK_BYTES: usize = 204;

/**
 * What stands before the rules or fields of a candidate: start, end, number of its record, of rules and of fields; then HAS_FACT, and
 * PLAIN_START where the first key, which does not begin with an R, comes right behind the brace.
 */
export const HEADER_BYTES: usize = 24;
export const HAS_FACT: u32 = 1;
export const PLAIN_START: u32 = 2;
/** Slot + kind * 256, start, end. */
export const FIELD_BYTES: usize = 12;
/** Fields listed of one record. */
export const MAX_FIELDS: u32 = 256;
export const EVERY_RULE: u32 = 0xffffffff;
/** On the number of a rule that holds for certain (`core/rule-candidate.ts`). */
export const CERTAIN: u32 = 0x80000000;
/** On the number of a rule that holds only if a comparison of what is remembered of the parent does. */
export const OPEN_TO_PARENT: u32 = 0x40000000;
export const MAX_QUOTES: u32 = 32768;
export const MAX_VALUES: u32 = 16384;
export const MAX_TEXT: usize = 1048576;
export const LIST_PIECE: usize = 8192;

export const KIND_TEXT: u32 = 0;
export const KIND_INTEGER: u32 = 1;
export const KIND_NUMBER: u32 = 2;
export const KIND_BOOLEAN: u32 = 3;
export const KIND_NULL: u32 = 4;
/** An object, or objects inside of an array. */
export const KIND_WILD: u32 = 5;
export const KIND_EMPTY: u32 = 6;
/** A whole array, where it tells a record's kind. */
export const KIND_ARRAY: u32 = 7;

/** Unknown keys that are remembered: keys are log content. */
export const MAX_LEARNT: u32 = 2048;
export const LEARNT_BYTES: usize = 80;

// Text that was met: the matcher it was looked at with (0: none), its length, whether it was met again, its atoms, its bytes.
export const REPEATS: u32 = 1024;
export const MAX_REPEATED: usize = 240;
export const MAX_REPEATED_ATOMS: u32 = 12;
export const REPEAT_MATCHER: usize = 0;
export const REPEAT_LENGTH: usize = 4;
export const REPEAT_WAS_MET: usize = 8;
export const REPEAT_ATOM_COUNT: usize = 12;
export const REPEAT_ATOMS: usize = 16;
export const REPEAT_TEXT: usize = 64;
export const REPEAT_BYTES: usize = 320;

// Texts that have numbers.
export const KNOWN_TEXTS: u32 = 4096;
export const KNOWN_HEAD_BYTES: usize = 8;
export const KNOWN_BYTES: usize = 256;
export const MIN_KNOWN: usize = 3;
export const MAX_KNOWN: usize = 240;
export const LONG_TEXTS: u32 = 128;
export const LONG_BYTES: usize = 8192;
/** Longer ones may have more characters than are kept of a value. */
export const MAX_LONG: usize = 8160;

// Fact: day since 1970 and its milliseconds; kind (0 start, 1 exit), with ZONELESS where the time has no zone; host; process id; GUID;
// the same of the parent; fields, those of the parent behind them. Texts by their numbers, or by their places among the open ones (OPEN).
export const FACT_FIELDS: u32 = 16;
export const FACT_BYTES: usize = 96;
export const FACT_ZONELESS: u32 = 256;
export const NO_FACT_PID: u32 = 0xffffffff;
export const OPEN_TEXT: u32 = 0x80000000;
export const LAYOUTS: u32 = 256;
export const LAYOUT_BYTES: usize = 16;
export const MAX_OPEN: u32 = 8192;
export const OPEN_BYTES: usize = 16;

// Order of the keys of a record: bytes of its positions of quotes (0: no order), number of keys, then what follows from it where each
// key has one value of its own: the group and the number of values it wants, `feeds` of a group, number of the values it lists and the
// program for them (0: none). Then an item for each key; addresses of the values that are wanted; of those that are listed.
export const ORDERS: u32 = 64;
export const MAX_ORDER_KEYS: usize = 96;
export const ORDER_QUOTES: usize = 0;
export const ORDER_KEYS: usize = 4;
export const ORDER_GROUP: usize = 8;
export const ORDER_WANTED_COUNT: usize = 12;
export const ORDER_FEEDS: usize = 16;
export const ORDER_LISTED_COUNT: usize = 20;
export const ORDER_PROGRAM: usize = 24;
export const ORDER_ITEMS: usize = 64;
export const ORDER_WANTED: usize = 6208;
export const ORDER_LISTED: usize = 6592;
export const ORDER_BYTES: usize = 6976;
// Item of an order: the key's entry in the dictionary and the kind of its value; then, of a key that is known letter by letter
// (`sieve-foreseen.ts`), how many bytes it takes with all in front of its value (0: it is not), the value without its place, the bytes.
export const ITEM_KIND: usize = 4;
export const ITEM_SIZE: usize = 8;
export const ITEM_VALUE: usize = 16;
export const ITEM_TEXT: usize = 32;
export const ITEM_BYTES: usize = 64;

// Dictionary entry: key number (0: no rule asks for it), text (0: the entry is free), length and the number of the key above (0: none)
// from bit 16 on, and the text's first sixteen bytes.
export const ENTRY_TEXT: usize = 4;
export const ENTRY_LENGTH: usize = 8;
export const ENTRY_START: usize = 16;
export const ENTRY_BYTES: usize = 32;
/** No key is longer. */
export const LONGEST_KEY: usize = 65535;
// What is known of a key: number among those that tell kinds (0: none), flags, key for objects under any name.
export const INFO_TELL: usize = 0;
export const INFO_FLAGS: usize = 4;
export const INFO_ANY: usize = 8;
export const INFO_BYTES: usize = 16;
/** Some keys below are known. */
export const KEY_PARENT: u32 = 1;
/** No objects below but those that may nest. */
export const KEY_FLAT: u32 = 2;
/** Objects below are all looked into as the one of INFO_ANY. */
export const KEY_ANY: u32 = 4;
/** Blanks in names below do not count. */
export const KEY_BLANKLESS: u32 = 8;
/** May be an object though the one above is flat. */
export const KEY_MAY_NEST: u32 = 16;
/** No other names below than the known ones. */
export const KEY_CLOSED: u32 = 32;
/** Must not be an array. */
export const KEY_SINGLE: u32 = 64;

// Question about a record: operation, place of what tells (or the group), then the next question by the answer.
export const NODE_TELL: usize = 4;
export const NODE_GROUP: usize = 4;
export const NODE_PRESENT: usize = 8;
export const NODE_RECORDS: usize = 8;
export const NODE_ABSENT: usize = 12;
export const NODE_OBJECT: usize = 16;
/** For texts that are not listed; 0: to be learnt. */
export const NODE_OTHER: usize = 20;
export const NODE_NULL: usize = 24;
export const NODE_BYTES: usize = 28;
export const ASK_NOTHING: u32 = 0;
export const ASK_PRESENT: u32 = 1;
/** Absent, an object, or a text that leads on. */
export const ASK_VALUE: u32 = 2;
/** Absent, an object, an array (other), null, or anything else (present). */
export const ASK_CLASS: u32 = 3;
/** Whether the record has one key only. */
export const ASK_ALONE: u32 = 4;
/** A text that leads on by its first character; else as `ASK_VALUE`. */
export const ASK_FIRST: u32 = 5;
// Text that leads on: hash, question, kind, length, text, next question.
export const EDGE_NEXT: usize = 20;
export const EDGE_BYTES: usize = 24;
/** In place of a group: the exact path; no rule at all. */
export const GROUP_EXACT: u32 = 0;
export const GROUP_NONE: u32 = 1;

// Group.
/** u16 per key: matcher + 1, 0 for none; DOUBTFUL_KEY is added where a value need not be the field's. */
export const GROUP_KEYS: usize = 0;
export const GROUP_MATCHERS: usize = 4;
/** Matcher of all values, or 0. */
export const GROUP_KEYWORDS: usize = 8;
export const GROUP_ALWAYS: usize = 12;
export const GROUP_ALWAYS_COUNT: usize = 16;
/** Rules of atom i: from `starts[i]` to `starts[i + 1]` in the list. */
export const GROUP_TRIGGER_STARTS: usize = 20;
export const GROUP_TRIGGERS: usize = 24;
/** Address of each rule's formula. */
export const GROUP_CODE: usize = 28;
/** Number that each rule is reported by. */
export const GROUP_NUMBERS: usize = 32;
/** Literal of each atom that is looked for when a formula asks, or 0. */
export const GROUP_LITERALS: usize = 40;
/** Addresses of cells that hold the address of an automaton, 0 before it is made, or NO_AUTOMATON. */
export const GROUP_AUTOMATA: usize = 44;
/** A byte for each key: slot + 1 of the values that are listed of every record though it may be for no rule, 0 for none; or 0. */
export const GROUP_FEEDS: usize = 48;
/** As GROUP_FEEDS, of records that are for rules of which each holds for certain. */
export const GROUP_MATCHED: usize = 60;
/** Records of the kind, and in how many of them each atom held (but for those that are looked for on demand). */
export const GROUP_RECORDS: usize = 52;
export const GROUP_HITS: usize = 56;
/** Raw filter of the keywords, or 0. */
export const GROUP_RAW: usize = 36;
/** 1: its records and hits are counted. Several threads do so at once, and some counts are lost. */
export const GROUP_COUNTS: usize = 64;
export const GROUP_BYTES: usize = 68;
export const DOUBTFUL_KEY: u32 = 0x8000;

// Matcher.
export const MATCHER_SLOTS: usize = 0;
export const MATCHER_SLOT_COUNT: usize = 4;
export const MATCHER_EQUALS: usize = 8;
export const MATCHER_EQUALS_MASK: usize = 12;
export const MATCHER_STARTS: usize = 16;
export const MATCHER_STARTS_MASK: usize = 20;
/** Bit c is set when some literal is looked up by its first (last) c bytes. */
export const MATCHER_STARTS_SIZES: usize = 24;
export const MATCHER_ENDS: usize = 28;
export const MATCHER_ENDS_MASK: usize = 32;
export const MATCHER_ENDS_SIZES: usize = 36;
export const MATCHER_BITS: usize = 40;
export const MATCHER_SHIFT: usize = 44;
export const MATCHER_GRAMS: usize = 48;
export const MATCHER_GRAMS_MASK: usize = 52;
/** Every so many places of a text are looked at; a literal has a gram for each way in which they may fall. */
export const MATCHER_STEP: usize = 56;
/** Literals that may stand anywhere and are few or short, or 0. */
export const MATCHER_FEW: usize = 60;
/** Atoms that another spelling of a number could satisfy. */
export const MATCHER_NUMERIC: usize = 68;
export const MATCHER_NUMERIC_COUNT: usize = 72;
/** Length of the longest literal for a whole value. */
export const MATCHER_LONGEST: usize = 76;
/** Atom + 1 of "a character beyond ASCII", or 0. */
export const MATCHER_STRANGE: usize = 80;
/** 1: what stands in a value takes longer to find than to remember. */
export const MATCHER_REMEMBERS: usize = 84;
export const MATCHER_BYTES: usize = 96;

// Raw filter: six tables of sixteen bytes, then 2^(32 - shift) bits.
export const RAW_BITS: usize = 96;
export const RAW_SHIFT: u32 = 15;
export const RAW_BYTES: usize = 16480;

// Few literals: six tables of sixteen bytes, nine addresses where buckets begin (and the last ends), then literal and offset of its
// three bytes in it.
export const FEW_BUCKETS: usize = 96;
export const FEW_LITERALS: usize = 132;

// Literal.
export const LITERAL_TEXT: usize = 0;
export const LITERAL_LENGTH: usize = 4;
export const LITERAL_ATOM: usize = 8;
export const LITERAL_RELATION: usize = 12;
/** Where the looked-up gram stands in it. */
export const LITERAL_OFFSET: usize = 16;
export const LITERAL_NEXT: usize = 20;
export const SIEVE_LITERAL_BYTES: usize = 24;

export const RELATION_EQUALS: u32 = 0;
export const RELATION_STARTS: u32 = 1;
export const RELATION_ENDS: u32 = 2;
/** Anywhere, by its gram. */
export const RELATION_FREE: u32 = 3;
/** Anywhere, and looked for otherwise. */
export const RELATION_CONTAINS: u32 = 4;

// Formulas: prefix notation, a word each for the operation and its numbers.
export const OP_AND: u32 = 0;
export const OP_OR: u32 = 1;
export const OP_NOT: u32 = 2;
export const OP_CONSTANT: u32 = 3;
/** Atom and slot: certain both ways. */
export const OP_EXACT: u32 = 4;
/** Atom: needed, not enough. */
export const OP_MAYBE: u32 = 5;
export const OP_PRESENT: u32 = 6;
export const OP_NULL: u32 = 7;
/** Atom and slot: looked for when a formula asks, certain both ways; needed, not enough. */
export const OP_SEARCH: u32 = 8;
export const OP_SEARCH_MAYBE: u32 = 9;
/** Slot and number of bytes: whether the text in the record has as many. */
export const OP_LENGTH: u32 = 10;
/** Two slots with the same text. */
export const OP_SAME: u32 = 11;
/** Automaton and slot. */
export const OP_AUTOMATON: u32 = 12;
/** Slot; family, bits and four words of the network. */
export const OP_NETWORK: u32 = 13;
/** A comparison of what is remembered of the parent. */
export const OP_PARENT: u32 = 14;

// Slot state: stamp, count and SLOT_NULL, then start, end and kind of the last value.
export const SLOT_BYTES: usize = 32;

/** In place of an automaton: the expression has none. */
export const NO_AUTOMATON: u32 = 1;
// Automaton: number of classes (with AUTOMATON_EXACT: for texts as they stand, right both ways; else for texts in lower case, and it
// may say yes too often), classes of 128 bytes, whether each leaves the start as it is, then u16 transitions.
export const AUTOMATON_EXACT: u32 = 0x10000;
export const AUTOMATON_CLASSES: usize = 4;
export const AUTOMATON_SKIP: usize = 132;
export const AUTOMATON_NEXT: usize = 260;
