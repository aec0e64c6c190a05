/**
 * RecordPlace: where the value of a field may stand in a JSON record, as the path of keys down to it. Arrays on the way count as nothing:
 * each of their elements is looked into.
 */

export interface RecordPlace {
  readonly path: readonly string[];
  /** False: a value there need not be the field's, even when it is the only one. */
  readonly isCertain: boolean;
}

/** In a path: objects under any name. */
export const ANY_KEY = '\u0000any';

/** How the object at a path is to be read by who has only the bytes. What it rules out sends the record to the decoder. */
export interface KeyManner {
  /** No objects in it but those that may nest. */
  readonly flat?: boolean;
  /** The object may stand in a flat one. */
  readonly mayNest?: boolean;
  /** Blanks in its names do not count. */
  readonly blankless?: boolean;
  /** No names in it that nobody asks for. */
  readonly closed?: boolean;
  /** No array. */
  readonly single?: boolean;
}

export type MannerOfPath = readonly [path: readonly string[], manner: KeyManner];
