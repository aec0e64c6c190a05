/** ProcessTree: the process that an event is about and its real ancestors, as an alert shows them. */

export interface TreeProcess {
  readonly pid: string;
  readonly guid?: string;
  readonly executable?: string;
  readonly command_line?: string;
  readonly user?: string;
  /** RFC 3339; absent when its start was not seen. */
  readonly start?: string;
  /** Its record had no time: `start` is when it arrived. */
  readonly start_assumed?: true;
}

export interface ProcessTree {
  /** The process itself, as far as its start or the records beside this one tell; absent where they tell nothing. */
  readonly own?: TreeProcess;
  /** From the oldest known ancestor down to the parent. */
  readonly ancestors: readonly TreeProcess[];
  /** False when a further parent is named but not known, or the tree is cut at its greatest depth. */
  readonly complete: boolean;
}
