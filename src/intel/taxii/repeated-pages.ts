/**
 * RepeatedPages: notices a server that gives the same pages again and again, whatever it calls the next one. Pages are told apart by
 * digests, so that what is remembered of each is short whatever the server sends.
 */
import { createHash } from 'node:crypto';
import type { PageContent, PageObject } from './taxii-page.ts';

/** How often one page may come in one sync: a server that stamps many objects alike gives it again while larger ones are asked for. */
const MAX_REPEATS = 10;

export class RepeatedPages {
  readonly #times = new Map<string, number>();

  isTooOften({ objects, damaged }: PageContent): boolean {
    if (objects.length === 0) return false;
    const mark = digest([damaged.length, ...objects.map(({ id, version }) => `${id} ${version}`)].join('\n'));
    const times = (this.#times.get(mark) ?? 0) + 1;
    this.#times.set(mark, times);
    return times > MAX_REPEATS;
  }
}

/** Tells an object and its version from others. */
export function objectMark(object: PageObject | undefined): string | undefined {
  return object === undefined ? undefined : digest(`${object.id}\n${object.version}`);
}

/** Short, and the same for the same text only. */
export function digest(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('base64').slice(0, 22);
}
