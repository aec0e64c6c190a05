/** EventPlace: a compact reference to an event, enough for its event key (design section 5) and for merging in one order. */
export interface EventPlace {
  readonly timeMs: number;
  /** Number of the source, see SourceClocks. */
  readonly source: number;
  readonly position: number;
  readonly part: number;
}
