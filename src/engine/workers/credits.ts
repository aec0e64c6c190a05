/** Who gives waits while so much of what was given is not taken. */
export class Credits {
  #left: number;
  #waiting: (() => void) | undefined;

  constructor(count: number) {
    this.#left = count;
  }

  /** Something was given: resolves when more may follow. One gives at a time. */
  async given(): Promise<void> {
    this.#left--;
    if (this.#left > 0) return;
    await new Promise<void>((resolve) => {
      this.#waiting = resolve;
    });
  }

  /** Something that was given is taken. */
  taken(): void {
    this.#left++;
    this.#waiting?.();
    this.#waiting = undefined;
  }
}
