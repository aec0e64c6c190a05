/**
 * The one way by which changed intelligence comes into a running service: whoever has put new content of a source on disk (a file
 * that was written, a feed that was fetched into the cache, a TAXII collection that grew) says so by `Service.refresh`. What becomes
 * of it is described here; how, in docs/design/intel-store.md.
 */

/**
 * `unchanged`: the content says what was known. `delta`: additions and removals are live, nothing was built anew. `rebuild`: the
 * change concerned more than plain indicators, or most of them, so that all was built anew beside the running engine.
 */
export type RefreshWay = 'unchanged' | 'delta' | 'rebuild';

export interface RefreshOutcome {
  /** When it was live, or refused; milliseconds since the epoch. */
  readonly atMs: number;
  /** False: nothing changed, the running engine goes on; `message` says why. */
  readonly ok: boolean;
  readonly way: RefreshWay;
  /** Values that match now and did not before; 0 where the way is `rebuild`. */
  readonly added: number;
  /** Values that no source gives any more. */
  readonly removed: number;
  /** Values whose sources say something else than before: another source, a newer version. */
  readonly changed: number;
  readonly message: string;
}
