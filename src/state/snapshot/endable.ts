/**
 * Steps with an end that is always told: `onEnd(true)` when they were drawn to the last, `onEnd(false)` when they were given up by `return`,
 * also before the first one was drawn, where a generator would not even begin.
 */
export function endable<T>(steps: Iterator<T, void>, onEnd: (drawn: boolean) => void): IterableIterator<T, void> {
  let ended = false;
  const end = (drawn: boolean): void => {
    if (ended) return;
    ended = true;
    onEnd(drawn);
  };
  return {
    next: () => {
      if (ended) return { done: true, value: undefined };
      const step = steps.next();
      if (step.done === true) end(true);
      return step;
    },
    return: () => {
      end(false);
      return { done: true, value: undefined };
    },
    [Symbol.iterator]() {
      return this;
    },
  };
}
