/** Observed: everything in one Event that indicators are compared with; extracted once per candidate record. */
import type { Observable } from './observable.ts';

/** One string scalar of the Event. */
export interface ObservedText {
  readonly field: string;
  readonly text: string;
  /** True for the text of a record that has no fields: pieces between quotes or tabs count as whole values then. */
  readonly isLine: boolean;
}

export interface Observed {
  readonly observables: readonly Observable[];
  /** For kinds that are compared with texts rather than tokens: file names, registry keys, mutexes, user agents, other text. */
  readonly texts: readonly ObservedText[];
}
