/** The texts of an event: every string scalar with the path of its field, nested values and arrays included. */
import type { Event, EventValue } from '../core/event.ts';
import { isEventObject } from '../core/event.ts';
import type { ObservedText } from '../core/observed.ts';

/** An event with more texts than this is searched up to here; the caller counts it. */
export const MAX_TEXTS = 20_000;

export function textsOf(event: Event): ObservedText[] {
  const texts: ObservedText[] = [];
  collect(event.fields, '', event.format === 'text', texts);
  return texts;
}

function collect(value: EventValue, path: string, isLine: boolean, texts: ObservedText[]): void {
  if (typeof value === 'string') {
    if (value !== '' && texts.length < MAX_TEXTS) texts.push({ field: path, text: value, isLine });
  } else if (Array.isArray(value)) {
    const items = value as readonly EventValue[];
    for (let i = 0; i < items.length; i++) collect(items[i] as EventValue, `${path}[${i}]`, isLine, texts);
  } else if (isEventObject(value)) {
    for (const key of Object.keys(value))
      collect(value[key] as EventValue, path === '' ? key : `${path}.${key}`, isLine, texts);
  }
}
