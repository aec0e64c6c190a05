/**
 * Whether further threads pay for a scan that has begun on one. A thread takes over rules and tables and compiles for itself what records
 * need; how long that takes is what the first one has lost to it by now, beside the time that its best piece of work says the input takes.
 */

/** From `new Worker` to its first task, with nothing but indicators. */
const START_MS = 300;
/** Reading one Sigma rule in a thread of its own. */
const RULE_MS = 0.1;
/** Threads share caches, memory and the collector's helpers: what is left must be worth more than it costs by so much. */
const MARGIN = 2;
/**
 * Where state is kept, one thread settles everything in its order, and V8 compiles and collects for it on another processor: measured on two,
 * a second matching thread made scans with all Sigma rules and remembered processes longer by a sixth.
 */
const PROCESSORS_OF_STATE = 2;
/** Pieces of work that are looked at before anything is concluded. */
const FIRST_PIECES = 2;

export class MoreThreads {
  readonly #totalBytes: number;
  readonly #rules: number;
  readonly #hasRoom: boolean;
  readonly #now: () => number;
  readonly #startedMs: number;
  #doneBytes = 0;
  #pieces = 0;
  #bestMsPerByte = Number.POSITIVE_INFINITY;

  /** `rules`: Sigma rules that a thread takes over. `now`: milliseconds of a clock that is never set. */
  constructor(
    totalBytes: number,
    {
      rules,
      isStateful,
      processors,
    }: { readonly rules: number; readonly isStateful: boolean; readonly processors: number },
    now: () => number,
  ) {
    this.#totalBytes = totalBytes;
    this.#rules = rules;
    this.#hasRoom = !isStateful || processors > PROCESSORS_OF_STATE;
    this.#now = now;
    this.#startedMs = now();
  }

  /** A piece of so many bytes of the input as stored took so long. */
  add(bytes: number, ms: number): void {
    if (bytes <= 0) return;
    this.#doneBytes += bytes;
    this.#pieces++;
    this.#bestMsPerByte = Math.min(this.#bestMsPerByte, ms / bytes);
  }

  get pay(): boolean {
    if (!this.#hasRoom || this.#pieces < FIRST_PIECES) return false;
    const leftMs = this.#bestMsPerByte * (this.#totalBytes - this.#doneBytes);
    const lostMs = this.#now() - this.#startedMs - this.#bestMsPerByte * this.#doneBytes;
    return leftMs > MARGIN * (START_MS + RULE_MS * this.#rules + Math.max(0, lostMs));
  }
}
