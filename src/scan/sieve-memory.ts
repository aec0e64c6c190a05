/** Numbers shared with the sieve's kernel (`kernel/sieve-layout.ts` explains each). A test reads both files and compares them. */

export const SIEVE_POSITION = 0;
export const SIEVE_RECORD = 4;
export const SIEVE_OUT = 8;
export const SIEVE_OUT_CAPACITY = 12;
export const SIEVE_OUT_COUNT = 16;
export const SIEVE_STAMP = 20;
export const SIEVE_QUOTES = 24;
export const SIEVE_VALUES = 28;
export const SIEVE_DICTIONARY = 32;
export const SIEVE_DICTIONARY_MASK = 36;
export const SIEVE_EDGES = 40;
export const SIEVE_EDGES_MASK = 44;
export const SIEVE_TEXT = 48;
export const SIEVE_ATOMS = 52;
export const SIEVE_SLOTS = 56;
export const SIEVE_RULES = 60;
export const SIEVE_QUEUE = 64;
export const SIEVE_MAX_DEPTH = 68;
export const SIEVE_TELLS = 72;
export const SIEVE_ROOT_KEYS = 76;
export const SIEVE_FULL = 80;
export const SIEVE_KEYS = 84;
export const SIEVE_LIST = 88;
export const SIEVE_EXACT = 92;
export const SIEVE_FORCED = 96;
export const SIEVE_FIRST = 100;
export const SIEVE_EVALUATED = 104;
export const SIEVE_BLANKS = 108;
export const SIEVE_MASKS = 112;
export const SIEVE_LEARNT = 116;
export const SIEVE_WANTED = 124;
export const SIEVE_SERIAL = 128;
export const SIEVE_KEYS_BYTES = 132;
export const SIEVE_INFO = 136;
export const SIEVE_REPEATS = 140;
export const SIEVE_REPEATED = 144;
export const SIEVE_MISSING = 148;
export const SIEVE_KNOWN_HEADS = 152;
export const SIEVE_KNOWN_TEXTS = 156;
export const SIEVE_LAYOUTS = 160;
export const SIEVE_ZONED = 164;
export const SIEVE_ORDERS = 168;
export const SIEVE_OPEN = 172;
export const SIEVE_OPEN_COUNT = 176;
export const SIEVE_LISTED = 180;
export const SIEVE_FORESEEN = 184;
export const SIEVE_HITS = 188;
export const SIEVE_LONG_TEXTS = 192;
export const SIEVE_MARKS = 196;
export const SIEVE_FORESEEN_KEYS = 200;
export const SIEVE_WORK_BYTES = 204;

export const HEADER_BYTES = 24;
export const HAS_FACT = 1;
export const PLAIN_START = 2;
export const FIELD_BYTES = 12;
export const MAX_FIELDS = 256;
export const EVERY_RULE = 0xffffffff;
export const CERTAIN = 0x80000000;
export const OPEN_TO_PARENT = 0x40000000;

export const MAX_QUOTES = 32768;
export const MAX_VALUES = 16384;
export const MAX_TEXT = 1048576;
export const LIST_PIECE = 8192;

export const REPEATS = 1024;
export const REPEAT_BYTES = 320;

export const KNOWN_TEXTS = 4096;
export const KNOWN_HEAD_BYTES = 8;
export const KNOWN_BYTES = 256;
export const LONG_TEXTS = 128;
export const LONG_BYTES = 8192;

export const FACT_FIELDS = 16;
export const FACT_BYTES = 96;
export const FACT_ZONELESS = 256;
export const OPEN_TEXT = 0x80000000;
export const LAYOUTS = 256;
export const LAYOUT_BYTES = 16;
export const MAX_OPEN = 8192;
export const OPEN_BYTES = 16;

export const ORDERS = 64;
export const ORDER_BYTES = 6976;

export const MAX_LEARNT = 2048;
export const LEARNT_BYTES = 80;
export const ENTRY_BYTES = 32;
export const INFO_TELL = 0;
export const INFO_FLAGS = 4;
export const INFO_ANY = 8;
export const INFO_BYTES = 16;
export const KEY_PARENT = 1;
export const KEY_FLAT = 2;
export const KEY_ANY = 4;
export const KEY_BLANKLESS = 8;
export const KEY_MAY_NEST = 16;
export const KEY_CLOSED = 32;
export const KEY_SINGLE = 64;

export const NODE_TELL = 4;
export const NODE_GROUP = 4;
export const NODE_PRESENT = 8;
export const NODE_RECORDS = 8;
export const NODE_ABSENT = 12;
export const NODE_OBJECT = 16;
export const NODE_OTHER = 20;
export const NODE_NULL = 24;
export const NODE_BYTES = 28;
export const ASK_NOTHING = 0;
export const ASK_PRESENT = 1;
export const ASK_VALUE = 2;
export const ASK_CLASS = 3;
export const ASK_ALONE = 4;
export const ASK_FIRST = 5;
export const EDGE_NEXT = 20;
export const EDGE_BYTES = 24;

export const KIND_TEXT = 0;
export const KIND_NUMBER = 2;
export const KIND_BOOLEAN = 3;
export const KIND_NULL = 4;
export const KIND_WILD = 5;
export const KIND_ARRAY = 7;

export const GROUP_EXACT = 0;
export const GROUP_NONE = 1;

export const GROUP_KEYS = 0;
export const GROUP_MATCHERS = 4;
export const GROUP_KEYWORDS = 8;
export const GROUP_ALWAYS = 12;
export const GROUP_ALWAYS_COUNT = 16;
export const GROUP_TRIGGER_STARTS = 20;
export const GROUP_TRIGGERS = 24;
export const GROUP_CODE = 28;
export const GROUP_NUMBERS = 32;
export const GROUP_RAW = 36;
export const GROUP_LITERALS = 40;
export const GROUP_AUTOMATA = 44;
export const GROUP_FEEDS = 48;
export const GROUP_RECORDS = 52;
export const GROUP_HITS = 56;
export const GROUP_MATCHED = 60;
export const GROUP_COUNTS = 64;
export const GROUP_BYTES = 68;
export const DOUBTFUL_KEY = 0x8000;

export const MATCHER_SLOTS = 0;
export const MATCHER_SLOT_COUNT = 4;
export const MATCHER_EQUALS = 8;
export const MATCHER_EQUALS_MASK = 12;
export const MATCHER_STARTS = 16;
export const MATCHER_STARTS_MASK = 20;
export const MATCHER_ENDS = 28;
export const MATCHER_ENDS_MASK = 32;
export const MATCHER_BITS = 40;
export const MATCHER_SHIFT = 44;
export const MATCHER_GRAMS = 48;
export const MATCHER_GRAMS_MASK = 52;
export const MATCHER_STEP = 56;
export const MATCHER_FEW = 60;
export const MATCHER_NUMERIC = 68;
export const MATCHER_NUMERIC_COUNT = 72;
export const MATCHER_STRANGE = 80;
export const MATCHER_REMEMBERS = 84;
export const MATCHER_BYTES = 96;

export const RAW_BITS = 96;
export const RAW_SHIFT = 15;
export const RAW_BYTES = 16480;

export const FEW_BUCKETS = 96;
export const FEW_LITERALS = 132;

export const LITERAL_TEXT = 0;
export const LITERAL_LENGTH = 4;
export const LITERAL_ATOM = 8;
export const LITERAL_RELATION = 12;
export const LITERAL_OFFSET = 16;
export const SIEVE_LITERAL_BYTES = 24;

export const RELATION_EQUALS = 0;
export const RELATION_STARTS = 1;
export const RELATION_ENDS = 2;
export const RELATION_FREE = 3;
export const RELATION_CONTAINS = 4;

export const OP_AND = 0;
export const OP_OR = 1;
export const OP_NOT = 2;
export const OP_CONSTANT = 3;
export const OP_EXACT = 4;
export const OP_MAYBE = 5;
export const OP_PRESENT = 6;
export const OP_NULL = 7;
export const OP_SEARCH = 8;
export const OP_SEARCH_MAYBE = 9;
export const OP_LENGTH = 10;
export const OP_SAME = 11;
export const OP_AUTOMATON = 12;
export const OP_NETWORK = 13;
export const OP_PARENT = 14;

export const SLOT_BYTES = 32;

export const NO_AUTOMATON = 1;
export const AUTOMATON_EXACT = 0x10000;
export const AUTOMATON_CLASSES = 4;
export const AUTOMATON_SKIP = 132;
export const AUTOMATON_NEXT = 260;
