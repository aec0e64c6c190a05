/**
 * ValueOrigin: how the value under a STIX path comes from the bytes of a record, which decides whether its text can serve as a
 * witness (design section 2). Letter case is ignored in all of them.
 */
export type ValueOrigin =
  /** a piece of the record, but for escapes */
  | 'verbatim'
  /** an address or name in canonical form */
  | 'host'
  /** a URL as it stands, or in canonical form */
  | 'url'
  /** verbatim but for the name of the hive */
  | 'registry-key'
  /** computed: nothing can be said */
  | 'derived';

/** Origins of a path below objects of a type; empty: no mapping gives it a value. */
export type OriginsOf = (type: string, keys: readonly string[]) => ReadonlySet<ValueOrigin>;
