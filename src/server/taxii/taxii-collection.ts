/** What the TAXII server needs of a collection, wherever its objects lie. */

/** One version of an object. */
export interface TaxiiEntry {
  /** When it was added, microseconds since the epoch; no two entries of a collection have the same. */
  readonly dateUs: number;
  readonly id: string;
  readonly version: string;
  /** JSON of the object; undefined when it is gone meanwhile. Made when asked for. */
  json(): string | undefined;
}

/** Filters as of TAXII 2.1 section 3.4, all of which must hold. */
export interface TaxiiFilter {
  /** Added later than this, microseconds since the epoch. */
  readonly afterUs: number;
  readonly ids?: ReadonlySet<string>;
  readonly types?: ReadonlySet<string>;
  /** `first`, `last`, `all`, or instants in milliseconds since the epoch; any of them. */
  readonly versions: ReadonlySet<string | number>;
  readonly specVersions?: ReadonlySet<string>;
}

export interface TaxiiCollection {
  /** UUID. */
  readonly id: string;
  readonly alias: string;
  readonly title: string;
  readonly description: string;
  /** Resolves when the collection can be asked; false: not soon, ask again later. */
  ready(): Promise<boolean>;
  has(id: string): boolean;
  /** Matching entries, those added first first. To be read at once: what is added meanwhile may be missing. */
  select(filter: TaxiiFilter): Iterable<TaxiiEntry>;
}

/** Objects are of this version of STIX only. */
const SPEC_VERSION = '2.1';

/** False when a filter can hold for no object whatever. */
export function allowsSpecVersion({ specVersions }: TaxiiFilter): boolean {
  return specVersions === undefined || specVersions.has(SPEC_VERSION);
}
