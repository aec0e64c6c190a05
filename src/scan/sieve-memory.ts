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
export const SIEVE_ROUTES = 40;
export const SIEVE_ROUTES_MASK = 44;
export const SIEVE_TEXT = 48;
export const SIEVE_ATOMS = 52;
export const SIEVE_SLOTS = 56;
export const SIEVE_RULES = 60;
export const SIEVE_QUEUE = 64;
export const SIEVE_MAX_DEPTH = 68;
export const SIEVE_ROUTE_VALUES = 72;
export const SIEVE_ROUTE_MASK = 76;
export const SIEVE_PRESENCE = 80;
export const SIEVE_KEYS = 84;
export const SIEVE_LIST = 88;
export const SIEVE_EXACT = 92;
export const SIEVE_FORCED = 96;
export const SIEVE_ROUTE_HASH = 100;
export const SIEVE_EVALUATED = 104;
export const SIEVE_BLANKS = 108;
export const SIEVE_MASKS = 112;
export const SIEVE_LEARNT = 116;
export const SIEVE_WANTED = 124;
export const SIEVE_WORK_BYTES = 128;

export const HEADER_BYTES = 20;
export const MAX_FIELDS = 256;
export const EVERY_RULE = 0xffffffff;
export const CERTAIN = 0x80000000;
export const ROUTE_VALUE_KEYS = 16;
export const ROUTE_KEYS = 48;
export const KEY_EVENT_ID = 2;
export const KEY_EVENT_TYPE = 7;
export const KEY_OPERATION_TYPE = 8;

export const MAX_QUOTES = 32768;
export const MAX_VALUES = 16384;
export const MAX_TEXT = 1048576;
export const LIST_PIECE = 8192;

export const MAX_LEARNT = 2048;
export const LEARNT_BYTES = 80;
export const ENTRY_BYTES = 32;
export const ROUTE_GROUP = 12;
export const ROUTE_RECORDS = 16;
export const ROUTE_TEXTS = 20;
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
export const GROUP_BYTES = 64;
export const WILD_KEY = 0xffff;

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

export const SLOT_BYTES = 32;

export const AUTOMATON_CLASSES = 4;
export const AUTOMATON_SKIP = 132;
export const AUTOMATON_NEXT = 260;
