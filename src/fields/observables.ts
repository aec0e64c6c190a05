/** Everything in an Event that indicators are compared with: tokens of its texts and values put together from several fields. */
import type { Event } from '../core/event.ts';
import type { Observable } from '../core/observable.ts';
import type { Observed, ObservedText } from '../core/observed.ts';
import { addComposed } from './pairs.ts';
import { addTokens } from './text-tokens.ts';
import { textsOf } from './texts.ts';

export function observe(event: Event): Observed {
  const texts = textsOf(event);
  const observables: Observable[] = [];
  for (let i = 0; i < texts.length; i++) addTokens(texts[i] as ObservedText, observables);
  // A line without fields has nothing to put together.
  if (event.format !== 'text') addComposed(event.fields, observables);
  return { observables, texts };
}
