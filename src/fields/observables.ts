/** Everything in an Event that indicators are compared with: tokens of its texts and values put together from several fields. */
import type { Event } from '../core/event.ts';
import type { Observed } from '../core/observed.ts';
import { composedOf } from './pairs.ts';
import { tokensOf } from './text-tokens.ts';
import { textsOf } from './texts.ts';

export function observe(event: Event): Observed {
  const texts = textsOf(event);
  const observables = texts.flatMap(tokensOf);
  // A line without fields has nothing to put together.
  if (event.format !== 'text') observables.push(...composedOf(event.fields));
  return { observables, texts };
}
