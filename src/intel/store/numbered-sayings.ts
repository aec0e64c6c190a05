/** What feeds say, each thing once, by number: rows of a change name it so (`core/table-change.ts`). */
import type { Saying } from '../../core/indicator-rows.ts';

export class NumberedSayings {
  readonly list: Saying[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(saying: Saying): number {
    const key = JSON.stringify(saying);
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.list.push(saying) - 1;
      this.#numbers.set(key, number);
    }
    return number;
  }
}
